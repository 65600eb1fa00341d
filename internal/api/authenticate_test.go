package api_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const challengeBody = `{
  "error" : 401,
  "reason" : "Unauthorized",
  "detail" : "You are not authorized for this resource.",
  "errorCode" : "UNEXPECTED_ERROR"
}`

var challengeHeader = regexp.MustCompile(
	`^Digest realm="MMS Public API", domain="", nonce="[A-Za-z0-9+/]{32}", algorithm=MD5, qop="auth", stale=(true|false)$`)

// checkChallenge fails unless the answer is the challenge, to the byte.
func checkChallenge(t *testing.T, name string, got answer, stale string) {
	t.Helper()
	if got.status != http.StatusUnauthorized || got.body != challengeBody {
		t.Errorf("%s: got %d %s, want the challenge", name, got.status, got.body)
	}
	match := challengeHeader.FindStringSubmatch(got.header.Get("WWW-Authenticate"))
	if match == nil || match[1] != stale {
		t.Errorf("%s: got WWW-Authenticate %q, want a challenge with stale=%s",
			name, got.header.Get("WWW-Authenticate"), stale)
	}
	var names []string
	for name := range got.header {
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{"Content-Length", "Content-Type", "Date", "Server", "Vary", "Www-Authenticate", "X-Request-Id"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("%s: names in the header (-want +got):\n%s", name, diff)
	}
	if got.header.Get("Content-Type") != "application/json" {
		t.Errorf("%s: got Content-Type %q, want application/json", name, got.header.Get("Content-Type"))
	}
}

func TestWhoeverHasNoCredentialsIsChallenged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	nonce := b.nonce(t)
	sign := func(key, private, method, uri string) http.Header {
		return http.Header{"Authorization": {digestHeader(key, private, nonce, method, uri)}}
	}
	tests := []struct {
		name string
		r    request
	}{
		{"no credentials", request{}},
		{"no credentials and a body", request{body: awsBody}},
		{"no credentials and a body that is none", request{body: "{", header: http.Header{"Content-Type": {"text/plain"}}}},
		{"no credentials and a large body", request{body: `"` + strings.Repeat("a", 900_000) + `"`}},
		{"no credentials and no version", request{header: http.Header{"Accept": {""}}}},
		{"no credentials and a bad project", request{path: apiRoot + "/groups/x/backup/exportBuckets"}},
		{"no credentials and an unknown project", request{path: apiRoot + "/groups/5f0000000000000000000bff/backup/exportBuckets"}},
		{"no credentials and an envelope", request{path: demoBuckets + "?envelope=true"}},
		{"no credentials and a path that is none", request{path: apiRoot + "/nothing"}},
		{"no credentials and a private path", request{path: "/api/private/nothing"}},
		{"no credentials and a method that is not offered", request{method: http.MethodPut}},
		{"Basic", request{header: http.Header{"Authorization": {"Basic ZGVtb293bnI6eA=="}}}},
		{"a scheme alone", request{header: http.Header{"Authorization": {"Digest"}}}},
		{"an unknown key", request{header: sign("nobodyat", privateKeys["demoownr"], "GET", demoBuckets)}},
		{"an unknown key before one's own, with its signature", request{header: http.Header{"Authorization": {strings.Replace(
			digestHeader("demoownr", privateKeys["demoownr"], nonce, "GET", demoBuckets), "demoownr", "demoownq", 1)}}}},
		{"a key that could not be one", request{header: sign("x\x00", privateKeys["demoownr"], "GET", demoBuckets)}},
		{"a wrong private key", request{header: sign("demoownr", privateKeys["demoread"], "GET", demoBuckets)}},
		{"a signature of another path", request{header: sign("demoownr", privateKeys["demoownr"], "GET", demoBuckets+"/x")}},
		{"a signature of another query", request{
			path: demoBuckets + "?pageNum=1", header: sign("demoownr", privateKeys["demoownr"], "GET", demoBuckets+"?pageNum=2"),
		}},
		{"a signature of another host", request{
			header: sign("demoownr", privateKeys["demoownr"], "GET", "http://other.example.com"+demoBuckets),
		}},
		{"a hash of the username", request{header: http.Header{"Authorization": {
			digestHeader("demoownr", privateKeys["demoownr"], nonce, "GET", demoBuckets) + ", userhash=true"}}}},
		{"a signature of another method", request{header: sign("demoownr", privateKeys["demoownr"], "POST", demoBuckets)}},
	}
	for _, tt := range tests {
		tt.r.bare = true
		checkChallenge(t, tt.name, b.do(t, tt.r), "false")
	}
	if count := b.countBuckets(t); count != 0 {
		t.Errorf("got %d export buckets, want 0", count)
	}
}

func TestNoncesEndAndForgedOnesAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	nonce := b.nonce(t)
	with := func(nonce string) request {
		return request{bare: true, header: http.Header{
			"Authorization": {digestHeader("demoownr", privateKeys["demoownr"], nonce, "GET", demoBuckets)},
		}}
	}
	for range 2 { // a nonce may be used again
		if got := b.do(t, with(nonce)); got.status != http.StatusOK {
			t.Errorf("fresh nonce: got %d %s, want 200", got.status, got.body)
		}
	}
	b.clock.advance(5 * time.Minute)
	if got := b.do(t, with(nonce)); got.status != http.StatusOK {
		t.Errorf("nonce of 5 minutes: got %d %s, want 200", got.status, got.body)
	}
	b.clock.advance(time.Second)
	checkChallenge(t, "old nonce", b.do(t, with(nonce)), "true")
	checkChallenge(t, "forged nonce", b.do(t, with("q1W2e3R4t5Y6u7I8o9P0a+S/d1F2g3H4")), "false")
}

func TestNoncesAndTokensAreGoodOnEveryReplica(t *testing.T) {
	t.Parallel()
	first := setup(t)
	second := setupOn(t, first.pool)
	header := digestHeader("demoownr", privateKeys["demoownr"], first.nonce(t), "GET", demoBuckets)
	got := second.do(t, request{bare: true, header: http.Header{"Authorization": {header}}})
	if got.status != http.StatusOK {
		t.Errorf("nonce: got %d %s, want 200", got.status, got.body)
	}
	token := first.token(t)
	if got := second.do(t, request{token: token}); got.status != http.StatusOK {
		t.Errorf("token: got %d %s, want 200", got.status, got.body)
	}
	second.revoke(t, token)
	if got := first.do(t, request{token: token}); got.status != http.StatusUnauthorized {
		t.Errorf("revoked token: got %d, want 401", got.status)
	}
}

// revoke revokes a token of the demo service account.
func (b *bundle) revoke(t *testing.T, token string) {
	t.Helper()
	if _, err := b.iam.RevokeAccessToken(t.Context(), demoClientID, demoClientSecret, token); err != nil {
		t.Fatal(err)
	}
}

func TestClientsOfAtlasSignIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if got := b.do(t, request{key: "demoproj", body: awsBody}); got.status != http.StatusOK {
		t.Errorf("create with the Go client's digest: got %d %s, want 200", got.status, got.body)
	}
	if got := b.do(t, request{key: "demoread"}); got.status != http.StatusOK {
		t.Errorf("list with the Go client's digest: got %d %s, want 200", got.status, got.body)
	}
	if got := b.do(t, request{key: "demoread", path: demoBuckets + "?pageNum=1&itemsPerPage=5"}); got.status != http.StatusOK {
		t.Errorf("list with a query: got %d %s, want 200", got.status, got.body)
	}
}

func TestBadTokensGetAnEmptyAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	expired, revoked := b.token(t), b.token(t)
	b.revoke(t, revoked)
	b.clock.advance(time.Hour)
	valid := b.token(t)
	for name, token := range map[string]string{
		"never issued": "x", "expired": expired, "revoked": revoked, "cut": valid[:len(valid)-1], "empty": " ",
	} {
		got := b.do(t, request{token: token})
		if got.status != http.StatusUnauthorized || got.body != "" || got.header.Get("Content-Length") != "0" {
			t.Errorf("%s: got %d %q, want 401 and an empty body", name, got.status, got.body)
		}
		if header := got.header.Get("WWW-Authenticate"); header != `Bearer error="invalid_token"` {
			t.Errorf(`%s: got WWW-Authenticate %q, want Bearer error="invalid_token"`, name, header)
		}
	}
	if got := b.do(t, request{token: valid}); got.status != http.StatusOK {
		t.Errorf("valid: got %d %s, want 200", got.status, got.body)
	}
}

