package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"exportbuckets/internal/postgres"
	"exportbuckets/internal/proxytest"
	"exportbuckets/internal/torture"
	"exportbuckets/internal/waittest"
)

// What was acknowledged is on the synchronous standby that takes over, whether the
// primary has ended or just says nothing any more, and the server finds it.
func TestTortureFailover(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lose func(t *testing.T, f failover)
		goal time.Duration
	}{
		"is killed": {func(t *testing.T, f failover) {
			t.Helper()
			f.primary.kill(t)
		}, 5 * time.Second},
		"is cut off": {func(t *testing.T, f failover) {
			t.Helper()
			f.proxy.Unplug()
		}, 5 * time.Second},
		// TCP does not give it up: what a statement may take at most has to pass.
		"hangs": {func(t *testing.T, f failover) {
			t.Helper()
			f.proxy.Silence()
		}, 8 * time.Second},
	} {
		t.Run("the primary "+name, func(t *testing.T) {
			t.Parallel()
			deadline := torture.Deadline(t, 0)
			rounds, acknowledged := 0, 0
			var first, last time.Duration
			for rounds == 0 || time.Now().Before(deadline) {
				f := newFailover(t)
				one, other := f.run(t, tt.lose)
				rounds, acknowledged = rounds+1, acknowledged+f.traffic.acknowledged()
				first, last = max(first, one), max(last, other)
				if t.Failed() {
					t.Fatalf("after %d failovers", rounds)
				}
			}
			torture.Figure(t, "failovers", rounds)
			torture.Figure(t, "acknowledged", acknowledged)
			torture.WantAtMost(t, "writes-again-after", first, tt.goal)
			torture.WantAtMost(t, "last-failed-write-after", last, 10*time.Second)
		})
	}
}

// failover is a server on two clusters, of which one is a synchronous standby.
type failover struct {
	primary *cluster
	proxy   *proxytest.Proxy // before the primary
	standby *standby
	traffic *traffic
}

func newFailover(t *testing.T) failover {
	t.Helper()
	f := failover{primary: newCluster(t, newStateDir(t))}
	end := runProgram(t, []string{"DATABASE_URL=" + f.primary.url()}, "seed", demoSeedFile)
	if end.code != 0 {
		t.Fatalf("seed: got exit code %d, want 0: %s", end.code, end.log)
	}
	f.standby = f.primary.follow(t)
	f.proxy = f.primary.behindProxy(t)
	p := serve(t, settings{
		flags: []string{"--no-rate-limits"},
		env:   []string{"DATABASE_URL=" + throughProxies(f.proxy, f.standby.behindProxy(t))},
	})
	f.traffic = newTraffic(t, p)
	return f
}

// run loses the primary and returns how long after the promotion the first write
// was acknowledged, and how long after it the last one was not.
func (f failover) run(t *testing.T, lose func(*testing.T, failover)) (first, last time.Duration) {
	t.Helper()
	stop := f.traffic.start(t.Context())
	pause(t.Context(), 300*time.Millisecond)
	lose(t, f)
	pause(t.Context(), 500*time.Millisecond) // until someone has seen it
	promoted := time.Now()
	f.standby.promote(t)
	first, last = f.traffic.waitRecovered(t, promoted)
	stop()
	f.traffic.compare(t, f.standby.url())
	return first, last
}

// stop ends PostgreSQL in good order.
func (c *cluster) stop(t *testing.T) {
	t.Helper()
	if err := c.server.Stop(waittest.Context(t)); err != nil {
		t.Fatalf("got error %v, want PostgreSQL stopped", err)
	}
}

// standby is a copy of a cluster that follows it.
type standby struct {
	*cluster

	started chan struct{} // closed once it has been promoted, or has failed to start
	err     error         // why it has
}

// follow makes a standby of a cluster, whose commits wait for it from then on.
func (c *cluster) follow(t *testing.T) *standby {
	t.Helper()
	s := &standby{started: make(chan struct{}), cluster: &cluster{
		stateDir: newStateDir(t),
		settings: map[string]string{
			"fsync":            "off",
			"primary_conninfo": "user=exportbuckets host=" + filepath.Join(c.dir(), "socket"),
		},
	}}
	c.stop(t)
	// It keeps owners, as PostgreSQL does not run as root.
	if out, err := exec.Command("cp", "-a", c.dir(), s.dir()).CombinedOutput(); err != nil {
		t.Fatalf("copy the cluster: got error %v, want none: %s", err, out)
	}
	if err := os.WriteFile(filepath.Join(s.dir(), "data", "standby.signal"), nil, 0o600); err != nil {
		t.Fatalf("got error %v, want a standby", err)
	}
	c.settings["synchronous_standby_names"] = "*"
	c.start(t)
	ctx, cancel := context.WithCancel(waittest.Context(t))
	go func() {
		defer close(s.started)
		// It returns once the standby has been promoted.
		s.server, s.err = postgres.Start(ctx, postgres.Config{Dir: s.dir(), Settings: s.settings})
	}()
	t.Cleanup(func() {
		cancel()
		<-s.started
		if s.server != nil {
			_ = s.server.Stop(waittest.Context(t))
		}
	})
	conn := connect(t, c.url())
	waittest.Until(t, "the standby follows", func() bool {
		return len(query[int](t, conn, "SELECT pid FROM pg_stat_replication WHERE sync_state = 'sync'")) == 1
	})
	return s
}

// promote makes the standby the primary.
func (s *standby) promote(t *testing.T) {
	t.Helper()
	execute(t, connect(t, s.url()), "SELECT pg_promote()")
	waittest.Receive(t, "the new primary", s.started)
	if s.err != nil {
		t.Fatalf("got error %v, want the standby promoted", s.err)
	}
}
