package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/sethvargo/go-retry"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/postgres"
)

// source is where the rows are: in the database at url, or in a private
// PostgreSQL that keeps its data in privateDir.
type source struct {
	url            string
	privateDir     string // empty if there is a url
	maxConnections int32
	wait           time.Duration // for a database that is away at the start
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
	wait           time.Duration
	server         *postgres.Server // the private one, or nil
	log            *slog.Logger
}

// openDatabase returns when the database of a URL is there, or a private PostgreSQL
// is started.
func openDatabase(ctx context.Context, from source, log *slog.Logger) (*database, error) {
	db := &database{url: from.url, maxConnections: from.maxConnections, wait: from.wait, log: log}
	if !from.private() {
		if err := db.patiently(ctx, func() error { return tryConnect(ctx, from.url) }); err != nil {
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
	config, err := dbpool.ConnConfig(url)
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return oneLineError{err}
	}
	return conn.Close(ctx)
}

// oneLineError is an error of pgx, which reports each address on a line of its own.
type oneLineError struct{ error }

// Error returns the text without line breaks.
func (e oneLineError) Error() string { return strings.Join(strings.Fields(e.error.Error()), " ") }

// Unwrap returns the error itself.
func (e oneLineError) Unwrap() error { return e.error }

const (
	firstPause = 100 * time.Millisecond // between two tries
	maxPause   = time.Second
	// waitReport is how often the log says that the database is waited for.
	waitReport = 10 * time.Second
)

// patiently calls try again while the database is away, for as long as is to be
// waited. A wrong password or the like ends it at once.
func (d *database) patiently(ctx context.Context, try func() error) error {
	var reported time.Time
	backoff := retry.WithMaxDuration(d.wait, retry.WithCappedDuration(maxPause, retry.NewExponential(firstPause)))
	return retry.Do(ctx, backoff, func(context.Context) error { //nolint:wrapcheck // It is try's.
		err := try()
		passes := dbpool.Unavailable(err) || errors.Is(err, atlas.ErrOutcomeUnknown)
		switch {
		case !passes:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		if d.wait > 0 && time.Since(reported) >= waitReport {
			reported = time.Now()
			d.log.Warn("waiting for the database", "error", err)
		}
		return retry.RetryableError(err)
	})
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
