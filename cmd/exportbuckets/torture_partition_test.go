package main

import (
	"testing"
	"time"

	"exportbuckets/internal/proxytest"
	"exportbuckets/internal/torture"
)

// While the database is slow, silent or out of reach every answer comes in time,
// and once it is back the server is, too. Nothing that was acknowledged is lost.
func TestTorturePartition(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(*proxytest.Proxy){
		"slow":         func(p *proxytest.Proxy) { p.Slow(100 * time.Millisecond) },
		"silent":       (*proxytest.Proxy).Silence,
		"cut off":      (*proxytest.Proxy).Unplug,
		"out of reach": (*proxytest.Proxy).Refuse,
	} {
		t.Run("the database is "+name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, newStateDir(t))
			between := c.behindProxy(t)
			p := serve(t, settings{
				flags: []string{"--seed", demoSeedFile, "--no-rate-limits"},
				env:   []string{"DATABASE_URL=" + throughProxies(between)},
			})
			l := newTraffic(t, p)
			rounds := 0
			var again, last time.Duration
			for deadline := torture.Deadline(t, 0); rounds == 0 || time.Now().Before(deadline); rounds++ {
				stop := l.start(t.Context())
				pause(t.Context(), 200*time.Millisecond)
				begin(between)
				pause(t.Context(), faultDuration())
				between.Heal()
				healed := time.Now()
				first, none := l.waitRecovered(t, healed)
				stop()
				again, last = max(again, first), max(last, none)
				l.compare(t, c.url())
				if t.Failed() {
					t.Fatalf("after %d partitions", rounds+1)
				}
			}
			torture.Figure(t, "partitions", rounds)
			torture.Figure(t, "answers", l)
			torture.WantAtMost(t, "slowest-answer", l.slowest, 12*time.Second)
			torture.WantAtMost(t, "writes-again-after", again, 5*time.Second)
			torture.Figure(t, "last-failed-write-after", last)
		})
	}
}

// faultDuration returns how long a fault lasts: in the long form longer than any
// limit of the server, so that each is reached.
func faultDuration() time.Duration {
	if torture.Long() {
		return 15 * time.Second
	}
	return time.Second
}
