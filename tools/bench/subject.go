//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// subject is a database with a server on it, and the account of what was done
// to its export buckets.
type subject struct {
	name    string
	data    dataset
	cluster *cluster
	conn    *pgx.Conn // to the database
	server  *server
	idle    memory
	loaded  time.Duration
	pgbench pgbench
	scripts map[string]*script // by the names of operations

	created, deleted int

	// The export buckets that were added to be deleted and have not been, by
	// their numbers, and how many there are for each second.
	stock     *supply
	perSecond int
}

// newSubject loads a database of the cluster, of the schema that a server's
// program has, and starts the server on it.
func (b *bench) newSubject(ctx context.Context, c *cluster, name, program string, data dataset) (*subject, error) {
	data.now = b.began
	began := time.Now()
	s := &subject{name: name, data: data, cluster: c, stock: newSupply(0, 0), perSecond: 4000}
	database, err := c.create(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, program, database); err != nil {
		return nil, err
	}
	if s.conn, err = connectTo(ctx, database); err != nil {
		return nil, err
	}
	b.atEnd(func() error { return s.conn.Close(context.WithoutCancel(ctx)) })
	if err := data.load(ctx, s.conn); err != nil {
		return nil, err
	}
	s.loaded = time.Since(began)
	b.printf("%s: %d export buckets loaded in %.1f s", name, data.rows(), s.loaded.Seconds())
	s.pgbench = pgbench{program: b.pgbenchProgram, database: database, dir: b.dir, settling: map[int]time.Duration{}}
	s.server, err = startServer(ctx, program, []string{"DATABASE_URL=" + database})
	if err != nil {
		return nil, err
	}
	b.atEnd(func() error { s.server.stop(); return nil })
	s.idle, err = readMemory(s.server.pid())
	return s, err
}

// writeScripts makes the scripts of the operations that are pgbench's.
func (s *subject) writeScripts(ctx context.Context, operations []operation) error {
	s.scripts = map[string]*script{}
	for _, op := range operations {
		if op.pgbench == nil {
			continue
		}
		if op.deletes {
			if err := s.restock(ctx, time.Second); err != nil {
				return err
			}
		}
		var err error
		if s.scripts[op.name], err = newScript(ctx, s.conn, op.pgbench, s.data, s.stock.taken()); err != nil {
			return fmt.Errorf("%s: %w", op.name, err)
		}
	}
	return nil
}

// attempts is how often a phase is tried that was too short.
const attempts = 8

// measure lets an operation run in a closed loop and returns its figures.
func (s *subject) measure(ctx context.Context, op operation, with pressure) (phase, error) {
	p, err := s.attempt(ctx, op, with, func() (outcome, error) {
		if op.pgbench != nil {
			return s.runPgbench(ctx, op, with)
		}
		return closedLoop(ctx, s.server.address, op, with, s.source)
	})
	p.Clients = with.clients
	return p, err
}

// measureOpen does so in an open loop, at a rate.
func (s *subject) measureOpen(ctx context.Context, op operation, rate int, d time.Duration) (phase, error) {
	p, err := s.attempt(ctx, op, pressure{duration: d}, func() (outcome, error) {
		return openLoop(ctx, s.server.address, op, rate, d, s.source)
	})
	p.Offered = rate
	return p, err
}

func (s *subject) source(seed int) source { return newSource(s.data, s.stock, seed) }

// attempt does work, and again if it ended before its time.
func (s *subject) attempt(
	ctx context.Context, op operation, with pressure, work func() (outcome, error),
) (p phase, err error) {
	for range attempts {
		if op.deletes {
			// A phase without pgbench takes no longer.
			if err := s.restock(ctx, s.pgbench.lasts(with)); err != nil {
				return phase{}, err
			}
		}
		p, err = s.observe(op, work)
		switch {
		case errors.Is(err, errSpent):
			s.perSecond *= 2
		case !errors.Is(err, errUnsettled):
			return p, err
		}
	}
	return p, err
}

// restock adds export buckets until there are enough to delete for a while.
func (s *subject) restock(ctx context.Context, lasts time.Duration) error {
	end := int(s.stock.end)
	lacking := int(float64(s.perSecond)*lasts.Seconds()) - (end - s.stock.taken())
	if lacking <= 0 {
		return nil
	}
	err := copyBuckets(ctx, s.conn, lacking, func(i int) (bucket, time.Time) {
		return s.data.deletable(end + i), s.data.now
	})
	if err != nil {
		return err
	}
	s.created += lacking
	s.stock = newSupply(s.stock.taken(), end+lacking)
	return nil
}

func (s *subject) runPgbench(ctx context.Context, op operation, with pressure) (outcome, error) {
	before, err := children(s.cluster.pid)
	if err != nil {
		return outcome{}, err
	}
	script := *s.scripts[op.name]
	script.variables = append(slices.Clone(script.variables), variable{"next", strconv.Itoa(s.stock.taken())})
	out, err := s.pgbench.run(ctx, &script, with)
	if op.creates {
		out.created = out.count
	}
	if op.deletes {
		var spent error
		out.deleted, spent = s.stock.takeTurns(out.byClient)
		err = errors.Join(err, spent)
	}
	return out, errors.Join(err, waitChildren(ctx, s.cluster.pid, len(before)))
}

// observe takes down what work did and what CPU time it took. What a phase did
// that failed it did: it is accounted for, too.
func (s *subject) observe(op operation, work func() (outcome, error)) (phase, error) {
	before, err := s.used()
	if err != nil {
		return phase{}, err
	}
	out, err := work()
	s.created += out.created
	s.deleted += out.deleted
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

// verify counts the rows. Each create that was acknowledged, over HTTP or to
// pgbench, must have left one, and each delete must have taken one.
func (s *subject) verify(ctx context.Context) error {
	got, err := countRows(ctx, s.conn)
	if err != nil {
		return err
	}
	if want := s.data.rows() + s.created - s.deleted; got != want {
		return fmt.Errorf("%s: %d export buckets were loaded, %d created and %d deleted: got %d, want %d",
			s.name, s.data.rows(), s.created, s.deleted, got, want)
	}
	return nil
}
