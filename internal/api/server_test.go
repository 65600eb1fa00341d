package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/internal/dbtest"
)

func TestVersionIsNegotiatedByAccept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, awsBody)
	const first, second = "2023-01-01", "2024-05-30"
	vnd := func(s string) string { return "application/vnd.atlas." + s }
	tests := []struct {
		accept []string
		want   string // empty for 406
	}{
		{[]string{vnd("2023-01-01+json")}, first},
		{[]string{vnd("2024-05-29+json")}, first},
		{[]string{vnd("2024-05-30+json")}, second},
		{[]string{vnd("2025-03-12+json")}, second},
		{[]string{vnd("2099-01-01+json")}, second},
		{[]string{vnd("2024-05-30+json;charset=utf-8")}, second},
		{[]string{vnd("2024-05-30+json; q=0.5")}, second},
		{[]string{"Application/VND.Atlas.2024-05-30+JSON"}, second},
		{[]string{"text/html, " + vnd("2023-02-01+json") + ", " + vnd("2024-05-30+json")}, first},
		{[]string{"*/*", vnd("2024-05-30+json")}, second},
		{[]string{vnd("2022-12-31+json")}, ""},
		{[]string{vnd("2024-13-45+json")}, ""},
		{[]string{vnd("2024-02-30+json")}, ""},
		{[]string{vnd("v2+json")}, ""},
		{[]string{vnd("preview+json")}, ""},
		{[]string{vnd("upcoming+json")}, ""},
		{[]string{vnd("2024-05-30+csv")}, ""},
		{[]string{vnd("2024-05-30")}, ""},
		{[]string{"application/json"}, ""},
		{[]string{"*/*"}, ""},
		{[]string{""}, ""},
	}
	for _, tt := range tests {
		for _, path := range []string{demoBuckets, demoBuckets + "/6a7900010203040506000001"} {
			got := b.do(t, request{path: path, header: http.Header{"Accept": tt.accept}})
			if tt.want == "" {
				want := refusal(406, "INVALID_VERSION_DATE", "Invalid accept header or version date.")
				if got.status != 406 || got.body != want {
					t.Errorf("%q: got %d %s, want %s", tt.accept, got.status, got.body, want)
				}
				continue
			}
			want := "application/vnd.atlas." + tt.want + "+json;charset=utf-8"
			if got.status != 200 || got.header.Get("Content-Type") != want {
				t.Errorf("%q: got %d %q, want 200 %q", tt.accept, got.status, got.header.Get("Content-Type"), want)
			}
			if deprecated := got.header.Get("Deprecation") != ""; deprecated != (tt.want == first) {
				t.Errorf("%q: got Deprecation %q for version %s", tt.accept, got.header.Get("Deprecation"), tt.want)
			}
		}
	}
}

func TestVersionIsGoneAfterItsSunset(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := http.Header{"Accept": {"application/vnd.atlas.2023-06-01+json"}}
	b.clock.advance(time.Date(2027, 6, 30, 23, 59, 59, 0, time.UTC).Sub(b.clock.Now()))
	if got := b.do(t, request{header: first}); got.status != http.StatusOK {
		t.Errorf("the day before: got %d %s, want 200", got.status, got.body)
	}
	b.clock.advance(time.Second)
	path := strings.TrimPrefix(demoBuckets, "/")
	want := refusal(410, "VERSION_GONE", "Version 2023-01-01 of "+path+" is no longer available.", "2023-01-01", path)
	if got := b.do(t, request{header: first}); got.status != http.StatusGone || got.body != want {
		t.Errorf("the day: got %d %s, want %s", got.status, got.body, want)
	}
	if got := b.do(t, request{}); got.status != http.StatusOK {
		t.Errorf("the next version: got %d %s, want 200", got.status, got.body)
	}
}

func TestRoutesThatAreNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{
		apiRoot + "/nothing", demoBuckets + "/", "/api/private/nothing", "/nothing", "/",
		apiRoot + "/groups/" + demoProject + "//backup/exportBuckets",
	} {
		want := refusal(404, "RESOURCE_NOT_FOUND", "Cannot find resource "+path+".", path)
		if got := b.do(t, request{path: path + "?x=y"}); got.status != 404 || got.body != want {
			t.Errorf("%s: got %d %s, want %s", path, got.status, got.body, want)
		}
	}
	if got := b.do(t, request{path: "/nothing", bare: true}); got.status != http.StatusNotFound {
		t.Errorf("outside the API without credentials: got %d, want 404", got.status)
	}
}

func TestMethodsThatAreNotOffered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one := demoBuckets + "/6a7900010203040506000001"
	for _, tt := range []struct {
		method, path string
		bare         bool
		status       int
		allow        string
	}{
		{http.MethodPut, demoBuckets, false, 405, "POST,GET,OPTIONS"},
		{http.MethodDelete, demoBuckets, false, 405, "POST,GET,OPTIONS"},
		{"PROPFIND", demoBuckets, false, 405, "POST,GET,OPTIONS"},
		{http.MethodPost, one, false, 405, "PATCH,GET,DELETE,OPTIONS"},
		{http.MethodOptions, demoBuckets, false, 200, "POST,GET,OPTIONS"},
		{http.MethodGet, "/api/oauth/token", true, 405, "POST,OPTIONS"},
	} {
		got := b.do(t, request{method: tt.method, path: tt.path, bare: tt.bare})
		if got.status != tt.status || got.body != "" || got.header.Get("Allow") != tt.allow {
			t.Errorf("%s %s: got %d %q, Allow %q; want %d, an empty body, Allow %q",
				tt.method, tt.path, got.status, got.body, got.header.Get("Allow"), tt.status, tt.allow)
		}
		if got.header.Get("Content-Length") != "0" || got.header.Get("Content-Type") != "" {
			t.Errorf("%s %s: got Content-Length %q and Content-Type %q, want 0 and none",
				tt.method, tt.path, got.header.Get("Content-Length"), got.header.Get("Content-Type"))
		}
	}
}

func TestHeadIsGetWithoutTheBody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, awsBody)
	for _, path := range []string{demoBuckets, demoBuckets + "/6a7900010203040506000001", demoBuckets + "/x"} {
		get := b.do(t, request{path: path})
		head := b.do(t, request{path: path, method: http.MethodHead})
		for _, name := range []string{"Date", "X-Request-Id", "Ratelimit-Remaining"} {
			get.header.Del(name)
			head.header.Del(name)
		}
		get.body = ""
		if diff := cmp.Diff(get, head, cmp.AllowUnexported(answer{})); diff != "" {
			t.Errorf("%s (-GET +HEAD):\n%s", path, diff)
		}
	}
}

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
	for name, want := range map[string]string{
		"Retry-After": "6", "Ratelimit-Limit": "1200", "Ratelimit-Remaining": "0",
	} {
		if got.header.Get(name) != want {
			t.Errorf("got %s %q, want %q", name, got.header.Get(name), want)
		}
	}
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

func TestFaultsOfOursSayNothingToTheClient(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t)
	if _, err := b.pool.Exec(t.Context(), "ALTER TABLE export_buckets RENAME TO gone"); err != nil {
		t.Fatal(err)
	}
	want := refusal(500, "UNEXPECTED_ERROR", "Unexpected error.")
	for name, r := range map[string]request{
		"create": {token: token, body: awsBody}, "list": {token: token},
		"get": {token: token, path: demoBuckets + "/6a7900010203040506000001"},
	} {
		if got := b.do(t, r); got.status != 500 || got.body != want {
			t.Errorf("%s: got %d %s, want %s", name, got.status, got.body, want)
		}
	}
	if _, err := b.pool.Exec(t.Context(), "ALTER TABLE access_tokens RENAME TO gone_too"); err != nil {
		t.Fatal(err)
	}
	if got := b.do(t, request{token: token}); got.status != 500 || got.body != want {
		t.Errorf("authentication: got %d %s, want %s", got.status, got.body, want)
	}
	got := b.post(t, "/api/oauth/token", grant, basic(demoClientID, demoClientSecret))
	if got.status != 500 || got.body != `{"error":"server_error","error_description":"Unexpected error."}` {
		t.Errorf("token: got %d %s, want server_error", got.status, got.body)
	}
	if count := strings.Count(b.log.String(), `"level":"ERROR"`); count != 5 {
		t.Errorf("got %d error events, want one for each of 5 faults:\n%s", count, b.log)
	}
}

func TestOneEventIsLoggedForARequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t)
	got := b.do(t, request{token: token, header: http.Header{"X-Request-Id": {"my-id.1"}}, path: demoBuckets + "?x=secret"})
	if got.header.Get("X-Request-Id") != "my-id.1" {
		t.Errorf("got X-Request-Id %q, want the client's", got.header.Get("X-Request-Id"))
	}
	var event map[string]any
	if err := json.Unmarshal([]byte(b.log.String()), &event); err != nil {
		t.Fatalf("got log %s, want one event: %v", b.log, err)
	}
	for key, want := range map[string]any{
		"msg": "request", "level": "INFO", "request_id": "my-id.1", "method": "GET", "path": demoBuckets,
		"status": 200.0, "principal": "5f0000000000000000000c01", "address": "127.0.0.1",
	} {
		if event[key] != want {
			t.Errorf("got %s %v, want %v", key, event[key], want)
		}
	}
	for _, id := range []string{"", "has blank", strings.Repeat("a", 129), "a\tb"} {
		got := b.do(t, request{token: token, header: http.Header{"X-Request-Id": {id}}})
		if given := got.header.Get("X-Request-Id"); len(given) != 32 || given == id {
			t.Errorf("%q: got X-Request-Id %q, want one of ours", id, given)
		}
	}
}

func TestNoSecretIsLogged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t)
	b.do(t, request{token: token, body: awsBody})
	b.do(t, request{token: token, body: `{"cloudProvider":"s3cret-value"`})
	b.do(t, request{key: "demoownr"})
	b.do(t, request{token: "s3cret-token"})
	b.post(t, "/api/oauth/token", grant, basic(demoClientID, demoClientSecret))
	b.post(t, "/api/oauth/token", grant, basic(demoClientID, "s3cret-secret"))
	b.do(t, request{token: token, path: demoBuckets + "?access_token=s3cret-query"})
	for _, secret := range []string{token, privateKeys["demoownr"], demoClientSecret, "s3cret", "Digest ", "Bearer ", "response="} {
		if strings.Contains(b.log.String(), secret) {
			t.Errorf("got %q in the log:\n%s", secret, b.log)
		}
	}
}

// countingConn counts round trips: reads from the server after something was
// written to it.
type countingConn struct {
	net.Conn
	trips *atomic.Int64
	wrote atomic.Bool
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.wrote.Store(true)
	return c.Conn.Write(p)
}

func (c *countingConn) Read(p []byte) (int, error) {
	if c.wrote.Swap(false) {
		c.trips.Add(1)
	}
	return c.Conn.Read(p)
}

// Each of the two is one statement and so one transaction, and the first only
// reads: one commit is waited for.
func TestCreateMakesTwoRoundTrips(t *testing.T) {
	t.Parallel()
	var trips atomic.Int64
	config, err := pgxpool.ParseConfig(dbtest.NewURL(t))
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 1
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &countingConn{Conn: conn, trips: &trips}, nil
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	b := setupOn(t, pool)
	token := b.token(t)
	for _, body := range []string{awsBody, azureBody, gcpBody} {
		b.do(t, request{token: token, body: body}) // prepares the statements
		trips.Store(0)
		if got := b.do(t, request{token: token, body: body}); got.status != http.StatusOK {
			t.Fatalf("got %d %s, want 200", got.status, got.body)
		}
		if got := trips.Load(); got != 2 {
			t.Errorf("%s: got %d round trips, want 2", body, got)
		}
	}
}
