package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"exportbuckets/internal/postgres"
	"exportbuckets/internal/proxytest"
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

// behindProxy returns a proxy on TCP to the cluster.
func (c *cluster) behindProxy(t *testing.T) *proxytest.Proxy {
	t.Helper()
	return proxytest.New(t, "unix", filepath.Join(c.dir(), "socket", ".s.PGSQL.5432"))
}

// throughProxies returns the URL of a database that is behind several proxies, of
// which the server is to find the one that takes writes.
func throughProxies(proxies ...*proxytest.Proxy) string {
	var hosts []string
	for _, p := range proxies {
		hosts = append(hosts, p.Addr().String())
	}
	return "postgres://exportbuckets@" + strings.Join(hosts, ",") + "/postgres?sslmode=disable&target_session_attrs=read-write"
}
