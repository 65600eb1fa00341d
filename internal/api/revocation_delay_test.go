package api_test

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/torture"
	"exportbuckets/internal/waittest"
)

// Whoever waits for a row that someone holds, on as many connections as the server
// has, does not hold up its own revocation, and changes nothing once the row is free.
func TestTortureAWriteThatWaitsDoesNotHoldUpTheRevocationOfItsCaller(t *testing.T) {
	t.Parallel()
	// Nobody waits for the credentials that a request is about but those that change them.
	credentialRows := []string{
		"principals WHERE org_id = $1 AND id IN ('" + spareKey + "', '" + strings.TrimPrefix(spareAccount, "mdb_sa_id_") + "')",
	}
	for _, tt := range []struct {
		kind, revocation string
		rows             []string
		least            int // of writes that wait
		turns            int // how many of a write wait in the database at a time
	}{
		{"an API key", "its role", projectRows, 15, heldTurns},
		{"a service account", "its token", projectRows, 15, heldTurns},
		{"a project's key", "its project", projectRows, 15, heldTurns},
		{"a project's key", "itself", projectRows, 15, heldTurns},
		{"a project's account", "its secret", projectRows, 15, heldTurns},
		{"an API key", "itself", credentialRows, 8, 1},
		{"a service account", "its role", credentialRows, 8, 1},
	} {
		t.Run(tt.kind+", "+tt.revocation+", "+strings.Fields(tt.rows[0])[0], func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(s *settings) { s.api.RateLimits = false })
			b.prepare(t)
			var waited []time.Duration
			for _, write := range writes() {
				b.pass(t, write.after)
				h := heldWrite{bundle: b, write: write, held: tt.rows, turns: tt.turns, who: b.newCredential(t, credentialKinds[tt.kind])}
				if h.who.may(write) {
					took, waits := h.revoke(t, revocations[tt.revocation])
					if !waits { // it is made
						continue
					}
					waited = append(waited, took)
				}
				method, path := write.methodAndPath()
				b.sendNewest(t, write.status, method, path, write.body, nil)
			}
			if len(waited) < tt.least {
				t.Fatalf("got %d writes that wait, want at least %d", len(waited), tt.least)
			}
			torture.Figure(t, "writes-that-wait", len(waited))
			torture.WantAtMost(t, "longest-revocation", slices.Max(waited), time.Second)
		})
	}
}

// heldWrite is a write of a credential that is made on many connections while
// someone holds the rows of projects, and of what they own.
type heldWrite struct {
	*bundle

	write   access
	who     credential
	held    []string // rows
	turns   int
	writers sync.WaitGroup
	ended   atomic.Int64
}

const (
	heldConnections = 16
	// heldTurns is how many of them wait in the database.
	heldTurns = 3
)

// revoke makes the write on one connection and, if it waits for a row, on the others.
// Then it revokes the credential, and reports how long that took.
func (h *heldWrite) revoke(t *testing.T, revocation revocation) (took time.Duration, waits bool) {
	t.Helper()
	release := h.hold(t, h.held...)
	defer h.writers.Wait()
	defer release()
	h.send(t, 1)
	waittest.Until(t, "the write waits or ends", func() bool { return h.waiting(t) > 0 || h.ended.Load() > 0 })
	if h.ended.Load() > 0 {
		return 0, false
	}
	h.send(t, heldConnections-1)
	waittest.Until(t, "as many wait as may", func() bool { return h.waiting(t) >= h.turns })
	began := time.Now()
	revocation.do(t, h.bundle, h.who)
	took = time.Since(began)
	if h.ended.Load() > 0 { // as they do after some seconds
		t.Errorf("%s: got a revocation that took %s, until writes had ended that wait", h.write.route, took)
	}
	before := h.rows(t)
	release()
	h.writers.Wait()
	if diff := cmp.Diff(before, h.rows(t)); diff != "" {
		t.Errorf("%s changed rows (-before +after):\n%s", h.write.route, diff)
	}
	return took, true
}

// send makes the write on so many connections.
func (h *heldWrite) send(t *testing.T, connections int) {
	t.Helper()
	method, path := h.write.methodAndPath()
	for range connections {
		h.writers.Go(func() {
			h.serve(t.Context(), h.who, method, path, strings.NewReader(h.write.body))
			h.ended.Add(1)
		})
	}
}

// waiting counts the sessions of the database that wait for a row.
func (h *heldWrite) waiting(t *testing.T) (sessions int) {
	t.Helper()
	err := h.pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&sessions)
	if err != nil {
		t.Fatal(err)
	}
	return sessions
}
