// Package torture says how long the tests of reliability last, and collects what
// they measure. They are called TestTorture... In the suite each has a short form
// of a few seconds; "make torture" runs the long form, one test after the other on
// an idle machine, and ends with a table of their figures.
package torture

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// durationEnv is how long each test of the long form goes on, such as 2m.
const durationEnv = "TORTURE"

// Long reports whether this is the long form.
func Long() bool {
	return os.Getenv(durationEnv) != ""
}

// Deadline returns when a test is to begin no further round: after the given time,
// or in the long form after that of the environment.
func Deadline(t testing.TB, short time.Duration) time.Time {
	t.Helper()
	text := os.Getenv(durationEnv)
	if text == "" {
		return time.Now().Add(short)
	}
	long, err := time.ParseDuration(text)
	if err != nil || long <= 0 {
		t.Fatalf("%s is %q, want a duration such as 2m", durationEnv, text)
	}
	return time.Now().Add(long)
}

// Figure adds a line to the table of the long form. The name is a word.
func Figure(t *testing.T, name string, value any) {
	t.Helper()
	if d, ok := value.(time.Duration); ok {
		value = d.Round(time.Millisecond)
	}
	t.Attr(name, fmt.Sprint(value))
}

// WantAtMost adds a line to the table and fails the test if the goal is missed. The
// suite shares its machine with other tests: there a multiple of the goal will do.
func WantAtMost(t *testing.T, name string, got, goal time.Duration) {
	t.Helper()
	Figure(t, name, got)
	limit := goal
	if !Long() {
		limit *= 4
	}
	if got > limit {
		t.Errorf("%s: got %s, want at most %s", name, got, limit)
	}
}
