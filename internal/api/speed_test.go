package api_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/metrics"
	"exportbuckets/internal/waittest"
)

// operation is a request that is measured.
type operation struct {
	name, method, path, body string
	allocations              float64 // at most, with those of the test itself
}

// The one that adds rows is the last: the others find as many in every run.
var operations = []operation{
	{"list", http.MethodGet, demoBuckets + "?itemsPerPage=100", "", 1200},
	{"get", http.MethodGet, demoBuckets + "/6a7900010203040506000001", "", 197},
	{"create", http.MethodPost, demoBuckets, awsBody, 233},
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
	more := 1.0
	if waittest.RaceDetector() {
		more = 1.2 // It has pools lose what was put back, by chance.
	}
	for _, op := range operations {
		most := op.allocations * more
		got := usualAllocs(func() { do(op) })
		if got > most {
			t.Errorf("%s: got %.0f allocations, want at most %.0f", op.name, got, most)
		}
		// Two, and one in five hundred: a long answer of the database comes in more reads or fewer.
		most = (got*1.002 + 2) * more
		if counted := usualAllocs(func() { count(op) }); counted > most {
			t.Errorf("%s: got %.0f allocations where requests are counted, want at most two more than %.0f", op.name, counted, got)
		}
	}
}

// usualAllocs returns how many allocations f takes: the median of many rounds, since things run
// beside it. Garbage is not collected meanwhile, which would empty the pools that f takes from.
func usualAllocs(f func()) float64 {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	rounds := make([]float64, 21)
	for i := range rounds {
		rounds[i] = testing.AllocsPerRun(10, f)
	}
	slices.Sort(rounds)
	return rounds[len(rounds)/2]
}

// BenchmarkOperations measures the whole way of a request but for the network:
// from the router to the database and back, by 64 clients.
func BenchmarkOperations(b *testing.B) {
	do := setupSpeed(b, nil)
	for _, op := range operations {
		b.Run(op.name, func(b *testing.B) {
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
