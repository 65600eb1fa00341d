package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/api"
	"exportbuckets/internal/fault"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/waittest"
	"exportbuckets/staging"
)

// stage makes these the faults of the demo tenant.
func (b *bundle) stage(t *testing.T, faults ...staging.Fault) {
	t.Helper()
	if _, err := db.New().DeleteStagingFaults(t.Context(), b.pool, objectid.MustParse(demoOrg)); err != nil {
		t.Fatal(err)
	}
	b.stageIn(t, b.pool, faults...)
}

// stageIn adds these faults to the demo tenant, or replaces those of their names.
func (b *bundle) stageIn(t *testing.T, conn db.DBTX, faults ...staging.Fault) {
	t.Helper()
	org := objectid.MustParse(demoOrg)
	for i, one := range faults {
		if one.Name == "" {
			one.Name = fmt.Sprintf("fault-%d", i)
		}
		rule, err := fault.Compile(one, api.IsOperation, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		row, err := fault.Row(org, rule)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.New().UpsertStagingFault(t.Context(), conn, row); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.New().UpdateOrgStagingVersion(t.Context(), conn, org); err != nil {
		t.Fatal(err)
	}
}

// staged is a server whose answers are not held against the OpenAPI document, which says
// nothing of faults; by HTTP/1.1 or, with TLS, HTTP/2.
type staged struct {
	url    string
	client *http.Client
	token  string
}

func (b *bundle) serveStaged(t *testing.T, http2 bool) staged {
	t.Helper()
	server := httptest.NewUnstartedServer(b.handler)
	server.EnableHTTP2 = http2
	if http2 {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return staged{server.URL, server.Client(), b.token(t)}
}

// serveAnother serves a replica, by HTTP/1.1, whose faults go by the clock.
func (b *bundle) serveAnother(t *testing.T, clock func() time.Time) staged {
	t.Helper()
	other := b.services
	other.Fault = fault.New(b.pool, clock)
	handler, err := api.New(other, api.Config{Now: b.clock.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return staged{server.URL, server.Client(), b.token(t)}
}

// ask sends a request for export buckets and returns the answer, with what came of its body.
func (s staged) ask(t *testing.T, method, body string, header ...string) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+demoBuckets, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Accept", v2024)
	req.Header.Set("Content-Type", v2024)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	return resp, string(got), err
}

func everyProtocol(t *testing.T, test func(t *testing.T, b *bundle, s staged)) {
	t.Helper()
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			s := b.serveStaged(t, http2)
			resp, _, err := s.ask(t, http.MethodGet, "")
			if err != nil || resp.Proto != name+map[bool]string{true: ".0"}[http2] {
				t.Fatalf("got %v, %v, want an answer by %s", resp, err, name)
			}
			test(t, b, s)
		})
	}
}

func TestFaultsThatAnswer(t *testing.T) {
	t.Parallel()
	everyProtocol(t, func(t *testing.T, b *bundle, s staged) {
		t.Helper()
		for _, tt := range []struct {
			effect staging.Effect
			status int
			header map[string]string
			body   string
		}{
			{
				staging.Effect{Kind: staging.KindError, ErrorCode: "GROUP_NOT_FOUND", Parameters: []any{"x"}},
				404, map[string]string{"X-Error-Code": "GROUP_NOT_FOUND"}, `"errorCode":"GROUP_NOT_FOUND"`,
			},
			{
				staging.Effect{Kind: staging.KindStatus, Status: 502},
				502, map[string]string{"Content-Type": "text/html"}, "<h1>502 Bad Gateway</h1>",
			},
			{
				staging.Effect{Kind: staging.KindStatus, Status: 503, Body: staging.BodyText, RetryAfter: 7},
				503, map[string]string{"Retry-After": "7"}, "503 Service Unavailable",
			},
			{staging.Effect{Kind: staging.KindStatus, Status: 504, Body: staging.BodyEmpty}, 504, nil, ""},
			{
				staging.Effect{Kind: staging.KindUnauthenticated},
				401, map[string]string{"WWW-Authenticate": `Bearer error="invalid_token"`}, "",
			},
			{
				staging.Effect{Kind: staging.KindRateLimit, RetryAfter: 9}, 429,
				map[string]string{"Retry-After": "9", "RateLimit-Limit": "1200", "RateLimit-Remaining": "0"},
				"RATE_LIMITED_TOKEN_BUCKET",
			},
		} {
			b.stage(t, staging.Fault{Name: "planted", Effect: tt.effect})
			resp, body, err := s.ask(t, http.MethodPost, awsBody)
			if err != nil || resp.StatusCode != tt.status || !strings.Contains(body, tt.body) {
				t.Errorf("%+v: got %v %s, %v, want %d with %s", tt.effect, resp, body, err, tt.status, tt.body)
				continue
			}
			for key, want := range tt.header {
				if got := resp.Header.Get(key); got != want {
					t.Errorf("%+v: %s: got %q, want %q", tt.effect, key, got, want)
				}
			}
			if got := resp.Header.Get(staging.FaultHeader); got != "planted" {
				t.Errorf("%+v: got the name %q, want planted", tt.effect, got)
			}
		}
		b.stage(t)
		if _, body, err := s.ask(t, http.MethodGet, ""); err != nil || !strings.Contains(body, `"results":[]`) {
			t.Errorf("got %s, %v, want that nothing was created", body, err)
		}
	})
}

// The answer is lost, and what was asked for is done or not.
func TestFaultsThatResetTheConnection(t *testing.T) {
	t.Parallel()
	everyProtocol(t, func(t *testing.T, b *bundle, s staged) {
		t.Helper()
		made := map[string]int{staging.ResetBefore: 0, staging.ResetCommit: http.StatusOK}
		for want, at := range []string{staging.ResetBefore, staging.ResetCommit} { // so many buckets are there
			b.log.Reset()
			b.stage(t, staging.Fault{
				Match:  staging.Match{Operations: []string{"createGroupBackupExportBucket"}},
				Effect: staging.Effect{Kind: staging.KindReset, At: at},
			})
			_, _, err := s.ask(t, http.MethodPost, awsBody)
			if err == nil {
				t.Errorf("%s: got an answer, want none", at)
			}
			if !strings.HasPrefix(s.url, "https") && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%s: got %v, want the connection reset", at, err)
			}
			if got := b.journal.last(); !got.AnswerLost || got.Status != made[at] || got.Fault != "fault-0" {
				t.Errorf("%s: got entry %+v, want it to say that status %d was lost", at, got, made[at])
			}
			logged := b.log.String()
			if !strings.Contains(logged, fmt.Sprintf(`"status":%d,"bytes":0`, made[at])) ||
				!strings.Contains(logged, `"answer_lost":true`) {
				t.Errorf("%s: got log %s, want it to say that status %d was lost", at, logged, made[at])
			}
			_, body, err := s.ask(t, http.MethodGet, "")
			if got := strings.Count(body, `"bucketName"`); err != nil || got != want {
				t.Errorf("%s: got %d buckets, %v, want %d", at, got, err, want)
			}
		}
		if _, _, err := s.ask(t, http.MethodPost, `{}`); err == nil {
			t.Error("got an answer to a body without a bucket, want none")
		}
		if got := b.journal.last(); !got.AnswerLost || got.Status != http.StatusBadRequest || got.ErrorCode == "" {
			t.Errorf("got entry %+v, want the refusal that was lost", got)
		}
	})
}

