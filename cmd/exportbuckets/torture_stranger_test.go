package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/torture"
	"exportbuckets/internal/waittest"
)

// hold is a row of a tenant that a session keeps locked, and the write of that
// tenant that waits for it.
type hold struct {
	row                string // as in SELECT FROM
	method, path, body string
}

const demoProject = "/api/atlas/v2/groups/5f0000000000000000000b01"

func holds() map[string]hold {
	return map[string]hold{
		"organization": {
			"orgs WHERE id = '5f0000000000000000000a01'",
			http.MethodPost, "/api/atlas/v2/groups", `{"name":"late","orgId":"5f0000000000000000000a01"}`,
		},
		"project": {
			"projects WHERE id = '5f0000000000000000000b01'",
			http.MethodPatch, demoProject, `{"name":"Demo Project"}`,
		},
		"access role": {
			"cloud_provider_access_roles WHERE id = '5f0000000000000000000d01'",
			http.MethodPost, demoBuckets, demoBucket,
		},
		"authorized role": {
			"cloud_provider_access_roles WHERE id = '5f0000000000000000000d04'",
			http.MethodPatch, demoRoles + "/5f0000000000000000000d04",
			`{"providerName":"AWS","iamAssumedRoleArn":"arn:aws:iam::123456789012:role/x"}`,
		},
		"caller": {
			"principals WHERE id = '5f0000000000000000000c01'",
			http.MethodPatch, demoProject + "/settings", `{"isSchemaAdvisorEnabled":false}`,
		},
		"secret": {
			"service_account_secrets WHERE service_account_id = '5f0000000000000000000c01'",
			http.MethodPost, "/api/oauth/token", "",
		},
	}
}

// Whoever waits for a row of its tenant that is locked is told so in time, and no
// other tenant waits with it.
func TestTortureStrangers(t *testing.T) {
	t.Parallel()
	address := dbtest.NewEmptyURL(t)
	s := settings{
		flags: []string{"--seed", demoSeedFile, "--no-rate-limits"},
		env:   []string{"DATABASE_URL=" + address},
	}
	p := serve(t, s)
	n := newOtherTenant(t, p, s.env)
	token := p.token(t)
	// Beside other tests of the suite: who waits for the tenant does so for 5 s.
	goal := 500 * time.Millisecond
	lasting, writers := 6*time.Second, 16
	together := holds()
	rounds := map[string]map[string]hold{"every row": together}
	if torture.Long() {
		goal = 250 * time.Millisecond
		lasting, rounds = 30*time.Second, make(map[string]map[string]hold)
		for name, h := range together {
			rounds[name] = map[string]hold{name: h}
		}
	}
	for name, held := range rounds {
		t.Run(name+" of a tenant is locked", func(t *testing.T) {
			conn, watch := connect(t, address), connect(t, address)
			execute(t, conn, "BEGIN")
			for _, h := range held {
				execute(t, conn, "SELECT FROM "+h.row+" FOR UPDATE")
			}
			ctx, release := context.WithTimeout(t.Context(), lasting)
			defer release()
			waiting := make(map[string]*ledger)
			var group sync.WaitGroup
			for row, h := range held {
				answers := newLedger()
				waiting[row] = answers
				for range writers {
					group.Go(func() { h.write(ctx, p, token, answers) })
				}
			}
			waittest.Until(t, "they wait", func() bool {
				return query[int](t, watch, "SELECT count(*)::int FROM pg_stat_activity WHERE wait_event_type = 'Lock'")[0] > 0
			})
			slowest := n.work(ctx, t)
			execute(t, conn, "ROLLBACK")
			group.Wait()
			for row, l := range waiting {
				row = strings.ReplaceAll(row, " ", "-")
				torture.Figure(t, "answers-to-those-who-wait-for-the-"+row, l)
				if l.statuses[0]+l.statuses[http.StatusInternalServerError] > 0 {
					t.Errorf("answers to those who wait for the %s: got %v, want no fault", row, l)
				}
				torture.WantAtMost(t, "slowest-of-those-who-wait-for-the-"+row, l.slowest, 5*time.Second)
			}
			for name, took := range slowest {
				torture.WantAtMost(t, "slowest-"+name+"-of-another-tenant", took, goal)
			}
		})
	}
}

