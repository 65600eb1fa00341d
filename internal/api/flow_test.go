package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mongodb-forks/digest"
	"go.mongodb.org/atlas-sdk/v20250312001/auth/clientcredentials"
)

// A flow is what an unmodified client of Atlas sends, in its order, and what the
// client depends on in each answer. Each is gone through twice: signed with an
// API key, by the digest client that all Go clients of Atlas use, and with a
// token that Atlas' own Go client fetched.

// step is one request of a client.
type step struct {
	does   string        // what the client is at
	send   string        // method and request target; {name} stands for what was kept
	accept string        // date of the version; where there are none, a media range, or JSON if empty
	body   string        // byte for byte, but for what was kept
	status int           // 200 if left out
	served string        // date of the version that is answered in; the one in accept if left out
	reads  bodyReader    // nil if the client only looks at the status
	after  time.Duration // how long the client waits before it
}

// versioned says whether the step names a version.
func (s step) versioned() bool { return s.accept != "" && !strings.Contains(s.accept, "/") }

// jsonType is the media type of bodies that have no version.
const jsonType = "application/json"

// bodyReader checks what a client reads of a body.
type bodyReader func(t *testing.T, f *flow, body string)

// flow is a client at work.
type flow struct {
	bundle *bundle
	agent  string
	login  login
	trips  *trips
	kept   map[string]string
}

// login is how a client makes itself known.
type login interface {
	// begin starts a process of the client.
	begin(t *testing.T, f *flow)
	// client sends requests of the process.
	client() *http.Client
	// challenges says whether requests are asked for credentials first.
	challenges() bool
}

// process says how long a process of a client lives.
type process int

const (
	forCommands process = iota // one for each step
	forGood                    // one for all steps
)

// runFlow goes through the steps of a client, with both kinds of credentials,
// and then through what it does at its exit.
func runFlow(t *testing.T, agent string, lives process, steps []step, exit ...func(*testing.T, *flow)) {
	t.Helper()
	for name, login := range map[string]func() login{
		"with an API key":        func() login { return new(keyLogin) },
		"with a service account": func() login { return new(accountLogin) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			f := &flow{
				bundle: b, agent: agent, login: login(), trips: &trips{base: b.server.Client().Transport},
				kept: map[string]string{"org": demoOrg, "demo": demoProject},
			}
			for i, s := range steps {
				if i == 0 || lives == forCommands {
					f.login.begin(t, f)
					// Tokens are limited to ten in a minute.
					b.clock.advance(time.Minute)
				}
				b.clock.advance(s.after)
				if !t.Run(s.does, func(t *testing.T) { f.run(t, s) }) {
					return
				}
			}
			for _, leave := range exit {
				leave(t, f)
			}
		})
	}
}

// keyLogin signs with an API key.
type keyLogin struct{ c *http.Client }

func (l *keyLogin) begin(_ *testing.T, f *flow) {
	transport := digest.NewTransportWithHTTPRoundTripper("demoownr", privateKeys["demoownr"], f.trips)
	l.c = &http.Client{Transport: transport}
}

func (l *keyLogin) client() *http.Client { return l.c }

func (l *keyLogin) challenges() bool { return true }

// accountLogin fetches a token for each process.
type accountLogin struct {
	config *clientcredentials.Config
	token  string
	c      *http.Client
}

func (l *accountLogin) begin(t *testing.T, f *flow) {
	t.Helper()
	l.config = clientcredentials.NewConfig(demoClientID, demoClientSecret)
	l.config.TokenURL = f.bundle.server.URL + clientcredentials.TokenAPIPath
	l.config.RevokeURL = f.bundle.server.URL + clientcredentials.RevokeAPIPath
	asked := time.Now()
	token, err := l.config.Token(t.Context())
	if err != nil {
		t.Fatalf("fetch a token: got %v, want no error", err)
	}
	answered := time.Now()
	if token.Type() != "Bearer" ||
		token.Expiry.Before(asked.Add(time.Hour)) || token.Expiry.After(answered.Add(time.Hour)) {
		t.Errorf("token, asked for at %s: got type %s until %s, want Bearer for an hour", asked, token.Type(), token.Expiry)
	}
	l.token = token.AccessToken
	l.c = &http.Client{Transport: bearer{token: l.token, base: f.trips}}
}

func (l *accountLogin) client() *http.Client { return l.c }

func (l *accountLogin) challenges() bool { return false }

// bearer adds an access token to requests.
type bearer struct {
	token string
	base  http.RoundTripper
}

func (b bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+b.token)
	return b.base.RoundTrip(req)
}

// trips passes requests on and keeps what comes and goes.
type trips struct {
	base http.RoundTripper
	sent []string // the bodies of requests
	got  []answer
}

func (l *trips) RoundTrip(req *http.Request) (*http.Response, error) {
	var sent []byte
	if req.Body != nil {
		var err error
		if sent, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(sent))
	}
	resp, err := l.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	l.sent = append(l.sent, string(sent))
	l.got = append(l.got, answer{status: resp.StatusCode, header: resp.Header, body: string(body)})
	return resp, nil
}

// run sends a request and checks its answer, and the challenge before it.
func (f *flow) run(t *testing.T, s step) {
	t.Helper()
	f.trips.sent, f.trips.got = nil, nil
	body := f.fill(s.body)
	resp, err := f.login.client().Do(f.request(t, s, body))
	if err != nil {
		t.Fatalf("got %v, want an answer", err)
	}
	_ = resp.Body.Close()

	got := f.trips.got
	if f.login.challenges() {
		// Whatever the query asks for, and whatever the body is.
		checkChallenge(t, "challenge", got[0], "false")
		equal(t, "challenges", len(got[0].header.Values("WWW-Authenticate")), 1) // clients take the first
		got = got[1:]
	}
	if len(got) != 1 {
		t.Fatalf("got %d answers, want one", len(got))
	}
	for _, sent := range f.trips.sent {
		if sent != body {
			t.Errorf("sent %q, want %q: the client changed", sent, body)
		}
	}
	f.check(t, s, got[0])
}

