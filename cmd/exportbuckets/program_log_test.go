package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/dbtest"
)

func TestTheLogHasNoSecretInIt(t *testing.T) {
	t.Parallel()
	p := serve(t, settings{
		flags: []string{"--seed", demoSeedFile, "--log-level", "debug"},
		env:   []string{"DATABASE_URL=" + dbtest.NewEmptyURL(t)},
	})
	token := p.token(t)
	sent := &authorizations{next: newTransport(t)}
	// All kinds of credentials, each right and wrong.
	p.ask(t, withToken(t, token), demoBuckets, demoBucket)
	p.ask(t, withToken(t, token), demoBuckets, `{"cloudProvider":`)
	p.ask(t, withToken(t, token), otherBuckets+"?access_token="+token, "")
	p.ask(t, withHeader{"Authorization", "Bearer " + token + "x", sent}, demoBuckets, "")
	p.ask(t, withHeader{"Authorization", "Token " + token, sent}, demoBuckets, "")
	p.ask(t, withHeader{"Authorization", "Digest " + demoKeys["demoownr"], sent}, demoBuckets, "")
	signed := p.ask(t, digestThrough(sent, "demoownr"), demoBuckets, "")
	p.ask(t, digestThrough(sent, "demoproj"), demoBuckets, demoBucket)
	p.ask(t, digestThrough(sent, "demoread"), demoBuckets, demoBucket)
	wantStatus(t, signed, http.StatusOK)
	inForm := url.Values{"client_id": {demoAccount}, "client_secret": {demoSecret}}
	inForm.Set("grant_type", "password")
	p.askForm(t, "/api/oauth/token", inForm)
	inForm.Set("grant_type", "client_credentials")
	p.askForm(t, "/api/oauth/token?client_secret="+demoSecret, inForm)
	inForm.Set("client_secret", demoSecret+"x")
	p.askForm(t, "/api/oauth/token", inForm)
	inForm.Set("token", token)
	p.askForm(t, "/api/oauth/revoke", inForm)
	wantStatus(t, p.askForm(t, "/api/oauth/revoke", url.Values{"token": {token}}), http.StatusOK)
	p.ask(t, withToken(t, token), demoBuckets, "")

	log := p.stop(t).log
	if events := strings.Count(log, "msg=request "); events < 15 {
		t.Fatalf("events: got %d, want one for each request; the log:\n%s", events, log)
	}
	hash := sha256.Sum256([]byte(token))
	secrets := map[string]string{
		"access token":              token,
		"hash of the access token":  hex.EncodeToString(hash[:]),
		"client secret":             demoSecret,
		"basic credentials":         base64.StdEncoding.EncodeToString([]byte(demoAccount + ":" + demoSecret)),
		"private key of demoownr":   demoKeys["demoownr"],
		"private key of demoproj":   demoKeys["demoproj"],
		"private key of demoread":   demoKeys["demoread"],
		"name of the secret header": "Authorization",
	}
	for _, value := range sent.all() {
		_, credentials, _ := strings.Cut(value, " ")
		secrets["Authorization header "+value] = credentials
		if _, response, ok := strings.Cut(value, `response="`); ok {
			secrets["digest response of "+value] = response[:32]
		}
	}
	for name, secret := range secrets {
		if strings.Contains(log, secret) {
			t.Errorf("log: got one with the %s, want none:\n%s", name, log)
		}
	}
}

// authorizations keeps the Authorization headers that are sent through it.
type authorizations struct {
	next http.RoundTripper

	mu     sync.Mutex
	values []string
}

// RoundTrip sends the request and keeps its header.
func (a *authorizations) RoundTrip(req *http.Request) (*http.Response, error) {
	if value := req.Header.Get("Authorization"); value != "" {
		a.mu.Lock()
		a.values = append(a.values, value)
		a.mu.Unlock()
	}
	return a.next.RoundTrip(req)
}

func (a *authorizations) all() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.values
}

// requestEvent is an event of the log.
type requestEvent struct {
	Message   string `json:"msg"`
	RequestID string `json:"request_id"`
	Method    string `json:"method"`
	Path      string `json:"path"`
	Status    int    `json:"status"`
	Principal string `json:"principal"`
}

func TestEachRequestIsOneEventWithItsID(t *testing.T) {
	t.Parallel()
	p := serve(t, settings{
		flags: []string{"--seed", demoSeedFile, "--log-format", "json"},
		env:   []string{"DATABASE_URL=" + dbtest.NewEmptyURL(t)},
	})
	named := func(id string) http.RoundTripper {
		return withHeader{"X-Request-Id", id, digestKey(t, "demoownr")}
	}

	taken := p.ask(t, withHeader{"X-Request-Id", "my-request.1", newTransport(t)}, demoBuckets, "")
	if got := taken.header.Get("X-Request-Id"); got != "my-request.1" {
		t.Errorf("X-Request-Id: got %q, want that of the request", got)
	}
	signed := p.ask(t, named("my-request.2"), demoBuckets, demoBucket)
	wantStatus(t, signed, http.StatusOK)
	made := p.ask(t, newTransport(t), "/nowhere", "").header.Get("X-Request-Id")
	if len(made) != 32 {
		t.Errorf("X-Request-Id of a request without one: got %q, want 32 hex digits", made)
	}
	forged := "id with blanks and msg=request"
	replaced := p.ask(t, withHeader{"X-Request-Id", forged, newTransport(t)}, "/nowhere", "").header.Get("X-Request-Id")
	if replaced == forged || replaced == made || replaced == "" {
		t.Errorf("X-Request-Id of a request with %q: got %q, want a new one", forged, replaced)
	}
	if got := p.probe(t, "/healthz"); got != http.StatusOK {
		t.Errorf("/healthz: got %d, want %d", got, http.StatusOK)
	}

	want := []requestEvent{
		{"request", "my-request.1", "GET", demoBuckets, http.StatusUnauthorized, ""},
		// The client asks for the challenge first.
		{"request", "my-request.2", "POST", demoBuckets, http.StatusUnauthorized, ""},
		{"request", "my-request.2", "POST", demoBuckets, http.StatusOK, "5f0000000000000000000e01"},
		{"request", made, "GET", "/nowhere", http.StatusNotFound, ""},
		{"request", replaced, "GET", "/nowhere", http.StatusNotFound, ""},
	}
	if diff := cmp.Diff(want, requestEvents(t, p.stop(t).log)); diff != "" {
		t.Errorf("events of requests (-want +got):\n%s", diff)
	}
}

// requestEvents returns the events of requests in a log of JSON.
func requestEvents(t *testing.T, log string) []requestEvent {
	t.Helper()
	var events []requestEvent
	for line := range strings.Lines(log) {
		var event requestEvent
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Errorf("line of the log: got %q (%v), want JSON", line, err)
		}
		if event.Message == "request" {
			events = append(events, event)
		}
	}
	return events
}