// write sends the write again and again until ctx ends.
func (h hold) write(ctx context.Context, p *program, token string, l *ledger) {
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	for ctx.Err() == nil {
		began := time.Now()
		got, _ := signedTry(transport, p, h, token)
		l.answered(got.status, time.Since(began))
		pause(ctx, 10*time.Millisecond)
	}
}

func signedTry(via http.RoundTripper, p *program, h hold, token string) (answer, error) {
	if strings.HasPrefix(h.path, "/api/oauth/") {
		return signIn(via, p, demoAccount, demoSecret)
	}
	return try(withHeader{"Authorization", "Bearer " + token, via}, h.method, "http://"+p.address+h.path, h.body)
}

func signIn(via http.RoundTripper, p *program, id, secret string) (answer, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}
	via = withHeader{"Content-Type", "application/x-www-form-urlencoded", via}
	return try(via, http.MethodPost, "http://"+p.address+"/api/oauth/token", form.Encode())
}

// otherTenant is another tenant, which has all that the demo tenant has.
type otherTenant struct {
	p     *program
	token string
}

// ofOtherTenant makes ids, names and secrets of the demo tenant those of the other.
var ofOtherTenant = strings.NewReplacer(
	"5f0000", "5e0000", "Demo ", "Next ", "demoownr", "nextownr", "demoproj", "nextproj", "demoread", "nextread",
	"demo-owner-secret", "next-owner-secret")

func newOtherTenant(t *testing.T, p *program, env []string) otherTenant {
	t.Helper()
	demo, err := os.ReadFile(demoSeedFile)
	if err != nil {
		t.Fatalf("got error %v, want the seed file", err)
	}
	file := filepath.Join(t.TempDir(), "next.yaml")
	if err := os.WriteFile(file, []byte(ofOtherTenant.Replace(string(demo))), 0o600); err != nil {
		t.Fatalf("got error %v, want a seed file", err)
	}
	if end := runProgram(t, env, "seed", file); end.code != 0 {
		t.Fatalf("seed: got exit code %d, want 0: %s", end.code, end.log)
	}
	got, err := signIn(newTransport(t), p, ofOtherTenant.Replace(demoAccount), ofOtherTenant.Replace(demoSecret))
	if err != nil || got.status != http.StatusOK {
		t.Fatalf("sign in: got %d %s (%v), want 200", got.status, got.body, err)
	}
	return otherTenant{p, text(t, got.body, "access_token")}
}

// work does what the tenant does until ctx ends, and returns how long each kind of
// request took at most.
func (n otherTenant) work(ctx context.Context, t *testing.T) map[string]time.Duration {
	t.Helper()
	slowest := make(map[string]time.Duration)
	via := newTransport(t)
	signed := withHeader{"Authorization", "Bearer " + n.token, via}
	buckets := "http://" + n.p.address + ofOtherTenant.Replace(demoBuckets)
	for i := 0; ctx.Err() == nil; i++ {
		name := fmt.Sprintf("row-%d", i)
		for kind, do := range map[string]func() (answer, error){
			"create": func() (answer, error) {
				body := strings.Replace(ofOtherTenant.Replace(demoBucket), "export-bucket", name, 1)
				return try(signed, http.MethodPost, buckets, body)
			},
			"list": func() (answer, error) { return try(signed, http.MethodGet, buckets, "") },
			"sign-in": func() (answer, error) {
				return signIn(via, n.p, ofOtherTenant.Replace(demoAccount), ofOtherTenant.Replace(demoSecret))
			},
			"readiness": func() (answer, error) { return try(via, http.MethodGet, "http://"+n.p.address+"/readyz", "") },
		} {
			began := time.Now()
			got, err := do()
			slowest[kind] = max(slowest[kind], time.Since(began))
			if err != nil || got.status != http.StatusOK {
				t.Errorf("%s of another tenant: got %d %s (%v), want 200", kind, got.status, got.body, err)
			}
		}
		pause(ctx, 10*time.Millisecond)
	}
	return slowest
}
