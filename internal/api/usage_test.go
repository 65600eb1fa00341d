package api_test

import (
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/iam"
)

// lastUsed returns when the account's one secret was used, as the API tells.
func (b *bundle) lastUsed(t *testing.T, clientID string) *time.Time {
	t.Helper()
	got := parseAccount(t, b.call(t, 200, request{path: demoOrgAccounts + "/" + clientID}))
	if len(got.Secrets) != 1 {
		t.Fatalf("got the secrets %+v, want one", got.Secrets)
	}
	return got.Secrets[0].LastUsedAt
}

// network is what the tests read of an entry of an access list.
type network struct {
	RequestCount    int64      `json:"requestCount"`
	LastUsedAt      *time.Time `json:"lastUsedAt"`
	LastUsedAddress string     `json:"lastUsedAddress"`
}

// network returns the account's one entry.
func (b *bundle) network(t *testing.T, clientID string) network {
	t.Helper()
	var list struct {
		Results []network `json:"results"`
	}
	parse(t, b.call(t, 200, request{path: demoOrgAccounts + "/" + clientID + "/accessList"}), &list)
	if len(list.Results) != 1 {
		t.Fatalf("got the access list %+v, want one entry", list.Results)
	}
	return list.Results[0]
}

func (b *bundle) writeUsage(t *testing.T) {
	t.Helper()
	if err := b.iam.WriteLastUsed(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func wantTime(t *testing.T, name string, got *time.Time, want time.Time) {
	t.Helper()
	if got == nil || !got.Equal(want) {
		t.Errorf("%s: got %v, want %v", name, got, want)
	}
}

func TestUsesAreSeenOnceTheyAreWritten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	created := b.newAccount(t, demoOrgAccounts, newOrgAccount)
	b.call(t, 200, request{
		path: demoOrgAccounts + "/" + created.ClientID + "/accessList", body: `[{"cidrBlock":"127.0.0.0/8"}]`,
	})
	b.clock.advance(90 * time.Second)
	token := b.tokenFor(t, created.ClientID, created.Secrets[0].Secret)
	issued := b.clock.Now()
	b.clock.advance(90 * time.Second)
	b.wantToken(t, "first use", token, true)
	b.clock.advance(90 * time.Second)
	b.wantToken(t, "second use", token, true)

	if got := b.lastUsed(t, created.ClientID); got != nil {
		t.Errorf("secret before it is written: got %v, want null", got)
	}
	if got := b.network(t, created.ClientID); got != (network{}) {
		t.Errorf("network before it is written: got %+v, want no use", got)
	}
	for range 2 { // what was written is not written again
		b.writeUsage(t)
		wantTime(t, "secret", b.lastUsed(t, created.ClientID), issued)
		got := b.network(t, created.ClientID)
		if got.RequestCount != 2 || got.LastUsedAddress != "127.0.0.1" {
			t.Errorf("network: got %+v, want two requests from 127.0.0.1", got)
		}
		wantTime(t, "network", got.LastUsedAt, b.clock.Now())
	}
}

// A caller that others change while its request is underway is found twice.
func TestARequestWhoseCallerIsFoundAnewCountsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	created := b.newAccount(t, demoOrgAccounts, newOrgAccount)
	b.call(t, 200, request{
		path: demoOrgAccounts + "/" + created.ClientID + "/accessList", body: `[{"cidrBlock":"127.0.0.0/8"}]`,
	})
	token := b.tokenFor(t, created.ClientID, created.Secrets[0].Secret)
	caller, err := b.iam.AuthenticateBearer(t.Context(), token, iam.Origin{Address: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		t.Fatal(err)
	}
	if err := caller.Renew(t.Context(), b.pool); err != nil {
		t.Fatal(err)
	}
	b.writeUsage(t)
	if got := b.network(t, created.ClientID); got.RequestCount != 1 {
		t.Errorf("got %d requests, want 1", got.RequestCount)
	}
}

// A database that is only read refuses whatever a request would write.
func TestNoRequestWritesThatACredentialWasUsed(t *testing.T) {
	t.Parallel()
	b, trips := setupCounting(t)
	created := b.newAccount(t, demoAccounts, newProjectAccount)
	b.call(t, 200, request{
		path: demoAccounts + "/" + created.ClientID + "/accessList", body: `[{"ipAddress":"127.0.0.1"}]`,
	})
	token := b.tokenFor(t, created.ClientID, created.Secrets[0].Secret)
	database := pgx.Identifier{b.pool.Config().ConnConfig.Database}.Sanitize()
	readOnly := func(setting string) {
		_, err := b.pool.Exec(t.Context(), "ALTER DATABASE "+database+" SET default_transaction_read_only = "+setting)
		if err != nil {
			t.Fatal(err)
		}
		b.pool.Reset()
	}
	readOnly("on")
	list := request{path: demoBuckets + "?includeCount=false", token: token}
	for range 2 { // the first prepares the statements
		trips.Store(0)
		if got := b.do(t, list); got.status != http.StatusOK {
			t.Fatalf("got %d %s, want 200", got.status, got.body)
		}
	}
	if got := trips.Load(); got != 2 { // who calls, and the list
		t.Errorf("got %d round trips, want 2", got)
	}
	if err := b.iam.WriteLastUsed(t.Context()); err == nil {
		t.Error("write: got no error from a database that is only read, want one")
	}

	// What could not be written is kept.
	if _, err := b.pool.Exec(t.Context(), "SET default_transaction_read_only = off"); err != nil {
		t.Fatal(err)
	}
	readOnly("off")
	b.writeUsage(t)
	if got := b.network(t, created.ClientID); got.RequestCount != 2 {
		t.Errorf("network: got %+v, want two requests", got)
	}
	wantTime(t, "secret", b.lastUsed(t, created.ClientID), b.clock.Now())
}

// The replica that saw the later use writes first.
func TestOfTheUsesOfReplicasTheLatestStays(t *testing.T) {
	t.Parallel()
	late := setup(t, func(s *settings) { s.api.TrustedProxies = []string{"127.0.0.1"} })
	early := setupOn(t, late.pool, func(s *settings) { s.api.TrustedProxies = []string{"127.0.0.1"} })
	created := late.newAccount(t, demoOrgAccounts, newOrgAccount)
	late.call(t, 200, request{
		path: demoOrgAccounts + "/" + created.ClientID + "/accessList", body: `[{"cidrBlock":"192.0.2.0/24"}]`,
	})
	late.clock.advance(2 * time.Minute)
	early.clock.advance(time.Minute)
	for b, address := range map[*bundle]string{late: "192.0.2.2", early: "192.0.2.1"} {
		token := b.tokenFor(t, created.ClientID, created.Secrets[0].Secret)
		got := b.do(t, request{path: apiRoot + "/orgs", token: token, header: http.Header{"X-Forwarded-For": {address}}})
		if got.status != http.StatusOK {
			t.Errorf("%s: got %d %s, want 200", address, got.status, got.body)
		}
	}
	late.writeUsage(t)
	early.writeUsage(t)
	wantTime(t, "secret", late.lastUsed(t, created.ClientID), late.clock.Now())
	got := late.network(t, created.ClientID)
	wantTime(t, "network", got.LastUsedAt, late.clock.Now())
	if got.LastUsedAddress != "192.0.2.2" || got.RequestCount != 2 {
		t.Errorf("network: got %+v, want two requests, the last from 192.0.2.2", got)
	}
}
