// Package waittest waits in tests for as long as a busy machine takes. A wait
// fails after minutes, or shortly before the test binary's deadline ("go test
// -timeout") if that comes first, so that the test still says what it waited
// for and cleans up.
package waittest

import (
	"context"
	"testing"
	"time"
)

// Patience is how long a wait may take.
const Patience = 5 * time.Minute

// Context returns a context that ends when a wait that begins now has taken too
// long. Unlike t.Context it may also be used in clean-up.
func Context(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience(t))
	t.Cleanup(cancel)
	return ctx
}

// patience returns how long a wait that begins now may take: of the time that
// is left to the test binary a tenth is for clean-up.
func patience(t testing.TB) time.Duration {
	t.Helper()
	test, ok := t.(interface{ Deadline() (time.Time, bool) })
	if !ok {
		return Patience // a benchmark has no deadline
	}
	deadline, ok := test.Deadline()
	if !ok {
		return Patience
	}
	return min(Patience, time.Until(deadline)*9/10)
}

// Until returns once is reports true, and asks it every few milliseconds. It
// ends the test if that takes too long.
func Until(t testing.TB, what string, is func() bool) {
	t.Helper()
	ctx := Context(t)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// Receive returns what is received from the channel, the zero value if it is
// closed. It ends the test if that takes too long.
func Receive[T any](t testing.TB, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-Context(t).Done():
		t.Fatalf("waited in vain for %s", what)
		panic("not reached")
	}
}
