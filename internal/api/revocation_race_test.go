package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/torture"
)

// In these races the two call two servers, which have no more in common than the
// database.

// setupRace returns two servers on one database.
func setupRace(t *testing.T) (b, replica *bundle) {
	t.Helper()
	noLimits := func(s *settings) { s.api.RateLimits = false }
	b = setup(t, noLimits)
	return b, setupOn(t, dbpool.New(b.pool.Pool), noLimits, func(s *settings) { s.events = "6a7900e20203040506" })
}

// race makes a request with a credential and reports whether the answer has the
// status. It fails the test unless it has, or is a refusal: a deadlock is none. The
// answer is decoded into a value if that is not nil.
func (b *bundle) race(t *testing.T, who credential, status int, method, path, body string, into any) bool {
	t.Helper()
	got := b.serve(t.Context(), who, method, path, strings.NewReader(body))
	if got.Code != status {
		if got.Code < 400 || got.Code >= 500 {
			t.Errorf("%s %s %s: got %d %s, want %d or a refusal", method, path, body, got.Code, got.Body, status)
		}
		return false
	}
	if into != nil {
		if err := json.Unmarshal(got.Body.Bytes(), into); err != nil {
			t.Error(err)
		}
	}
	return true
}

// Whoever writes on many connections neither writes once its revocation is answered
// nor keeps that waiting.
func TestTortureWhoeverIsRevokedWritesNoBuckets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind, revocation string
		connections      int
	}{
		{"a service account", "its token", 4},
		{"a project's account", "its secret", 4},
		{"an API key", "itself", 16}, // as many as a server has to the database
	} {
		t.Run(tt.kind+", "+tt.revocation, func(t *testing.T) {
			t.Parallel()
			b, replica := setupRace(t)
			var longest time.Duration
			torture.Rounds(t, func() {
				r := bucketRace{bundle: replica, who: b.newCredential(t, credentialKinds[tt.kind])}
				var atAnswer [2]int
				revoke := func() {
					r.write(t)
					began := time.Now()
					revocations[tt.revocation].do(t, b, r.who)
					longest = max(longest, time.Since(began))
					atAnswer = r.written(t)
				}
				writer := func() {
					for r.write(t) {
					}
				}
				torture.AtOnce(append(slices.Repeat([]func(){writer}, tt.connections), revoke)...)
				answered := [2]int{int(r.created.Load()), int(r.changed.Load())}
				if got := r.written(t); got != atAnswer || got != answered {
					t.Errorf("got %d buckets created and changed, want the %d of before the revocation's answer, "+
						"and the %d that were answered", got, atAnswer, answered)
				}
				if _, err := b.pool.Exec(t.Context(), "TRUNCATE export_buckets CASCADE"); err != nil {
					t.Fatal(err)
				}
			})
			torture.WantAtMost(t, "longest-revocation", longest, time.Second)
		})
	}
}

// bucketRace counts what a credential writes in a round.
type bucketRace struct {
	*bundle

	who              credential
	created, changed atomic.Int64
}

// write creates an export bucket, in a statement with others, and changes it, in a
// transaction. It reports whether the credential may.
func (r *bucketRace) write(t *testing.T) bool {
	t.Helper()
	var bucket struct {
		ID string `json:"_id"`
	}
	if !r.race(t, r.who, 200, http.MethodPost, demoBuckets, awsBody, &bucket) {
		return false
	}
	r.created.Add(1)
	if !r.race(t, r.who, 200, http.MethodPatch, demoBuckets+"/"+bucket.ID, `{"requirePrivateNetworking":true}`, nil) {
		return false
	}
	r.changed.Add(1)
	return true
}

// written counts the export buckets, and those of them that were changed.
func (r *bucketRace) written(t *testing.T) (buckets [2]int) {
	t.Helper()
	err := r.pool.QueryRow(t.Context(), "SELECT count(*), count(*) FILTER (WHERE require_private_networking) "+
		"FROM export_buckets WHERE project_id <> $1", demoBackups).Scan(&buckets[0], &buckets[1])
	if err != nil {
		t.Error(err)
	}
	return buckets
}

// Whoever owns a project may give roles there, to itself, too.
func TestTortureWhoeverIsRemovedFromAProjectDoesNotAssignItself(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status       int
		method, body string
	}{
		"a project's key":     {204, http.MethodPost, `[{"roles":["GROUP_OWNER"]}]`},
		"a project's account": {200, http.MethodPatch, `{"roles":["GROUP_OWNER"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, replica := setupRace(t)
			torture.Rounds(t, func() {
				who := b.newCredential(t, credentialKinds[name])
				assign := func() { replica.race(t, who, tt.status, tt.method, who.path, tt.body, nil) }
				remove := func() { revocations["its project"].do(t, b, who) }
				torture.AtOnce(append(slices.Repeat([]func(){assign}, 4), remove)...)
				if got := b.rolesOf(t, who); len(got) > 0 {
					t.Errorf("got the roles %q on projects after the removal, want none", got)
				}
			})
		})
	}
}

// rolesOf returns the roles of a credential where it has some.
func (b *bundle) rolesOf(t *testing.T, who credential) []string {
	t.Helper()
	var roles []string
	err := b.pool.QueryRow(t.Context(), `SELECT array_agg(role ORDER BY role) FROM (
			SELECT principal_id, role::text FROM org_role_grants
			UNION ALL
			SELECT principal_id, role::text FROM project_role_grants
		) AS grants
		WHERE principal_id = right($1, 24) AND role LIKE split_part($2, '_', 1) || '%'`,
		who.path, who.owner).Scan(&roles)
	if err != nil {
		t.Error(err)
	}
	return roles
}

// The project's new name, whose lock is one that roles there wait for, makes it three.
func TestTortureOfTwoChangesOfOneselfOneHoldsWhole(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a service account", "a project's key"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, replica := setupRace(t)
			kind := credentialKinds[name]
			who := b.newCredential(t, kind)
			change := func(server *bundle, path, body string) func() {
				return func() {
					if !server.race(t, who, 200, http.MethodPatch, path, body, nil) {
						t.Errorf("%s: got a refusal, want 200", body)
					}
				}
			}
			one, other, renamed := []string{kind.owner}, []string{kind.other, kind.owner}, 0
			torture.Rounds(t, func() {
				renamed++
				torture.AtOnce(
					change(b, who.path, `{"roles":["`+strings.Join(one, `","`)+`"]}`),
					change(replica, who.path, `{"roles":["`+strings.Join(other, `","`)+`"]}`),
					change(b, projects+"/"+demoProject, fmt.Sprintf(`{"name":"Project %d"}`, renamed)),
				)
				if got := b.rolesOf(t, who); !slices.Equal(got, one) && !slices.Equal(got, slices.Sorted(slices.Values(other))) {
					t.Errorf("got the roles %q, want %q or %q", got, one, other)
				}
			})
		})
	}
}
