package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/internal/postgres"
)

// source is where the rows are: in the database at url, or in a private
// PostgreSQL that keeps its data in privateDir.
type source struct {
	url            string
	privateDir     string // empty if there is a url
	maxConnections int32
}

// private reports whether a private PostgreSQL is to be started.
func (s source) private() bool {
	return s.privateDir != ""
}

// onThisMachine reports whether the database is reached over a Unix socket or
// the loopback interface.
func (s source) onThisMachine() bool {
	if s.private() {
		return true
	}
	config, err := pgx.ParseConfig(s.url)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(config.Host)
	return filepath.IsAbs(config.Host) || config.Host == "localhost" || err == nil && address.IsLoopback()
}

// database is an open source. A private PostgreSQL runs until close.
type database struct {
	url            string
	maxConnections int32
	server         *postgres.Server // the private one, or nil
	log            *slog.Logger
}

func openDatabase(ctx context.Context, from source, log *slog.Logger) (*database, error) {
	db := &database{url: from.url, maxConnections: from.maxConnections, log: log}
	if !from.private() {
		if err := tryConnect(ctx, from.url); err != nil {
			return nil, fmt.Errorf("--database-url (DATABASE_URL): %w", err)
		}
		return db, nil
	}
	server, err := postgres.Start(ctx, postgres.Config{Dir: from.privateDir})
	if err != nil {
		return nil, fmt.Errorf("private PostgreSQL: %w", err)
	}
	db.url, db.server = server.ConnString("postgres"), server
	return db, nil
}

// withDatabase opens the database, calls f, and closes the database.
func withDatabase(ctx context.Context, from source, log *slog.Logger, f func(*database) error) error {
	db, err := openDatabase(ctx, from, log)
	if err != nil {
		return err
	}
	defer db.close(ctx)
	return f(db)
}

// tryConnect makes one connection, so that a wrong URL is reported as such.
func tryConnect(ctx context.Context, url string) error {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("read it: %w", err)
	}
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		// Pgx reports each address on a line of its own.
		return errors.New(strings.Join(strings.Fields(err.Error()), " "))
	}
	return conn.Close(ctx)
}

// lost returns a channel that is closed when the private server ends without
// having been asked to. For a configured database it never is: the pool
// connects again.
func (d *database) lost() <-chan struct{} {
	if d.server == nil {
		return nil
	}
	return d.server.Done()
}

func (d *database) close(ctx context.Context) {
	if d.server == nil || d.server.Err() != nil {
		return // whoever waited for lost has reported the error
	}
	if err := d.server.Stop(context.WithoutCancel(ctx)); err != nil {
		d.log.Error("stop private PostgreSQL", "error", err)
	}
}
