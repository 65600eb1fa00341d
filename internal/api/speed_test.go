package api_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/metrics"
	"exportbuckets/internal/waittest"
)

// operation is a request that is measured.
type operation struct {
	method, path, body string
	allocations        float64 // at most, with those of the test itself
}

var operations = map[string]operation{
	"create": {http.MethodPost, demoBuckets, awsBody, 233},
	"get":    {http.MethodGet, demoBuckets + "/6a7900010203040506000001", "", 197},
	"list":   {http.MethodGet, demoBuckets + "?itemsPerPage=100", "", 1200},
}

// setupSpeed returns a function that makes a request without a network, on a
// project with a hundred export buckets. What is done is counted if there are metrics.
func setupSpeed(t testing.TB, counted *metrics.Metrics) func(operation) {
	t.Helper()
	pool, err := dbpool.Open(t.Context(), dbtest.NewURL(t), 8, counted.QueryTracer())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	b := setupOn(t, pool, func(s *settings) {
		s.api.Metrics = counted
		s.api.RateLimits = false
		s.api.Log = slog.New(slog.DiscardHandler)
	})
	// The journal is there, and off.
	if _, err := b.pool.Exec(t.Context(), "UPDATE orgs SET journal_mode = 'off'"); err != nil {
		t.Fatal(err)
	}
	token := b.token(t)
	for range 100 {
		b.create(t, awsBody)
	}
	return func(op operation) {
		req := httptest.NewRequestWithContext(t.Context(), op.method, op.path, strings.NewReader(op.body))
		req.Header.Set("Accept", v2024)
		req.Header.Set("Content-Type", v2024)
		req.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		b.handler.ServeHTTP(w, req)
		if w.Code != http.StatusOK {
			t.Errorf("got %d %s, want 200", w.Code, w.Body)
		}
	}
}

// A request must not come to allocate more unseen.
//
//nolint:paralleltest // Counts the allocations of the whole process.
func TestRequestsAllocateNoMoreThanTheyDid(t *testing.T) {
	do, count := setupSpeed(t, nil), setupSpeed(t, metrics.New("test"))
	for name, op := range operations {
		most := op.allocations
		if waittest.RaceDetector() {
			most *= 1.1
		}
		got := leastAllocs(func() { do(op) })
		if got > most {
			t.Errorf("%s: got %.0f allocations, want at most %.0f", name, got, most)
		}
		most = got + 2
		if waittest.RaceDetector() {
			most *= 1.1
		}
		if counted := leastAllocs(func() { count(op) }); counted > most {
			t.Errorf("%s: got %.0f allocations where requests are counted, want at most two more than %.0f", name, counted, got)
		}
	}
}

// leastAllocs returns how many allocations f takes, without those of a garbage collection in
// between, which empties pools.
func leastAllocs(f func()) float64 {
	least := testing.AllocsPerRun(100, f)
	for range 4 {
		least = min(least, testing.AllocsPerRun(50, f))
	}
	return least
}

// BenchmarkOperations measures the whole way of a request but for the network:
// from the router to the database and back, by 64 clients.
func BenchmarkOperations(b *testing.B) {
	do := setupSpeed(b, nil)
	for name, op := range operations {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					do(op)
				}
			})
		})
	}
}
