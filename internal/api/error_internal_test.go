package api

import (
	"net/http"
	"slices"
	"testing"

	"exportbuckets/internal/atlas"
)

func TestEveryErrorCodeHasAStatus(t *testing.T) {
	t.Parallel()
	codes := atlas.Codes()
	for _, code := range codes {
		if status := statuses[code]; status < 400 || http.StatusText(status) == "" {
			t.Errorf("%s: got status %d, want that of an error", code, status)
		}
	}
	for code := range statuses {
		if !slices.Contains(codes, code) {
			t.Errorf("%s: got a status for what is no code", code)
		}
	}
}
