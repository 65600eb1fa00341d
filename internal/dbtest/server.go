package dbtest

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/internal/waittest"
	"exportbuckets/migrations"
)

// emptyTemplate is the database that PostgreSQL keeps without any change.
const emptyTemplate = "template0"

// minVersion is the first that can copy the files of a template.
const minVersion = 150000

// templateLock is the advisory lock under which the template is made. It may be
// any number that nothing else on the server uses.
const templateLock = 7_305_808_869_229_538

// server is where the databases are made.
type server struct {
	url      string
	admin    *pgxpool.Pool
	template func() (string, error) // makes it when called for the first time

	lasts string         // says how long databases last, for the log of a failed test
	own   *privateServer // referenced, so that the garbage collector keeps it
}

// openServer connects to the server at the address and returns its version.
func openServer(ctx context.Context, address string) (*server, string, error) {
	cfg, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, "", fmt.Errorf("server address: %w", err)
	}
	cfg.MaxConns = maxConns
	admin, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, "", fmt.Errorf("connect: %w", err)
	}
	var version string
	var number int
	err = admin.QueryRow(ctx,
		// After a blank comes what the packager adds to the version.
		"SELECT split_part(current_setting('server_version'), ' ', 1), current_setting('server_version_num')::integer",
	).Scan(&version, &number)
	if err == nil && number < minVersion {
		err = fmt.Errorf("the server is PostgreSQL %s, and 15 or newer is needed", version)
	}
	if err != nil {
		admin.Close()
		return nil, "", fmt.Errorf("ask for the version: %w", err)
	}
	s := &server{url: address, admin: admin}
	s.template = sync.OnceValues(s.makeTemplate)
	return s, version, nil
}

// create copies a template. By default the statement writes each page to the
// log as well, which takes four times as long for a small database.
func (s *server) create(ctx context.Context, name, template string) error {
	_, err := s.admin.Exec(ctx, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s STRATEGY file_copy",
		pgx.Identifier{name}.Sanitize(), pgx.Identifier{template}.Sanitize()))
	if err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	return nil
}

func (s *server) drop(ctx context.Context, name string) error {
	_, err := s.admin.Exec(ctx, fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)",
		pgx.Identifier{name}.Sanitize()))
	if err != nil {
		return fmt.Errorf("drop database: %w", err)
	}
	return nil
}

// makeTemplate returns the name of the database with the current schema. Test
// processes that share a server take turns, and only the first makes it.
func (s *server) makeTemplate() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), waittest.Patience)
	defer cancel()
	sum, err := hashFiles(migrations.FS)
	if err != nil {
		return "", err
	}
	name := "exportbuckets_template_" + sum
	err = s.admin.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", templateLock); err != nil {
			return fmt.Errorf("lock: %w", err)
		}
		err := s.ensureTemplate(ctx, conn, name)
		if _, unlockErr := conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", templateLock); unlockErr != nil {
			return errors.Join(err, fmt.Errorf("unlock: %w", unlockErr))
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("make template database: %w", err)
	}
	return name, nil
}

// ensureTemplate makes the template unless it exists. It is marked as a template
// at the very end; a database without the mark was left by a process that ended
// before that, and is dropped.
func (s *server) ensureTemplate(ctx context.Context, conn *pgxpool.Conn, name string) error {
	var whole bool
	err := conn.QueryRow(ctx, "SELECT datistemplate FROM pg_database WHERE datname = $1", name).Scan(&whole)
	switch {
	case err == nil && whole:
		return nil
	case err == nil:
		if err := s.drop(ctx, name); err != nil {
			return err
		}
	case !errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("look for it: %w", err)
	}
	if err := s.create(ctx, name, emptyTemplate); err != nil {
		return err
	}
	address, err := databaseURL(s.url, name)
	if err != nil {
		return err
	}
	if err := migrations.Up(ctx, address); err != nil {
		return err
	}
	// A session that has not quite ended would make the first copy wait.
	if err := waitUnused(ctx, conn, name); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, fmt.Sprintf("ALTER DATABASE %s IS_TEMPLATE true ALLOW_CONNECTIONS false",
		pgx.Identifier{name}.Sanitize()))
	if err != nil {
		return fmt.Errorf("mark it: %w", err)
	}
	return nil
}

func waitUnused(ctx context.Context, conn *pgxpool.Conn, name string) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		var used bool
		err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1)", name).Scan(&used)
		if err != nil {
			return fmt.Errorf("look for its sessions: %w", err)
		}
		if !used {
			return nil
		}
		<-tick.C // the query fails when ctx ends
	}
}

// hashFiles returns a short digest of the names and contents of the files.
func hashFiles(files embed.FS) (string, error) {
	h := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := files.ReadFile(path)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(h, "%q %d\n", path, len(text))
		h.Write(text)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("read migrations: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)[:6]), nil
}
