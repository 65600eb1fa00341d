package main

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/torture"
)

// Clients that leave before they are answered cost the server a statement each, and
// no connection to the database.
func TestTortureLeavers(t *testing.T) {
	t.Parallel()
	address := dbtest.NewEmptyURL(t)
	p := serve(t, settings{
		flags: []string{"--seed", demoSeedFile, "--no-rate-limits"},
		env:   []string{"DATABASE_URL=" + address},
	})
	conn := connect(t, address)
	sessions := func() int {
		return query[int](t, conn, "SELECT sessions::int FROM pg_stat_database WHERE datname = current_database()")[0]
	}
	token := p.token(t)
	before := sessions()
	ctx, cancel := context.WithDeadline(t.Context(), torture.Deadline(t, 2*time.Second))
	defer cancel()
	kinds := []struct{ method, path, body string }{
		{http.MethodGet, demoBuckets, ""},
		{http.MethodGet, "/api/atlas/v2/groups", ""},
		{http.MethodPatch, demoProject, `{"name":"Demo Project"}`},
		{http.MethodDelete, demoBuckets + "/5f00000000000000000fffff", ""},
	}
	var left, answered atomic.Int64
	var group sync.WaitGroup
	for range 60 {
		group.Go(func() {
			via := withHeader{"Authorization", "Bearer " + token, newTransport(t)}
			for ctx.Err() == nil {
				kind := kinds[rand.N(len(kinds))]
				if leave(ctx, via, kind.method, "http://"+p.address+kind.path, kind.body) {
					left.Add(1)
				} else {
					answered.Add(1)
				}
			}
		})
	}
	group.Wait()
	torture.Figure(t, "left", left.Load())
	torture.Figure(t, "answered", answered.Load())
	opened := sessions() - before
	torture.Figure(t, "connections-opened", opened)
	// Those of the pool, and some in place of those whose statement did not end soon.
	if opened > 24+int(left.Load()/1000) {
		t.Errorf("got %d connections that were opened, want no more than the pool has", opened)
	}
}

// leave sends a request, and reports whether it gave up before the answer came.
func leave(ctx context.Context, via http.RoundTripper, method, url, body string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(1000+rand.N(7000))*time.Microsecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Accept", "application/vnd.atlas.2024-05-30+json")
	req.Header.Set("Content-Type", "application/json")
	resp, err := via.RoundTrip(req)
	if err != nil {
		return true
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = io.Copy(io.Discard, resp.Body)
	return err != nil
}
