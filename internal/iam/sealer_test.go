package iam_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/digest"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/seal"
)

const privateKey = "d3300000-0000-4000-8000-000000000009"

func keysOf(t testing.TB, lines ...[]byte) seal.Keys {
	t.Helper()
	keys, err := seal.Parse(bytes.Join(lines, nil))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func newSealer(t testing.TB, pool *dbpool.Pool, keys seal.Keys) *iam.Sealer {
	t.Helper()
	sealer, err := iam.NewSealer(t.Context(), pool, keys, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

// insertKeys adds an organization with API keys, and returns their public keys.
func insertKeys(t testing.TB, pool *dbpool.Pool, sealer *iam.Sealer, count int) []string {
	t.Helper()
	q, now := db.New(), time.Now()
	org := objectid.New(now)
	publicKeys := make([]string, count)
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		_, err := q.InsertOrg(t.Context(), tx, db.InsertOrgParams{ID: org, Name: "Sealed", CreatedAt: now})
		for i := range publicKeys {
			id := objectid.New(now)
			publicKeys[i] = fmt.Sprintf("%c%c%c%cabcd", 'a'+i/17576%26, 'a'+i/676%26, 'a'+i/26%26, 'a'+i%26)
			_, principalErr := q.InsertPrincipal(t.Context(), tx, db.InsertPrincipalParams{
				OrgID: org, ID: id, Kind: db.PrincipalKindAPIKEY,
			})
			keyErr := q.InsertAPIKey(t.Context(), tx, sealer.NewAPIKeyRow(org, id, "key", publicKeys[i], privateKey, now))
			err = errors.Join(err, principalErr, keyErr)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return publicKeys
}

// signsIn returns why a request that is signed with the API key is refused.
func signsIn(ctx context.Context, pool *dbpool.Pool, sealer *iam.Sealer, publicKey string) error {
	s := iam.New(pool, atlas.Env{Clock: time.Now, NewID: objectid.New, NewEventID: objectid.New}, iam.Config{Sealer: sealer, Random: rand.Reader})
	return authenticate(ctx, s, publicKey)
}

func authenticate(ctx context.Context, s *iam.Service, publicKey string) error {
	md5Hex := func(text string) string {
		sum := md5.Sum([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	c := digest.Credentials{
		Username: publicKey, Realm: iam.Realm, Nonce: s.NewNonce(), URI: "/", NonceCount: "00000001", CNonce: "c",
	}
	ha1 := hex.EncodeToString(digest.HA1(publicKey, iam.Realm, privateKey))
	c.Response = md5Hex(ha1 + ":" + c.Nonce + ":00000001:c:auth:" + md5Hex("GET:/"))
	_, err := s.AuthenticateDigest(ctx, c, "GET", iam.Origin{})
	return err
}

// stored returns the nonce key and the HA1 of each API key, by public key.
func stored(t *testing.T, pool *dbpool.Pool) map[string]string {
	t.Helper()
	rows, err := pool.Query(t.Context(), `
		SELECT public_key, encode(ha1, 'hex') FROM api_keys
		UNION ALL
		SELECT 'nonce key', encode(key, 'hex') FROM nonce_keys`)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	var name, value string
	if _, err := pgx.ForEachRow(rows, []any{&name, &value}, func() error {
		all[name] = value
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// wantSealed checks that all is sealed with the first of the keys.
func wantSealed(t *testing.T, pool *dbpool.Pool, keys seal.Keys, count int) {
	t.Helper()
	all := stored(t, pool)
	if len(all) != count+1 {
		t.Errorf("got %d rows, want %d API keys and a nonce key", len(all), count)
	}
	prefix := hex.EncodeToString(keys.Prefix())
	for name, value := range all {
		if len(value) < 2*53 || value[:len(prefix)] != prefix {
			t.Errorf("%s: got %s, want it sealed with %s", name, value, prefix)
		}
	}
}

func TestWhatWasStoredBeforeThereWasAKeyIsSealedAtTheNextStart(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	const count = 2100 // more than are sealed at once
	plain := newSealer(t, pool, seal.Keys{})
	publicKeys := insertKeys(t, pool, plain, count)
	before := stored(t, pool)
	newSealer(t, pool, seal.Keys{})
	if diff := cmp.Diff(before, stored(t, pool)); diff != "" {
		t.Errorf("without a key (-before +after):\n%s", diff)
	}

	keys := keysOf(t, seal.NewKey())
	sealer := newSealer(t, pool, keys)
	wantSealed(t, pool, keys, count)
	if err := signsIn(t.Context(), pool, sealer, publicKeys[count-1]); err != nil {
		t.Errorf("sign in: got %v, want it to be let in as before", err)
	}
	sealed := stored(t, pool)
	newSealer(t, pool, keys)
	if diff := cmp.Diff(sealed, stored(t, pool)); diff != "" {
		t.Errorf("after another start (-before +after):\n%s", diff)
	}
	if err := signsIn(t.Context(), pool, plain, publicKeys[0]); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("sign in without a key: got %v, want %v", err, seal.ErrNoKey)
	}
}

func TestAnotherKeyInFrontSealsAnew(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	before, after := seal.NewKey(), seal.NewKey()
	publicKey := insertKeys(t, pool, newSealer(t, pool, keysOf(t, before)), 1)[0]
	wantSealed(t, pool, keysOf(t, before), 1)
	nonce := iam.New(pool, atlas.Env{Clock: time.Now}, iam.Config{Sealer: newSealer(t, pool, keysOf(t, before))}).NewNonce()

	newSealer(t, pool, keysOf(t, after, before))
	wantSealed(t, pool, keysOf(t, after), 1)
	sealer := newSealer(t, pool, keysOf(t, after))
	if err := signsIn(t.Context(), pool, sealer, publicKey); err != nil {
		t.Errorf("sign in with the new key alone: got %v, want it to be let in", err)
	}
	if _, ours := digest.NonceTime(sealer.NonceKey(), nonce); !ours {
		t.Errorf("got another nonce key, want the same, sealed anew")
	}
}

func TestAStartWithoutTheRightKeyIsRefusedAndChangesNothing(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	keys := keysOf(t, seal.NewKey())
	insertKeys(t, pool, newSealer(t, pool, keys), 2)
	before := stored(t, pool)
	for name, wrong := range map[string]seal.Keys{"no key": {}, "another key": keysOf(t, seal.NewKey())} {
		if _, err := iam.NewSealer(t.Context(), pool, wrong, time.Now()); !errors.Is(err, seal.ErrNoKey) {
			t.Errorf("with %s: got %v, want %v", name, err, seal.ErrNoKey)
		}
	}
	if diff := cmp.Diff(before, stored(t, pool)); diff != "" {
		t.Errorf("after refused starts (-before +after):\n%s", diff)
	}
	// Someone may have deleted the nonce key, to have another.
	if _, err := pool.Exec(t.Context(), "DELETE FROM nonce_keys"); err != nil {
		t.Fatal(err)
	}
	if _, err := iam.NewSealer(t.Context(), pool, seal.Keys{}, time.Now()); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("without a nonce key, and with no key: got %v, want %v", err, seal.ErrNoKey)
	}
}

func TestTheHA1OfOneKeyIsOfNoUseInTheRowOfAnother(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	sealer := newSealer(t, pool, keysOf(t, seal.NewKey()))
	publicKeys := insertKeys(t, pool, sealer, 2)
	_, err := pool.Exec(t.Context(), "UPDATE api_keys SET ha1 = (SELECT ha1 FROM api_keys WHERE public_key = $1)", publicKeys[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := signsIn(t.Context(), pool, sealer, publicKeys[0]); err != nil {
		t.Errorf("its own: got %v, want it to be let in", err)
	}
	err = signsIn(t.Context(), pool, sealer, publicKeys[1])
	if err == nil || errors.Is(err, atlas.ErrUnauthenticated) {
		t.Errorf("another's: got %v, want a fault", err)
	}
}

func TestReplicasThatStartAtOnceSealWithTheSameKeys(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	const count = 50
	insertKeys(t, pool, new(iam.Sealer), count)
	keys := keysOf(t, seal.NewKey())
	errs := make(chan error)
	for range 4 {
		go func() {
			_, err := iam.NewSealer(t.Context(), pool, keys, time.Now())
			errs <- err
		}()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Errorf("got %v, want all to start", err)
		}
	}
	wantSealed(t, pool, keys, count)
}

// BenchmarkOpenHA1 is what sealing adds to a request.
func BenchmarkOpenHA1(b *testing.B) {
	sealer := iam.NewSealerWith(keysOf(b, seal.NewKey()))
	row := sealer.NewAPIKeyRow(objectid.New(time.Now()), objectid.New(time.Now()), "key", "abcdefgh", privateKey, time.Now())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sealer.OpenHA1(row); err != nil {
			b.Fatal(err)
		}
	}
}
