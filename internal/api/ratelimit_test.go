package api_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/api"
)

func TestRateLimitsAreThoseOfTheProject(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t)
	remaining := func(r request) string { return b.do(t, r).header.Get("Ratelimit-Remaining") }
	for want := 1199; want > 1195; want-- {
		if got := remaining(request{token: token}); got != strconv.Itoa(want) {
			t.Errorf("got %s remaining, want %d", got, want)
		}
	}
	if got := remaining(request{key: "demoread"}); got != "1195" {
		t.Errorf("another caller with a role: got %s remaining, want 1195", got)
	}
	if got := remaining(request{key: "stranger"}); got != "1199" {
		t.Errorf("a caller without a role: got %s remaining, want a bucket of its own: 1199", got)
	}
	other := apiRoot + "/groups/5f0000000000000000000b02/backup/exportBuckets"
	if got := remaining(request{token: token, path: other}); got != "1199" {
		t.Errorf("another project: got %s remaining, want 1199", got)
	}
}

func TestRequestsOverTheLimitAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t)
	for range 1200 + 60 { // those of the project, and then the caller's own
		if got := b.do(t, request{token: token, header: http.Header{"Accept": {""}}}); got.status != 406 {
			t.Fatalf("got %d %s, want 406", got.status, got.body)
		}
	}
	b.clock.advance(54 * time.Second)
	path := strings.TrimPrefix(demoBuckets, "/")
	want := `{"detail":"Rate limit exceeded for ` + path + `. Please retry after 6 seconds. Request capacity: 1200. ` +
		`Refill rate: 500 per 60 seconds. For more information, see: http://dochub.mongodb.org/core/atlas-api-rate-limit.",` +
		`"error":429,"errorCode":"RATE_LIMITED_TOKEN_BUCKET","parameters":["` + path + `",6,1200,500,60],` +
		`"reason":"Too Many Requests"}`
	got := b.do(t, request{token: token})
	if got.status != 429 || got.body != want {
		t.Errorf("got %d %s, want %s", got.status, got.body, want)
	}
	checkHeader(t, "429", got, securityHeader, codeHeader("RATE_LIMITED_TOKEN_BUCKET"), http.Header{
		"Ratelimit-Limit": {"1200"}, "Ratelimit-Remaining": {"0"}, "Retry-After": {"6"},
	})
	b.clock.advance(6 * time.Second)
	if got := b.do(t, request{token: token}); got.status != 200 || got.header.Get("Ratelimit-Remaining") != "499" {
		t.Errorf("after the refill: got %d with %s remaining, want 200 with 499",
			got.status, got.header.Get("Ratelimit-Remaining"))
	}
}

func TestTheSettingsOfAnOrganizationHaveTheLeastTokens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	settings := apiRoot + "/orgs/" + demoOrg + "/settings"
	if got := b.drain(t, settings, b.token(t)); got != 10+60 {
		t.Errorf("got %d requests served, want 10 and 60 of the caller's own", got)
	}
	b.clock.advance(time.Minute)
	if got := b.drain(t, settings, b.token(t)); got != 5+60 {
		t.Errorf("a minute later: got %d requests served, want 5 more, and 60 of the caller's own", got)
	}
}

// The clock of an organization refills what its callers draw on, and nobody else's.
func TestTheClockOfAnOrganizationRefillsItsLimits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	settings := apiRoot + "/orgs/" + demoOrg + "/settings"
	token := b.token(t)
	b.drain(t, settings, token)
	for _, ahead := range []time.Duration{30 * time.Second, time.Minute} {
		_, err := b.pool.Exec(t.Context(), "UPDATE orgs SET clock_offset = $2 WHERE id = $1", demoOrg, ahead)
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		if ahead == time.Minute {
			want = 5 + 60
		}
		if got := b.drain(t, settings, token); got != want {
			t.Errorf("%s ahead: got %d requests served, want %d", ahead, got, want)
		}
	}
}

