package main

import (
	"path/filepath"
	"syscall"
	"testing"

	"exportbuckets/internal/postgres"
	"exportbuckets/internal/waittest"
)

// cluster is a PostgreSQL of a test's own, which may be killed. It acknowledges
// what outlives it, but not what outlives a loss of power.
type cluster struct {
	stateDir string
	settings map[string]string
	server   *postgres.Server
}

// newCluster starts a PostgreSQL in a state directory, as the program would.
func newCluster(t *testing.T, stateDir string) *cluster {
	t.Helper()
	c := &cluster{stateDir: stateDir, settings: map[string]string{"fsync": "off"}}
	c.start(t)
	t.Cleanup(func() { _ = c.server.Stop(waittest.Context(t)) })
	return c
}

func (c *cluster) url() string { return privateURL(c.stateDir) }

func (c *cluster) dir() string { return filepath.Join(c.stateDir, "postgres") }

func (c *cluster) start(t *testing.T) {
	t.Helper()
	var err error
	c.server, err = postgres.Start(waittest.Context(t), postgres.Config{Dir: c.dir(), Settings: c.settings})
	if err != nil {
		t.Fatalf("got error %v, want PostgreSQL started", err)
	}
}

// kill ends PostgreSQL with SIGKILL.
func (c *cluster) kill(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(postmaster(t, c.stateDir), syscall.SIGKILL); err != nil {
		t.Fatalf("got error %v, want PostgreSQL killed", err)
	}
	waittest.Receive(t, "the end of PostgreSQL", c.server.Done())
}
