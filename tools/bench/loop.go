//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// closedLoop lets clients do an operation again and again, each as fast as the
// answers come, and returns what they did. The first wrong answer is an error
// and ends it.
func closedLoop(
	ctx context.Context, address string, op operation, with pressure, newSource func(seed int) source,
) (outcome, error) {
	return loop(ctx, address, op, with, 0, newSource)
}

// openLoop does an operation at a fixed rate, whether or not the answers come, as
// callers that know nothing of each other do, and returns what became of them.
// One that has to wait for a client that is free has waited since it was due.
func openLoop(
	ctx context.Context, address string, op operation, rate int, d time.Duration, newSource func(seed int) source,
) (outcome, error) {
	with := pressure{clients: maxClients, threads: 1, duration: d}
	return loop(ctx, address, op, with, time.Second/time.Duration(rate), newSource)
}

// loop begins an operation every so often, or whenever a client is free.
func loop(
	ctx context.Context, address string, op operation, with pressure, every time.Duration,
	newSource func(seed int) source,
) (outcome, error) {
	workers := make([]worker, with.jobs())
	defer func() {
		for _, w := range workers {
			w.close()
		}
	}()
	for i := range with.clients {
		c, err := newClient(address, op, newSource(i))
		if err != nil {
			return outcome{}, err
		}
		workers[i%len(workers)].add(c)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	began := time.Now()
	for i := range workers {
		w := &workers[i]
		w.next, w.every, w.until = began, every, began.Add(with.duration)
		all.Go(func() {
			if err := w.run(ctx); err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	elapsed := time.Since(began)
	var out outcome
	for _, w := range workers {
		out.latencies = append(out.latencies, w.latencies...)
		if w.spent {
			cancel(errSpent)
		}
	}
	out.count = len(out.latencies)
	out.rate = float64(out.count) / elapsed.Seconds()
	if op.creates {
		out.created = out.count
	}
	if op.deletes {
		out.deleted = out.count
	}
	if err := context.Cause(ctx); err != nil {
		return out, fmt.Errorf("%s: %w", op.name, err)
	}
	return out, nil
}

// worker is a thread with some of the clients. As a thread of pgbench does, it
// waits for all of them at once and lets whoever has an answer go on.
type worker struct {
	clients   []*client
	polls     []pollFD // of the clients, in their order
	free      []int    // places of the clients that wait for nothing
	latencies []time.Duration
	spent     bool // nothing was left to do

	next  time.Time     // when the next operation is due
	every time.Duration // or 0 if it is due when a client is free
	until time.Time
}

func (w *worker) add(c *client) {
	w.free = append(w.free, len(w.clients))
	w.clients = append(w.clients, c)
	w.polls = append(w.polls, pollFD{fd: -1, events: pollIn})
}

func (w *worker) close() {
	for _, c := range w.clients {
		_ = c.conn.Close()
	}
}

// run returns when all operations have ended that began in time.
func (w *worker) run(ctx context.Context) error {
	for now := time.Now(); ; now = time.Now() {
		if err := w.begin(now); err != nil {
			return err
		}
		wait := patience
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx) //nolint:wrapcheck // It is wrapped where the loop ends.
		case len(w.free) > 0 && w.next.Before(w.until):
			wait = w.next.Sub(now)
		case len(w.free) == len(w.clients):
			return nil
		}
		ready, err := poll(w.polls, wait)
		switch {
		case err != nil:
			return err
		case ready > 0:
			err = w.proceed()
		default:
			err = w.checkPatience(time.Now())
		}
		if err != nil {
			return err
		}
	}
}

// begin begins what is due, as far as there are clients that are free.
func (w *worker) begin(now time.Time) error {
	for len(w.free) > 0 {
		if w.every == 0 {
			w.next = now
		}
		if w.next.After(now) || !w.next.Before(w.until) {
			return nil
		}
		i := w.free[len(w.free)-1]
		err := w.clients[i].begin(w.next)
		if errors.Is(err, errSpent) {
			w.until, w.spent = w.next, true // What has begun shall end.
			return nil
		}
		if err != nil {
			return err
		}
		w.free = w.free[:len(w.free)-1]
		w.polls[i].fd = int32(w.clients[i].conn.fd) //nolint:gosec // Descriptors are small numbers.
		w.next = w.next.Add(w.every)
	}
	return nil
}

// proceed lets every client go on that has an answer.
func (w *worker) proceed() error {
	for i, p := range w.polls {
		if p.returned == 0 {
			continue
		}
		c := w.clients[i]
		done, err := c.proceed()
		if err != nil {
			return err
		}
		if !done {
			continue
		}
		now := time.Now()
		w.latencies = append(w.latencies, now.Sub(c.began))
		w.polls[i].fd = -1
		w.free = append(w.free, i)
		if err := w.begin(now); err != nil {
			return err
		}
	}
	return nil
}

// checkPatience returns an error if a client has waited too long.
func (w *worker) checkPatience(now time.Time) error {
	for i, p := range w.polls {
		if c := w.clients[i]; p.fd >= 0 && now.Sub(c.began) > patience {
			return fmt.Errorf("%s %s: %w", c.sent.method, c.sent.path, os.ErrDeadlineExceeded)
		}
	}
	return nil
}
