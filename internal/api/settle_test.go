package api_test

import (
	"net/http"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"exportbuckets/internal/api"
)

// gone deletes the cluster c and lets time pass until it is gone.
func (b *bundle) gone(t *testing.T) {
	t.Helper()
	b.createCluster(t, "c")
	b.sendAs(t, "2023-02-01", http.StatusAccepted, http.MethodDelete, demoClusters+"/c", "")
	b.clock.advance(6 * time.Second)
}

func (b *bundle) countClusters(t *testing.T) int {
	t.Helper()
	var count int
	if err := b.pool.QueryRow(t.Context(), "SELECT count(*) FROM clusters WHERE project_id <> $1", demoBackups).Scan(&count); err != nil {
		t.Fatal(err)
	}
	return count
}

// seesTime are the routes to what time changes.
var seesTime = regexp.MustCompile(`^\w+ .*/groups/:groupId/(clusters|flexClusters|accessList|databaseUsers|events)\b|^DELETE .*/groups/:groupId(/backup/exportBuckets/:exportBucketId)?$`)

func TestWhatSeesTimeSettlesFirst(t *testing.T) {
	t.Parallel()
	settling, access := api.Settling(), api.Access()
	for _, route := range api.Routes() {
		if got, want := slices.Contains(settling, route), seesTime.MatchString(route); got != want {
			t.Errorf("%s: got settling %t, want %t", route, got, want)
		}
	}
	for _, route := range settling {
		if leastOf[access[route]].onProject < reader {
			t.Errorf("%s settles and proves %s, want a proof for a project", route, access[route])
		}
	}
}

// Settling is no write of the caller.
func TestWhoMayOnlyReadSettlesAProject(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.gone(t)
	got := b.do(t, request{path: demoClusters + "/c", key: "demoread", header: http.Header{"Accept": {v2025}}})
	if got.status != http.StatusNotFound || b.countClusters(t) != 0 {
		t.Errorf("got %d %s and %d clusters, want 404 and none", got.status, got.body, b.countClusters(t))
	}
}

// Who finds nothing past its time makes no statement to learn it.
func TestAProjectWithNothingPastItsTimeTakesNoRoundTripMore(t *testing.T) {
	t.Parallel()
	b, trips := setupCounting(t)
	token := b.token(t)
	look := func() int64 {
		t.Helper()
		trips.Store(0)
		b.do(t, request{path: demoClusters, token: token, header: http.Header{"Accept": {v2025}}})
		return trips.Load()
	}
	b.gone(t)
	look() // so that all statements are prepared
	for _, tt := range []struct {
		what    string
		prepare func()
	}{
		{"no cluster", func() {}},
		{"a cluster, and one that is being deleted", func() {
			b.createCluster(t, "c")
			b.createCluster(t, "d")
			b.sendAs(t, "2023-02-01", http.StatusAccepted, http.MethodDelete, demoClusters+"/d", "")
		}},
		{"one that has just been removed", func() {
			b.clock.advance(6 * time.Second)
			look()
		}},
	} {
		tt.prepare()
		if got := look(); got != 2 {
			t.Errorf("%s: got %d round trips, want 2", tt.what, got)
		}
	}
}

// Of many that find something past its time at once one removes it, and all see it gone.
func TestManySettleAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.RateLimits = false })
	token := b.token(t)
	for range 5 {
		b.gone(t)
		var looking sync.WaitGroup
		for range 8 {
			looking.Go(func() {
				got := b.do(t, request{path: demoClusters + "/c", token: token, header: http.Header{"Accept": {v2025}}})
				if got.status != http.StatusNotFound {
					t.Errorf("got %d %s, want 404", got.status, got.body)
				}
			})
		}
		looking.Wait()
	}
	if got := b.countClusters(t); got != 0 {
		t.Errorf("got %d clusters, want none", got)
	}
}