func TestAccessListsDecideFromWhereAPrincipalMayCall(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.TrustedProxies = []string{"127.0.0.1"} })
	farAway, err := b.iam.CreateAccessToken(t.Context(),
		"mdb_sa_id_5f0000000000000000000c02", "mdb_sa_sk_far-away-secret-not-for-production-01")
	if err != nil {
		t.Fatal(err)
	}
	notOnList := refusal(403, "IP_ADDRESS_NOT_ON_ACCESS_LIST",
		"IP address 127.0.0.1 is not allowed to access this resource.", "127.0.0.1")
	required := refusal(403, "ORG_REQUIRES_ACCESS_LIST",
		"This organization requires access through an access list of ip ranges.")
	strictBuckets := apiRoot + "/groups/5f0000000000000000000b04/backup/exportBuckets"
	from := func(addresses string) http.Header { return http.Header{"X-Forwarded-For": {addresses}} }
	tests := []struct {
		name string
		r    request
		want string // empty for 200
	}{
		{"key not on its list", request{key: "farawayk"}, notOnList},
		{"service account not on its list", request{token: farAway.Token}, notOnList},
		{"key on its list", request{key: "nearbyke"}, ""},
		{"key without a list where one is demanded", request{key: "strictno", path: strictBuckets}, required},
		{"key with a list where one is demanded", request{key: "strictok", path: strictBuckets}, ""},
		{"address of a trusted proxy's client", request{key: "farawayk", header: from("10.1.2.3")}, ""},
		{"IPv6 address", request{key: "farawayk", header: from("2001:db8::7")}, ""},
		{"service account through a trusted proxy", request{token: farAway.Token, header: from("10.1.2.3")}, ""},
		{
			"the last address that no trusted proxy has vouched for counts",
			request{key: "farawayk", header: from("10.1.2.3, 192.0.2.1")},
			refusal(403, "IP_ADDRESS_NOT_ON_ACCESS_LIST",
				"IP address 192.0.2.1 is not allowed to access this resource.", "192.0.2.1"),
		},
	}
	for _, tt := range tests {
		got := b.do(t, tt.r)
		if tt.want == "" && got.status != http.StatusOK {
			t.Errorf("%s: got %d %s, want 200", tt.name, got.status, got.body)
		}
		if tt.want != "" && got.body != tt.want {
			t.Errorf("%s: got %d %s, want %s", tt.name, got.status, got.body, tt.want)
		}
	}
}

