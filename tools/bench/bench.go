//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// fullTenants is how many tenants lists are spread over.
const fullTenants = 64

// bench is a run of the program.
type bench struct {
	cfg            config
	out            io.Writer
	began          time.Time
	dir            string
	cluster        *cluster // of all but the sizes of growth
	programs       []string // of the servers
	pgbenchProgram string
	threads        int // of pgbench, and of the HTTP clients of closed loops
	report         report

	ends []func() error // what close does, last first
}

// newBench starts PostgreSQL in a temporary directory, and builds the server
// there if none is given.
func newBench(ctx context.Context, cfg config, out io.Writer) (_ *bench, err error) {
	b := &bench{cfg: cfg, out: out, began: time.Now().UTC().Truncate(time.Microsecond)}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	if b.dir, err = os.MkdirTemp(cfg.Dir, "eb-bench-"); err != nil {
		return nil, err
	}
	b.atEnd(func() error { return os.RemoveAll(b.dir) })
	// Run by root, PostgreSQL has another user, who must pass through.
	if err := os.Chmod(b.dir, 0o711); err != nil { //nolint:gosec // It is meant to be passed through.
		return nil, err
	}
	if b.programs = cfg.Server; len(b.programs) == 0 {
		program, err := buildServer(ctx, b.dir)
		if err != nil {
			return nil, err
		}
		b.programs = []string{program}
	}
	if b.cluster, err = b.startCluster(ctx, "postgres"); err != nil {
		return nil, err
	}
	b.pgbenchProgram, err = b.cluster.pgbench()
	return b, err
}

func (b *bench) atEnd(f func() error) { b.ends = append(b.ends, f) }

// startCluster starts a PostgreSQL of the run in a directory of that name.
func (b *bench) startCluster(ctx context.Context, name string) (*cluster, error) {
	c, err := startCluster(ctx, filepath.Join(b.dir, name))
	if err == nil {
		b.atEnd(func() error { return c.server.Stop(context.WithoutCancel(ctx)) })
	}
	return c, err
}

// close ends what was started and removes what was made.
func (b *bench) close() error {
	var errs []error
	for _, end := range slices.Backward(b.ends) {
		errs = append(errs, end())
	}
	return errors.Join(errs...)
}

// printf writes a line about how far the run is.
func (b *bench) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(b.out, format+"\n", args...)
}

// run measures everything and reports it.
func (b *bench) run(ctx context.Context) error {
	var err error
	if b.report.Facts, err = b.findFacts(ctx); err != nil {
		return err
	}
	b.report.Run = settings{
		Tenants: b.cfg.Tenants, Buckets: b.cfg.Buckets, Full: fullTenants,
		Rounds: b.cfg.Rounds, Seconds: b.cfg.Duration.Seconds(), LogLevel: logLevel,
	}
	if b.cfg.compares() {
		err = b.compareServers(ctx)
	} else {
		err = b.measureServer(ctx)
	}
	if err != nil {
		return err
	}
	b.report.finish()
	if b.cfg.JSON != "" {
		if err := b.report.writeJSON(b.cfg.JSON); err != nil {
			return err
		}
	}
	if b.cfg.SVG != "" {
		if err := b.report.writeSVG(b.cfg.SVG); err != nil {
			return err
		}
	}
	return b.report.writeText(b.out)
}

// measureServer measures one server.
func (b *bench) measureServer(ctx context.Context) error {
	if b.cfg.Events > 0 {
		return b.measureEvents(ctx)
	}
	if err := b.measureStartup(ctx); err != nil {
		return err
	}
	if err := b.measureOperations(ctx); err != nil {
		return err
	}
	if b.cfg.Growth {
		return b.measureGrowth(ctx)
	}
	return nil
}

