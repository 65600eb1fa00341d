// Package migrations holds the schema's history and is its only runner: the
// server, the migrate command and the tests all come through here.
//
// Every run takes goose's session lock first, so replicas that start together
// take turns, and whoever comes second finds nothing left to do.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// FS holds the migration files, NNNNN_verb_object.sql.
//
//go:embed *.sql
var FS embed.FS

var (
	// ErrBehind says that the database lacks migrations that this binary has.
	ErrBehind = errors.New("the database schema is older than this program")
	// ErrAhead says that the database has migrations that this binary lacks:
	// a newer release has been here. Nothing is changed then.
	ErrAhead = errors.New("the database schema is newer than this program")
)

// Migration is one file of the history and whether it has been applied.
type Migration struct {
	Name    string
	Applied bool
}

// Up applies what is missing to the database at dsn. It returns ErrAhead,
// wrapped, if the database is newer than this binary.
func Up(ctx context.Context, dsn string) error {
	return withProvider(dsn, func(p *goose.Provider) error {
		err := check(ctx, p)
		if !errors.Is(err, ErrBehind) {
			return err
		}
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("migrate up: %w", err)
		}
		return nil
	})
}

// Down takes back the newest applied migration. It returns ErrAhead, wrapped,
// if that migration is not one of this binary's.
func Down(ctx context.Context, dsn string) error {
	return withProvider(dsn, func(p *goose.Provider) error {
		if err := check(ctx, p); errors.Is(err, ErrAhead) {
			return err
		}
		if _, err := p.Down(ctx); err != nil {
			return fmt.Errorf("migrate down: %w", err)
		}
		return nil
	})
}

// Check returns nil if the schema is the one that this binary knows, and else
// ErrBehind or ErrAhead, wrapped, or what kept it from finding out.
func Check(ctx context.Context, pool *pgxpool.Pool) error {
	conn := stdlib.OpenDBFromPool(pool)
	defer func() { _ = conn.Close() }() // leaves the pool open
	p, err := newProvider(conn)
	if err != nil {
		return err
	}
	return check(ctx, p)
}

// Status lists this binary's migrations in order.
func Status(ctx context.Context, dsn string) ([]Migration, error) {
	var list []Migration
	err := withProvider(dsn, func(p *goose.Provider) error {
		states, err := p.Status(ctx)
		if err != nil {
			return fmt.Errorf("migration status: %w", err)
		}
		for _, s := range states {
			list = append(list, Migration{Name: s.Source.Path, Applied: s.State == goose.StateApplied})
		}
		return nil
	})
	return list, err
}

func check(ctx context.Context, p *goose.Provider) error {
	current, target, err := p.GetVersions(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("schema version: %w", err)
	case current < target:
		return fmt.Errorf("%w: it is at version %d, this program needs %d", ErrBehind, current, target)
	case current > target:
		return fmt.Errorf("%w: it is at version %d, this program knows versions up to %d", ErrAhead, current, target)
	}
	return nil
}

func withProvider(dsn string, f func(*goose.Provider) error) error {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return fmt.Errorf("database URL: %w", err)
	}
	conn := stdlib.OpenDB(*config)
	defer func() { _ = conn.Close() }()
	p, err := newProvider(conn)
	if err != nil {
		return err
	}
	return f(p)
}

func newProvider(conn *sql.DB) (*goose.Provider, error) {
	// One try a second for five minutes: another replica may be migrating.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return nil, fmt.Errorf("session lock: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, conn, FS, goose.WithSessionLocker(locker))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, nil
}
