package api_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestRateLimitsAreThoseOfTheProject(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t)
	remaining := func(r request) string { return b.do(t, r).header.Get("Ratelimit-Remaining") }
	for want := 1199; want > 1195; want-- {
		if got := remaining(request{token: token}); got != strconv.Itoa(want) {
			t.Errorf("got %s remaining, want %d", got, want)
		}
	}
	if got := remaining(request{key: "demoread"}); got != "1195" {
		t.Errorf("another caller with a role: got %s remaining, want 1195", got)
	}
	if got := remaining(request{key: "stranger"}); got != "1199" {
		t.Errorf("a caller without a role: got %s remaining, want a bucket of its own: 1199", got)
	}
	other := apiRoot + "/groups/5f0000000000000000000b02/backup/exportBuckets"
	if got := remaining(request{token: token, path: other}); got != "1199" {
		t.Errorf("another project: got %s remaining, want 1199", got)
	}
}

func TestRequestsOverTheLimitAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t)
	for range 1200 {
		if got := b.do(t, request{token: token, header: http.Header{"Accept": {""}}}); got.status != 406 {
			t.Fatalf("got %d %s, want 406", got.status, got.body)
		}
	}
	b.clock.advance(54 * time.Second)
	path := strings.TrimPrefix(demoBuckets, "/")
	want := `{"detail":"Rate limit exceeded for ` + path + `. Please retry after 6 seconds. Request capacity: 1200. ` +
		`Refill rate: 500 per 60 seconds. For more information, see: http://dochub.mongodb.org/core/atlas-api-rate-limit.",` +
		`"error":429,"errorCode":"RATE_LIMITED_TOKEN_BUCKET","parameters":["` + path + `",6,1200,500,60],` +
		`"reason":"Too Many Requests"}`
	got := b.do(t, request{token: token})
	if got.status != 429 || got.body != want {
		t.Errorf("got %d %s, want %s", got.status, got.body, want)
	}
	checkHeader(t, "429", got, securityHeader, codeHeader("RATE_LIMITED_TOKEN_BUCKET"), http.Header{
		"Ratelimit-Limit": {"1200"}, "Ratelimit-Remaining": {"0"}, "Retry-After": {"6"},
	})
	b.clock.advance(6 * time.Second)
	if got := b.do(t, request{token: token}); got.status != 200 || got.header.Get("Ratelimit-Remaining") != "499" {
		t.Errorf("after the refill: got %d with %s remaining, want 200 with 499",
			got.status, got.header.Get("Ratelimit-Remaining"))
	}
}

func TestRateLimitsCanBeLeftOut(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.RateLimits = false })
	if got := b.do(t, request{}); got.header.Get("Ratelimit-Limit") != "" {
		t.Errorf("got RateLimit-Limit %q, want none", got.header.Get("Ratelimit-Limit"))
	}
}
