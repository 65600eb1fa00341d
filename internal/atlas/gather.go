package atlas

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// gatherer makes one statement of the calls that wait at the same moment, so
// that they share its round trip and its commit. No call waits for others to
// come: while a lane is free, a call goes alone and at once. While all are
// taken, calls queue, and whoever gets the next free lane takes along those that
// have queued by then.
type gatherer[In, Out any] struct {
	most  int // calls in one statement
	serve func(context.Context, []In) ([]Out, error)

	mu    sync.Mutex
	free  int // lanes
	queue []*gathered[In, Out]
}

// gatherTimeout is how long a statement that calls share may take. It leaves
// those that have queued for as long as they may the time to be answered.
const gatherTimeout = 10 * time.Second

// errUnanswered is the end of calls whose statement ended in a panic, or did not
// answer for each.
var errUnanswered = errors.New("the statement was not finished")

// gathered is a call that queues.
type gathered[In, Out any] struct {
	in    In
	ready chan struct{} // closed when it has an end, or a lane of its own
	leads bool          // it has a lane; set before ready is closed
	out   Out
	err   error
}

// newGatherer returns a gatherer for serve, which answers for each of its calls
// in order, or for none of them with an error.
func newGatherer[In, Out any](
	lanes, most int, serve func(context.Context, []In) ([]Out, error),
) *gatherer[In, Out] {
	return &gatherer[In, Out]{free: lanes, most: most, serve: serve}
}

// do returns what serve answers for in. It returns early if ctx ends while the
// call still queues.
func (g *gatherer[In, Out]) do(ctx context.Context, in In) (Out, error) {
	me := &gathered[In, Out]{in: in}
	if !g.enter(me) {
		select {
		case <-me.ready:
		case <-ctx.Done():
			if g.leave(me) {
				return me.out, fmt.Errorf("wait for a lane: %w", ctx.Err())
			}
			<-me.ready // too late: its statement is under way
		}
		if !me.leads {
			return me.out, me.err
		}
	}
	g.lead(ctx, me)
	return me.out, me.err
}

// enter takes a free lane, or queues.
func (g *gatherer[In, Out]) enter(me *gathered[In, Out]) (leads bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.free > 0 {
		g.free--
		return true
	}
	me.ready = make(chan struct{})
	g.queue = append(g.queue, me)
	return false
}

// leave takes a call that queues out of the queue, if it is still there.
func (g *gatherer[In, Out]) leave(me *gathered[In, Out]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := slices.Index(g.queue, me)
	if at < 0 {
		return false
	}
	g.queue = slices.Delete(g.queue, at, at+1)
	return true
}

// lead makes the statement of the call and of those that queue, and hands its
// lane on. If others share it, it goes on when ctx is cancelled: they have not
// gone.
func (g *gatherer[In, Out]) lead(ctx context.Context, me *gathered[In, Out]) {
	batch := g.take(me)
	outs, err := []Out(nil), errUnanswered
	defer func() {
		for i, call := range batch {
			if call.err = err; err == nil {
				call.out = outs[i]
			}
			if call != me {
				close(call.ready)
			}
		}
		g.handOn()
	}()
	ins := make([]In, len(batch))
	for i, call := range batch {
		ins[i] = call.in
	}
	if len(batch) > 1 {
		shared, cancel := context.WithTimeout(context.WithoutCancel(ctx), gatherTimeout)
		defer cancel()
		ctx = shared
	}
	outs, err = g.serve(ctx, ins)
	if err == nil && len(outs) != len(ins) {
		err = errUnanswered
	}
}

// take returns the call and as many of the queue as fit beside it.
func (g *gatherer[In, Out]) take(me *gathered[In, Out]) []*gathered[In, Out] {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.queue), g.most-1)
	batch := append(make([]*gathered[In, Out], 0, n+1), me)
	batch = append(batch, g.queue[:n]...)
	g.queue = slices.Delete(g.queue, 0, n)
	return batch
}

// handOn gives the lane to the first of the queue, or frees it.
func (g *gatherer[In, Out]) handOn() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.queue) == 0 {
		g.free++
		return
	}
	next := g.queue[0]
	g.queue = slices.Delete(g.queue, 0, 1)
	next.leads = true
	close(next.ready)
}
