// Package batch makes one statement of calls that wait at the same moment, so
// that they share its round trip, its parse, its snapshot and its commit.
//
// Calls queue. At most Workers workers take them from the queue: each takes as
// many as have queued by then, up to Size, serves them, and repeats until the
// queue is empty. Nobody waits for others to come: while a worker is to be had,
// a call is served alone and at once.
//
// What always holds:
//
//   - A call that ends before a worker takes it is not served.
//   - A call that ends later has its caller told so at once; what it asked for is
//     done all the same, with the rest of its batch.
//   - A batch ends with a deadline of its own, not with that of one of its calls.
package batch

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// Workers and Size bound what a Batcher asks of the database: how many batches
// run at a time, and how many calls one has. docs/performance.md has the
// measurements.
const (
	Workers = 2
	Size    = 64
)

// Timeout is how long one batch may take, but for a commit that it has begun: dbpool
// gives that a time of its own.
const Timeout = 5 * time.Second

// ErrUnderway says that a call has ended, and that what it asked for is being done,
// or done, all the same.
var ErrUnderway = errors.New("the batch goes on without the call")

var errUnanswered = errors.New("the batch does not answer for each of its calls")

// Batcher serves calls in batches. Its methods are safe for concurrent use.
type Batcher[In, Out any] struct {
	serve func(context.Context, []In) ([]Out, error)
	sizes func(int)

	mu      sync.Mutex
	workers int // that run
	queue   []*call[In, Out]
}

type call[In, Out any] struct {
	ctx   context.Context //nolint:containedctx // A worker asks whether the caller still waits.
	in    In
	done  chan struct{} // closed when out and err are set
	taken bool          // a worker has taken it; guarded by the Batcher's mu
	out   Out
	err   error
}

// New returns a Batcher for serve, which answers for each call in order, or for
// none of them with an error. It tells sizes how many calls each batch has.
func New[In, Out any](serve func(context.Context, []In) ([]Out, error), sizes func(int)) *Batcher[In, Out] {
	return &Batcher[In, Out]{serve: serve, sizes: sizes}
}

// Do returns what serve answers for in, or ctx's error if ctx ends first, which is
// ErrUnderway as well if a worker has taken the call by then.
func (b *Batcher[In, Out]) Do(ctx context.Context, in In) (Out, error) {
	c := &call[In, Out]{ctx: ctx, in: in, done: make(chan struct{})}
	b.add(c)
	select {
	case <-c.done:
		return c.out, c.err
	case <-ctx.Done():
		b.mu.Lock()
		defer b.mu.Unlock()
		var none Out
		if c.taken {
			return none, fmt.Errorf("%w: %w", ErrUnderway, ctx.Err())
		}
		return none, fmt.Errorf("wait for a batch: %w", ctx.Err())
	}
}

// add queues the call, and starts a worker if one is to be had.
func (b *Batcher[In, Out]) add(c *call[In, Out]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queue = append(b.queue, c)
	if b.workers < Workers {
		b.workers++
		go b.work()
	}
}

// work serves batches until the queue is empty.
func (b *Batcher[In, Out]) work() {
	for {
		// Callers that are ready to run queue first, and join this batch.
		runtime.Gosched()
		calls := b.next()
		if len(calls) == 0 {
			return
		}
		outs, err := b.run(calls)
		for i, c := range calls {
			if c.err = err; err == nil {
				c.out = outs[i]
			}
			close(c.done)
		}
	}
}

// next takes the calls of a batch from the queue, and leaves out those that have
// ended. If there are none it leaves the worker's place to another.
func (b *Batcher[In, Out]) next() []*call[In, Out] {
	b.mu.Lock()
	defer b.mu.Unlock()
	var calls []*call[In, Out]
	taken := 0
	for _, c := range b.queue {
		if len(calls) == Size {
			break
		}
		taken++
		if c.ctx.Err() == nil {
			c.taken = true
			calls = append(calls, c)
		}
	}
	clear(b.queue[:taken])
	if b.queue = b.queue[taken:]; len(b.queue) == 0 {
		b.queue = nil
	}
	if len(calls) == 0 {
		b.workers--
	}
	return calls
}

// run serves one batch. A panic of serve is an error of its calls.
func (b *Batcher[In, Out]) run(calls []*call[In, Out]) (outs []Out, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v\n%s", reason, debug.Stack())
		}
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(calls[0].ctx), Timeout)
	defer cancel()
	ins := make([]In, len(calls))
	for i, c := range calls {
		ins[i] = c.in
	}
	b.sizes(len(ins))
	outs, err = b.serve(ctx, ins)
	if err == nil && len(outs) != len(ins) {
		err = errUnanswered
	}
	return outs, err
}
