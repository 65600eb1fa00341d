package console_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"exportbuckets/internal/admin"
	"exportbuckets/internal/api"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/console"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/journal"
	"exportbuckets/internal/metrics"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/seal"
	"exportbuckets/internal/seed"
	"exportbuckets/internal/tenantstate"
	"exportbuckets/internal/waittest"
)

const (
	demo     = "5f0000000000000000000a01"
	neighbor = "5f0000000000000000000a02"
	locked   = "5f0000000000000000000a03"
	absent   = "5f0000000000000000000aff"

	operatorToken = "an-operator-token-of-the-tests-of-package-console"
	writeToken    = "ebt_" + demo + "_wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"
	readToken     = "ebt_" + demo + "_rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"
	neighborToken = "ebt_" + neighbor + "_wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"
)

// tenants are the organizations of the tests: the demo tenant with tokens of a team, that of
// another team, and one that is protected.
var tenants = strings.Replace(string(seed.Demo), "staging: {}", `staging:
      tokens:
        - {role: write, token: `+writeToken+`}
        - {role: read, token: `+readToken+`}`, 1) + `
  - id: ` + neighbor + `
    name: Neighbor
    staging:
      tokens:
        - {role: write, token: ` + neighborToken + `}
  - id: ` + locked + `
    name: Locked
`

// bundle is an admin listener with a console over a database of its own.
type bundle struct {
	url     string
	pool    *dbpool.Pool
	sealer  *iam.Sealer
	states  *tenantstate.Service
	journal *journal.Journal
	console *console.Console
	handler http.Handler
	log     *waittest.Log
}

// setup serves the tenants.
func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{pool: dbtest.New(t), log: new(waittest.Log)}
	parsed, err := seed.Parse([]byte(tenants))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if b.sealer, err = iam.NewSealer(t.Context(), b.pool, seal.Keys{}, now); err != nil {
		t.Fatal(err)
	}
	if err := seed.Apply(t.Context(), b.pool, b.sealer, parsed, now); err != nil {
		t.Fatal(err)
	}
	b.serve(t, operatorToken, time.Now)
	if err := b.states.DeclareMissing(t.Context(), parsed); err != nil {
		t.Fatal(err)
	}
	return b
}

// serve serves the database with an operator's token and a clock.
func (b *bundle) serve(t *testing.T, operator string, clock func() time.Time) {
	t.Helper()
	log := slog.New(slog.NewJSONHandler(b.log, nil))
	env := atlas.Env{Clock: clock, NewID: objectid.New, NewEventID: objectid.New, Pace: atlas.Paces["fast"]}
	b.states = tenantstate.New(b.pool, env, tenantstate.Config{
		Sealer: b.sealer, OperatorToken: operator, IsOperation: api.IsOperation, MaxThrowaways: 10,
	})
	b.journal = journal.New(b.pool, journal.Config{
		MaxBytes: 1 << 30, Fields: func() journal.Fields {
			return journal.Fields{"bucketName": true, "parameters": true, "content": true, "grant_type": true}
		}, Log: log,
	})
	counted := metrics.New("test")
	services := admin.Services{TenantState: b.states, Journal: b.journal}
	b.console = console.New(services, console.Config{
		BaseURL: "https://atlas.example.com", Version: "test", Metrics: counted, Log: log,
		Settings: []console.Setting{{Name: "listen", Value: "127.0.0.1:8080"}}, JournalMax: 512 << 20,
	})
	b.handler = admin.New(services, admin.Config{
		Staging: true, BaseURL: "https://atlas.example.com", Metrics: counted,
		Ready: func(context.Context) error { return nil }, Log: log,
		Console: b.console,
	})
	server := httptest.NewServer(b.handler)
	t.Cleanup(server.Close)
	b.url = server.URL
}

func (b *bundle) exec(t *testing.T, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := b.pool.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// browser is a browser with cookies of its own.
type browser struct {
	*bundle

	client *http.Client
}

// browser returns a browser that has signed in with the token, or nowhere if it is empty.
func (b *bundle) browser(t *testing.T, token string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	w := &browser{b, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
	if token == "" {
		return w
	}
	got := w.post(t, "/sign-in", url.Values{"token": {token}})
	if got.status != http.StatusSeeOther {
		t.Fatalf("sign in: got %d %s, want 303", got.status, got.body)
	}
	return w
}

// answer is what a request was answered.
type answer struct {
	status int
	header http.Header
	body   string
}

// get asks for a page.
func (w *browser) get(t *testing.T, path string) answer {
	t.Helper()
	return w.do(t, http.MethodGet, path, nil)
}

// post sends a form.
func (w *browser) post(t *testing.T, path string, form url.Values) answer {
	t.Helper()
	return w.do(t, http.MethodPost, path, form)
}

// send sends a form, and returns the page that it leads to.
func (w *browser) send(t *testing.T, path string, form url.Values) answer {
	t.Helper()
	got := w.post(t, path, form)
	if got.status != http.StatusSeeOther {
		t.Fatalf("POST %s: got %d %s, want 303", path, got.status, got.body)
	}
	return w.get(t, got.header.Get("Location"))
}

func (w *browser) do(
	t *testing.T, method, path string, form url.Values, change ...func(*http.Request),
) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, w.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for _, f := range change {
		f(req)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(got)}
}

// want fails the test unless the answer has the status and all texts in it.
func (a answer) want(t *testing.T, what string, status int, texts ...string) {
	t.Helper()
	if a.status != status {
		t.Errorf("%s: got %d %s, want %d", what, a.status, a.body, status)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("%s: got %s, want it to have %q", what, a.body, text)
		}
	}
}
