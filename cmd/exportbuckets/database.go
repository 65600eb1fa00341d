package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/internal/postgres"
)

// database is the configured database or the private one, which runs until
// close.
type database struct {
	url     string
	private *postgres.Server // nil if one is configured
	log     *slog.Logger
}

func openDatabase(ctx context.Context, cfg databaseConfig, log *slog.Logger) (*database, error) {
	if !cfg.embedded() {
		if err := tryConnect(ctx, *cfg.DatabaseURL); err != nil {
			return nil, fmt.Errorf("--database-url (DATABASE_URL): %w", err)
		}
		return &database{url: *cfg.DatabaseURL, log: log}, nil
	}
	server, err := postgres.Start(ctx, postgres.Config{Dir: filepath.Join(cfg.StateDir, "postgres")})
	if err != nil {
		return nil, fmt.Errorf("private PostgreSQL: %w", err)
	}
	return &database{url: server.ConnString("postgres"), private: server, log: log}, nil
}

// withDatabase opens the database for as long as f takes.
func withDatabase(ctx context.Context, cfg databaseConfig, log *slog.Logger, f func(*database) error) error {
	db, err := openDatabase(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer db.close(ctx)
	return f(db)
}

// tryConnect makes one connection, so that a wrong URL is told of as such.
func tryConnect(ctx context.Context, url string) error {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("read it: %w", err)
	}
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		// Pgx tells of each address on a line of its own.
		return errors.New(strings.Join(strings.Fields(err.Error()), " "))
	}
	return conn.Close(ctx)
}

// lost returns a channel that is closed if the private server ends on its own.
// A configured database is never lost: the pool connects to it again.
func (d *database) lost() <-chan struct{} {
	if d.private == nil {
		return nil
	}
	return d.private.Done()
}

func (d *database) close(ctx context.Context) {
	if d.private == nil || d.private.Err() != nil {
		return // whoever waited for lost has told why
	}
	if err := d.private.Stop(context.WithoutCancel(ctx)); err != nil {
		d.log.Error("stop private PostgreSQL", "error", err)
	}
}

// planOnce has a connection plan each of its statements once. Left to itself,
// Postgres plans some for every request anew, for the parameters that are NULL,
// which takes it longer than the statement.
func planOnce(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, "SET plan_cache_mode = force_generic_plan")
	return err //nolint:wrapcheck // Pgx says which connection it is of.
}

func (d *database) pool(ctx context.Context, cfg databaseConfig) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(d.url)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err)
	}
	config.MaxConns = cfg.MaxConnections
	config.AfterConnect = planOnce
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	return pool, nil
}