func (f *flow) request(t *testing.T, s step, body string) *http.Request {
	t.Helper()
	method, target, _ := strings.Cut(f.fill(s.send), " ")
	contentType := jsonType
	if s.versioned() {
		contentType = "application/vnd.atlas." + s.accept + "+json"
	}
	accept := contentType
	if strings.Contains(s.accept, "/") {
		accept = s.accept
	}
	var content io.Reader = http.NoBody
	if body != "" {
		content = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, f.bundle.server.URL+target, content)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("User-Agent", f.agent)
	if body != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return req
}

// check holds an answer against what every client depends on, and then against
// what this one reads.
func (f *flow) check(t *testing.T, s step, got answer) {
	t.Helper()
	want := s.status
	if want == 0 {
		want = http.StatusOK
	}
	if got.status != want {
		t.Fatalf("got %d %s, want %d", got.status, got.body, want)
	}
	// Without a JSON type the SDK does not decode a body, not even an error's.
	contentType := jsonType
	if want < 400 && s.versioned() {
		served := s.served
		if served == "" {
			served = s.accept
		}
		contentType = "application/vnd.atlas." + served + "+json;charset=utf-8"
	}
	if got.body != "" && got.header.Get("Content-Type") != contentType {
		t.Errorf("got Content-Type %q, want %q", got.header.Get("Content-Type"), contentType)
	}
	if want == http.StatusNoContent && got.body != "" {
		t.Errorf("got %s, want no body", got.body)
	}
	if s.reads != nil {
		s.reads(t, f, got.body)
	}
}

// keep remembers what a later step names.
func (f *flow) keep(name string, value *string) { f.kept[name] = *value }

// fill puts what was kept in its places.
func (f *flow) fill(text string) string {
	for _, name := range slices.Sorted(maps.Keys(f.kept)) {
		text = strings.ReplaceAll(text, "{"+name+"}", f.kept[name])
	}
	return text
}

// reads decodes a body into the fields that a client reads, all of them pointers
// or slices, and passes them on. A field that is missing or null is an error,
// unless it is tagged `client:"unset"`: then it must be.
func reads[T any](check func(t *testing.T, f *flow, got T)) bodyReader {
	return func(t *testing.T, f *flow, body string) {
		t.Helper()
		var got T
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("got %s, want a body that the client can read: %v", body, err)
		}
		if missing := unread(reflect.ValueOf(got), "", false); len(missing) > 0 {
			t.Fatalf("got %s, which the client can't use for its %s", body, strings.Join(missing, ", "))
		}
		check(t, f, got)
	}
}

// unread returns the places of what should be set and is not, or the reverse.
func unread(v reflect.Value, place string, unset bool) []string {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if v.IsNil() != unset {
			return []string{"field " + place}
		}
	default:
	}
	var places []string
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			places = unread(v.Elem(), place, false)
		}
	case reflect.Slice:
		for i := range v.Len() {
			places = append(places, unread(v.Index(i), place+"[]", false)...)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			places = append(places, unread(v.Field(i), place+"."+name, field.Tag.Get("client") == "unset")...)
		}
	default:
	}
	return places
}

// refusedBody is an error as the SDK decodes it.
type refusedBody struct {
	Detail     *string `json:"detail"`
	Error      *int    `json:"error"`
	ErrorCode  *string `json:"errorCode"`
	Parameters []any   `json:"parameters"`
	Reason     *string `json:"reason"`
}

// refused reads the code of an error.
func refused(code string) bodyReader {
	return reads(func(t *testing.T, _ *flow, got refusedBody) {
		t.Helper()
		if *got.ErrorCode != code {
			t.Errorf("got %s, want %s", *got.ErrorCode, code)
		}
	})
}

// firstPage is the query of a list as Go clients send it when nobody asks for
// another page.
const firstPage = "?includeCount=true&itemsPerPage=100&pageNum=1"

// empty is a list as clients page through it, with nothing in it.
var empty = reads(func(t *testing.T, _ *flow, got struct {
	Results    []any `json:"results"`
	TotalCount *int  `json:"totalCount"`
}) {
	t.Helper()
	if len(got.Results) != 0 || *got.TotalCount != 0 {
		t.Errorf("got %d of %d, want nothing", len(got.Results), *got.TotalCount)
	}
})

// equal reports what a client got and did not expect.
func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// revoke gives a token back, as a client does at its exit, and sees that it is
// of no more use.
func revoke(t *testing.T, f *flow) {
	t.Helper()
	login, ok := f.login.(*accountLogin)
	if !ok {
		return // keys need no good-bye
	}
	token, err := login.config.Token(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatalf("fetch another token: got %v, want no error", err)
	}
	other := token.AccessToken
	token.AccessToken = login.token
	if err := login.config.RevokeToken(t.Context(), token); err != nil {
		t.Errorf("revoke the token: got %v, want no error", err)
	}
	got := f.bundle.do(t, request{token: login.token})
	if got.status != http.StatusUnauthorized || got.body != "" {
		t.Errorf("the token that was revoked: got %d %q, want 401 without a body", got.status, got.body)
	}
	if got := f.bundle.do(t, request{token: other}); got.status != http.StatusOK {
		t.Errorf("another token: got %d %s, want 200", got.status, got.body)
	}
}
