package api_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"exportbuckets/internal/api"
	"exportbuckets/internal/waittest"
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

func TestAServerThatIsStartingAnswersProbesAndAsksTheRestToComeBack(t *testing.T) {
	t.Parallel()
	log := new(waittest.Log)
	handler, err := api.NewStarting(api.Config{
		Now:   time.Now,
		Ready: func(context.Context) error { return errors.New("starting") },
		Log:   slog.New(slog.NewJSONHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	b := &bundle{server: httptest.NewServer(asDescribed(t, handler))}
	t.Cleanup(b.server.Close)
	for name, want := range map[string]struct {
		request
		status int
		body   string
	}{
		"alive":         {request{path: "/healthz"}, 200, `{"status":"ok"}`},
		"not ready":     {request{path: "/readyz"}, 503, `{"status":"unavailable"}`},
		"a list":        {request{}, 503, unavailableBody},
		"a create":      {request{body: awsBody}, 503, unavailableBody},
		"no such path":  {request{path: "/nowhere"}, 503, unavailableBody},
		"the document":  {request{path: "/openapi.json"}, 503, unavailableBody},
		"a new token":   {request{path: "/api/oauth/token", body: "x"}, 503, unavailableToken},
		"another token": {request{path: "/api/oauth/revoke", body: "x"}, 503, unavailableToken},
	} {
		want.bare = true
		got := b.do(t, want.request)
		if got.status != want.status || got.body != want.body {
			t.Errorf("%s: got %d %s, want %d %s", name, got.status, got.body, want.status, want.body)
		}
		if strings.HasPrefix(want.body, "{\"detail\"") && got.header.Get("Retry-After") != "1" {
			t.Errorf("%s: got Retry-After %q, want 1", name, got.header.Get("Retry-After"))
		}
	}
	if events := strings.Count(log.String(), `"msg":"request"`); events != 6 {
		t.Errorf("events of requests: got %d, want 6 in %s", events, log)
	}
}
