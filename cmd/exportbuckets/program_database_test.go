package main

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/digest"
	"exportbuckets/internal/iam"
)

func TestAConfiguredDatabaseIsMigratedAndGetsNoDemoTenant(t *testing.T) {
	t.Parallel()
	address := dbtest.NewEmptyURL(t)
	p := serve(t, settings{env: []string{"DATABASE_URL=" + address}})

	p.waitReady(t)
	wantStatus(t, p.ask(t, digestKey(t, "demoownr"), demoBuckets, ""), http.StatusUnauthorized)
	got := p.askForm(t, "/api/oauth/token", url.Values{"grant_type": {"client_credentials"}})
	wantStatus(t, got, http.StatusUnauthorized)
	if got := p.out.String(); got != "" {
		t.Errorf("output: got %q, want none about a demo tenant", got)
	}
	rows := contents(t, connect(t, address))
	delete(rows, "nonce_keys")
	if diff := cmp.Diff(map[string][]string{}, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestASeedFileIsAppliedAtStart(t *testing.T) {
	t.Parallel()
	p := serve(t, settings{
		flags: []string{"--seed", demoSeedFile},
		env:   []string{"DATABASE_URL=" + dbtest.NewEmptyURL(t)},
	})

	bucket := p.ask(t, digestKey(t, "demoownr"), demoBuckets, demoBucket)
	wantStatus(t, bucket, http.StatusOK)
	got := p.ask(t, withToken(t, p.token(t)), demoBuckets, "")
	wantStatus(t, got, http.StatusOK)
	if diff := cmp.Diff([]string{text(t, bucket.body, "_id")}, listed(t, got.body)); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
}

func TestReplicasMayStartAtOnceAndShareNoncesAndTokens(t *testing.T) {
	t.Parallel()
	s := settings{
		flags: []string{"--seed", demoSeedFile},
		env:   []string{"DATABASE_URL=" + dbtest.NewEmptyURL(t)},
	}
	one, other := launchServer(t, s), launchServer(t, s)
	one.waitServing(t)
	other.waitServing(t)
	for _, p := range []*program{one, other} {
		p.waitReady(t)
	}

	challenge := one.ask(t, newTransport(t), demoBuckets, "")
	wantStatus(t, challenge, http.StatusUnauthorized)
	response := digestAnswer(t, challenge.header.Get("WWW-Authenticate"), "demoownr")
	signed := withHeader{"Authorization", response, newTransport(t)}
	wantStatus(t, other.ask(t, signed, demoBuckets, ""), http.StatusOK)

	token := one.token(t)
	wantStatus(t, other.ask(t, withToken(t, token), demoBuckets, ""), http.StatusOK)
	wantStatus(t, one.askForm(t, "/api/oauth/revoke", url.Values{"token": {token}}), http.StatusOK)
	wantStatus(t, other.ask(t, withToken(t, token), demoBuckets, ""), http.StatusUnauthorized)
}

var challengeNonce = regexp.MustCompile(`nonce="([^"]+)"`)

// digestAnswer answers a challenge for a list of the demo project's buckets.
// RFC 7616, section 3.4.1.
func digestAnswer(t *testing.T, challenge, publicKey string) string {
	t.Helper()
	nonce := challengeNonce.FindStringSubmatch(challenge)
	if nonce == nil {
		t.Fatalf("challenge: got %q, want one with a nonce", challenge)
	}
	ha1 := hex.EncodeToString(digest.HA1(publicKey, iam.Realm, demoKeys[publicKey]))
	ha2 := md5Hex("GET:" + demoBuckets)
	response := md5Hex(strings.Join([]string{ha1, nonce[1], "00000001", "c0ffee", "auth", ha2}, ":"))
	return fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s", `+
		`algorithm=MD5, cnonce="c0ffee", qop=auth, nc=00000001`,
		publicKey, iam.Realm, nonce[1], demoBuckets, response)
}

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// neighbour returns the name of a test's database and a connection to another
// database of its server.
func neighbour(t *testing.T, address string) (string, *pgx.Conn) {
	t.Helper()
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatalf("got error %v, want the database's address", err)
	}
	database := cfg.Database
	cfg.Database = "postgres"
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatalf("got error %v, want a connection", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return database, conn
}

// withPassword returns the address with a password in it, and a part of it that
// no log may contain. A server that asks for no password accepts any.
func withPassword(t *testing.T, address string) (withOne, shown string) {
	t.Helper()
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatalf("got error %v, want the database's address", err)
	}
	if cfg.Password != "" {
		// The password may be a word that the log contains for other reasons.
		return address, ":" + cfg.Password + "@"
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("got error %v, want the database's URL", err)
	}
	u.User = url.UserPassword(cfg.User, databasePassword)
	return u.String(), databasePassword
}

const databasePassword = "not-for-any-log"