// drain makes requests of a path until they are refused, and returns how many were
// not.
func (b *bundle) drain(t *testing.T, path, token string) int {
	t.Helper()
	r := request{path: path, token: token, header: http.Header{"Accept": {""}}} // refused once it has cost a token
	for served := range 2000 {
		if got := b.do(t, r); got.status == http.StatusTooManyRequests {
			return served
		}
	}
	t.Fatalf("%s: got no refusal", path)
	return 0
}

// keepsRights are the deletions that take nothing away from anybody which could be
// used to sign in, or gave a right.
var keepsRights = []string{
	"DELETE " + apiRoot + "/groups/:groupId",
	"DELETE " + apiRoot + "/groups/:groupId/accessList/:entryValue",
	"DELETE " + apiRoot + "/groups/:groupId/backup/:cloudProvider/privateEndpoints/:endpointId",
	"DELETE " + apiRoot + "/groups/:groupId/backup/exportBuckets/:exportBucketId",
	"DELETE " + apiRoot + "/groups/:groupId/cloudProviderAccess/:cloudProvider/:roleId",
	"DELETE " + apiRoot + "/groups/:groupId/clusters/:clusterName",
	"DELETE " + apiRoot + "/groups/:groupId/clusters/:clusterName/backup/schedule",
	"DELETE " + apiRoot + "/groups/:groupId/clusters/:clusterName/backup/snapshots/:snapshotId",
	"DELETE " + apiRoot + "/groups/:groupId/clusters/:clusterName/backup/snapshots/shardedCluster/:snapshotId",
	"DELETE " + apiRoot + "/groups/:groupId/databaseUsers/:databaseName/:username",
	"DELETE " + apiRoot + "/groups/:groupId/flexClusters/:clusterName",
	"DELETE " + apiRoot + "/groups/:groupId/limits/:limitName",
	"DELETE " + apiRoot + "/groups/:groupId/managedSlowMs/disable",
}

func TestEveryDeletionOfACredentialOrAGrantDrawsOnTheReserve(t *testing.T) {
	t.Parallel()
	var want []string
	for _, route := range api.Routes() {
		if strings.HasPrefix(route, "DELETE ") && !slices.Contains(keepsRights, route) {
			want = append(want, route)
		}
	}
	if diff := cmp.Diff(want, api.Revocations()); diff != "" {
		t.Errorf("routes that draw on the reserve (-want +got):\n%s", diff)
	}
}

// Someone who may do nothing but read keeps the buckets of an organization and of a
// project empty. Its owner is busy, and takes away one thing after the other.
func TestNobodyKeepsAnOwnerFromRevoking(t *testing.T) {
	t.Parallel()
	unlimited := setup(t, func(s *settings) { s.api.RateLimits = false })
	b := setupOn(t, unlimited.pool, func(s *settings) { s.events = "6a7900e20203040506" })
	thief := unlimited.newAccount(t, demoAccounts,
		`{"name":"low","description":"low","roles":["GROUP_READ_ONLY"],"secretExpiresAfterHours":8}`)
	stolen, err := b.iam.CreateAccessToken(t.Context(), thief.ClientID, thief.Secrets[0].Secret)
	if err != nil {
		t.Fatal(err)
	}
	owner := b.token(t)
	if got := b.drain(t, orgKeys, stolen.Token); got != 500+60 {
		t.Errorf("organization: got %d requests served, want its 500 and 60 of the caller's own", got)
	}
	if got := b.drain(t, projectKeys, stolen.Token); got != 1200 {
		t.Errorf("project: got %d requests served, want its 1200 and none of the caller's own, which are used up", got)
	}
	for i := range 60 {
		got := b.do(t, request{path: orgKeys, token: owner, header: http.Header{"Accept": {v2025}}})
		limit, left := got.header.Get("Ratelimit-Limit"), got.header.Get("Ratelimit-Remaining")
		if got.status != http.StatusOK || limit != "60" || left != strconv.Itoa(59-i) {
			t.Errorf("the owner's own request %d: got %d, %s of %s left; want 200, %d of 60", i, got.status, left, limit, 59-i)
		}
	}
	if got := b.do(t, request{path: orgKeys, token: owner}); got.status != http.StatusTooManyRequests {
		t.Errorf("the owner's next request: got %d, want 429", got.status)
	}

	left := 60
	for _, tt := range accesses() {
		method, path := tt.methodAndPath()
		r := request{method: method, path: path, body: tt.body, token: owner, header: http.Header{"Accept": {v2025}}}
		if !slices.Contains(api.Revocations(), tt.route) {
			unlimited.do(t, r) // which makes what is then deleted
			continue
		}
		if strings.HasSuffix(tt.route, "/secrets/:secretId") {
			account := unlimited.newAccount(t, demoOrgAccounts, newOrgAccount)
			r.path, tt.status = demoOrgAccounts+"/"+account.ClientID+"/secrets/"+account.Secrets[0].ID, 204
		}
		left--
		got := b.do(t, r)
		if got.status != tt.status || got.header.Get("Ratelimit-Limit") != "60" ||
			got.header.Get("Ratelimit-Remaining") != strconv.Itoa(left) {
			t.Errorf("%s: got %d %s %v, want %d, and %d of 60 left", tt.route, got.status, got.body, got.header, tt.status, left)
		}
	}
	b.clock.advance(20 * time.Second)
	for range left {
		b.do(t, request{method: http.MethodDelete, path: orgKeys + "/x", token: owner})
	}
	got := b.do(t, request{method: http.MethodDelete, path: orgKeys + "/x", token: owner})
	if got.status != http.StatusTooManyRequests || got.header.Get("Ratelimit-Limit") != "500" ||
		got.header.Get("Ratelimit-Remaining") != "0" || got.header.Get("Retry-After") != "40" {
		t.Errorf("after the reserve: got %d %v, want 429, 0 of 500 left, and the 40 s until there is more", got.status, got.header)
	}
	b.clock.advance(40 * time.Second)
	if got := b.do(t, request{path: orgKeys, token: owner}); got.header.Get("Ratelimit-Remaining") != "249" {
		t.Errorf("a minute later: got %d %v, want the organization's bucket again, with 249 left", got.status, got.header)
	}
}

