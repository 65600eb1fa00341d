package api_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"exportbuckets/internal/api"
	"exportbuckets/internal/atlas"
)

// securityHeader is what Atlas sends with every authenticated answer.
var securityHeader = http.Header{
	"Referrer-Policy":                   {"strict-origin-when-cross-origin"},
	"Server":                            {"mdbws"},
	"Strict-Transport-Security":         {"max-age=31536000; includeSubdomains;"},
	"X-Content-Type-Options":            {"nosniff"},
	"X-Frame-Options":                   {"DENY"},
	"X-Permitted-Cross-Domain-Policies": {"none"},
}

// limitHeader is what answers past the rate limit have, the first of a project.
var limitHeader = http.Header{"Ratelimit-Limit": {"1200"}, "Ratelimit-Remaining": {"1199"}}

// codeHeader is what an answer with an error code has.
func codeHeader(code string) http.Header {
	return http.Header{"Content-Type": {"application/json"}, "Vary": {"Accept-Encoding"}, "X-Error-Code": {code}}
}

// checkHeader compares the whole header with the union of others, but for what
// is new in each answer.
func checkHeader(t *testing.T, name string, got answer, parts ...http.Header) {
	t.Helper()
	want := make(http.Header)
	for _, part := range parts {
		maps.Copy(want, part)
	}
	header := got.header.Clone()
	if length := header.Get("Content-Length"); length != strconv.Itoa(len(got.body)) {
		t.Errorf("%s: got Content-Length %q, want %d", name, length, len(got.body))
	}
	for _, name := range []string{"Content-Length", "Date", "X-Request-Id"} {
		header.Del(name)
	}
	if diff := gocmp.Diff(want, header); diff != "" {
		t.Errorf("%s: header (-want +got):\n%s", name, diff)
	}
}

// The header of 429 is checked where there is one: in ratelimit_test.go. That of
// the challenge is in authenticate_test.go.
func TestRefusalsHaveTheHeaderOfAtlas(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		r      request
		status int
		empty  bool // the body
		parts  []http.Header
	}{
		{
			"400", request{body: "{}"}, 400, false,
			[]http.Header{securityHeader, limitHeader, codeHeader("MISSING_ATTRIBUTE")},
		},
		{
			"400 of a version with a successor", request{body: "{}", header: http.Header{"Accept": {v2023}}}, 400, false,
			[]http.Header{securityHeader, limitHeader, codeHeader("MISSING_ATTRIBUTE"), {
				"Deprecation": {"Thu, 30 May 2024 00:00:00 GMT"}, "Sunset": {"Thu, 1 Jul 2027 00:00:00 GMT"},
			}},
		},
		{
			"401 of a role too low", request{key: "demoread", body: awsBody}, 401, false,
			[]http.Header{securityHeader, limitHeader, codeHeader("USER_UNAUTHORIZED")},
		},
		{
			"401 of a bearer token", request{token: "x"}, 401, true,
			[]http.Header{{"Server": {"mdbws"}, "Www-Authenticate": {`Bearer error="invalid_token"`}}},
		},
		{
			"403 of an access list", request{key: "farawayk"}, 403, false,
			[]http.Header{securityHeader, codeHeader("IP_ADDRESS_NOT_ON_ACCESS_LIST")},
		},
		{
			"404 of an object", request{path: demoBuckets + "/6a7900010203040506000099"}, 404, false,
			[]http.Header{securityHeader, limitHeader, codeHeader("EXPORT_BUCKET_NOT_FOUND")},
		},
		{
			"404 of a path", request{path: apiRoot + "/nothing"}, 404, false,
			[]http.Header{securityHeader, codeHeader("RESOURCE_NOT_FOUND")},
		},
		{
			"405", request{method: http.MethodPut}, 405, true,
			[]http.Header{securityHeader, {"Allow": {"POST,GET,OPTIONS"}}},
		},
		{
			"406", request{header: http.Header{"Accept": {"*/*"}}}, 406, false,
			[]http.Header{securityHeader, limitHeader, codeHeader("INVALID_VERSION_DATE")},
		},
		{
			"415", request{body: awsBody, header: http.Header{"Content-Type": {"text/plain"}}}, 415, true,
			[]http.Header{securityHeader, limitHeader},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := setup(t).do(t, tt.r)
			if got.status != tt.status || (got.body == "") != tt.empty {
				t.Errorf("got %d %s, want %d with an empty body: %t", got.status, got.body, tt.status, tt.empty)
			}
			checkHeader(t, tt.name, got, tt.parts...)
		})
	}
}

