package dbpool

import (
	"context"
	"strconv"
	"testing"

	"exportbuckets/internal/objectid"
	"exportbuckets/internal/share"
)

// One organization has at most a quarter of the connections, and all have three
// quarters, but for one turn of each kind at least.
func TestTurnsAreAPartOfTheConnections(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		connections  int32
		ofOne, ofAll int
	}{
		{100, 25, 75}, {16, 4, 12}, {8, 2, 6}, {4, 2, 3}, {1, 2, 2},
	} {
		t.Run(strconv.Itoa(int(tt.connections)), func(t *testing.T) {
			t.Parallel()
			pool, err := Open(t.Context(), "postgres://192.0.2.1/none", tt.connections, nil) // it connects to nothing
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(pool.Close)
			got := turns(t, pool.writes, objectid.ID{1}) + turns(t, pool.principals, objectid.ID{1})
			if got != tt.ofOne {
				t.Errorf("one organization: got %d turns, want %d", got, tt.ofOne)
			}
			for i := range byte(tt.connections) {
				got += turns(t, pool.writes, objectid.ID{2, i}) + turns(t, pool.principals, objectid.ID{2, i})
			}
			if got != tt.ofAll {
				t.Errorf("all organizations: got %d turns, want %d", got, tt.ofAll)
			}
		})
	}
}

// turns takes all that an organization can have without waiting, and counts them.
func turns(t *testing.T, of *share.Pool[objectid.ID], orgID objectid.ID) (count int) {
	t.Helper()
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	for {
		if _, err := of.Take(impatient, orgID, 1); err != nil {
			return count
		}
		count++
	}
}
