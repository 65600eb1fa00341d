package main

import (
	"testing"
	"time"

	"exportbuckets/internal/torture"
	"exportbuckets/internal/waittest"
)

// A disk that is full loses nothing that was acknowledged, and once there is room
// writes go on. PostgreSQL itself may end for want of room, as it would elsewhere.
func TestTortureFullDisk(t *testing.T) {
	t.Parallel()
	stateDir := newStateDir(t)
	fill := smallDisk(t, stateDir)
	c := newCluster(t, stateDir)
	p := serve(t, settings{
		flags: []string{"--seed", demoSeedFile, "--no-rate-limits"},
		env:   []string{"DATABASE_URL=" + c.url()},
	})
	l := newTraffic(t, p)
	rounds, ended := 0, 0
	for deadline := torture.Deadline(t, 0); rounds == 0 || time.Now().Before(deadline); rounds++ {
		stop := l.start(t.Context())
		pause(t.Context(), 200*time.Millisecond)
		free := fill(t, c)
		full := time.Now()
		waittest.Until(t, "a write fails", func() bool { return l.lastFailure().After(full) })
		pause(t.Context(), 500*time.Millisecond)
		free()
		select {
		case <-c.server.Done():
			c.start(t)
			ended++
		default:
		}
		again := time.Now()
		waittest.Until(t, "writes are acknowledged again", func() bool { return l.doneSince(again) })
		stop()
		l.compare(t, c.url())
		if t.Failed() {
			t.Fatalf("after %d full disks", rounds+1)
		}
	}
	torture.Figure(t, "full-disks", rounds)
	torture.Figure(t, "ends-of-postgresql", ended)
	torture.Figure(t, "answers", l)
	torture.WantAtMost(t, "slowest-answer", l.slowest, 12*time.Second)
}

// fillByTrigger makes all writes of export buckets fail as they do on a full disk.
func fillByTrigger(t *testing.T, c *cluster) (free func()) {
	t.Helper()
	conn := connect(t, c.url())
	execute(t, conn, `CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$`)
	execute(t, conn, `CREATE TRIGGER disk_full BEFORE INSERT OR DELETE ON export_buckets
		FOR EACH STATEMENT EXECUTE FUNCTION disk_full()`)
	return func() { execute(t, conn, "DROP FUNCTION disk_full CASCADE") }
}
