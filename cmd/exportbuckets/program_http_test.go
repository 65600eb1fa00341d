package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/mongodb-forks/digest"

	"exportbuckets/internal/waittest"
)

// The demo tenant, as the README has it.
const (
	demoBuckets  = "/api/atlas/v2/groups/5f0000000000000000000b01/backup/exportBuckets"
	otherBuckets = "/api/atlas/v2/groups/5f0000000000000000000b02/backup/exportBuckets"

	demoAccount = "mdb_sa_id_5f0000000000000000000c01"
	demoSecret  = "mdb_sa_sk_demo-owner-secret-not-for-production-01"

	demoSeedFile = "../../internal/seed/demo.yaml"
	demoBucket   = `{"cloudProvider":"AWS","bucketName":"export-bucket","iamRoleId":"5f0000000000000000000d01"}`
)

// demoKeys are the private keys of the demo tenant by their public keys.
var demoKeys = map[string]string{
	"demoownr": "d3300000-0000-4000-8000-000000000001",
	"demoproj": "d3300000-0000-4000-8000-000000000002",
	"demoread": "d3300000-0000-4000-8000-000000000003",
}

// newTransport returns connections that only this test uses.
func newTransport(t *testing.T) *http.Transport {
	t.Helper()
	transport := &http.Transport{ResponseHeaderTimeout: waittest.Patience}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// digestKey signs in with one of the demo tenant's API keys, as the Atlas SDK
// does.
func digestKey(t *testing.T, publicKey string) http.RoundTripper {
	t.Helper()
	return digestThrough(newTransport(t), publicKey)
}

func digestThrough(next http.RoundTripper, publicKey string) http.RoundTripper {
	return digest.NewTransportWithHTTPRoundTripper(publicKey, demoKeys[publicKey], next)
}

// withHeader sends a header along with every request.
type withHeader struct {
	name, value string
	next        http.RoundTripper
}

// RoundTrip sends the request with the header.
func (w withHeader) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set(w.name, w.value)
	return w.next.RoundTrip(req)
}

func withToken(t *testing.T, token string) http.RoundTripper {
	t.Helper()
	return withHeader{"Authorization", "Bearer " + token, newTransport(t)}
}

// answer is what a server answered.
type answer struct {
	status int
	header http.Header
	body   string
	close  bool // the connection is closed
}

// ask sends a request to the API; one with a body is a POST.
func (p *program) ask(t *testing.T, via http.RoundTripper, path, body string) answer {
	t.Helper()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+p.address+path, strings.NewReader(body))
	if err != nil {
		t.Fatalf("got error %v, want a request", err)
	}
	req.Header.Set("Accept", "application/vnd.atlas.2024-05-30+json")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return send(t, via, req)
}

// askForm sends a form with the service account's credentials in the header.
func (p *program) askForm(t *testing.T, path string, form url.Values) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(
		t.Context(), http.MethodPost, "http://"+p.address+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatalf("got error %v, want a request", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if !form.Has("client_id") {
		req.SetBasicAuth(demoAccount, demoSecret)
	}
	return send(t, newTransport(t), req)
}

// token returns a new access token of the demo tenant's service account.
func (p *program) token(t *testing.T) string {
	t.Helper()
	got := p.askForm(t, "/api/oauth/token", url.Values{"grant_type": {"client_credentials"}})
	wantStatus(t, got, http.StatusOK)
	token := text(t, got.body, "access_token")
	if token == "" {
		t.Fatalf("access token: got %s, want one", got.body)
	}
	return token
}

func send(t *testing.T, via http.RoundTripper, req *http.Request) answer {
	t.Helper()
	resp, err := via.RoundTrip(req)
	if err != nil {
		t.Fatalf("%s %s: got error %v, want an answer", req.Method, req.URL, err)
	}
	return readAnswer(t, resp)
}

func readAnswer(t *testing.T, resp *http.Response) answer {
	t.Helper()
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("got error %v, want a whole body", err)
	}
	return answer{resp.StatusCode, resp.Header, string(body), resp.Close}
}

func wantStatus(t *testing.T, got answer, want int) {
	t.Helper()
	if got.status != want {
		t.Fatalf("status: got %d, want %d; the body: %s", got.status, want, got.body)
	}
}

// text returns a string of a JSON object.
func text(t *testing.T, object, key string) string {
	t.Helper()
	var fields map[string]json.RawMessage
	var value string
	err := json.Unmarshal([]byte(object), &fields)
	if err == nil {
		err = json.Unmarshal(fields[key], &value)
	}
	if err != nil {
		t.Fatalf("%s: got %s (%v), want a string", key, object, err)
	}
	return value
}

// listed returns the ids of the buckets in a list.
func listed(t *testing.T, list string) []string {
	t.Helper()
	var body struct {
		Results []struct {
			ID string `json:"_id"`
		} `json:"results"`
	}
	if err := json.Unmarshal([]byte(list), &body); err != nil {
		t.Fatalf("list: got %s (%v), want JSON", list, err)
	}
	ids := []string{}
	for _, bucket := range body.Results {
		ids = append(ids, bucket.ID)
	}
	return ids
}

// probe returns the status that a probe of the server gets.
func (p *program) probe(t *testing.T, path string) int {
	t.Helper()
	transport := newTransport(t)
	defer transport.CloseIdleConnections() // not at the end of the test alone: many may probe
	client := http.Client{Transport: transport}
	resp, err := client.Get("http://" + p.address + path)
	if err != nil {
		t.Fatalf("%s: got error %v, want an answer", path, err)
	}
	return readAnswer(t, resp).status
}

// waitReady waits until the server says that it is ready. On a busy machine the
// database may be too slow for the server's own limit a few times.
func (p *program) waitReady(t *testing.T) {
	t.Helper()
	waittest.Until(t, "the server is ready", func() bool {
		return p.probe(t, "/readyz") == http.StatusOK
	})
}
