package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/torture"
)

// Far more clients than can be served, each with as much to read and to answer as is
// allowed, get no fault, take no more memory than there is, and leave a server behind
// that serves.
func TestTortureOverload(t *testing.T) {
	t.Parallel()
	p := serve(t, settings{
		flags: []string{"--seed", demoSeedFile, "--no-rate-limits"},
		env:   []string{"DATABASE_URL=" + dbtest.NewEmptyURL(t)},
	})
	clients := 100
	if torture.Long() {
		clients = 2000
	}
	l := newTraffic(t, p, 0)
	seen := newLedger()
	ctx, cancel := context.WithDeadline(t.Context(), torture.Deadline(t, 2*time.Second))
	defer cancel()
	var group sync.WaitGroup
	for i := range clients {
		group.Go(func() { attack(ctx, i, l, seen) })
	}
	group.Wait()
	torture.Figure(t, "clients", clients)
	torture.Figure(t, "answers", seen)
	if seen.statuses[http.StatusInternalServerError] > 0 {
		t.Errorf("answers: got %v, want no fault", seen)
	}
	via := withHeader{"Authorization", "Bearer " + l.token, newTransport(t)}
	began := time.Now()
	got, err := try(via, http.MethodGet, "http://"+p.address+demoBuckets, "")
	if err != nil || got.status != http.StatusOK {
		t.Errorf("list afterwards: got %d %s (%v), want 200", got.status, got.body, err)
	}
	torture.WantAtMost(t, "answer-afterwards", time.Since(began), time.Second)
	const most = 256 // MiB
	peak := peakMemory(t, p.cmd.Process.Pid)
	torture.Figure(t, "peak-memory-in-mib", peak)
	if torture.Long() && peak > most {
		t.Errorf("memory: got a peak of %d MiB, want at most %d", peak, most)
	}
}

// attack sends what costs the server most, until ctx ends.
func attack(ctx context.Context, client int, l *traffic, seen *ledger) {
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	via := withHeader{"Authorization", "Bearer " + l.token, transport}
	url := "http://" + *l.address.Load()
	long := strings.Repeat("x", 250<<10)
	for n := client; ctx.Err() == nil; n++ {
		began := time.Now()
		var got answer
		switch n % 4 {
		case 0:
			got, _ = try(via, http.MethodPost, url+demoBuckets, strings.Replace(demoBucket, "export-bucket", long, 1))
		case 1:
			got, _ = try(via, http.MethodPatch, url+demoProject, `{"tags":[{"key":"`+long+`","value":"x"}]}`)
		case 2:
			got, _ = try(via, http.MethodGet, url+demoBuckets+"?itemsPerPage=500&pretty=true", "")
		case 3:
			got = trickle(ctx, via, url+demoBuckets, long)
		}
		seen.answered(got.status, time.Since(began))
	}
}

// trickle sends a body in parts, with pauses between them.
func trickle(ctx context.Context, via http.RoundTripper, url, body string) answer {
	r, w := io.Pipe()
	go func() {
		for part := range 5 {
			if _, err := io.WriteString(w, body[part*len(body)/5:(part+1)*len(body)/5]); err != nil {
				return
			}
			pause(ctx, 200*time.Millisecond)
		}
		_ = w.Close()
	}()
	defer func() { _ = r.Close() }()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, r)
	if err != nil {
		return answer{}
	}
	req.ContentLength = int64(len(body))
	req.Header.Set("Accept", "application/vnd.atlas.2024-05-30+json")
	req.Header.Set("Content-Type", "application/json")
	resp, err := via.RoundTrip(req)
	if err != nil {
		return answer{}
	}
	defer func() { _ = resp.Body.Close() }()
	return answer{status: resp.StatusCode}
}

var peakLine = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peakMemory returns how much memory a process has had at most, in MiB, or 0 where
// the system does not tell.
func peakMemory(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0
	}
	line := peakLine.FindSubmatch(status)
	if line == nil {
		return 0
	}
	kib, err := strconv.Atoi(string(line[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kib >> 10
}
