package atlas

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

// desk is a statement that waits until it is let go, and tells what it was made
// of.
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

func (d *desk) wantBatches(t *testing.T, want ...[]int) {
	t.Helper()
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	if diff := cmp.Diff(want, d.batches); diff != "" {
		t.Errorf("statements (-want +got):\n%s", diff)
	}
}

// end is what became of a call.
type end struct {
	out int
	err error
}

// call makes a call in the background.
func call(ctx context.Context, g *gatherer[int, int], n int) <-chan end {
	done := make(chan end, 1)
	go func() {
		out, err := g.do(ctx, n)
		done <- end{out, err}
	}()
	synctest.Wait() // until it waits for its statement, or in the queue
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

func TestACallGoesAloneWhileALaneIsFree(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		g := newGatherer(2, 10, d.serve)
		one, two := call(t.Context(), g, 1), call(t.Context(), g, 2)
		d.wantBatches(t, []int{1}, []int{2})
		d.letGo <- nil
		d.letGo <- nil
		wantEnd(t, one, end{out: 2})
		wantEnd(t, two, end{out: 4})
	})
}

func TestCallsThatQueueShareTheNextLane(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		g := newGatherer(1, 3, d.serve)
		var calls []<-chan end
		for n := range 6 {
			calls = append(calls, call(t.Context(), g, n))
		}
		d.wantBatches(t, []int{0})
		d.letGo <- nil
		d.wantBatches(t, []int{0}, []int{1, 2, 3}) // no more than fit
		d.letGo <- nil
		d.wantBatches(t, []int{0}, []int{1, 2, 3}, []int{4, 5})
		d.letGo <- nil
		for n, done := range calls {
			wantEnd(t, done, end{out: 2 * n})
		}
		// The lane is free again.
		last := call(t.Context(), g, 6)
		d.wantBatches(t, []int{0}, []int{1, 2, 3}, []int{4, 5}, []int{6})
		d.letGo <- nil
		wantEnd(t, last, end{out: 12})
	})
}

func TestACallThatGivesUpLeavesTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		g := newGatherer(1, 10, d.serve)
		first := call(t.Context(), g, 1)
		ctx, cancel := context.WithCancel(t.Context())
		second, third := call(ctx, g, 2), call(t.Context(), g, 3)
		cancel()
		wantEnd(t, second, end{err: context.Canceled})
		d.letGo <- nil
		d.wantBatches(t, []int{1}, []int{3})
		d.letGo <- nil
		wantEnd(t, first, end{out: 2})
		wantEnd(t, third, end{out: 6})
	})
}

// Whoever gives up when the statement is under way takes nobody with it, and
// gets its answer: it may be committed.
func TestACallThatGivesUpTooLateIsAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		g := newGatherer(1, 10, d.serve)
		first := call(t.Context(), g, 0)
		ctx, cancel := context.WithCancel(t.Context())
		leader, follower := call(ctx, g, 1), call(t.Context(), g, 2)
		d.letGo <- nil
		d.wantBatches(t, []int{0}, []int{1, 2})
		cancel()
		d.letGo <- nil
		wantEnd(t, first, end{})
		wantEnd(t, leader, end{out: 2})
		wantEnd(t, follower, end{out: 4})
	})
}

func TestAStatementThatFailsFailsItsCallsAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		g := newGatherer(1, 2, d.serve)
		broken := errors.New("broken")
		var calls []<-chan end
		for n := range 4 {
			calls = append(calls, call(t.Context(), g, n))
		}
		for _, err := range []error{nil, broken, nil} {
			d.letGo <- err
			synctest.Wait()
		}
		wantEnd(t, calls[0], end{})
		wantEnd(t, calls[1], end{err: broken})
		wantEnd(t, calls[2], end{err: broken})
		wantEnd(t, calls[3], end{out: 6})
	})
}

func TestAPanicLeavesNobodyWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		letGo := make(chan struct{})
		g := newGatherer(1, 10, func(_ context.Context, in []int) ([]int, error) {
			<-letGo
			if len(in) > 1 {
				panic("broken")
			}
			return in, nil
		})
		first := call(t.Context(), g, 1)
		leader := make(chan any, 1)
		go func() {
			defer func() { leader <- recover() }()
			_, _ = g.do(t.Context(), 2)
		}()
		synctest.Wait()
		follower := call(t.Context(), g, 3)
		letGo <- struct{}{}
		letGo <- struct{}{}
		wantEnd(t, first, end{out: 1})
		wantEnd(t, follower, end{err: errUnanswered})
		if got := <-leader; got != "broken" {
			t.Errorf("leader: got panic %v, want its own", got)
		}
		next := call(t.Context(), g, 4)
		letGo <- struct{}{}
		wantEnd(t, next, end{out: 4})
	})
}