// measureOperations measures every operation and counts the rows at the end.
func (b *bench) measureOperations(ctx context.Context) error {
	s, err := b.newSubject(ctx, b.cluster, "bench", b.programs[0], dataset{
		tenants: b.cfg.Tenants, buckets: b.cfg.Buckets, full: fullTenants, each: pageSize,
	})
	if err != nil {
		return err
	}
	defer s.server.stop()
	if err := s.writeScripts(ctx, append(b.operations(0), pgbenchCreate)); err != nil {
		return err
	}
	if err := b.chooseThreads(ctx, s); err != nil {
		return err
	}
	if err := b.measureParameters(ctx, s); err != nil {
		return err
	}
	if err := b.closedLoops(ctx, s); err != nil {
		return err
	}
	loaded, err := readMemory(s.server.pid())
	if err != nil {
		return err
	}
	b.report.Memory = memoryUse{Idle: s.idle.RSS, Peak: loaded.Peak, Clients: slices.Max(b.cfg.Clients)}
	if err := b.openLoops(ctx, s); err != nil {
		return err
	}
	return s.verify(ctx)
}

// chooseThreads finds out with how many threads pgbench is fastest: one, or one
// for each core.
func (b *bench) chooseThreads(ctx context.Context, s *subject) error {
	defer func() { b.report.Run.Threads = b.threads }()
	if b.threads = b.cfg.Threads; b.threads > 0 {
		return nil
	}
	best := 0.0
	for _, threads := range []int{1, runtime.GOMAXPROCS(0)} {
		p, err := s.measure(ctx, pgbenchCreate, pressure{
			clients: slices.Max(b.cfg.Clients), threads: threads, duration: b.cfg.Duration,
		})
		if err != nil {
			return err
		}
		b.printf("pgbench --jobs=%d: %.0f/s", threads, p.Rate)
		if p.Rate > best {
			best, b.threads = p.Rate, threads
		}
	}
	return nil
}

// closedLoops measures every operation at every number of clients, in turn.
func (b *bench) closedLoops(ctx context.Context, s *subject) error {
	if err := b.warmUp(ctx, s); err != nil {
		return err
	}
	for round := range b.cfg.Rounds {
		for _, clients := range b.cfg.Clients {
			for _, op := range b.operations(round) {
				p, err := s.measure(ctx, op, pressure{clients: clients, threads: b.threads, duration: b.cfg.Duration})
				if err != nil {
					return err
				}
				b.add(p, round, "")
			}
		}
	}
	return nil
}

// add keeps a phase of a round and shows it.
func (b *bench) add(p phase, round int, server string) {
	p.Round, p.Server = round+1, server
	b.report.Phases = append(b.report.Phases, p)
	b.printf("round %d: %2d clients: %1s %-19s %7.0f/s  p50 %7.3f ms  others %2.0f %%",
		p.Round, p.Clients, server, p.Operation, p.Rate, p.Latency.P50, 100*p.Others)
}

// operations returns the operations of a round. What is compared goes one after
// the other, and first in turns: who comes later finds a warmer cache and a
// larger table.
func (b *bench) operations(round int) []operation {
	var list []operation
	for _, pair := range pgbenchPairs {
		if round%2 == 1 {
			pair[0], pair[1] = pair[1], pair[0]
		}
		list = append(list, pair[:]...)
	}
	list = append(list, digestCreate)
	return slices.DeleteFunc(list, func(op operation) bool { return !slices.Contains(b.cfg.Operations, op.flag) })
}

// requests returns those of the operations that are not pgbench's.
func (b *bench) requests() []operation {
	return slices.DeleteFunc(b.operations(0), func(op operation) bool { return op.pgbench != nil })
}

// warmUp does everything once, so that no phase is the first to read a page.
func (b *bench) warmUp(ctx context.Context, s *subject) error {
	with := pressure{clients: slices.Max(b.cfg.Clients), threads: b.threads, duration: min(time.Second, b.cfg.Duration)}
	for _, op := range b.requests() {
		if _, err := s.measure(ctx, op, with); err != nil {
			return err
		}
	}
	return nil
}

// openLoops offers each operation at half of its peak rate.
func (b *bench) openLoops(ctx context.Context, s *subject) error {
	var phases []phase
	peaks := summarize(b.report.Phases)
	for round := range (b.cfg.Rounds + 1) / 2 {
		for _, op := range b.requests() {
			peak := 0.0
			for _, p := range peaks {
				if p.Operation == op.name {
					peak = max(peak, p.Rate)
				}
			}
			p, err := s.measureOpen(ctx, op, max(int(peak/2), 1), b.cfg.Duration)
			if err != nil {
				return err
			}
			p.Round = round + 1
			phases = append(phases, p)
		}
	}
	b.report.OpenLoop = summarize(phases)
	return nil
}
