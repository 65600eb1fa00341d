//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// subject is a database with a server on it, and the account of what was done
// to its export buckets.
type subject struct {
	name     string
	data     dataset
	database string // URL
	server   *server
	idle     memory
	loaded   time.Duration
	pgbench  pgbench
	script   script
	cluster  *cluster

	stock   []bucket // created over HTTP and not deleted yet
	created int
	deleted int
}

// newSubject loads a database of the cluster and starts a server on it.
func (b *bench) newSubject(ctx context.Context, c *cluster, name string, data dataset) (*subject, error) {
	data.now = b.began
	s := &subject{name: name, data: data, cluster: c}
	var err error
	if s.database, s.loaded, err = c.fill(ctx, name, data); err != nil {
		return nil, err
	}
	s.pgbench = pgbench{program: b.pgbenchProgram, database: s.database, dir: b.dir, settling: map[int]time.Duration{}}
	if s.script, err = s.pgbench.createScript(name, data); err != nil {
		return nil, err
	}
	s.server, err = startServer(ctx, b.program, []string{"DATABASE_URL=" + s.database})
	if err != nil {
		return nil, err
	}
	b.atEnd(func() error { s.server.stop(); return nil })
	s.idle, err = readMemory(s.server.pid())
	return s, err
}

// measure lets an operation run in a closed loop and takes its figures down.
func (s *subject) measure(ctx context.Context, op operation, with pressure) (phase, error) {
	p, err := s.observe(op, func() (outcome, error) {
		if op.next == nil {
			return s.runPgbench(ctx, with)
		}
		stock := &supply{buckets: s.stock}
		out, err := closedLoop(ctx, s.server.address, op, with,
			func(seed int) source { return newSource(s.data, stock, seed) })
		s.account(out, stock)
		return out, err
	})
	p.Clients = with.clients
	return p, err
}

// measureOpen does so in an open loop, at a rate.
func (s *subject) measureOpen(ctx context.Context, op operation, rate int, d time.Duration) (phase, error) {
	p, err := s.observe(op, func() (outcome, error) {
		stock := &supply{buckets: s.stock}
		out, err := openLoop(ctx, s.server.address, op, rate, d,
			func(seed int) source { return newSource(s.data, stock, seed) })
		s.account(out, stock)
		return out, err
	})
	p.Offered = rate
	return p, err
}

func (s *subject) runPgbench(ctx context.Context, with pressure) (outcome, error) {
	before, err := children(s.cluster.pid)
	if err != nil {
		return outcome{}, err
	}
	out, err := s.pgbench.run(ctx, s.script, with)
	s.created += out.count
	return out, errors.Join(err, waitChildren(ctx, s.cluster.pid, len(before)))
}

// observe takes down what work did and what CPU time it took.
func (s *subject) observe(op operation, work func() (outcome, error)) (phase, error) {
	before, err := s.used()
	if err != nil {
		return phase{}, err
	}
	out, err := work()
	if err != nil {
		return phase{}, err
	}
	after, err := s.used()
	if err != nil {
		return phase{}, err
	}
	after.client += out.clientCPU
	return phase{
		Operation: op.name,
		Count:     out.count,
		Rate:      out.rate,
		Latency:   percentiles(out.latencies),
		CPU:       after.each(before, out.count),
		Others:    after.others(before),
	}, nil
}

// account keeps account of the rows, also of a phase that failed: what it did it
// did.
func (s *subject) account(out outcome, stock *supply) {
	s.stock = append(stock.rest(), out.created...)
	s.created += len(out.created)
	s.deleted += out.deleted
}

// verify counts the rows. Each create that was acknowledged, over HTTP or to
// pgbench, must have left one, and each delete must have taken one.
func (s *subject) verify(ctx context.Context) error {
	got, err := countRows(ctx, s.database)
	if err != nil {
		return err
	}
	if want := s.data.rows() + s.created - s.deleted; got != want {
		return fmt.Errorf("%s: %d export buckets were loaded, %d created and %d deleted: got %d, want %d",
			s.name, s.data.rows(), s.created, s.deleted, got, want)
	}
	return nil
}