func TestFaultsThatSpoilTheBody(t *testing.T) {
	t.Parallel()
	everyProtocol(t, func(t *testing.T, b *bundle, s staged) {
		t.Helper()
		_, whole, err := s.ask(t, http.MethodGet, "")
		if err != nil {
			t.Fatal(err)
		}
		b.stage(t, staging.Fault{Effect: staging.Effect{Kind: staging.KindTruncate, Bytes: 20}})
		resp, body, err := s.ask(t, http.MethodGet, "")
		if err == nil || body != whole[:20] || resp.ContentLength != int64(len(whole)) {
			t.Errorf("got %v %q, %v, want 20 of %d bytes", resp, body, err, len(whole))
		}
		b.stage(t, staging.Fault{Effect: staging.Effect{Kind: staging.KindSlowBody, BytesPerSecond: 200}})
		began := time.Now()
		_, body, err = s.ask(t, http.MethodGet, "")
		least := time.Duration(len(whole)) * time.Second / 200 * 9 / 10
		if took := time.Since(began); err != nil || body != whole || took < least {
			t.Errorf("got %q, %v after %s, want %q after %s at least", body, err, took, whole, least)
		}
	})
}

func TestFaultsThatWait(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.serveStaged(t, false)
	for _, effect := range []staging.Effect{
		{Kind: staging.KindLatency, Ms: 300},
		{Kind: staging.KindLatency, Min: 300, Max: 400},
		{Kind: staging.KindLatency, Median: 300, Max: 400},
		{Kind: staging.KindStatus, Status: 503, Ms: 300},
	} {
		b.stage(t, staging.Fault{Effect: effect})
		began := time.Now()
		resp, _, err := s.ask(t, http.MethodGet, "")
		if took := time.Since(began); err != nil || took < 300*time.Millisecond {
			t.Errorf("%+v: got %v, %v after %s, want it after 300 ms at least", effect, resp, err, took)
		}
		if effect.Kind == staging.KindLatency && resp != nil && resp.StatusCode != http.StatusOK {
			t.Errorf("%+v: got %d, want the right answer", effect, resp.StatusCode)
		}
	}
}

