package api_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	validation "github.com/pb33f/libopenapi-validator/errors"
	"github.com/pb33f/libopenapi-validator/responses"
	"github.com/pb33f/libopenapi-validator/router"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	"github.com/pb33f/libopenapi/orderedmap"
)

// description is the OpenAPI document, and what holds requests and answers
// against it.
type description struct {
	model     *v3.Document
	validator validator.Validator
	responses responses.ResponseBodyValidator
	router    router.Router
}

// described reads the document once for all tests: that takes longer than most
// of them.
var described = sync.OnceValues(func() (*description, error) {
	data, err := os.ReadFile("openapi.yaml")
	if err != nil {
		return nil, err
	}
	document, err := libopenapi.NewDocument(data)
	if err != nil {
		return nil, err
	}
	model, err := document.BuildV3Model()
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(document,
		config.WithFormatAssertions(), config.WithURLEncodedBodyValidation(), config.WithRejectUndeclaredRequestBody())
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return &description{
		model:     &model.Model,
		validator: v,
		responses: v.GetResponseBodyValidator(),
		router:    router.NewRouter(&model.Model, router.WithPathLookup(noLookup{})),
	}, nil
})

// noLookup makes the router match paths by regular expressions alone. Its tree
// takes {clientId}:invite for a {clientId} that has no such method.
type noLookup struct{}

// Lookup finds nothing.
func (noLookup) Lookup(string) (*v3.PathItem, string, bool) { return nil, "", false }

func describe(t testing.TB) *description {
	t.Helper()
	d, err := described()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// asDescribed serves what handler serves, and fails the test if an answer is not
// as the OpenAPI document says, or if a request was served that is not. Closing
// the server waits for what is underway, so that no complaint comes after the
// test.
func asDescribed(t testing.TB, handler http.Handler) http.Handler {
	t.Helper()
	d := describe(t)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.Clone(r.Context())
		var sent bytes.Buffer
		served := r.WithContext(r.Context()) // net/http looks at the body that it made
		served.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(r.Body, &sent), r.Body}
		answer := &recorder{ResponseWriter: w}
		handler.ServeHTTP(answer, served)
		if asked.Context().Err() != nil {
			return // nobody is there to be answered
		}
		if complaints := d.check(asked, sent.Bytes(), answer); len(complaints) > 0 {
			t.Errorf("%s %s, %d: not as the OpenAPI document says:\n%s",
				r.Method, r.RequestURI, answer.status, strings.Join(complaints, "\n"))
		}
	})
}

// recorder keeps what it writes.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// Unwrap returns the writer that an http.ResponseController asks for what only it can.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	r.body.Write(p)
	return r.ResponseWriter.Write(p)
}

// check returns what the document has against a request and its answer.
func (d *description) check(asked *http.Request, sent []byte, answer *recorder) []string {
	if asked.Method == http.MethodHead {
		asked.Method = http.MethodGet // the handler has written the body
	}
	answer, unversioned := asVersioned(asked, answer)
	if len(asked.URL.Path) > 1 {
		asked.URL.Path = strings.TrimSuffix(asked.URL.Path, "/")
		asked.URL.RawPath = strings.TrimSuffix(asked.URL.RawPath, "/")
	}
	route, err := d.router.FindRoute(asked)
	if path := asked.URL.Path; strings.Contains(path, "//") || strings.HasSuffix(path, "/") {
		err = router.ErrPathNotFound // to the router, slashes in a row are one
	}
	// To the router, x:downloadOperationalLogs is a {tenantName}.
	notServed := answer.Header().Get("X-Error-Code") == "UNSUPPORTED_FOR_CURRENT_CONFIG"
	if (err != nil || unversioned || notServed) && refusesRoute(asked.Method, answer) {
		return nil
	}
	if err != nil {
		return []string{err.Error() + ", so the document does not describe what is served"}
	}
	complaints := d.checkAnswer(asked, route, answer)
	if answer.status/100 != 2 {
		return complaints // what is refused need not be valid
	}
	asked.Body = io.NopCloser(bytes.NewReader(sent))
	asked.ContentLength = int64(len(sent))
	asked.Header.Set("Content-Type", describedType(asked, answer))
	// The validator does not know allowEmptyValue. No parameter is required to be empty.
	query := asked.URL.Query()
	maps.DeleteFunc(query, func(_ string, values []string) bool { return values[0] == "" })
	asked.URL.RawQuery = query.Encode()
	_, refusals := d.validator.ValidateHttpRequestSyncWithPathItem(asked, route.PathItem, route.Path)
	return append(complaints, flatten("request", refusals)...)
}

