package api_test

import (
	"net/http"
	"testing"
)

// A request has one time, that of its caller, whatever it makes and however long it
// takes.
func TestARequestReadsTheClockOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.RateLimits = false })
	token := b.token(t)
	b.prepare(t)
	for _, tt := range accesses() {
		if tt.least == nobody {
			continue // it has no caller
		}
		method, path := tt.methodAndPath()
		b.clock.advance(tt.after)
		b.clock.reads.Store(0)
		got := b.do(t, request{
			method: method, path: path, body: tt.body, token: token, header: http.Header{"Accept": {v2025}},
		})
		if got.status != tt.status || b.clock.reads.Load() != 1 {
			t.Errorf("%s %s: got %d, and the clock read %d times; want %d, and once",
				method, path, got.status, b.clock.reads.Load(), tt.status)
		}
	}
}
