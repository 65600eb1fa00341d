package api_test

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"exportbuckets/internal/api"
)

// The lines that are looked at have what the document says.
func TestOperationIDsAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	want := make(map[string]string)
	for route, op := range describe(t).operations() {
		want[route] = op.OperationId
	}
	got := make(map[string]string)
	for route := range want {
		got[route] = api.OperationID(route)
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("operation ids (-described +got):\n%s", diff)
	}
}