// asVersioned turns a request of an unversioned API into one of the version that it
// is, which the document describes, and returns the answer as that version gives it.
func asVersioned(asked *http.Request, answer *recorder) (versioned *recorder, ok bool) {
	for root, date := range map[string]string{v1Root: "2023-01-01", v15Root: "2023-02-01"} {
		path, ok := strings.CutPrefix(asked.URL.Path, root)
		if !ok {
			continue
		}
		asked.URL.RawPath = strings.Replace(asked.URL.RawPath, root, apiRoot, 1)
		asked.URL.Path = apiRoot + path
		if asked.Header.Get("Content-Type") == jsonType {
			asked.Header.Set("Content-Type", "application/vnd.atlas."+date+"+json")
		}
		versioned := &recorder{ResponseWriter: httptest.NewRecorder(), status: answer.status, body: answer.body}
		maps.Copy(versioned.Header(), answer.Header())
		if answer.status/100 == 2 {
			versioned.Header().Set("Content-Type", "application/vnd.atlas."+date+"+json")
		}
		return versioned, true
	}
	return answer, false
}

// refusesRoute says whether the answer is one of those that no operation describes: to
// paths and methods that are none, and to operations of Atlas that are not served.
// Credentials are asked for first, and that may fail.
func refusesRoute(method string, answer *recorder) bool {
	h := answer.Header()
	empty := answer.body.Len() == 0
	switch h.Get("X-Error-Code") {
	case "RESOURCE_NOT_FOUND", "ATLAS_GROUP", "UNSUPPORTED_FOR_CURRENT_CONFIG",
		"IP_ADDRESS_NOT_ON_ACCESS_LIST", "ORG_REQUIRES_ACCESS_LIST", "RATE_LIMITED_TOKEN_BUCKET",
		"INVALID_VERSION_DATE", "VERSION_GONE", "INVALID_QUERY_PARAMETER":
		return !empty
	}
	switch answer.status {
	case http.StatusOK:
		return method == http.MethodOptions && h.Get("Allow") != "" && empty
	case http.StatusUnauthorized:
		return h.Get("WWW-Authenticate") != ""
	case http.StatusMethodNotAllowed:
		return h.Get("Allow") != "" && empty
	case http.StatusServiceUnavailable:
		return h.Get("Retry-After") != "" && !empty
	default:
		return false
	}
}

func (d *description) checkAnswer(asked *http.Request, route *router.Route, answer *recorder) []string {
	declared := route.Operation.Responses.Codes.GetOrZero(strconv.Itoa(answer.status))
	if declared == nil {
		return []string{"the status is not described"}
	}
	hasBody := answer.body.Len() > 0
	bearer := answer.status == http.StatusUnauthorized &&
		strings.HasPrefix(answer.Header().Get("WWW-Authenticate"), "Bearer ")
	switch mayHaveBody := orderedmap.Len(declared.Content) > 0; {
	case bearer && !hasBody:
		return nil // the description says so; OpenAPI has no way to
	case mayHaveBody && !hasBody:
		return []string{"the answer has no body"}
	case !mayHaveBody && hasBody:
		return []string{"the answer has a body: " + answer.body.String()}
	}
	_, refusals := d.responses.ValidateResponseBodyWithPathItem(asked, &http.Response{
		StatusCode: answer.status,
		Header:     answer.Header(),
		Body:       io.NopCloser(bytes.NewReader(answer.body.Bytes())),
	}, route.PathItem, route.Path)
	complaints := flatten("answer", refusals)
	if len(complaints) > 0 {
		complaints = append(complaints, "the answer is "+answer.body.String())
	}
	return complaints
}

