package waittest

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

func TestAWaitTakesMinutesAndEndsBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		deadline, want time.Duration
	}{
		"the patience":              {time.Hour, Patience},
		"shortly before a deadline": {time.Minute, 54 * time.Second},
		"the patience, no deadline": {0, Patience},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				r := &recorder{TB: t}
				if tt.deadline > 0 {
					r.deadline = began.Add(tt.deadline)
				}
				r.run(func() { Until(r, "it is so", func() bool { return false }) })
				if got := time.Since(began).Round(time.Second); got != tt.want {
					t.Errorf("got a failure after %s, want it after %s", got, tt.want)
				}
				if want := "waited in vain until it is so"; r.said != want {
					t.Errorf("got %q, want %q", r.said, want)
				}
			})
		})
	}
}

func TestUntilAsksAgain(t *testing.T) {
	t.Parallel()
	asked := 0
	Until(t, "it was asked three times", func() bool {
		asked++
		return asked == 3
	})
}

func TestReceiveReturnsWhatIsSent(t *testing.T) {
	t.Parallel()
	sent := make(chan int, 1)
	sent <- 7
	if got := Receive(t, "the number", sent); got != 7 {
		t.Errorf("got %d, want 7", got)
	}
	close(sent)
	if got := Receive(t, "the end", sent); got != 0 {
		t.Errorf("got %d of a closed channel, want 0", got)
	}
}

func TestReceiveFailsWhenNothingComes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{TB: t}
		r.run(func() { Receive(r, "a number", make(chan int)) })
		if want := "waited in vain for a number"; r.said != want {
			t.Errorf("got %q, want %q", r.said, want)
		}
	})
}

// recorder is a test of its own that notes how it failed.
type recorder struct {
	testing.TB
	deadline time.Time
	said     string
}

func (r *recorder) Deadline() (time.Time, bool) { return r.deadline, !r.deadline.IsZero() }

func (r *recorder) Fatalf(format string, args ...any) {
	r.said = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// run runs f and returns when it has ended, or has failed the test.
func (r *recorder) run(f func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f()
	}()
	<-ended
}
