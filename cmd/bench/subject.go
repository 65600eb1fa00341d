package main

import (
	"context"
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

// newSubject loads a database and starts a server on it.
func (b *bench) newSubject(ctx context.Context, name string, data dataset) (*subject, error) {
	data.now = b.began
	s := &subject{name: name, data: data, cluster: b.cluster}
	var err error
	if s.database, s.loaded, err = b.cluster.fill(ctx, name, data); err != nil {
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

// phase is what one operation did for a while.
type phase struct {
	Operation string  `json:"operation"`
	Clients   int     `json:"clients"`
	Round     int     `json:"round"`
	Count     int     `json:"count"`
	Rate      float64 `json:"rate"` // per second
	Latency   latency `json:"latency_ms"`
	CPU       cpu     `json:"cpu_us"`
}

// cpu is the CPU time of one operation in microseconds, by who spent it.
type cpu struct {
	Client   float64 `json:"client"`
	Server   float64 `json:"server"`
	Postgres float64 `json:"postgres"`
}

// used is the CPU time that each has spent so far.
type used struct{ client, server, postgres time.Duration }

func (s *subject) used() (u used, err error) {
	if u.client, err = ownCPU(); err != nil {
		return u, err
	}
	if u.server, err = familyCPU(s.server.pid()); err != nil {
		return u, err
	}
	u.postgres, err = familyCPU(s.cluster.pid)
	return u, err
}

// each returns the CPU time of one of n operations.
func (u used) each(before used, n int) cpu {
	per := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(max(n, 1)) }
	return cpu{
		Client:   per(u.client - before.client),
		Server:   per(u.server - before.server),
		Postgres: per(u.postgres - before.postgres),
	}
}

// The operations in the order of their figures. Pgbench's is a create, too.
var (
	pgbenchCreate = operation{name: "pgbench"}
	create        = operation{name: "create", do: (*client).create}
	get           = operation{name: "get", do: (*client).get}
	list          = operation{name: "list", do: (*client).list}
	digestCreate  = operation{name: "digest create", do: (*client).digestCreate}
	remove        = operation{name: "delete", do: (*client).delete}
)

// measure lets an operation run and takes its figures and its effect on the
// table down.
func (s *subject) measure(ctx context.Context, op operation, with pressure) (phase, error) {
	before, err := s.used()
	if err != nil {
		return phase{}, err
	}
	out, err := s.do(ctx, op, with)
	if err != nil {
		return phase{}, err
	}
	after, err := s.used()
	if err != nil {
		return phase{}, err
	}
	p := phase{
		Operation: op.name,
		Clients:   with.clients,
		Count:     out.count,
		Rate:      out.rate,
		Latency:   percentiles(out.latencies),
		CPU:       after.each(before, out.count),
	}
	if op.do == nil {
		p.CPU.Client = used{client: out.clientCPU}.each(used{}, out.count).Client
	}
	return p, nil
}

// do does an operation and keeps account of the rows.
func (s *subject) do(ctx context.Context, op operation, with pressure) (outcome, error) {
	if op.do == nil {
		out, err := s.pgbench.run(ctx, s.script, with)
		s.created += out.count
		return out, err
	}
	stock := &supply{buckets: s.stock}
	out, err := closedLoop(ctx, s.server.address, s.data, stock, op, with)
	s.account(out, stock)
	return out, err
}

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
