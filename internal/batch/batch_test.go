package batch

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// desk serves a batch once it is let go, and tells what was in it.
type desk struct {
	mu      sync.Mutex
	batches [][]int
	letGo   chan error
}

func newDesk() *desk { return &desk{letGo: make(chan error)} }

// serve doubles each call.
func (d *desk) serve(_ context.Context, in []int) ([]int, error) {
	d.mu.Lock()
	d.batches = append(d.batches, slices.Clone(in))
	d.mu.Unlock()
	err := <-d.letGo
	out := make([]int, len(in))
	for i, n := range in {
		out[i] = 2 * n
	}
	return out, err
}

// uncounted returns a Batcher of whose batches nobody is told.
func uncounted(serve func(context.Context, []int) ([]int, error)) *Batcher[int, int] {
	return New(serve, func(int) {})
}

func (d *desk) wantBatches(t *testing.T, want ...[]int) {
	t.Helper()
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	if diff := cmp.Diff(want, d.batches); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
}

// end is what became of a call.
type end struct {
	out int
	err error
}

// start makes a call in the background.
func start(ctx context.Context, b *Batcher[int, int], n int) <-chan end {
	done := make(chan end, 1)
	go func() {
		out, err := b.Do(ctx, n)
		done <- end{out, err}
	}()
	synctest.Wait() // until it is served, or waits in the queue
	return done
}

func wantEnd(t *testing.T, done <-chan end, want end) {
	t.Helper()
	synctest.Wait()
	select {
	case got := <-done:
		if got.out != want.out || !errors.Is(got.err, want.err) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	default:
		t.Errorf("got no end, want %+v", want)
	}
}

// fill makes as many calls as there are workers, so that those after them queue.
func fill(t *testing.T, b *Batcher[int, int]) []<-chan end {
	t.Helper()
	var calls []<-chan end
	for range Workers {
		calls = append(calls, start(t.Context(), b, 0))
	}
	return calls
}

func TestACallIsServedAloneWhileAWorkerIsToBeHad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		b := uncounted(d.serve)
		one, two := start(t.Context(), b, 1), start(t.Context(), b, 2)
		d.wantBatches(t, []int{1}, []int{2})
		d.letGo <- nil
		d.letGo <- nil
		wantEnd(t, one, end{out: 2})
		wantEnd(t, two, end{out: 4})
	})
}

func TestCallsThatQueueShareABatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		b := uncounted(d.serve)
		fill(t, b)
		var calls []<-chan end
		var first, second []int
		for n := range Size + 2 {
			calls = append(calls, start(t.Context(), b, n))
			if n < Size {
				first = append(first, n)
			} else {
				second = append(second, n)
			}
		}
		d.wantBatches(t, []int{0}, []int{0})
		d.letGo <- nil
		d.wantBatches(t, []int{0}, []int{0}, first) // no more than fit
		d.letGo <- nil
		d.wantBatches(t, []int{0}, []int{0}, first, second)
		d.letGo <- nil
		d.letGo <- nil
		for n, done := range calls {
			wantEnd(t, done, end{out: 2 * n})
		}
		// The workers have ended, and others begin.
		last := start(t.Context(), b, 6)
		d.wantBatches(t, []int{0}, []int{0}, first, second, []int{6})
		d.letGo <- nil
		wantEnd(t, last, end{out: 12})
	})
}

func TestACallThatEndsInTheQueueIsNotServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		b := uncounted(d.serve)
		fill(t, b)
		ctx, cancel := context.WithCancel(t.Context())
		first, second := start(ctx, b, 1), start(t.Context(), b, 2)
		cancel()
		wantEnd(t, first, end{err: context.Canceled})
		d.letGo <- nil
		d.wantBatches(t, []int{0}, []int{0}, []int{2})
		d.letGo <- nil
		d.letGo <- nil
		wantEnd(t, second, end{out: 4})
	})
}

// Whoever gives up while it is served takes nobody with it.
func TestACallThatEndsWhileItIsServedKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		served := make(chan context.Context, 1)
		letGo := make(chan struct{})
		b := uncounted(func(ctx context.Context, in []int) ([]int, error) {
			served <- ctx
			<-letGo
			return in, ctx.Err()
		})
		ctx, cancel := context.WithCancel(t.Context())
		gone := start(ctx, b, 1)
		batch := <-served
		cancel()
		if got := <-gone; !errors.Is(got.err, context.Canceled) || !errors.Is(got.err, ErrUnderway) {
			t.Errorf("got %v, want %v and %v", got.err, context.Canceled, ErrUnderway)
		}
		if err := batch.Err(); err != nil {
			t.Errorf("batch: got %v, want it to go on", err)
		}
		close(letGo)
	})
}

func TestABatchHasADeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := uncounted(func(ctx context.Context, _ []int) ([]int, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		began := time.Now()
		if _, err := b.Do(t.Context(), 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline exceeded", err)
		}
		if got := time.Since(began); got != Timeout {
			t.Errorf("got an end after %s, want it after %s", got, Timeout)
		}
	})
}

func TestABatchThatFailsFailsItsCallsAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		b := uncounted(d.serve)
		before := fill(t, b)
		one, two := start(t.Context(), b, 1), start(t.Context(), b, 2)
		broken := errors.New("broken")
		for _, err := range []error{nil, nil} {
			d.letGo <- err
			synctest.Wait()
		}
		d.letGo <- broken
		for _, done := range before {
			wantEnd(t, done, end{})
		}
		wantEnd(t, one, end{err: broken})
		wantEnd(t, two, end{err: broken})
	})
}

func TestABatchThatDoesNotAnswerForEachIsAnError(t *testing.T) {
	t.Parallel()
	b := uncounted(func(context.Context, []int) ([]int, error) { return nil, nil })
	if _, err := b.Do(t.Context(), 1); !errors.Is(err, errUnanswered) {
		t.Errorf("got %v, want %v", err, errUnanswered)
	}
}

func TestAPanicIsAnErrorOfItsCalls(t *testing.T) {
	t.Parallel()
	b := uncounted(func(_ context.Context, in []int) ([]int, error) {
		if in[0] == 1 {
			panic("broken")
		}
		return in, nil
	})
	if _, err := b.Do(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "panic: broken") {
		t.Errorf("got %v, want the panic", err)
	}
	if got, err := b.Do(t.Context(), 2); got != 2 || err != nil {
		t.Errorf("got %d, %v after a panic, want 2", got, err)
	}
}

func TestTheSizeOfEachBatchIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		var sizes []int
		b := New(d.serve, func(size int) { sizes = append(sizes, size) })
		before := fill(t, b)
		one, two := start(t.Context(), b, 1), start(t.Context(), b, 2)
		for range Workers + 1 {
			d.letGo <- nil
			synctest.Wait()
		}
		for _, done := range before {
			wantEnd(t, done, end{})
		}
		wantEnd(t, one, end{out: 2})
		wantEnd(t, two, end{out: 4})
		if diff := cmp.Diff([]int{1, 1, 2}, sizes); diff != "" {
			t.Errorf("sizes (-want +got):\n%s", diff)
		}
	})
}
