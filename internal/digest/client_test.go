package digest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	client "github.com/mongodb-forks/digest"

	"exportbuckets/internal/digest"
)

const (
	clientUsername = "abcdefgh"
	clientPassword = "5d7a1f0c-2b3e-4a6d-9c8b-7e6f5a4b3c2d"
)

// serve answers as a server made of this package does, and repeats method and
// body of a request it lets in.
func serve(w http.ResponseWriter, r *http.Request, nonceAge time.Duration) {
	challenge := func(stale bool) {
		nonce := digest.NewNonce(nonceKey(), nonceTime().Add(-nonceAge))
		w.Header().Set("WWW-Authenticate", digest.Challenge(apiRealm, nonce, stale))
		w.WriteHeader(http.StatusUnauthorized)
	}
	credentials, err := digest.Parse(r.Header.Get("Authorization"))
	if err != nil {
		challenge(false)
		return
	}
	ha1 := digest.HA1(clientUsername, apiRealm, clientPassword)
	known := credentials.Username == clientUsername && credentials.URI == r.RequestURI
	if !known || !credentials.Verify(ha1, r.Method) {
		challenge(false)
		return
	}
	if !fresh(nonceKey(), credentials.Nonce, nonceTime(), lifetime) {
		challenge(true)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	_, _ = fmt.Fprintf(w, "%s %s", r.Method, body)
}

func TestGoClient(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		username  string
		password  string
		method    string
		target    string
		body      string
		nonceAge  time.Duration
		want      int
		wantBody  string
		wantStale string
	}{
		{
			name: "reads", username: clientUsername, password: clientPassword,
			method: http.MethodGet, target: "/api/atlas/v2/groups?pretty=true&pageNum=1",
			want: http.StatusOK, wantBody: "GET ",
		},
		{
			name: "writes a body", username: clientUsername, password: clientPassword,
			method: http.MethodPost, target: "/api/atlas/v2/groups", body: `{"name":"x"}`,
			want: http.StatusOK, wantBody: `POST {"name":"x"}`,
		},
		{
			name: "asks for a target with escapes", username: clientUsername, password: clientPassword,
			method: http.MethodDelete, target: `/a%20b/c%2Fd?q=%22\x"`,
			want: http.StatusOK, wantBody: "DELETE ",
		},
		{
			name: "has the wrong password", username: clientUsername, password: "5d7a1f0c",
			method: http.MethodGet, target: "/api/atlas/v2/groups",
			want: http.StatusUnauthorized, wantStale: "stale=false",
		},
		{
			name: "has an unknown username", username: "hgfedcba", password: clientPassword,
			method: http.MethodGet, target: "/api/atlas/v2/groups",
			want: http.StatusUnauthorized, wantStale: "stale=false",
		},
		{
			name: "answers too late", username: clientUsername, password: clientPassword,
			method: http.MethodGet, target: "/api/atlas/v2/groups", nonceAge: lifetime + time.Second,
			want: http.StatusUnauthorized, wantStale: "stale=true",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				serve(w, r, tt.nonceAge)
			}))
			t.Cleanup(server.Close)
			transport := client.NewTransportWithHTTPRoundTripper(tt.username, tt.password, server.Client().Transport)
			request, err := http.NewRequestWithContext(
				t.Context(), tt.method, server.URL+tt.target, strings.NewReader(tt.body))
			if err != nil {
				t.Fatalf("got error %v, want none", err)
			}

			response, err := transport.RoundTrip(request)
			if err != nil {
				t.Fatalf("got error %v, want none", err)
			}
			defer func() { _ = response.Body.Close() }()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatalf("got error %v, want none", err)
			}

			if response.StatusCode != tt.want {
				t.Errorf("status: got %d, want %d", response.StatusCode, tt.want)
			}
			if got := string(body); got != tt.wantBody {
				t.Errorf("body: got %q, want %q", got, tt.wantBody)
			}
			if got := response.Header.Get("WWW-Authenticate"); !strings.HasSuffix(got, tt.wantStale) {
				t.Errorf("challenge: got %q, want it to end in %q", got, tt.wantStale)
			}
		})
	}
}