// The parameters are made up: as many as the code's sentence has places.
func TestErrorCodesAreWrittenLikeAtlas(t *testing.T) {
	t.Parallel()
	const missing = "%!v(MISSING)" // what fmt puts where a parameter is to be
	var lines []string
	for _, code := range slices.SortedFunc(slices.Values(atlas.Codes()), byNameAndStatus) {
		var parameters []any
		for i := range strings.Count(atlas.NewError(code).Detail, missing) {
			parameters = append(parameters, fmt.Sprintf("<%d>", i+1))
		}
		status, _, body := api.WriteError("/", atlas.NewError(code, parameters...))
		if strings.Contains(body, "%!") {
			t.Errorf("%s: got %s, want every parameter in its place", code, body)
		}
		lines = append(lines, fmt.Sprintf(`{"status":%d,"body":%s}`, status, body))
	}
	golden(t, "errors", "[\n"+strings.Join(lines, ",\n")+"\n]\n")
}

func byNameAndStatus(a, b atlas.Code) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), a.Status-b.Status)
}

// How the API and the token endpoints say that they can't serve a request now.
var (
	unavailableBody  = refusal(503, "UNEXPECTED_ERROR", "Service temporarily unavailable.")
	unavailableToken = `{"error":"temporarily_unavailable","error_description":"Service temporarily unavailable."}`
)

func TestWhatIsUnavailableIsAskedForAgain(t *testing.T) {
	t.Parallel()
	away := fmt.Errorf("find principals: %w: no connection", atlas.ErrUnavailable)
	for path, want := range map[string]string{
		demoBuckets:         unavailableBody,
		"/api/oauth/token":  unavailableToken,
		"/api/oauth/revoke": unavailableToken,
	} {
		status, header, body := api.WriteError(path, away)
		if status != 503 || header.Get("Retry-After") != "1" || body != want {
			t.Errorf("%s: got %d %s, Retry-After %q; want 503 %s, 1", path, status, body, header.Get("Retry-After"), want)
		}
	}
}

func TestFaultsOfOursSayNothingToTheClient(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t)
	if _, err := b.pool.Exec(t.Context(), "ALTER TABLE export_buckets RENAME TO gone"); err != nil {
		t.Fatal(err)
	}
	want := refusal(500, "UNEXPECTED_ERROR", "Unexpected error.")
	for name, r := range map[string]request{
		"create": {token: token, body: awsBody}, "list": {token: token},
		"get": {token: token, path: demoBuckets + "/6a7900010203040506000001"},
	} {
		if got := b.do(t, r); got.status != 500 || got.body != want {
			t.Errorf("%s: got %d %s, want %s", name, got.status, got.body, want)
		}
	}
	if _, err := b.pool.Exec(t.Context(), "ALTER TABLE access_tokens RENAME TO gone_too"); err != nil {
		t.Fatal(err)
	}
	if got := b.do(t, request{token: token}); got.status != 500 || got.body != want {
		t.Errorf("authentication: got %d %s, want %s", got.status, got.body, want)
	}
	got := b.post(t, "/api/oauth/token", grant, basic(demoClientID, demoClientSecret))
	if got.status != 500 || got.body != `{"error":"server_error","error_description":"Unexpected error."}` {
		t.Errorf("token: got %d %s, want server_error", got.status, got.body)
	}
	if count := strings.Count(b.log.String(), `"level":"ERROR"`); count != 5 {
		t.Errorf("got %d error events, want one for each of 5 faults:\n%s", count, b.log)
	}
}
