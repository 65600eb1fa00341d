// Package migrations holds the migrations of the schema and applies them: for
// the server, the migrate command and the tests.
//
// Every run takes goose's session lock first. Replicas that start together take
// turns, and the second one finds nothing left to do.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"exportbuckets/internal/dbpool"
)

// FS holds the migration files, NNNNN_verb_object.sql.
//
//go:embed *.sql
var FS embed.FS

var (
	// ErrBehind says that the database lacks migrations that this binary has.
	ErrBehind = errors.New("the database schema is older than this program")
	// ErrAhead says that the database has migrations that this binary lacks,
	// because a newer release has migrated it. Nothing is changed then.
	ErrAhead = errors.New("the database schema is newer than this program")
)

// Migration is one file and whether it has been applied.
type Migration struct {
	Name    string
	Applied bool
}

// Up applies what is missing to the database at dsn. It returns ErrAhead,
// wrapped, if the database is newer than this binary.
func Up(ctx context.Context, dsn string) error {
	return with(dsn, func(conn sqlDB, p *goose.Provider) error {
		err := Check(ctx, conn)
		if !errors.Is(err, ErrBehind) {
			return err
		}
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("migrate up: %w", err)
		}
		return nil
	})
}

// Down reverts the newest applied migration. It returns ErrAhead, wrapped,
// if that migration is not one of this binary's, and an error if there is none.
func Down(ctx context.Context, dsn string) error {
	return with(dsn, func(conn sqlDB, p *goose.Provider) error {
		if err := Check(ctx, conn); errors.Is(err, ErrAhead) {
			return err
		}
		_, err := p.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return errors.New("migrate down: no migration is applied")
		}
		if err != nil {
			return fmt.Errorf("migrate down: %w", err)
		}
		return nil
	})
}

// Status lists this binary's migrations in order. It only reads.
func Status(ctx context.Context, dsn string) ([]Migration, error) {
	var list []Migration
	err := with(dsn, func(conn sqlDB, p *goose.Provider) error {
		current, err := version(ctx, conn)
		if err != nil {
			return err
		}
		for _, source := range p.ListSources() {
			list = append(list, Migration{Name: source.Path, Applied: source.Version <= current})
		}
		return nil
	})
	return list, err
}

// Querier is what Check asks: a connection, or a pool of them.
type Querier interface {
	// QueryRow is pgx's.
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// sqlDB is a Querier by way of database/sql.
type sqlDB struct{ *sql.DB }

// QueryRow implements Querier.
func (d sqlDB) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row { //nolint:ireturn // As Querier.
	return d.QueryRowContext(ctx, sql, args...)
}

// Check returns nil if the schema is the one that this binary knows. Otherwise
// it returns ErrBehind or ErrAhead, wrapped, or the error that kept it from
// finding out. It only reads.
func Check(ctx context.Context, conn Querier) error {
	target, err := newest()
	if err != nil {
		return err
	}
	current, err := version(ctx, conn)
	switch {
	case err != nil:
		return err
	case current < target:
		return fmt.Errorf("%w: it is at version %d, this program needs %d", ErrBehind, current, target)
	case current > target:
		return fmt.Errorf("%w: it is at version %d, this program knows versions up to %d", ErrAhead, current, target)
	}
	return nil
}

// version returns the version that the database is at, 0 if it was never
// migrated. Goose's own function would create its table.
func version(ctx context.Context, conn Querier) (int64, error) {
	var history sql.NullString
	if err := conn.QueryRow(ctx, "SELECT to_regclass('goose_db_version')::text").Scan(&history); err != nil {
		return 0, fmt.Errorf("schema version: %w", err)
	}
	if !history.Valid {
		return 0, nil
	}
	var current int64
	err := conn.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version").Scan(&current)
	if err != nil {
		return 0, fmt.Errorf("schema version: %w", err)
	}
	return current, nil
}

// newest returns the version of the newest migration.
func newest() (int64, error) {
	names, err := fs.Glob(FS, "*.sql") // in order
	if err != nil {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	target, err := goose.NumericComponent(names[len(names)-1])
	if err != nil {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	return target, nil
}

func with(dsn string, f func(sqlDB, *goose.Provider) error) error {
	config, err := dbpool.ConnConfig(dsn)
	if err != nil {
		return err
	}
	conn := stdlib.OpenDB(*config)
	defer func() { _ = conn.Close() }()
	// One try a second for five minutes: another replica may be migrating.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return fmt.Errorf("session lock: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, conn, FS, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	return f(sqlDB{conn}, p)
}
