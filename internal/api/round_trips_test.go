package api_test

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/internal/dbtest"
)

// countingConn counts round trips: reads from the server after something was
// written to it.
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
	if c.wrote.Swap(false) {
		c.trips.Add(1)
	}
	return c.Conn.Read(p)
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
	return setupOn(t, pool), trips
}

// Each of the two is one statement and so one transaction, and the first only
// reads: one commit is waited for.
func TestCreateMakesTwoRoundTrips(t *testing.T) {
	t.Parallel()
	b, trips := setupCounting(t)
	token := b.token(t)
	for _, body := range []string{awsBody, azureBody, gcpBody} {
		b.do(t, request{token: token, body: body}) // prepares the statements
		trips.Store(0)
		if got := b.do(t, request{token: token, body: body}); got.status != http.StatusOK {
			t.Fatalf("got %d %s, want 200", got.status, got.body)
		}
		if got := trips.Load(); got != 2 {
			t.Errorf("%s: got %d round trips, want 2", body, got)
		}
	}
}
