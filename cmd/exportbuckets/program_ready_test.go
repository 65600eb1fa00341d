package main

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/proxytest"
	"exportbuckets/internal/waittest"
)

func TestAServerIsReadyAsLongAsItsDatabaseAnswers(t *testing.T) {
	t.Parallel()
	address := dbtest.NewURL(t)
	database, admin := neighbour(t, address)
	address, shown := withPassword(t, address)
	p := serve(t, settings{env: []string{"DATABASE_URL=" + address}})
	p.waitReady(t)

	execute(t, admin, "ALTER DATABASE "+database+" ALLOW_CONNECTIONS false")
	execute(t, admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", database)
	waittest.Until(t, "the server is not ready", func() bool {
		return p.probe(t, "/readyz") == http.StatusServiceUnavailable
	})
	if got := p.probe(t, "/healthz"); got != http.StatusOK {
		t.Errorf("/healthz without the database: got %d, want %d", got, http.StatusOK)
	}
	if got := runProgram(t, nil, "healthcheck", "http://"+p.address+"/readyz"); got.code != 1 {
		t.Errorf("healthcheck without the database: got exit code %d, want 1", got.code)
	}

	execute(t, admin, "ALTER DATABASE "+database+" ALLOW_CONNECTIONS true")
	p.waitReady(t)
	if end := p.stop(t); strings.Contains(end.log, shown) {
		t.Errorf("log: got one with the database's password, want none:\n%s", end.log)
	}
}

func TestAServerWhoseRequestsWaitIsReady(t *testing.T) {
	t.Parallel()
	address := dbtest.NewEmptyURL(t)
	p := serve(t, settings{
		flags: []string{"--seed", demoSeedFile, "--max-connections", "2", "--no-rate-limits"},
		env:   []string{"DATABASE_URL=" + address},
	})
	p.waitReady(t)
	caller := withToken(t, p.token(t))
	holder, other := connect(t, address), connect(t, address)
	execute(t, holder, "BEGIN; LOCK TABLE export_buckets")
	var enough atomic.Bool
	var waiting sync.WaitGroup
	for range 8 {
		waiting.Go(func() {
			for !enough.Load() {
				p.askInBackground(t, caller, demoBuckets)
			}
		})
	}
	waittest.Until(t, "requests wait on all connections of the pool", func() bool {
		return query[int](t, other, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`)[0] == 2
	})
	for range 3 {
		if got := p.probe(t, "/readyz"); got != http.StatusOK {
			t.Errorf("/readyz: got %d, want %d", got, http.StatusOK)
		}
	}
	enough.Store(true)
	execute(t, holder, "ROLLBACK")
	waiting.Wait()
}

func TestADatabaseThatTakesNoWritesIsNoReadyOne(t *testing.T) {
	t.Parallel()
	address := dbtest.NewURL(t)
	p := serve(t, settings{env: []string{"DATABASE_URL=" + address}})
	p.waitReady(t)
	database, admin := neighbour(t, address)

	execute(t, admin, "ALTER DATABASE "+database+" SET default_transaction_read_only = on")
	disconnectReadiness(t, admin, database) // the setting is for new sessions
	waittest.Until(t, "the server is not ready", func() bool {
		return p.probe(t, "/readyz") == http.StatusServiceUnavailable
	})
	p.waitLog(t, regexp.MustCompile(`msg="not ready" error="the database takes no writes"`))

	// The session is not kept: this one, too, is read-only as long as it lasts.
	execute(t, admin, "ALTER DATABASE "+database+" RESET default_transaction_read_only")
	p.waitReady(t)
}

func TestProbesShareOneConnectionThatIsMadeAgain(t *testing.T) {
	t.Parallel()
	address := dbtest.NewURL(t)
	p := serve(t, settings{env: []string{"DATABASE_URL=" + address}})
	p.waitReady(t)
	database, admin := neighbour(t, address)
	client := newTransport(t)
	for range 3 {
		disconnectReadiness(t, admin, database)
		var probes sync.WaitGroup
		for range 20 {
			probes.Go(func() { p.askInBackground(t, client, "/readyz") })
		}
		probes.Wait()
		p.waitReady(t)
		if got := readinessSessions(t, admin, database); len(got) != 1 {
			t.Errorf("sessions: got %v, want one", got)
		}
	}
	p.stop(t)
	waittest.Until(t, "the session has ended", func() bool { return len(readinessSessions(t, admin, database)) == 0 })
}

// askInBackground is ask for another goroutine than the test's, whatever the answer.
func (p *program) askInBackground(t *testing.T, via http.RoundTripper, path string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.address+path, http.NoBody)
	if err != nil {
		t.Errorf("got error %v, want a request", err)
		return
	}
	req.Header.Set("Accept", "application/vnd.atlas.2024-05-30+json")
	resp, err := via.RoundTrip(req)
	if err != nil {
		t.Errorf("%s: got error %v, want an answer", path, err)
		return
	}
	_ = resp.Body.Close()
}

// readinessSessions returns the processes of the sessions in which servers look
// whether they are ready.
func readinessSessions(t *testing.T, admin *pgx.Conn, database string) []int {
	t.Helper()
	return query[int](t, admin, `SELECT pid FROM pg_stat_activity
		WHERE datname = $1 AND application_name = 'exportbuckets readiness'`, database)
}

func disconnectReadiness(t *testing.T, admin *pgx.Conn, database string) {
	t.Helper()
	for _, pid := range readinessSessions(t, admin, database) {
		execute(t, admin, "SELECT pg_terminate_backend($1, 60000)", pid)
	}
}

func TestASilentDatabaseIsNoReadyOneAfterASecond(t *testing.T) {
	t.Parallel()
	proxy, address := proxytest.NewPostgres(t, dbtest.NewURL(t))
	p := serve(t, settings{env: []string{"DATABASE_URL=" + address}})
	p.waitReady(t)
	proxy.Silence()
	for range 3 {
		began := time.Now()
		if got := p.probe(t, "/readyz"); got != http.StatusServiceUnavailable {
			t.Errorf("/readyz: got %d, want %d", got, http.StatusServiceUnavailable)
		}
		t.Logf("no after %s", time.Since(began))
		if took := time.Since(began); took > 4*time.Second { // connecting takes as long as is waited for it
			t.Errorf("/readyz: got an answer after %s, want it after a second", took)
		}
	}
	proxy.Cut()
	proxy.Heal()
	p.waitReady(t)
}