func TestForwardedAddressesAreReadAsProxiesWriteThem(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.TrustedProxies = []string{"127.0.0.1", "192.0.2.0/24", "::ffff:198.51.100.7"} })
	// The proxy's own address is on the list, too.
	_, err := b.pool.Exec(t.Context(), `INSERT INTO access_list_entries (org_id, principal_id, cidr_block, created_at)
		SELECT org_id, id, '2001:db8::/32', now() FROM api_keys WHERE public_key = 'nearbyke'`)
	if err != nil {
		t.Fatal(err)
	}
	const unknown = "unknown"
	for reported, want := range map[string]string{ // the address, if it is refused
		"10.1.2.3:5000":                        "",
		"[2001:db8::7]:5000":                   "",
		"[2001:db8::7]":                        "",
		"2001:db8::7%eth0":                     "",
		" ::ffff:10.1.2.3\t":                   "",
		"::ffff:10.1.2.3, 192.0.2.1:443":       "",
		"8.8.8.8, 10.1.2.3:5000,192.0.2.1":     "",
		"10.1.2.3, 198.51.100.7, [::1]:1":      "::1",
		"10.1.2.3, 8.8.8.8:80":                 "8.8.8.8",
		"unknown":                              unknown,
		"_hidden":                              unknown,
		"10.1.2.3, unknown":                    unknown,
		"10.1.2.3, unknown, 192.0.2.1":         unknown,
		"10.1.2.3,":                            unknown,
		"10.1.2.3:port":                        unknown,
		"10.1.2":                               unknown,
		"2001:db8::7:5000:1:2:3:4:5":           unknown,
		"for=10.1.2.3":                         unknown,
		"192.0.2.1, 192.0.2.2, 127.0.0.1:5000": "192.0.2.1",
	} {
		got := b.do(t, request{key: "nearbyke", header: http.Header{"X-Forwarded-For": {reported}}})
		refused := refusal(403, "IP_ADDRESS_NOT_ON_ACCESS_LIST",
			"IP address "+want+" is not allowed to access this resource.", want)
		if want == "" && got.status != http.StatusOK || want != "" && got.body != refused {
			t.Errorf("%q: got %d %s, want %q refused", reported, got.status, got.body, want)
		}
		// Whoever has no list may call from wherever that is.
		if got := b.do(t, request{key: "demoread", header: http.Header{"X-Forwarded-For": {reported}}}); got.status != 200 {
			t.Errorf("%q, without an access list: got %d %s, want 200", reported, got.status, got.body)
		}
		got = b.do(t, request{path: "/api/private/ipinfo", header: http.Header{"X-Forwarded-For": {reported}}})
		if told := got.status == 200; told == (want == unknown) || want == unknown && got.body != refused {
			t.Errorf("%q, the caller's address: got %d %s", reported, got.status, got.body)
		}
	}
	several := http.Header{"X-Forwarded-For": {"10.1.2.3", "192.0.2.1"}}
	if got := b.do(t, request{key: "nearbyke", header: several}); got.status != http.StatusOK {
		t.Errorf("in two fields: got %d %s, want 200", got.status, got.body)
	}
	if log := b.log.String(); strings.Contains(log, "invalid IP") || !strings.Contains(log, `"address":""`) {
		t.Errorf("log: got %s, want no address where none can be told", log)
	}
}

func TestForwardedAddressesOfStrangersAreIgnored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, name := range []string{"X-Forwarded-For", "X-Real-IP", "Forwarded"} {
		got := b.do(t, request{key: "farawayk", header: http.Header{name: {"10.1.2.3"}}})
		if got.status != http.StatusForbidden {
			t.Errorf("%s: got %d, want 403", name, got.status)
		}
	}
}

// Whoever is let in and then lets its body wait is looked at once more.
func TestACallerThatLosesItsRolesBeforeItsBodyComesIsRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		deleted bool
		want    string
	}{
		"a caller that stays":      {false, "HTTP/1.1 200 OK"},
		"a caller that is deleted": {true, "HTTP/1.1 401 Unauthorized"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			token := b.token(t)
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", b.server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			body := `{"desc":"new","roles":["ORG_OWNER"]}`
			_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nAccept: %s\r\nContent-Type: %s\r\n"+
				"Authorization: Bearer %s\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n",
				orgKeys, v2024, v2024, token, len(body))
			if err != nil {
				t.Fatal(err)
			}
			answer := bufio.NewReader(conn)
			line := func() string {
				t.Helper()
				line, err := answer.ReadString('\n')
				if err != nil {
					t.Fatal(err)
				}
				return strings.TrimSpace(line)
			}
			// The server asks for the body when it has let the caller in.
			if got := line(); got != "HTTP/1.1 100 Continue" {
				t.Fatalf("got %s, want to be asked for the body", got)
			}
			line()
			if tt.deleted {
				got := b.do(t, request{
					method: http.MethodDelete, key: "demoownr", header: http.Header{"Accept": {v2025}},
					path: apiRoot + "/orgs/" + demoOrg + "/serviceAccounts/" + demoClientID,
				})
				if got.status != http.StatusNoContent {
					t.Fatalf("delete: got %d %s, want 204", got.status, got.body)
				}
			}
			b.clock.advance(time.Second)
			if _, err := conn.Write([]byte(body)); err != nil {
				t.Fatal(err)
			}
			if got := line(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
