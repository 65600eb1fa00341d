package main

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// privateURL is where the private PostgreSQL of a state directory listens.
func privateURL(stateDir string) string {
	u := url.URL{Scheme: "postgres", User: url.User("exportbuckets"), Path: "/postgres"}
	u.RawQuery = url.Values{
		"host":    {filepath.Join(stateDir, "postgres", "socket")},
		"port":    {"5432"},
		"sslmode": {"disable"},
	}.Encode()
	return u.String()
}

// connect returns a connection that is closed after the test.
func connect(t *testing.T, databaseURL string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		t.Fatalf("got error %v, want a connection", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// query returns the first column of all rows.
func query[T any](t *testing.T, conn *pgx.Conn, sql string, args ...any) []T {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: got error %v, want rows", sql, err)
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: got error %v, want rows", sql, err)
	}
	return values
}

func execute(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: got error %v, want none", sql, err)
	}
}

// tables returns the names of the tables, except for goose's own.
func tables(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	return query[string](t, conn, `SELECT tablename::text FROM pg_tables
		WHERE schemaname = 'public' AND tablename <> 'goose_db_version' ORDER BY 1`)
}

// contents returns all rows of all tables that have any, without the times at
// which they were last written.
func contents(t *testing.T, conn *pgx.Conn) map[string][]string {
	t.Helper()
	rows := make(map[string][]string)
	for _, table := range tables(t, conn) {
		all := query[string](t, conn, "SELECT (to_jsonb(r) - 'updated_at')::text FROM "+table+" AS r ORDER BY 1")
		if len(all) > 0 {
			rows[table] = all
		}
	}
	return rows
}

// postmaster returns the process of a state directory's private PostgreSQL.
func postmaster(t *testing.T, stateDir string) int {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(stateDir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		t.Fatalf("got error %v, want the process of PostgreSQL", err)
	}
	line, _, _ := strings.Cut(string(file), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatalf("got error %v, want the process of PostgreSQL", err)
	}
	return pid
}

// postgresProcesses returns the private PostgreSQL of a state directory and all
// that it has started.
func postgresProcesses(t *testing.T, stateDir string) []int {
	t.Helper()
	conn := connect(t, privateURL(stateDir))
	pids := query[int](t, conn, "SELECT pid FROM pg_stat_activity")
	if len(pids) < 2 {
		t.Fatalf("processes of PostgreSQL: got %v, want more", pids)
	}
	return append(pids, postmaster(t, stateDir))
}

// stillRunning returns those of the processes that have not ended.
func stillRunning(pids []int) []int {
	return slices.DeleteFunc(slices.Clone(pids), func(pid int) bool { return !running(pid) })
}

// running reports whether there is a process of this id that has not ended. One
// that its parent has not waited for has ended.
func running(pid int) bool {
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		_, err := os.Stat("/proc/self/stat")
		return err != nil // without /proc it is not known whether it has ended
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}
