package iam

import (
	"encoding/json"
	"testing"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/dbtest"
)

// One statement finds the callers of many requests, each at its own time.
func TestEachCallerOfABatchHasItsOwnTime(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	expiry := time.Date(2026, 8, 10, 3, 3, 36, 0, time.UTC)
	const account = "'5f0000000000000000000a01', '5f0000000000000000000c01'"
	for _, sql := range []string{
		"INSERT INTO orgs (id, name, api_access_list_required, created_at) VALUES ('5f0000000000000000000a01', 'org', false, now())",
		"INSERT INTO principals (org_id, id, kind) VALUES (" + account + ", 'SERVICE_ACCOUNT')",
		"INSERT INTO service_accounts (org_id, id, name, description, created_at) VALUES (" + account + ", 'n', 'd', now())",
		"INSERT INTO service_account_secrets (org_id, service_account_id, id, secret_hash, created_at, expires_at) VALUES (" +
			account + ", '5f0000000000000000000f01', sha256('secret'), now(), 'infinity')",
		"INSERT INTO access_tokens (org_id, service_account_id, secret_id, token_hash, created_at, expires_at) VALUES (" +
			account + ", '5f0000000000000000000f01', sha256('token'), now(), '" + expiry.Format(time.RFC3339) + "')",
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	s := &Service{pool: pool, q: db.New()}
	var asked []credential
	for _, now := range []time.Time{expiry, expiry.Add(-time.Microsecond), expiry.Add(time.Hour)} {
		c := newCredential(Origin{}, now)
		c.TokenHash = hashSecret("token")
		asked = append(asked, c)
	}
	found, err := s.listPrincipals(t.Context(), pool, asked)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, false, true} {
		if found[i] == nil {
			t.Errorf("at %s: got nobody, want the account of the token, expired or not", asked[i].Now)
		} else if got := asked[i].isExpired(found[i]); got != want {
			t.Errorf("at %s: got the token expired: %t, want %t", asked[i].Now, got, want)
		}
	}
}

// A key that is not known is looked for as long as one that is: the statement finds
// another.
func TestEachPublicKeyHasARow(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	for _, sql := range []string{
		"INSERT INTO orgs (id, name, api_access_list_required, created_at) VALUES ('5f0000000000000000000a01', 'org', false, now())",
		"INSERT INTO principals (org_id, id, kind) SELECT '5f0000000000000000000a01', id, 'API_KEY' " +
			"FROM unnest('{5f0000000000000000000e01,5f0000000000000000000e02}'::text[]) AS id",
		"INSERT INTO api_keys (org_id, id, description, public_key, ha1, created_at) VALUES " +
			"('5f0000000000000000000a01', '5f0000000000000000000e01', 'd', 'bbbbbbbb', decode(md5('b'), 'hex'), now()), " +
			"('5f0000000000000000000a01', '5f0000000000000000000e02', 'd', 'dddddddd', decode(md5('d'), 'hex'), now())",
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	var asked []credential
	for _, publicKey := range []string{"aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd", "eeeeeeee"} {
		c := newCredential(Origin{}, time.Now())
		c.PublicKey = &publicKey
		asked = append(asked, c)
	}
	s := &Service{pool: pool, q: db.New()}
	found, err := s.listPrincipals(t.Context(), pool, asked)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(asked) // which are numbered now
	if err != nil {
		t.Fatal(err)
	}
	rows, err := s.q.ListPrincipals(t.Context(), pool, encoded)
	if err != nil || len(rows) != len(asked) {
		t.Fatalf("got %d rows, %v; want one for each of %d keys", len(rows), err, len(asked))
	}
	for i, want := range []bool{false, true, false, true, false} {
		if got := found[i] != nil; got != want {
			t.Errorf("%s: got a principal: %t, want %t", *asked[i].PublicKey, got, want)
		}
	}
}
