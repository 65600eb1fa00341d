package main

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"exportbuckets/internal/torture"
	"exportbuckets/internal/waittest"
)

// What was acknowledged outlives the end of the server, of PostgreSQL and of both,
// and what was refused has left nothing behind.
func TestTortureKills(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newStateDir(t))
	s := settings{
		flags: []string{"--seed", demoSeedFile, "--no-rate-limits"},
		env:   []string{"DATABASE_URL=" + c.url()},
	}
	p := serve(t, s)
	l := newTraffic(t, p)
	kills := 0
	var slowest time.Duration // until writes were answered again
	for deadline := torture.Deadline(t, 0); kills < 3 || time.Now().Before(deadline); {
		stop := l.start(t.Context())
		pause(t.Context(), time.Duration(rand.N(400))*time.Millisecond)
		server, database := kills%3 != 1, kills%3 != 0
		if server {
			p.signal(syscall.SIGKILL)
			waittest.Receive(t, "the end of the server", p.exited)
		}
		if database {
			c.kill(t)
			c.start(t)
		}
		again := time.Now()
		if server {
			p = serve(t, s)
			l.address.Store(&p.address)
		}
		waittest.Until(t, "writes are acknowledged again", func() bool { return l.doneSince(again) })
		slowest = max(slowest, time.Since(again))
		stop()
		kills++
		l.compare(t, c.url())
		if t.Failed() {
			t.Fatalf("after kill %d, of the server %t, of PostgreSQL %t", kills, server, database)
		}
	}
	torture.Figure(t, "kills", kills)
	torture.Figure(t, "acknowledged", l.acknowledged())
	torture.Figure(t, "answers", l)
	torture.WantAtMost(t, "slowest-recovery", slowest, 5*time.Second)
}
