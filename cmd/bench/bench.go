package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
	cluster        *cluster
	program        string // the server's
	pgbenchProgram string
	threads        int // of pgbench
	report         report

	ends []func() error // what close does, last first
}

// newBench starts PostgreSQL and builds the server in a temporary directory.
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
	if b.program, err = buildServer(ctx, b.dir); err != nil {
		return nil, err
	}
	if b.cluster, err = startCluster(ctx, filepath.Join(b.dir, "postgres")); err != nil {
		return nil, err
	}
	b.atEnd(func() error { return b.cluster.server.Stop(context.WithoutCancel(ctx)) })
	b.threads = max(cfg.Threads, 1)
	b.pgbenchProgram, err = b.cluster.pgbench()
	return b, err
}

func (b *bench) atEnd(f func() error) { b.ends = append(b.ends, f) }

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
	s, err := b.newSubject(ctx, "bench", dataset{
		tenants: b.cfg.Tenants, buckets: b.cfg.Buckets, full: fullTenants, each: pageSize,
	})
	if err != nil {
		return err
	}
	if err := b.rounds(ctx, s); err != nil {
		return err
	}
	return s.verify(ctx)
}

// rounds measures every operation at every number of clients, in turn.
func (b *bench) rounds(ctx context.Context, s *subject) error {
	if err := b.warmUp(ctx, s); err != nil {
		return err
	}
	for round := range b.cfg.Rounds {
		for _, clients := range b.cfg.Clients {
			for _, op := range inTurn(round) {
				p, err := s.measure(ctx, op, pressure{clients: clients, threads: b.threads, duration: b.cfg.Duration})
				if err != nil {
					return err
				}
				p.Round = round + 1
				b.report.Phases = append(b.report.Phases, p)
				b.printf("round %d: %2d clients: %-14s %7.0f/s  p50 %7.3f ms  others %2.0f %%",
					p.Round, clients, op.name, p.Rate, p.Latency.P50, 100*p.Others)
			}
		}
	}
	return nil
}

// inTurn returns the operations of a round. What is compared most goes first in
// turns: who comes later finds a warmer cache and a larger table.
func inTurn(round int) []operation {
	operations := []operation{pgbenchCreate, create, get, list, digestCreate, remove}
	if round%2 == 1 {
		operations[0], operations[1] = create, pgbenchCreate
	}
	return operations
}

// warmUp runs everything once, so that no phase is the first to read a page.
func (b *bench) warmUp(ctx context.Context, s *subject) error {
	with := pressure{clients: slices.Max(b.cfg.Clients), threads: 1, duration: time.Second}
	for _, op := range inTurn(0) {
		if _, err := s.measure(ctx, op, with); err != nil {
			return err
		}
	}
	return nil
}
