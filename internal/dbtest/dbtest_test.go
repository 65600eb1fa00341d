package dbtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/waittest"
	"exportbuckets/migrations"
)

// helperEnv makes the test binary a program that runs a private server and
// waits to be killed, in place of the tests.
const helperEnv = "EXPORTBUCKETS_DBTEST_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(helperEnv) != "" {
		if err := helper(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// helper starts a private server and prints its temporary directory.
func helper() error {
	ctx := context.Background()
	address, own, err := startPrivate(ctx)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	var dir string
	if err := conn.QueryRow(ctx, "SELECT current_setting('data_directory')").Scan(&dir); err != nil {
		return err
	}
	fmt.Println(strings.TrimSuffix(dir, "/data"))
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	runtime.KeepAlive(own)
	return nil
}

func TestTestsHaveSeparateDatabases(t *testing.T) {
	t.Parallel()
	one, two := New(t), New(t)
	query(t, one, "CREATE TABLE marks ()")
	for name, tt := range map[string]struct {
		pool *dbpool.Pool
		want bool
	}{"the one with the table": {one, true}, "the other": {two, false}} {
		var got bool
		if err := tt.pool.QueryRow(t.Context(), "SELECT to_regclass('marks') IS NOT NULL").Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != tt.want {
			t.Errorf("%s has it: got %t, want %t", name, got, tt.want)
		}
	}
}

func TestNewHasTheCurrentSchema(t *testing.T) {
	t.Parallel()
	if err := migrations.Check(t.Context(), New(t)); err != nil {
		t.Errorf("New: got %v, want the current schema", err)
	}
	wantSchema(t, NewURL(t))
}

func TestNewEmptyURLHasNoTables(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), NewEmptyURL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var tables int
	err = conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&tables)
	if err != nil || tables != 0 {
		t.Errorf("tables: got %d, %v, want 0", tables, err)
	}
}

func TestTheDatabaseOfAPassedTestIsDropped(t *testing.T) {
	t.Parallel()
	s := sharedServer(t)
	r := &recorder{TB: t}
	pool := s.newPool(r)
	query(t, pool, "SELECT")
	name := pool.Config().ConnConfig.Database
	if !exists(t, s, name) {
		t.Fatalf("database %s does not exist during the test", name)
	}
	r.finish()
	if exists(t, s, name) {
		t.Errorf("database %s still exists after the test", name)
	}
	if len(r.said) > 0 {
		t.Errorf("output: got %q, want none", r.said)
	}
}

func TestTheDatabaseOfAFailedTestIsKept(t *testing.T) {
	t.Parallel()
	s := sharedServer(t)
	r := &recorder{TB: t, failed: true}
	pool := s.newPool(r)
	query(t, pool, "CREATE TABLE marks ()")
	r.finish()

	address := pool.Config().ConnString()
	if len(r.said) != 1 || !strings.Contains(r.said[0], address) {
		t.Errorf("output: got %q, want the address %s", r.said, address)
	}
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "SELECT FROM marks"); err != nil {
		t.Errorf("the test's table: %v", err)
	}
	if err := errors.Join(conn.Close(t.Context()), s.drop(t.Context(), pool.Config().ConnConfig.Database)); err != nil {
		t.Fatal(err)
	}
}

func TestAConnectionThatIsNotGivenBackFailsTheTest(t *testing.T) {
	t.Parallel()
	pool := New(t)
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{TB: t}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	closePool(ctx, r, pool)
	if !r.failed || !strings.Contains(r.said[0], "1 connections were not given back") {
		t.Errorf("got failed %t, %q, want a complaint", r.failed, r.said)
	}
	conn.Release()
}

