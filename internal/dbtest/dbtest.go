// Package dbtest gives every test a database of its own, on a real PostgreSQL.
//
// The first call in a test process finds a server, in this order:
//
//  1. TEST_DATABASE_URL, whose user must be allowed to create databases.
//  2. A container, if a Docker daemon answers. The packages of one "go test"
//     share it; testcontainers' reaper removes it afterwards. With
//     TEST_DOCKER=off Docker is not used; with TEST_DOCKER=required nothing
//     else is.
//  3. A private server of this test process, from the PostgreSQL programs that
//     are installed on the machine, in a temporary directory, in memory if there
//     is room. The server ends and the directory is removed when the process
//     ends, for whatever reason.
//
// A line on standard error says which one it is. If there is none the tests
// fail; no test is skipped.
//
// All servers but the first trade durability for speed. On the server the
// migrations run once, into a template named after their contents, and each
// test gets a copy of that, which takes some ten milliseconds. A test that
// failed keeps its database and logs the address. The database exists as long as
// the server does, so set TEST_DATABASE_URL to examine one.
package dbtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/waittest"
)

// maxConns is what the server has by default.
const maxConns = 16

// shared is the server of this test process.
var shared = sync.OnceValues(func() (*server, error) {
	return machine().start(context.Background(), os.Stderr)
})

// New returns a pool on a new database with the current schema. It closes the
// pool and drops the database when the test is over; a test that failed keeps
// the database and logs its address. New ends the test if there is no server.
func New(t testing.TB) *dbpool.Pool {
	t.Helper()
	return sharedServer(t).newPool(t)
}

// NewURL is New for a test that connects by itself, and returns the database's
// URL.
func NewURL(t testing.TB) string {
	t.Helper()
	return sharedServer(t).newMigrated(t)
}

// NewEmptyURL is NewURL without the schema.
func NewEmptyURL(t testing.TB) string {
	t.Helper()
	return sharedServer(t).newDatabase(t, emptyTemplate)
}

func sharedServer(t testing.TB) *server {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	return s
}

func (s *server) newPool(t testing.TB) *dbpool.Pool {
	t.Helper()
	pool, err := dbpool.Open(context.Background(), s.newMigrated(t), maxConns, nil)
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	t.Cleanup(func() { closePool(waittest.Context(t), t, pool) })
	return pool
}

// closePool fails the test if it still holds a connection when ctx ends. Close
// alone would wait for that connection for ever.
func closePool(ctx context.Context, t testing.TB, pool *dbpool.Pool) {
	t.Helper()
	closed := make(chan struct{})
	go func() {
		pool.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-ctx.Done():
		t.Errorf("dbtest: %d connections were not given back to the pool", pool.Stat().AcquiredConns())
	}
}

func (s *server) newMigrated(t testing.TB) string {
	t.Helper()
	template, err := s.template()
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	return s.newDatabase(t, template)
}

func (s *server) newDatabase(t testing.TB, template string) string {
	t.Helper()
	name := "exportbuckets_test_" + randomHex()
	if err := s.create(waittest.Context(t), name, template); err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	address, err := databaseURL(s.url, name)
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("dbtest: kept the database of the failed test: %s%s", address, s.lasts)
			return
		}
		if err := s.drop(waittest.Context(t), name); err != nil {
			t.Errorf("dbtest: %v", err)
		}
	})
	return address
}

func randomHex() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// databaseURL returns the connection string of another database on the same
// server. The name needs no quoting.
func databaseURL(address, name string) (string, error) {
	if _, err := pgx.ParseConfig(address); err != nil {
		return "", fmt.Errorf("server address: %w", err)
	}
	if !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://") {
		// Of keyword=value pairs the last one counts.
		return address + " dbname=" + name, nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("server address: %w", err)
	}
	u.Path = "/" + name
	return u.String(), nil
}