// Of an organization 200 requests may wait, or be answered slowly.
func TestNotTooManyRequestsWait(t *testing.T) {
	t.Parallel()
	for _, effect := range []staging.Effect{
		{Kind: staging.KindLatency, Ms: 50_000}, {Kind: staging.KindSlowBody, BytesPerSecond: 1},
	} {
		t.Run(string(effect.Kind), func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(s *settings) { s.api.RateLimits = false })
			s := b.serveStaged(t, false)
			b.stage(t, staging.Fault{Effect: effect})
			ctx, cancel := context.WithCancel(t.Context())
			refused := make(chan string, 1)
			var requests sync.WaitGroup
			for range 201 {
				requests.Go(func() {
					req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+demoBuckets, http.NoBody)
					if err != nil {
						t.Error(err)
						return
					}
					req.Header.Set("Authorization", "Bearer "+s.token)
					req.Header.Set("Accept", v2025)
					resp, err := s.client.Do(req)
					if err != nil {
						return // canceled below
					}
					defer func() { _ = resp.Body.Close() }()
					if body, err := io.ReadAll(resp.Body); err == nil {
						refused <- resp.Status + string(body)
					}
				})
			}
			if got := <-refused; !strings.HasPrefix(got, "503") {
				t.Errorf("got %s, want 503", got)
			}
			cancel()
			requests.Wait()
			b.stage(t, staging.Fault{Effect: staging.Effect{Kind: effect.Kind, Ms: min(effect.Ms, 1), BytesPerSecond: effect.BytesPerSecond << 20}})
			waittest.Until(t, "there is room again", func() bool {
				resp, _, err := s.ask(t, http.MethodGet, "")
				return err == nil && resp.StatusCode == http.StatusOK
			})
		})
	}
}

func TestWhichRequestsAFaultIsFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.serveStaged(t, false)
	effect := staging.Effect{Kind: staging.KindStatus, Status: 599}
	for _, tt := range []struct {
		match staging.Match
		want  bool
	}{
		{staging.Match{}, true},
		{staging.Match{Operations: []string{"getGroup", "listGroupBackupExportBuckets"}}, true},
		{staging.Match{Operations: []string{"getGroup"}}, false},
		{staging.Match{ProjectID: demoProject}, true},
		{staging.Match{ProjectID: demoBackups}, false},
		{staging.Match{Principal: demoClientID}, true},
		{staging.Match{Principal: strings.TrimPrefix(demoClientID, "mdb_sa_id_")}, true},
		{staging.Match{Principal: "demoownr"}, false},
		{staging.Match{UserAgent: "terraform/*"}, true},
		{staging.Match{UserAgent: "terraform/1.2 (x)"}, true},
		{staging.Match{UserAgent: "*(x)"}, true},
		{staging.Match{UserAgent: "terraform"}, false},
		{staging.Match{UserAgent: "terraform/1.2 .x."}, false},
		{staging.Match{Header: map[string]string{"x-test-run": "pr-42"}}, true},
		{staging.Match{Header: map[string]string{"X-Test-Run": "pr-43"}}, false},
		{staging.Match{Header: map[string]string{"X-Other": ""}}, false},
	} {
		b.stage(t, staging.Fault{Match: tt.match, Effect: effect})
		resp, _, err := s.ask(t, http.MethodGet, "", "User-Agent", "terraform/1.2 (x)", "X-Test-Run", "pr-42")
		if err != nil || (resp.StatusCode == 599) != tt.want {
			t.Errorf("%+v: got %v, %v, want the fault: %t", tt.match, resp, err, tt.want)
		}
	}
	b.stage(t, staging.Fault{Name: "a", Silent: true, Effect: effect}, staging.Fault{Name: "b", Effect: effect})
	resp, _, err := s.ask(t, http.MethodGet, "")
	if err != nil || resp.Header.Get(staging.FaultHeader) != "" {
		t.Errorf("got %v, %v, want the first fault, which does not tell its name", resp, err)
	}
	// The half of a call that asks for a challenge, and other teams, meet none.
	b.stage(t, staging.Fault{Count: new(int64(1)), Effect: effect})
	if got := b.do(t, request{bare: true, path: demoBuckets}); got.status != http.StatusUnauthorized {
		t.Errorf("got %d without credentials, want 401", got.status)
	}
	if got := b.do(t, request{key: "stranger", path: apiRoot + "/groups"}); got.status != http.StatusOK {
		t.Errorf("got %d of another team, want 200", got.status)
	}
	if resp, _, err := s.ask(t, http.MethodGet, ""); err != nil || resp.StatusCode != 599 {
		t.Errorf("got %v, %v, want the fault", resp, err)
	}
	if resp, _, err := s.ask(t, http.MethodGet, ""); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("got %v, %v after the one request, want 200", resp, err)
	}
}

