package api_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/waittest"
)

// lock runs a statement in a transaction that lasts until release is called, or
// until the test ends.
func (b *bundle) lock(t *testing.T, statement string) (release func()) {
	t.Helper()
	tx, err := b.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() {
		if err := tx.Rollback(context.Background()); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
			t.Error(err)
		}
	})
	t.Cleanup(release)
	if _, err := tx.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	return release
}

const (
	lockCredentials = "LOCK TABLE principals, service_accounts, service_account_secrets, access_tokens"
	lockDemoProject = "SELECT FROM projects WHERE id = '" + demoProject + "' FOR UPDATE"

	unavailable = "Service temporarily unavailable."
)

func renameDemoProject(token string) request {
	return request{method: http.MethodPatch, path: apiRoot + "/groups/" + demoProject, body: `{"name":"x"}`, token: token}
}

// Each of these asks the database, which answers none of them.
func TestNoRequestIsAtWorkForLong(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) {
		s.api.RateLimits = false
		s.bounds.Work = 100 * time.Millisecond
	})
	token := b.token(t)
	b.lock(t, lockCredentials)

	requests := []request{
		{path: apiRoot + "/nothing", token: token},
		{path: "/api/nothing", token: token},
		{path: demoBuckets, method: http.MethodPut, token: token},
		{path: demoBuckets, method: http.MethodOptions, token: token},
		{path: "/api/private/ipinfo", token: token},
	}
	for _, tt := range accesses() {
		if tt.least == nobody {
			continue // it does not ask who is calling
		}
		method, path := tt.methodAndPath()
		requests = append(requests, request{method: method, path: path, body: tt.body, token: token})
	}
	var all sync.WaitGroup
	for _, r := range requests {
		all.Go(func() {
			wantUnavailable(t, r.method+" "+r.path, b.do(t, r), refusal(503, "UNEXPECTED_ERROR", unavailable))
		})
	}
	for _, path := range []string{"/api/oauth/token", "/api/oauth/revoke"} {
		form := url.Values{"grant_type": {"client_credentials"}, "token": {token}}
		all.Go(func() {
			wantUnavailable(t, path, b.post(t, path, form, basic(demoClientID, demoClientSecret)),
				`{"error":"temporarily_unavailable","error_description":"`+unavailable+`"}`)
		})
	}
	all.Wait()
	for _, late := range []string{"55P03", "deadline exceeded"} { // of the lock, of the batch
		if strings.Contains(b.log.String(), late) {
			t.Errorf("got %q in the log, want no request that waited for the database to give up:\n%s", late, b.log)
		}
	}
}

func wantUnavailable(t *testing.T, name string, got answer, body string) {
	t.Helper()
	if got.status != 503 || got.body != body || got.header.Get("Retry-After") != "1" {
		t.Errorf("%s: got %d %s, Retry-After %q; want 503 %s, 1",
			name, got.status, got.body, got.header.Get("Retry-After"), body)
	}
}

// The caller is known before the time is up.
func TestARequestThatWaitsForARowIsNotAtWorkForLong(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.bounds.Work = 2 * time.Second })
	token := b.token(t)
	b.lock(t, lockDemoProject)
	wantUnavailable(t, "PATCH", b.do(t, renameDemoProject(token)), refusal(503, "UNEXPECTED_ERROR", unavailable))
}

// It has a minute, which goes on when the time of other requests is over.
func TestADeletionMayTakeLonger(t *testing.T) {
	t.Parallel()
	const work = time.Second
	b := setup(t, func(s *settings) { s.bounds.Work = work })
	token := b.token(t)
	release := b.lock(t, lockDemoProject)
	deletion := make(chan answer)
	go func() {
		deletion <- b.do(t, request{
			method: http.MethodDelete, path: apiRoot + "/groups/" + demoProject, token: token, header: http.Header{"Accept": {v2023}},
		})
	}()
	waittest.Until(t, "the deletion waits for the row", func() bool { return b.waiting(t) == 1 })
	time.AfterFunc(work, release)
	if got := waittest.Receive(t, "the answer", deletion); got.status != http.StatusAccepted {
		t.Errorf("got %d %s, want 202", got.status, got.body)
	}
}

