package api_test

import (
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// post sends a form.
func (b *bundle) post(t *testing.T, path string, form url.Values, header http.Header) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.server.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	maps.Copy(req.Header, header)
	resp, err := b.server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: string(body)}
}

func basic(id, secret string) http.Header {
	return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))}}
}

var grant = url.Values{"grant_type": {"client_credentials"}}

var tokenBody = regexp.MustCompile(`^\{"access_token":"([A-Za-z0-9_-]{43})","expires_in":3600,"token_type":"Bearer"\}$`)

func TestTokensAreIssuedForTheSecretInTheHeaderOrTheForm(t *testing.T) {
	t.Parallel()
	b := setup(t)
	inForm := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {demoClientID}, "client_secret": {demoClientSecret},
	}
	for name, got := range map[string]answer{
		"header":         b.post(t, "/api/oauth/token", grant, basic(demoClientID, demoClientSecret)),
		"encoded header": b.post(t, "/api/oauth/token", grant, basic(demoClientID, strings.ReplaceAll(demoClientSecret, "-", "%2D"))),
		"form":           b.post(t, "/api/oauth/token", inForm, nil),
	} {
		match := tokenBody.FindStringSubmatch(got.body)
		if got.status != http.StatusOK || match == nil {
			t.Errorf("%s: got %d %s, want a token", name, got.status, got.body)
			continue
		}
		for header, want := range map[string]string{
			"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache",
		} {
			if got.header.Get(header) != want {
				t.Errorf("%s: got %s %q, want %q", name, header, got.header.Get(header), want)
			}
		}
		if used := b.do(t, request{token: match[1], body: awsBody}); used.status != http.StatusOK {
			t.Errorf("%s: the token's use: got %d %s, want 200", name, used.status, used.body)
		}
	}
}

func TestTokenEndpointRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.RateLimits = false })
	const (
		invalidRequest = `{"error":"invalid_request","error_description":"The provided credentials are not valid."}`
		invalidClient  = `{"error":"invalid_client","error_description":"Invalid credentials provided."}`
	)
	good := basic(demoClientID, demoClientSecret)
	const account = "mdb_sa_id_5f0000000000000000000c03"
	tests := []struct {
		name   string
		form   url.Values
		header http.Header
		status int
		want   string
	}{
		{"no credentials", grant, nil, 400, invalidRequest},
		{"a header that is not Basic", grant, http.Header{"Authorization": {"Bearer x"}}, 400, invalidRequest},
		{"a header that can't be read", grant, http.Header{"Authorization": {"Basic !"}}, 400, invalidRequest},
		{"no secret", grant, basic(demoClientID, ""), 400, invalidRequest},
		{"no grant type", nil, good, 400, invalidRequest},
		{"a form that is none", grant, http.Header{
			"Authorization": good["Authorization"], "Content-Type": {"application/json"},
		}, 400, invalidRequest},
		{
			"another grant type", url.Values{"grant_type": {"password"}}, good, 400,
			`{"error":"unsupported_grant_type","error_description":"Invalid grant type."}`,
		},
		{"a wrong secret", grant, basic(demoClientID, demoClientSecret+"x"), 401, invalidClient},
		{"another account's secret", grant, basic(account, demoClientSecret), 401, invalidClient},
		{"an unknown account", grant, basic("mdb_sa_id_5f0000000000000000000cff", demoClientSecret), 401, invalidClient},
		{"an API key's id", grant, basic("mdb_sa_id_5f0000000000000000000e01", demoClientSecret), 401, invalidClient},
		{"an id without its prefix", grant, basic("5f0000000000000000000c01", demoClientSecret), 401, invalidClient},
		{"a secret that has expired", grant, basic(account, "mdb_sa_sk_expired-secret-not-for-production-0001"), 401, invalidClient},
	}
	for _, tt := range tests {
		got := b.post(t, "/api/oauth/token", tt.form, tt.header)
		if got.status != tt.status || got.body != tt.want {
			t.Errorf("%s: got %d %s, want %d %s", tt.name, got.status, got.body, tt.status, tt.want)
		}
	}
	second := b.post(t, "/api/oauth/token", grant, basic(account, "mdb_sa_sk_second-secret-not-for-production-00001"))
	if second.status != http.StatusOK {
		t.Errorf("the account's other secret: got %d %s, want 200", second.status, second.body)
	}
}

func TestRevokeEndsATokenOfTheAccountOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	revoke := func(token string, header http.Header) answer {
		return b.post(t, "/api/oauth/revoke", url.Values{"token": {token}, "token_type_hint": {"access_token"}}, header)
	}
	owner := basic(demoClientID, demoClientSecret)
	stranger := basic("mdb_sa_id_5f0000000000000000000c02", "mdb_sa_sk_far-away-secret-not-for-production-01")
	mine, other := b.token(t), b.token(t)
	for name, got := range map[string]answer{
		"unknown token":           revoke("x", owner),
		"no token":                revoke("", owner),
		"another account's token": revoke(mine, stranger),
	} {
		if got.status != http.StatusOK || got.body != "" {
			t.Errorf("%s: got %d %q, want 200 and an empty body", name, got.status, got.body)
		}
	}
	if got := revoke(mine, basic(demoClientID, "wrong")); got.status != http.StatusUnauthorized {
		t.Errorf("wrong secret: got %d, want 401", got.status)
	}
	if got := b.do(t, request{token: mine}); got.status != http.StatusOK {
		t.Errorf("before revocation: got %d, want 200", got.status)
	}
	if got := revoke(mine, owner); got.status != http.StatusOK || got.body != "" {
		t.Errorf("revocation: got %d %q, want 200 and an empty body", got.status, got.body)
	}
	if got := b.do(t, request{token: mine}); got.status != http.StatusUnauthorized {
		t.Errorf("after revocation: got %d, want 401", got.status)
	}
	if got := b.do(t, request{token: other}); got.status != http.StatusOK {
		t.Errorf("another token after revocation: got %d, want 200", got.status)
	}
}

func TestTokenRequestsAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 10 {
		if got := b.post(t, "/api/oauth/token", grant, basic(demoClientID, demoClientSecret)); got.status != http.StatusOK {
			t.Fatalf("request %d: got %d, want 200", i+1, got.status)
		}
	}
	b.clock.advance(20 * time.Second)
	got := b.post(t, "/api/oauth/token", grant, basic(demoClientID, demoClientSecret))
	const want = `{"error":"rate_limited",` +
		`"error_description":"Resource /api/oauth/token is limited to 10 requests every 1 minutes."}`
	if got.status != http.StatusTooManyRequests || got.body != want || got.header.Get("Retry-After") != "40" {
		t.Errorf("request 11: got %d %s, Retry-After %s; want 429 %s, 40",
			got.status, got.body, got.header.Get("Retry-After"), want)
	}
	b.clock.advance(40 * time.Second)
	if got := b.post(t, "/api/oauth/token", grant, basic(demoClientID, demoClientSecret)); got.status != http.StatusOK {
		t.Errorf("after a minute: got %d, want 200", got.status)
	}
}

func TestExpiredTokensAreRemovedWhenNewOnesAreMade(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 3 {
		b.token(t)
	}
	b.clock.advance(time.Hour)
	b.token(t)
	var count int
	if err := b.pool.QueryRow(t.Context(), "SELECT count(*) FROM access_tokens").Scan(&count); err != nil {
		t.Fatal(err)
	}
	if count != 1 {
		t.Errorf("got %d tokens, want the new one alone", count)
	}
}
