package admin_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"

	"exportbuckets/internal/admin"
	"exportbuckets/internal/api"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/journal"
	"exportbuckets/internal/metrics"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/seal"
	"exportbuckets/internal/seed"
	"exportbuckets/internal/tenantstate"
	"exportbuckets/internal/waittest"
	"exportbuckets/staging"
)

const (
	demo     = "5f0000000000000000000a01"
	neighbor = "5f0000000000000000000a02"

	operatorToken = "an-operator-token-of-the-tests-of-package-admin"
	writeToken    = "ebt_" + demo + "_wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"
	readToken     = "ebt_" + demo + "_rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"
	neighborToken = "ebt_" + neighbor + "_wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"
)

const tenants = `
organizations:
  - id: ` + demo + `
    name: Demo Organization
    staging:
      tokens:
        - {role: write, token: ` + writeToken + `}
        - {role: read, token: ` + readToken + `}
  - id: ` + neighbor + `
    name: Neighbor
    staging:
      tokens:
        - {role: write, token: ` + neighborToken + `}
`

// described is the document of the admin listener, read once for all tests.
var described = sync.OnceValues(func() (validator.Validator, error) {
	data, err := os.ReadFile("openapi.yaml")
	if err != nil {
		return nil, err
	}
	document, err := libopenapi.NewDocument(data)
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(document, config.WithFormatAssertions())
	if len(errs) > 0 {
		return nil, errs[0]
	}
	return v, nil
})

// asDescribed serves what handler serves, and fails the test if a request that is served,
// or an answer, is not as the OpenAPI document says.
func asDescribed(t *testing.T, handler http.Handler) http.Handler {
	t.Helper()
	document, err := described()
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(sent))
		asked := r.Clone(r.Context())
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
		asked.Body = io.NopCloser(bytes.NewReader(sent))
		valid, violations := document.ValidateHttpResponse(asked, answer.Result())
		if answer.Code < http.StatusBadRequest {
			asked.Body = io.NopCloser(bytes.NewReader(sent))
			validRequest, more := document.ValidateHttpRequest(asked)
			valid, violations = valid && validRequest, append(violations, more...)
		}
		if !valid {
			for _, violation := range violations {
				if violation.IsPathMissingError() && answer.Code >= http.StatusBadRequest {
					return // what is refused need not be described
				}
				t.Errorf("%s %s, %d: not as the OpenAPI document says: %s: %s\n%s",
					r.Method, r.RequestURI, answer.Code, violation.Message, violation.Reason, answer.Body)
			}
		}
	})
}

// bundle is an admin listener over a database with two organizations.
type bundle struct {
	url      string
	services admin.Services
	config   admin.Config
	pool     *dbpool.Pool
	log      *waittest.Log
}

func setup(t *testing.T, change ...func(*admin.Config)) *bundle {
	t.Helper()
	b := &bundle{pool: dbtest.New(t), log: new(waittest.Log)}
	file, err := seed.Parse([]byte(tenants))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	sealer, err := iam.NewSealer(t.Context(), b.pool, seal.Keys{}, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := seed.Apply(t.Context(), b.pool, sealer, file, now); err != nil {
		t.Fatal(err)
	}
	env := atlas.Env{Clock: time.Now, NewID: objectid.New, NewEventID: objectid.New, Pace: atlas.Paces["fast"]}
	b.services = admin.Services{
		TenantState: tenantstate.New(b.pool, env, tenantstate.Config{
			Sealer: sealer, OperatorToken: operatorToken, IsOperation: api.IsOperation, MaxThrowaways: 10,
		}),
		Journal: journal.New(b.pool, journal.Config{
			MaxBytes: 1 << 30, Fields: func() journal.Fields { return nil }, Log: slog.New(slog.NewJSONHandler(b.log, nil)),
		}),
	}
	b.config = admin.Config{
		Staging: true,
		BaseURL: "https://atlas.example.com",
		Metrics: metrics.New("test"),
		Ready:   func(context.Context) error { return nil },
		Log:     slog.New(slog.NewJSONHandler(b.log, nil)),
	}
	for _, f := range change {
		f(&b.config)
	}
	server := httptest.NewServer(asDescribed(t, admin.New(b.services, b.config)))
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

// as returns a client with the token.
func (b *bundle) as(token string) *staging.Client {
	return &staging.Client{Server: b.url, Token: token}
}

// answer is what a request was answered.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request that a Client would not.
func (b *bundle) do(t *testing.T, method, path, token, body string, change ...func(*http.Request)) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, f := range change {
		f(req)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(got)}
}

// isProblem fails the test unless err is a problem of the code.
func isProblem(t *testing.T, err error, want staging.Code) {
	t.Helper()
	problem, ok := err.(*staging.Problem) //nolint:errorlint // It is not wrapped.
	if !ok || problem.Code != want {
		t.Errorf("got %v, want a problem of the code %s", err, want)
	}
}
