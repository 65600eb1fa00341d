package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/torture"
)

// What one replica has answered every other one answers from then on, whatever was
// created, changed, deleted or revoked.
func TestTortureReplicas(t *testing.T) {
	t.Parallel()
	s := settings{
		flags: []string{"--seed", demoSeedFile, "--no-rate-limits"},
		env:   []string{"DATABASE_URL=" + dbtest.NewEmptyURL(t)},
	}
	var replicas []*program
	for range 3 {
		replicas = append(replicas, launchServer(t, s))
	}
	for _, p := range replicas {
		p.waitServing(t)
	}
	token := replicas[0].token(t)
	deadline := torture.Deadline(t, time.Second)
	var reads atomic.Int64
	var group sync.WaitGroup
	for client := range 4 {
		group.Go(func() {
			r := reader{replicas: replicas, via: withToken(t, token), reads: &reads}
			for step := 0; step == 0 || time.Now().Before(deadline) && !t.Failed(); step++ {
				r.oneBucket(t, fmt.Sprintf("row-%d-%d", client, step), step)
				r.oneToken(t, step)
			}
		})
	}
	group.Wait()
	torture.Figure(t, "reads", reads.Load())
	if !t.Failed() {
		torture.Figure(t, "stale-reads", 0)
	}
}

// reader writes through one replica and reads from the others.
type reader struct {
	replicas []*program
	via      http.RoundTripper
	reads    *atomic.Int64
}

// oneBucket creates, moves and deletes a bucket, each through another replica.
func (r reader) oneBucket(t *testing.T, name string, turn int) {
	t.Helper()
	writer := func(i int) string { return "http://" + r.replicas[(turn+i)%len(r.replicas)].address }
	got, err := try(r.via, http.MethodPost, writer(0)+demoBuckets, strings.Replace(demoBucket, "export-bucket", name, 1))
	if err != nil || got.status != http.StatusOK {
		t.Errorf("create: got %d %s (%v), want 200", got.status, got.body, err)
		return
	}
	one := demoBuckets + "/" + text(t, got.body, "_id")
	r.want(t, r.via, one, http.StatusOK, `"requirePrivateNetworking":false`)
	r.want(t, r.via, demoBuckets+"?itemsPerPage=500", http.StatusOK, name)
	got, err = try(r.via, http.MethodPatch, writer(1)+one, `{"requirePrivateNetworking":true}`)
	if err != nil || got.status != http.StatusOK {
		t.Errorf("update: got %d %s (%v), want 200", got.status, got.body, err)
	}
	r.want(t, r.via, one, http.StatusOK, `"requirePrivateNetworking":true`)
	got, err = try(r.via, http.MethodDelete, writer(2)+one, "")
	if err != nil || got.status != http.StatusNoContent {
		t.Errorf("delete: got %d %s (%v), want 204", got.status, got.body, err)
	}
	r.want(t, r.via, one, http.StatusNotFound, "EXPORT_BUCKET_NOT_FOUND")
}

// oneToken signs in and out through different replicas.
func (r reader) oneToken(t *testing.T, turn int) {
	t.Helper()
	token := r.replicas[turn%len(r.replicas)].token(t)
	via := withHeader{"Authorization", "Bearer " + token, http.DefaultTransport}
	r.want(t, via, demoBuckets, http.StatusOK, "results")
	got := r.replicas[(turn+1)%len(r.replicas)].askForm(t, "/api/oauth/revoke", url.Values{"token": {token}})
	wantStatus(t, got, http.StatusOK)
	r.want(t, via, demoBuckets, http.StatusUnauthorized, "")
}

// want reads from every replica.
func (r reader) want(t *testing.T, via http.RoundTripper, path string, status int, part string) {
	t.Helper()
	for i, p := range r.replicas {
		got, err := try(via, http.MethodGet, "http://"+p.address+path, "")
		r.reads.Add(1)
		if err != nil || got.status != status || !strings.Contains(got.body, part) {
			t.Errorf("replica %d, GET %s: got %d %s (%v), want %d with %s", i, path, got.status, got.body, err, status, part)
		}
	}
}
