package api_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
)

func TestProbes(t *testing.T) {
	t.Parallel()
	var notReady atomic.Bool
	b := setup(t, func(s *settings) {
		s.api.Ready = func(context.Context) error {
			if notReady.Load() {
				return errors.New("no database")
			}
			return nil
		}
	})
	probe := func(path string) answer { return b.do(t, request{path: path, bare: true}) }
	if got := probe("/readyz"); got.status != 200 || got.body != `{"status":"ok"}` {
		t.Errorf("ready: got %d %s, want 200", got.status, got.body)
	}
	notReady.Store(true)
	if got := probe("/readyz"); got.status != 503 || got.body != `{"status":"unavailable"}` {
		t.Errorf("not ready: got %d %s, want 503", got.status, got.body)
	}
	if got := probe("/healthz"); got.status != 200 {
		t.Errorf("healthy: got %d %s, want 200", got.status, got.body)
	}
	if !strings.Contains(b.log.String(), "no database") {
		t.Errorf("got log %s, want the reason in it", b.log)
	}
}
