package exportbuckets

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"exportbuckets/staging"
)

// What other tests have made is copied only if it is named.
func TestTheFirstOrganizationThatIsNoThrowAwayIsCopied(t *testing.T) {
	t.Parallel()
	ends := time.Now().Add(time.Hour)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(staging.List[staging.Organization]{Results: []staging.Organization{
			{ID: "5f0000000000000000000a01", Name: "TestOther", ExpiresAt: &ends},
			{ID: "5f0000000000000000000a02", Name: "base"},
		}})
	}))
	t.Cleanup(server.Close)
	c := &Container{adminURL: server.URL}
	for from, want := range map[string]string{
		"": "5f0000000000000000000a02/declared", "/live": "5f0000000000000000000a02/live",
		"base": "5f0000000000000000000a02/declared", "TestOther/live": "5f0000000000000000000a01/live",
	} {
		if got, err := c.source(t.Context(), from); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", from, got, err, want)
		}
	}
}