// Three replicas agree on which request is the second.
func TestAFaultIsAppliedAsOftenAsItSays(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.RateLimits = false })
	replicas := []staged{b.serveStaged(t, false)}
	for range 2 {
		replicas = append(replicas, b.serveAnother(t, time.Now))
	}
	b.stage(t, staging.Fault{
		Skip: 1, Count: new(int64(1)), Effect: staging.Effect{Kind: staging.KindStatus, Status: 599},
	})
	var failed atomic.Int64
	var requests sync.WaitGroup
	for i := range 200 {
		requests.Go(func() {
			resp, body, err := replicas[i%3].ask(t, http.MethodGet, "")
			// Who waits for the row for too long is told to come again.
			for tries := 0; err == nil && resp.StatusCode == http.StatusServiceUnavailable && tries < 5; tries++ {
				resp, body, err = replicas[i%3].ask(t, http.MethodGet, "")
			}
			switch {
			case err != nil:
				t.Error(err)
			case resp.StatusCode == 599:
				failed.Add(1)
			case resp.StatusCode != http.StatusOK:
				t.Errorf("got %d %s, want 200 or the fault", resp.StatusCode, body)
			}
		})
	}
	requests.Wait()
	if failed.Load() != 1 {
		t.Errorf("got %d requests that met the fault, want 1", failed.Load())
	}
}

// What is said of a fault is right once a request has been answered.
func TestAFaultSaysHowManyRequestsItHasSeen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.serveStaged(t, false)
	b.stage(t,
		staging.Fault{Count: new(int64(1)), Effect: staging.Effect{Kind: staging.KindStatus, Status: 599}},
		staging.Fault{Probability: new(0.0), Effect: staging.Effect{Kind: staging.KindStatus, Status: 599}},
		staging.Fault{Effect: staging.Effect{Kind: staging.KindStatus, Status: 598}},
	)
	want := [][2]int64{{1, 1}, {0, 0}, {0, 0}} // seen, applied
	for _, status := range []int{599, 598, 598} {
		if resp, _, err := s.ask(t, http.MethodGet, ""); err != nil || resp.StatusCode != status {
			t.Fatalf("got %v, %v, want %d", resp, err, status)
		}
		if status == 598 {
			want[1][0]++
			want[2][0]++
			want[2][1]++
		}
		rules, err := fault.Stored(t.Context(), b.pool, objectid.MustParse(demoOrg), time.Now())
		if err != nil || len(rules) != len(want) {
			t.Fatalf("got %v, %v, want three faults", rules, err)
		}
		for i, rule := range rules {
			if got := [2]int64{rule.Seen, rule.Applied}; got != want[i] {
				t.Errorf("after a %d: got %v of %s, want %v", status, got, rule.Name, want[i])
			}
		}
	}
}

func TestChanceWithASeedIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.serveStaged(t, false)
	pattern := func(seed int64) string {
		b.stage(t, staging.Fault{
			Seed: &seed, Probability: new(0.5), Effect: staging.Effect{Kind: staging.KindStatus, Status: 599},
		})
		var pattern strings.Builder
		for range 40 {
			resp, _, err := s.ask(t, http.MethodGet, "")
			if err != nil {
				t.Fatal(err)
			}
			pattern.WriteString(map[bool]string{true: "x", false: "."}[resp.StatusCode == 599])
		}
		return pattern.String()
	}
	first, again, other := pattern(42), pattern(42), pattern(43)
	if first != again || first == other {
		t.Errorf("got %s, %s with the same seed and %s with another", first, again, other)
	}
	if failed := strings.Count(first, "x"); failed < 8 || failed > 32 {
		t.Errorf("got %d of 40, want about a half: %s", failed, first)
	}
}

