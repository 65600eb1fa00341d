package api_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/dbtest"
)

// countingConn counts round trips: what was read from the server after something was
// written to it. A read may begin before the write.
type countingConn struct {
	net.Conn
	trips *atomic.Int64
	wrote atomic.Bool
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.wrote.Store(true)
	return c.Conn.Write(p)
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && c.wrote.Swap(false) {
		c.trips.Add(1)
	}
	return n, err
}

// setupCounting returns a bundle with one connection, and the number of its round
// trips.
func setupCounting(t *testing.T) (*bundle, *atomic.Int64) {
	t.Helper()
	trips := new(atomic.Int64)
	config, err := pgxpool.ParseConfig(dbtest.NewURL(t))
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 1
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &countingConn{Conn: conn, trips: trips}, nil
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return setupOn(t, dbpool.New(pool)), trips
}

// A round trip finds the caller, and one does the rest. Each is one statement
// and so one transaction, and the first only reads: one commit is waited for.
func TestRequestsMakeTwoRoundTrips(t *testing.T) {
	t.Parallel()
	b, trips := setupCounting(t)
	token := b.token(t)
	gone := "6a7900010203040506999999"
	for name, tt := range map[string]struct {
		r    request
		want int64
	}{
		"create in AWS":            {request{body: awsBody}, 2},
		"create in AZURE":          {request{body: azureBody}, 2},
		"create in GCP":            {request{body: gcpBody}, 2},
		"create, with a key":       {request{body: awsBody, key: "demoownr"}, 2}, // and none for the challenge
		"get":                      {request{path: demoBuckets + "/6a7900010203040506000001"}, 2},
		"get what is not there":    {request{path: demoBuckets + "/" + gone}, 2},
		"list":                     {request{path: demoBuckets}, 2},
		"list, uncounted":          {request{path: demoBuckets + "?includeCount=false"}, 2},
		"list past the end":        {request{path: demoBuckets + "?pageNum=9"}, 3}, // no row has the count
		"delete what is not there": {request{method: http.MethodDelete, path: demoBuckets + "/" + gone}, 2},
		"no credentials":           {request{bare: true}, 0},
		"no token":                 {request{token: "x"}, 1},
		"a nonce of another server": {request{bare: true, header: http.Header{"Authorization": {
			digestHeader("demoownr", privateKeys["demoownr"], "q1W2e3R4t5Y6u7I8o9P0a+S/d1F2g3H4", "GET", demoBuckets),
		}}}, 0},
		"an unknown key": {request{bare: true, header: http.Header{"Authorization": {
			digestHeader("nobodyat", privateKeys["demoownr"], b.nonce(t), "GET", demoBuckets),
		}}}, 1},
		"a known key with the private key of another": {request{bare: true, header: http.Header{"Authorization": {
			digestHeader("demoproj", privateKeys["demoownr"], b.nonce(t), "GET", demoBuckets),
		}}}, 1},
		"no body": {request{method: http.MethodPost}, 1},
	} {
		if tt.r.token == "" && tt.r.key == "" && !tt.r.bare {
			tt.r.token = token
		}
		b.do(t, tt.r) // prepares the statements
		trips.Store(0)
		got := b.do(t, tt.r)
		if trips.Load() != tt.want {
			t.Errorf("%s: got %d round trips to answer %d, want %d", name, trips.Load(), got.status, tt.want)
		}
	}
}

// One alone would make two round trips.
func TestRequestsAtOnceShareRoundTrips(t *testing.T) {
	t.Parallel()
	b, trips := setupCounting(t)
	token := b.token(t)
	b.create(t, awsBody)
	const many = 200
	trips.Store(0)
	var wg sync.WaitGroup
	for range many {
		wg.Go(func() {
			if got := b.do(t, request{token: token, body: awsBody}); got.status != http.StatusOK {
				t.Errorf("got %d %s, want 200", got.status, got.body)
			}
		})
	}
	wg.Wait()
	if got := trips.Load(); got >= many {
		t.Errorf("got %d round trips for %d creations at once, want less than one for each", got, many)
	}
	if got := b.countBuckets(t); got != many+1 {
		t.Errorf("got %d buckets, want each of the %d that were acknowledged", got, many+1)
	}
}
