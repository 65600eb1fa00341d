//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/postgres"
)

// cluster is a private PostgreSQL.
type cluster struct {
	server *postgres.Server
	pid    int
	bin    string // the folder of its programs
}

// startCluster starts PostgreSQL as the server would on its own: with nothing
// set that trades durability for speed.
func startCluster(ctx context.Context, dir string) (*cluster, error) {
	server, err := postgres.Start(ctx, postgres.Config{Dir: dir})
	if err != nil {
		return nil, err
	}
	c := &cluster{server: server}
	if c.pid, err = postmasterPID(filepath.Join(dir, "data")); err == nil {
		c.bin, err = os.Readlink(fmt.Sprintf("/proc/%d/exe", c.pid))
	}
	if err != nil {
		_ = server.Stop(context.WithoutCancel(ctx))
		return nil, err
	}
	c.bin = filepath.Dir(c.bin)
	return c, nil
}

// pgbench returns the pgbench of the same version as the server.
func (c *cluster) pgbench() (string, error) {
	program, err := exec.LookPath(filepath.Join(c.bin, "pgbench"))
	if err != nil {
		return "", fmt.Errorf("pgbench comes with the server programs of PostgreSQL: %w", err)
	}
	return program, nil
}

// create makes an empty database and returns its URL.
func (c *cluster) create(ctx context.Context, name string) (string, error) {
	conn, err := connectTo(ctx, c.server.ConnString("postgres"))
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		return "", fmt.Errorf("create database %s: %w", name, err)
	}
	return c.server.ConnString(name), nil
}

// connectTo connects to a database.
func connectTo(ctx context.Context, databaseURL string) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return nil, fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	return conn, nil
}

// countRows returns how many export buckets a database has.
func countRows(ctx context.Context, conn *pgx.Conn) (int, error) {
	var n int
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM export_buckets").Scan(&n); err != nil {
		return 0, fmt.Errorf("count rows: %w", err)
	}
	return n, nil
}

// settingNames are the settings of PostgreSQL that decide most.
var settingNames = []string{
	"server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_level", "wal_sync_method",
	"shared_buffers", "max_wal_size", "checkpoint_timeout", "autovacuum", "max_connections", "jit",
}

// settings returns the settings as PostgreSQL shows them.
func (c *cluster) settings(ctx context.Context) (map[string]string, error) {
	conn, err := connectTo(ctx, c.server.ConnString("postgres"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	settings := map[string]string{}
	for _, name := range settingNames {
		var value string
		if err := conn.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&value); err != nil {
			return nil, fmt.Errorf("setting %s: %w", name, err)
		}
		settings[name] = value
	}
	return settings, nil
}
