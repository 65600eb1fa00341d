package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/internal/postgres"
	"exportbuckets/internal/seed"
	"exportbuckets/migrations"
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
		if err := tryConnect(ctx, cfg.DatabaseURL); err != nil {
			return nil, fmt.Errorf("--database-url (DATABASE_URL): %w", err)
		}
		return &database{url: cfg.DatabaseURL, log: log}, nil
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
	defer db.close()
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

func (d *database) close() {
	if d.private == nil || d.private.Err() != nil {
		return // whoever waited for lost has told why
	}
	if err := d.private.Stop(context.Background()); err != nil {
		d.log.Error("stop private PostgreSQL", "error", err)
	}
}

func (d *database) pool(ctx context.Context, cfg databaseConfig) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(d.url)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err)
	}
	config.MaxConns = cfg.MaxConnections
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	return pool, nil
}

// readSeed reads the seed file at path.
func readSeed(path string) (seed.File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return seed.File{}, fmt.Errorf("seed file: %w", err)
	}
	file, err := seed.Parse(data)
	if err != nil {
		return seed.File{}, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Apply the migrations that are missing."`
	Down   migrateDown   `cmd:"" help:"Take back the newest migration."`
	Status migrateStatus `cmd:"" help:"List the migrations and whether they are applied."`
}

type migrateUp struct{ databaseConfig }

// Run applies the migrations that are missing.
func (m migrateUp) Run(ctx context.Context, o output) error {
	return withDatabase(ctx, m.databaseConfig, o.log, func(db *database) error {
		return migrations.Up(ctx, db.url)
	})
}

type migrateDown struct{ databaseConfig }

// Run takes back the newest migration.
func (m migrateDown) Run(ctx context.Context, o output) error {
	return withDatabase(ctx, m.databaseConfig, o.log, func(db *database) error {
		return migrations.Down(ctx, db.url)
	})
}

type migrateStatus struct{ databaseConfig }

// Run lists the migrations.
func (m migrateStatus) Run(ctx context.Context, o output) error {
	return withDatabase(ctx, m.databaseConfig, o.log, func(db *database) error {
		list, err := migrations.Status(ctx, db.url)
		if err != nil {
			return err
		}
		for _, migration := range list {
			state := "pending"
			if migration.Applied {
				state = "applied"
			}
			if _, err := fmt.Fprintf(o.out, "%-8s %s\n", state, migration.Name); err != nil {
				return err
			}
		}
		return nil
	})
}

type seedCommand struct {
	databaseConfig
	File string `arg:"" help:"YAML file of organizations, projects, keys, service accounts and access roles."`
}

// Run migrates the database and applies the file.
func (s seedCommand) Run(ctx context.Context, o output) error {
	file, err := readSeed(s.File)
	if err != nil {
		return err
	}
	return withDatabase(ctx, s.databaseConfig, o.log, func(db *database) error {
		if err := migrations.Up(ctx, db.url); err != nil {
			return err
		}
		pool, err := db.pool(ctx, s.databaseConfig)
		if err != nil {
			return err
		}
		defer pool.Close()
		return seed.Apply(ctx, pool, file, time.Now())
	})
}