func TestAnUnfinishedTemplateIsMadeAnew(t *testing.T) {
	t.Parallel()
	s := sharedServer(t)
	ctx := t.Context()
	name := "exportbuckets_test_template_" + randomHex()
	if err := s.create(ctx, name, emptyTemplate); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.Background()
		_, err := s.admin.Exec(ctx, "ALTER DATABASE "+name+" IS_TEMPLATE false")
		if err := errors.Join(err, s.drop(ctx, name)); err != nil {
			t.Error(err)
		}
	})
	// The second time it is complete.
	for range 2 {
		err := s.admin.AcquireFunc(ctx, func(conn *pgxpool.Conn) error { return s.ensureTemplate(ctx, conn, name) })
		if err != nil {
			t.Fatal(err)
		}
	}
	copied := "exportbuckets_test_" + randomHex()
	if err := s.create(ctx, copied, name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.drop(context.Background(), copied); err != nil {
			t.Error(err)
		}
	})
	address, err := databaseURL(s.url, copied)
	if err != nil {
		t.Fatal(err)
	}
	wantSchema(t, address)
}

func TestAPrivateServerGoesWithItsProcess(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*exec.Cmd) error{
		"when it exits":     func(*exec.Cmd) error { return nil }, // its input ends
		"when it is killed": func(cmd *exec.Cmd) error { return cmd.Process.Kill() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(exe)
			cmd.Env = append(os.Environ(), helperEnv+"=1")
			cmd.Stderr = os.Stderr
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			dir := strings.TrimSpace(line)
			if _, err := os.Stat(dir); err != nil {
				t.Fatalf("directory of the server: %v", err)
			}
			if err := errors.Join(end(cmd), in.Close()); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // may have been killed
			waittest.Until(t, "the directory is gone", func() bool {
				_, err := os.Stat(dir)
				return errors.Is(err, os.ErrNotExist)
			})
		})
	}
}

func TestDatabaseURL(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"postgres://u:p@host:5433/postgres?sslmode=disable": "postgres://u:p@host:5433/other?sslmode=disable",
		"postgresql://host":                 "postgresql://host/other",
		"postgres:///postgres?host=%2Fa+b":  "postgres:///other?host=%2Fa+b",
		"host=localhost dbname=postgres":    "host=localhost dbname=postgres dbname=other",
		"host=/tmp user=u password='a b c'": "host=/tmp user=u password='a b c' dbname=other",
	} {
		got, err := databaseURL(address, "other")
		if err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", address, got, err, want)
			continue
		}
		cfg, err := pgx.ParseConfig(got)
		if err != nil || cfg.Database != "other" {
			t.Errorf("%s: got database %v, %v, want other", got, cfg, err)
		}
	}
	if _, err := databaseURL("postgres://host:port", "other"); err == nil {
		t.Error("an invalid address: got no error")
	}
}

func BenchmarkNew(b *testing.B) {
	s := sharedServer(b)
	s.newPool(b) // the template
	for b.Loop() {
		r := &recorder{TB: b}
		s.newPool(r)
		r.finish()
	}
}

func BenchmarkNewParallel(b *testing.B) {
	s := sharedServer(b)
	s.newPool(b) // the template
	b.SetParallelism(2)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := &recorder{TB: b}
			s.newPool(r)
			r.finish()
		}
	})
}

// recorder is a test of its own, which ends when finish is called.
type recorder struct {
	testing.TB
	failed   bool
	said     []string
	cleanups []func()
}

func (r *recorder) Failed() bool { return r.failed }

func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *recorder) Logf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

func (r *recorder) Errorf(format string, args ...any) {
	r.failed = true
	r.Logf(format, args...)
}

func (r *recorder) finish() {
	for len(r.cleanups) > 0 { // one may add another
		last := len(r.cleanups) - 1
		f := r.cleanups[last]
		r.cleanups = r.cleanups[:last]
		f()
	}
}

func wantSchema(t *testing.T, address string) {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if err := migrations.Check(t.Context(), pool); err != nil {
		t.Errorf("got %v, want the current schema", err)
	}
}

func query(t *testing.T, pool *dbpool.Pool, sql string) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func exists(t *testing.T, s *server, name string) bool {
	t.Helper()
	var found bool
	err := s.admin.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&found)
	if err != nil {
		t.Fatal(err)
	}
	return found
}