// Someone at the same address, behind the same proxy, say, keeps the address's bucket
// empty.
func TestNobodyKeepsAnAccountFromEndingItsTokens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	revoke := func(token string, header http.Header) answer {
		return b.post(t, "/api/oauth/revoke", url.Values{"token": {token}}, header)
	}
	wrong, right := basic(demoClientID, "wrong"), basic(demoClientID, demoClientSecret)
	for i := range 10 {
		if got := revoke("x", wrong); got.status != http.StatusUnauthorized {
			t.Fatalf("request %d: got %d, want 401", i+1, got.status)
		}
	}
	b.clock.advance(20 * time.Second)
	refused := func(name string, got answer) {
		t.Helper()
		const want = `{"error":"rate_limited",` +
			`"error_description":"Resource /api/oauth/revoke is limited to 10 requests every 1 minutes."}`
		if got.status != http.StatusTooManyRequests || got.body != want || got.header.Get("Retry-After") != "40" {
			t.Errorf("%s: got %d %s, Retry-After %q; want 429 %s, 40", name, got.status, got.body, got.header.Get("Retry-After"), want)
		}
	}
	const another = "mdb_sa_id_5f0000000000000000000c02"
	refused("a wrong secret", revoke("x", basic(another, "wrong")))
	if !strings.Contains(b.log.String(), another) {
		t.Errorf("got no failed sign-in of %s in the log, want one", another)
	}
	for range 60 {
		token := b.token(t)
		if got := revoke(token, right); got.status != http.StatusOK || got.header.Get("Retry-After") != "" {
			t.Fatalf("its own token: got %d %v %s, want 200", got.status, got.header, got.body)
		}
		b.wantToken(t, "its own token", token, false)
	}
	refused("after the reserve", revoke("x", right))
	if got := b.post(t, "/api/oauth/token", grant, right); got.status != http.StatusOK {
		t.Errorf("a new token: got %d, want 200: it has a limit of its own", got.status)
	}
}

func TestRateLimitsCanBeLeftOut(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.RateLimits = false })
	if got := b.do(t, request{}); got.header.Get("Ratelimit-Limit") != "" {
		t.Errorf("got RateLimit-Limit %q, want none", got.header.Get("Ratelimit-Limit"))
	}
}