// describedType is the media type under which the document describes the body of
// a request. Any version's media type will do for a body, whichever version
// serves the request; the document describes it under that one.
func describedType(asked *http.Request, answer *recorder) string {
	mediaType, _, err := mime.ParseMediaType(asked.Header.Get("Content-Type"))
	if err != nil {
		return asked.Header.Get("Content-Type")
	}
	if strings.HasPrefix(mediaType, "application/vnd.atlas.") {
		if served, _, err := mime.ParseMediaType(answer.Header().Get("Content-Type")); err == nil {
			return served
		}
	}
	return mediaType
}

// flatten writes each violation of the document, and what it consists of, in a
// line.
func flatten(of string, violations []*validation.ValidationError) []string {
	var complaints []string
	for _, violation := range violations {
		complaints = append(complaints, of+": "+violation.Message+": "+violation.Reason)
		for _, failure := range violation.SchemaValidationErrors {
			complaints = append(complaints,
				fmt.Sprintf("%s: %s %s (%s)", of, failure.FieldPath, failure.Reason, failure.KeywordLocation))
		}
	}
	return complaints
}

// What other tests rely on: that an answer is held against the document.
func TestWhatIsNotAsDescribedIsSeen(t *testing.T) {
	t.Parallel()
	d := describe(t)
	const (
		one    = demoBuckets + "/6a7900010203040506000001"
		invite = apiRoot + "/groups/" + demoProject + "/serviceAccounts/mdb_sa_id_6a7900010203040506000001:invite"
		gcp    = `{"_id":"6a7900010203040506000001","bucketName":"export-bucket","cloudProvider":"GCP",` +
			`"links":[{"href":"https://cloud.example.com/x","rel":"self"}],"roleId":"5f0000000000000000000d03"}`
		notFound = `{"detail":"x","error":404,"errorCode":"EXPORT_BUCKET_NOT_FOUND","parameters":[],"reason":"Not Found"}`
		page     = `{"links":[{"href":"https://cloud.example.com/x","rel":"self"}],"results":[],"totalCount":0}`
	)
	change := func(body, old, replacement string) string { return strings.Replace(body, old, replacement, 1) }
	served := http.Header{"Content-Type": {v2024 + ";charset=utf-8"}}
	refused := http.Header{"Content-Type": {"application/json"}, "X-Error-Code": {"EXPORT_BUCKET_NOT_FOUND"}}
	tests := []struct {
		name   string
		method string
		path   string
		sent   string
		status int
		header http.Header
		body   string
		want   string // in a complaint; empty for none
	}{
		{"nothing", "GET", one, "", 200, served, gcp, ""},
		{"an unknown key", "GET", one, "", 200, served, change(gcp, `{`, `{"x":1,`), "unevaluatedProperties"},
		{"another cloud provider's key", "GET", one, "", 200, served, change(gcp, `{`, `{"region":"us-east-1",`), "unevaluatedProperties"},
		{"a key in other letters", "GET", one, "", 200, served, change(gcp, `roleId`, `roleID`), "oneOf"},
		{"a missing key", "GET", one, "", 200, served, change(gcp, `"bucketName":"export-bucket",`, ``), "oneOf"},
		{"null", "GET", one, "", 200, served, change(gcp, `"5f0000000000000000000d03"`, `null`), "oneOf"},
		{"a bad id", "GET", one, "", 200, served, change(gcp, `5f`, `5F`), "oneOf"},
		{"a cloud provider that is none", "GET", one, "", 200, served, change(gcp, `GCP`, `IBM`), "oneOf"},
		{"no JSON", "GET", one, "", 200, served, gcp[1:], "cannot be decoded"},
		{"no body", "GET", one, "", 200, served, "", "no body"},
		{
			"a version that is none", "GET", one, "", 200,
			http.Header{"Content-Type": {"application/vnd.atlas.2025-03-12+json"}}, gcp, "2025-03-12",
		},
		{"what the version does not know", "GET", one, "", 200, http.Header{"Content-Type": {v2023}}, gcp, "GCP"},
		{"an envelope", "GET", one + "?envelope=true", "", 200, served, `{"content":` + gcp + `,"status":200}`, ""},
		{
			"an unknown key in an envelope", "GET", one + "?envelope=true", "", 200, served,
			`{"content":` + change(gcp, `{`, `{"x":1,`) + `,"status":200}`, "oneOf",
		},
		{
			"an unknown key of an envelope", "GET", one + "?envelope=true", "", 200, served,
			`{"content":` + gcp + `,"status":200,"x":1}`, "oneOf",
		},
		{"a list", "GET", demoBuckets, "", 200, served, page, ""},
		{"links in a list", "GET", demoBuckets, "", 200, served, change(page, `[]`, `[`+gcp+`]`), "unevaluatedProperties"},
		{"null for a list", "GET", demoBuckets, "", 200, served, change(page, `[]`, `null`), "results"},
		{"an unknown key of a list", "GET", demoBuckets, "", 200, served, change(page, `{`, `{"x":1,`), "unevaluatedProperties"},
		{"a link that is no page's", "GET", demoBuckets, "", 200, served, change(page, `self`, `next`), "links"},
		{"an error", "GET", one, "", 404, refused, notFound, ""},
		{"a code of another operation", "GET", demoBuckets, "", 404, refused, notFound, "x-error-code"},
		{"no code", "GET", one, "", 404, http.Header{"Content-Type": {"application/json"}}, notFound, "X-Error-Code"},
		{"null in an error", "GET", one, "", 404, refused, change(notFound, `[]`, `null`), "parameters"},
		{
			"a limit that is no number", "GET", one, "", 200,
			http.Header{"Content-Type": {v2024}, "Ratelimit-Limit": {"x"}}, gcp, "ratelimit-limit",
		},
		{
			"a day with a leading zero", "GET", one, "", 200,
			http.Header{"Content-Type": {v2024}, "Sunset": {"Thu, 01 Jul 2027 00:00:00 GMT"}}, gcp, "sunset",
		},
		{"a status that is not described", "GET", one, "", 201, served, gcp, "status"},
		{"a body of 204", "DELETE", one, "", 204, served, gcp, "has a body"},
		{"a request", "POST", demoBuckets, gcpBody, 200, served, gcp, ""},
		{
			"a bad request that is refused", "POST", demoBuckets, "{}", 404,
			http.Header{"Content-Type": {"application/json"}, "X-Error-Code": {"GROUP_NOT_FOUND"}},
			change(notFound, "EXPORT_BUCKET", "GROUP"), "",
		},
		{"a bad request that is served", "POST", demoBuckets, change(gcpBody, `{`, `{"x":1,`), 200, served, gcp, "request"},
		{"a bad parameter that is served", "GET", demoBuckets + "?pageNum=x", "", 200, served, page, "pageNum"},
		{"a bad id that is served", "GET", change(one, "6a", "6z"), "", 200, served, gcp, "exportBucketId"},
		{"a body that nobody reads", "DELETE", one, gcpBody, 204, served, "", "body"},
		{"a custom method", "POST", invite, `{}`, 404, http.Header{"X-Error-Code": {"GROUP_NOT_FOUND"}}, "", "no body"},
		{"a custom method that is none", "POST", invite + "d", `{}`, 404, http.Header{}, "", "not found"},
		{"a path that is none", "GET", apiRoot + "/nothing", "", 200, served, gcp, "not found"},
		{"a method that is none", "PUT", one, "", 200, served, gcp, "not found"},
		{"a slash at the end", "GET", one + "/", "", 200, served, gcp, ""},
		{"two slashes at the end", "GET", one + "//", "", 200, served, gcp, "not found"},
	}
	for _, tt := range tests {
		asked, err := http.NewRequestWithContext(t.Context(), tt.method, tt.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		asked.Header.Set("Authorization", "Bearer x")
		if tt.sent != "" {
			asked.Header.Set("Content-Type", v2024)
		}
		answer := &recorder{ResponseWriter: httptest.NewRecorder()}
		maps.Copy(answer.Header(), tt.header)
		answer.WriteHeader(tt.status)
		answer.body.WriteString(tt.body)
		got := strings.Join(d.check(asked, []byte(tt.sent), answer), "\n")
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %q, want a complaint with %q", tt.name, got, tt.want)
		}
	}
}