// A request that found a fault before another took its place is none of the other's, though
// that ends at the same time.
func TestARequestUsesUpNoOtherFault(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.serveStaged(t, false)
	ask := func(want int) {
		t.Helper()
		if resp, body, err := s.ask(t, http.MethodGet, ""); err != nil || resp.StatusCode != want {
			t.Errorf("got %v %s, %v, want %d", resp, body, err, want)
		}
	}
	one := staging.Fault{
		Name: "x", Skip: 1, Effect: staging.Effect{Kind: staging.KindStatus, Status: 598},
		ExpiresAt: new(time.Now().Add(time.Hour)),
	}
	b.stage(t, one)
	ask(http.StatusOK)
	other := one
	other.Skip, other.Count, other.Effect.Status = 0, new(int64(1)), 597
	var request sync.WaitGroup
	err := pgx.BeginFunc(t.Context(), b.pool, func(tx pgx.Tx) error {
		b.stageIn(t, tx, other)
		request.Go(func() { ask(http.StatusOK) })
		waittest.Until(t, "the request waits for the row", func() bool {
			var waiting bool
			err := b.pool.QueryRow(t.Context(), `SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database()
				AND wait_event_type = 'Lock' AND query LIKE '%staging_faults%'`).Scan(&waiting)
			return err == nil && waiting
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	request.Wait()
	ask(597)
	ask(http.StatusOK)
}

func TestAFaultThatHasEndedIsNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var ahead atomic.Int64
	s := b.serveAnother(t, func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) })
	b.stage(t, staging.Fault{Effect: staging.Effect{Kind: staging.KindStatus, Status: 599}})
	if resp, _, err := s.ask(t, http.MethodGet, ""); err != nil || resp.StatusCode != 599 {
		t.Fatalf("got %v, %v, want the fault", resp, err)
	}
	ahead.Store(int64(staging.FaultLifetime))
	if resp, _, err := s.ask(t, http.MethodGet, ""); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("got %v, %v, want 200", resp, err)
	}
}

// Requests after the last that a fault is applied to don't ask for its row: this replica
// knows by itself, and another one when it has read the fault.
func TestAFaultThatIsSpentCostsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.serveStaged(t, false)
	b.stage(t, staging.Fault{Count: new(int64(1)), Effect: staging.Effect{Kind: staging.KindStatus, Status: 599}})
	if resp, _, err := s.ask(t, http.MethodGet, ""); err != nil || resp.StatusCode != 599 {
		t.Fatalf("got %v, %v, want the fault", resp, err)
	}
	release := b.hold(t, "staging_faults WHERE org_id = $1")
	defer release()
	for _, replica := range []staged{s, b.serveAnother(t, time.Now)} {
		if resp, body, err := replica.ask(t, http.MethodGet, ""); err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("got %v %s, %v, want 200 while the row is held", resp, body, err)
		}
	}
}

// Whoever counts a request that a fault matches waits for the row, and nobody else does.
func TestAFaultWhoseRowIsHeldKeepsNoOtherWaiting(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.RateLimits = false })
	s := b.serveStaged(t, false)
	b.stage(t, staging.Fault{Effect: staging.Effect{Kind: staging.KindStatus, Status: 599}})
	release := b.hold(t, "staging_faults WHERE org_id = $1")
	var requests sync.WaitGroup
	for range 60 {
		requests.Go(func() {
			resp, body, err := s.ask(t, http.MethodGet, "")
			if err != nil || resp.StatusCode != http.StatusServiceUnavailable && resp.StatusCode != 599 {
				t.Errorf("got %v %s, %v, want 503 or the fault", resp, body, err)
			}
		})
	}
	waittest.Until(t, "requests wait for the row", func() bool {
		var waiting int
		err := b.pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE wait_event_type = 'Lock' AND query LIKE '%staging_faults%'`).Scan(&waiting)
		return err == nil && waiting > 1
	})
	began := time.Now()
	got := b.do(t, request{key: "stranger", path: apiRoot + "/groups"})
	if took := time.Since(began); got.status != http.StatusOK || took > time.Second {
		t.Errorf("another team: got %d %s after %s, want its projects at once", got.status, got.body, took)
	}
	release()
	requests.Wait()
}
