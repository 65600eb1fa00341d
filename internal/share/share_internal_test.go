package share

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"exportbuckets/internal/atlas"
)

const patience = time.Second

// take takes n and fails the test if they are not to be had.
func take(t *testing.T, p *Pool[string], of string, n int64) (giveBack func()) {
	t.Helper()
	giveBack, err := p.Take(t.Context(), of, n)
	if err != nil {
		t.Fatalf("%s takes %d: got error %v, want none", of, n, err)
	}
	return giveBack
}

func wantNone(t *testing.T, p *Pool[string], of string, n int64) {
	t.Helper()
	if _, err := p.Take(t.Context(), of, n); !errors.Is(err, atlas.ErrUnavailable) {
		t.Errorf("%s takes %d: got error %v, want that they are not to be had", of, n, err)
	}
}

func TestOneUserCannotHaveAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New[string](10, 4, patience)
		back := take(t, p, "a", 3)
		wantNone(t, p, "a", 2)
		take(t, p, "b", 4)
		take(t, p, "a", 1)
		wantNone(t, p, "c", 3)
		take(t, p, "c", 2)
		back()
		take(t, p, "c", 2)
	})
}

func TestWhoWantsMoreThanItsPartGetsThePart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New[string](10, 4, patience)
		back := take(t, p, "a", 100)
		wantNone(t, p, "a", 1)
		take(t, p, "b", 4)
		back()
		take(t, p, "a", 100)
	})
}

func TestThereIsOneAtLeast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New[string](0, 0, patience)
		back := take(t, p, "a", 1)
		wantNone(t, p, "b", 1)
		back()
		take(t, p, "b", 1)
	})
}

func TestWhoeverHasNothingIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New[string](2, 1, patience)
		back := take(t, p, "a", 1)
		for i := range 2 * few {
			take(t, p, strconv.Itoa(i), 1)()
		}
		if len(p.users) > few {
			t.Errorf("got %d users, want at most %d", len(p.users), few)
		}
		wantNone(t, p, "a", 1)
		back()
		take(t, p, "a", 1)
	})
}

func TestWhoeverWaitsIsNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New[string](1, 1, patience)
		back := take(t, p, "a", 1)
		go func() {
			time.Sleep(patience / 2)
			back()
		}()
		take(t, p, "b", 1)
	})
}

func TestWhoeverLeavesNoLongerWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New[string](1, 1, patience)
		back := take(t, p, "a", 1)
		ctx, cancel := context.WithTimeout(t.Context(), patience/2)
		defer cancel()
		if _, err := p.Take(ctx, "b", 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v, want that of the context", err)
		}
		back()
		take(t, p, "c", 1)
	})
}
