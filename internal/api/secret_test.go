package api_test

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/digest"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/seal"
	"exportbuckets/internal/waittest"
)

// sealingKeys seal the databases of all tests: their servers are replicas.
func sealingKeys(t testing.TB) seal.Keys {
	t.Helper()
	keys, err := seal.Parse([]byte("c2VhbHMgYWxsIHRoYXQgdGhlIHRlc3RzIHB1dCB0aGU="))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// secrets are those that the answers of a test have shown, with the HA1 of each API
// key, as a dump of the database would have them.
type secrets struct {
	mu    sync.Mutex
	shown map[string]bool
}

// watch serves what handler serves, and notes the secrets in the answers, which no
// cache may keep.
func (s *secrets) watch(t testing.TB, handler http.Handler) http.Handler {
	t.Helper()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &recorder{ResponseWriter: w}
		handler.ServeHTTP(answer, r)
		var body any
		if json.Unmarshal(answer.body.Bytes(), &body) == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			known := len(s.shown)
			s.note(body)
			if caching := answer.Header().Get("Cache-Control"); len(s.shown) > known && caching != "no-store" {
				t.Errorf("%s %s: got a secret with Cache-Control %q, want no-store", r.Method, r.URL.Path, caching)
			}
		}
	})
}

// note notes the secrets in a part of a body. Masked ones have asterisks or dots in
// them.
func (s *secrets) note(part any) {
	switch part := part.(type) {
	case []any:
		for _, element := range part {
			s.note(element)
		}
	case map[string]any:
		for name, member := range part {
			text, ok := member.(string)
			if !ok {
				s.note(member)
				continue
			}
			switch name {
			case "privateKey", "secret", "access_token":
				if !strings.ContainsAny(text, "*.") {
					s.add(text)
				}
			}
		}
		publicKey, _ := part["publicKey"].(string)
		if privateKey, _ := part["privateKey"].(string); s.shown[privateKey] {
			s.addKey(publicKey, privateKey)
		}
	}
}

func (s *secrets) addKey(publicKey, privateKey string) {
	s.add(hex.EncodeToString(digest.HA1(publicKey, iam.Realm, privateKey)))
}

func (s *secrets) add(text string) {
	if s.shown == nil {
		s.shown = make(map[string]bool)
	}
	s.shown[text] = true
}

// notInDump fails the test if a dump of its database has something in it that a
// request, a token or a nonce can be made of.
func (b *bundle) notInDump(t testing.TB) {
	t.Helper()
	if t.Failed() {
		return // there may be no database any more
	}
	ctx := waittest.Context(t)
	rows := func(sql string) []string {
		got, err := b.pool.Query(ctx, sql)
		if err != nil {
			t.Fatal(err)
		}
		all, err := pgx.CollectRows(got, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	plain := rows(`
		SELECT 'HA1 of ' || public_key FROM api_keys WHERE octet_length(ha1) = 16
		UNION ALL
		SELECT 'nonce key' FROM nonce_keys WHERE octet_length(key) = 32`)
	if len(plain) > 0 {
		t.Errorf("in the database without a seal: %q", plain)
	}
	var dump strings.Builder
	for _, table := range rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'") {
		dump.WriteString(strings.Join(rows("SELECT r::text FROM "+table+" AS r"), "\n"))
	}
	b.secrets.mu.Lock()
	defer b.secrets.mu.Unlock()
	for publicKey, privateKey := range privateKeys {
		b.secrets.addKey(publicKey, privateKey)
		b.secrets.add(privateKey)
	}
	b.secrets.add(demoClientSecret)
	for secret := range b.secrets.shown {
		if strings.Contains(dump.String(), secret) {
			t.Errorf("in a dump of the database: %s", secret)
		}
	}
}

func TestADumpOfTheDatabaseSignsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t) // which looks into the database at the end of every test
	b.do(t, request{path: orgKeys, body: `{"desc":"key","roles":["ORG_MEMBER"]}`})
	b.call(t, http.StatusCreated, request{path: demoOrgAccounts, body: newOrgAccount})
	b.post(t, "/api/oauth/token", grant, basic(demoClientID, demoClientSecret))
	// An API key with its HA1, a secret and a token.
	if got := len(b.secrets.shown); got != 4 {
		t.Errorf("got %d secrets to look for, want 4", got)
	}
}