func TestTheTimeOfWorkBeginsAnewWhenTheBodyIsThere(t *testing.T) {
	t.Parallel()
	const work = 2 * time.Second
	b := setup(t, func(s *settings) { s.bounds.Work = work })
	body := &bodyAfter{func() { time.Sleep(work + work/4) }, strings.NewReader(awsBody)}
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, demoBuckets, body)
	req.Header.Set("Authorization", "Bearer "+b.token(t))
	req.Header.Set("Accept", v2024)
	req.Header.Set("Content-Type", v2024)
	got := httptest.NewRecorder()
	b.handler.ServeHTTP(got, req)
	if got.Code != http.StatusOK {
		t.Errorf("got %d %s, want 200", got.Code, got.Body)
	}
}

// Else the end of the time would look as if the client had left.
func TestTheTimeOfABodyEndsWithIt(t *testing.T) {
	t.Parallel()
	const body = time.Second
	b := setup(t, func(s *settings) { s.bounds.Body = body })
	token := b.token(t)
	release := b.lock(t, lockDemoProject)
	first := make(chan answer)
	go func() { first <- b.do(t, renameDemoProject(token)) }()
	waittest.Until(t, "the request waits for the row", func() bool { return b.waiting(t) == 1 })
	time.AfterFunc(body, release)
	if got := waittest.Receive(t, "the answer", first); got.status != http.StatusOK {
		t.Errorf("got %d %s, want 200", got.status, got.body)
	}
}

func TestWhoeverHasLeftIsLoggedAsSuch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.server.URL+demoBuckets, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+b.token(t))
	b.lock(t, lockCredentials)
	time.AfterFunc(100*time.Millisecond, leave)
	if resp, err := b.server.Client().Do(req); err == nil {
		_ = resp.Body.Close()
		t.Errorf("got %d, want no answer", resp.StatusCode)
	}
	waittest.Until(t, "the request is logged", func() bool { return strings.Contains(b.log.String(), "request_id") })
	if !strings.Contains(b.log.String(), `"level":"INFO","msg":"request"`) || !strings.Contains(b.log.String(), `"status":499`) {
		t.Errorf("got log %s, want status 499", b.log)
	}
}

// narrow leaves the requests of an organization one place at work.
func narrow(s *settings) {
	s.bounds.AtWork = 4
	s.bounds.Wait = 50 * time.Millisecond
}

func TestWhoFindsNoPlaceIsAskedToComeBack(t *testing.T) {
	t.Parallel()
	b := setup(t, narrow)
	token := b.token(t)
	release := b.lock(t, lockDemoProject)
	first := make(chan answer)
	go func() { first <- b.do(t, renameDemoProject(token)) }()
	waittest.Until(t, "a request waits for the row", func() bool { return b.waiting(t) == 1 })

	wantUnavailable(t, "the same organization", b.do(t, request{token: token}), refusal(503, "UNEXPECTED_ERROR", unavailable))
	if got := b.do(t, request{key: "stranger"}); got.status != http.StatusUnauthorized || got.header.Get("X-Error-Code") == "" {
		t.Errorf("another organization: got %d %s, want its refusal", got.status, got.body)
	}
	revocation := request{
		method: http.MethodDelete, path: apiRoot + "/orgs/" + demoOrg + "/apiKeys/" + spareKey, token: token,
		header: http.Header{"Accept": {v2023}},
	}
	if got := b.do(t, revocation); got.status != http.StatusNoContent {
		t.Errorf("a revocation: got %d %s, want 204", got.status, got.body)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if got := b.do(t, request{path: path, bare: true}); got.status != http.StatusOK {
			t.Errorf("%s: got %d, want 200", path, got.status)
		}
	}
	release()
	if got := waittest.Receive(t, "the first answer", first); got.status != http.StatusOK {
		t.Errorf("the first: got %d %s, want 200", got.status, got.body)
	}
	if got := b.do(t, request{token: token}); got.status != http.StatusOK {
		t.Errorf("after it: got %d %s, want 200", got.status, got.body)
	}
}

// waiting counts the statements on the database that wait for a lock.
func (b *bundle) waiting(t *testing.T) int {
	t.Helper()
	var count int
	err := b.pool.QueryRow(t.Context(),
		"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&count)
	if err != nil {
		t.Fatal(err)
	}
	return count
}
