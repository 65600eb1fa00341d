package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/waittest"
)

// helperEnv makes the test binary a program that runs one server and waits to
// be killed, in place of the tests.
const helperEnv = "EXPORTBUCKETS_POSTGRES_HELPER_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperEnv); dir != "" {
		if err := helper(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(runTests(m))
}

// seedDir holds the data directory that seededDir copies: initdb takes most of
// the time of a first start, and few tests are about it. Set by TestMain.
var seedDir string

func runTests(m *testing.M) int {
	dir, err := makeSeed()
	defer func() { _ = os.RemoveAll(dir) }()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	seedDir = dir
	return m.Run()
}

func makeSeed() (string, error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "pg-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return dir, err
	}
	s, err := Start(ctx, quick(dir))
	if err != nil {
		return dir, err
	}
	conn, err := pgx.Connect(ctx, s.ConnString("postgres"))
	if err != nil {
		return dir, errors.Join(err, s.Stop(ctx))
	}
	_, err = conn.Exec(ctx, "CREATE TABLE notes AS SELECT 'kept' AS note")
	return dir, errors.Join(err, conn.Close(ctx), s.Stop(ctx))
}

// helper starts the server of dir, commits a row, prints the server's process
// id, and waits.
func helper(dir string) error {
	ctx := context.Background()
	s, err := Start(ctx, Config{Dir: dir})
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, s.ConnString("postgres"))
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "UPDATE notes SET note = 'committed'"); err != nil {
		return err
	}
	fmt.Println(s.proc.cmd.Process.Pid)
	<-s.Done()
	return s.Err()
}

func TestStartMakesAServerThatTakesConnections(t *testing.T) {
	t.Parallel()
	s := startServer(t, Config{Dir: newDir(t)})
	conn := connect(t, s)

	for setting, want := range map[string]string{
		"listen_addresses":   "",
		"fsync":              "on",
		"synchronous_commit": "on",
		"full_page_writes":   "on",
		"server_encoding":    "UTF8",
		"lc_collate":         "C.UTF-8",
		"TimeZone":           "UTC",
	} {
		if got := show(t, conn, setting); got != want {
			t.Errorf("%s: got %q, want %q", setting, got, want)
		}
	}
	if err := s.Err(); err != nil {
		t.Errorf("Err of a running server: got %v, want nil", err)
	}
}

func TestSettingsWinOverTheDefaults(t *testing.T) {
	t.Parallel()
	settings := map[string]string{"fsync": "off", "lc_messages": "C.UTF-8"}
	s := startServer(t, Config{Dir: seededDir(t), Settings: settings})
	conn := connect(t, s)
	for setting, want := range settings {
		if got := show(t, conn, setting); got != want {
			t.Errorf("%s: got %q, want %q", setting, got, want)
		}
	}
}

func TestRowsOutliveAStop(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	s := startServer(t, quick(dir))
	execute(t, connect(t, s), "CREATE TABLE notes AS SELECT 'kept' AS note")
	stop(t, s)

	s = startServer(t, quick(dir))
	wantNote(t, s, "kept")
}

func TestStopMayBeCalledAgain(t *testing.T) {
	t.Parallel()
	s := startServer(t, quick(seededDir(t)))
	stop(t, s)
	stop(t, s)
	select {
	case <-s.Done():
	default:
		t.Error("Done is open after Stop")
	}
	if err := s.Err(); err != nil {
		t.Errorf("Err after Stop: got %v, want nil", err)
	}
}

func TestASecondServerOfADirectoryIsRefused(t *testing.T) {
	t.Parallel()
	dir := seededDir(t)
	s := startServer(t, quick(dir))
	_, err := Start(t.Context(), quick(dir))
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want ErrInUse with %s", err, dir)
	}
	execute(t, connect(t, s), "SELECT 1")
}

func TestTheServerIsOutsideOurProcessGroup(t *testing.T) {
	t.Parallel()
	s := startServer(t, quick(seededDir(t)))
	group, err := syscall.Getpgid(s.proc.cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if ours := syscall.Getpgrp(); group == ours {
		t.Errorf("the server is in our process group, %d: Ctrl-C would reach it", ours)
	}
}

func TestDoneIsClosedWhenTheServerIsKilled(t *testing.T) {
	t.Parallel()
	dir := seededDir(t)
	s := startServer(t, quick(dir))
	execute(t, connect(t, s), "UPDATE notes SET note = 'committed'")
	s.proc.signal(syscall.SIGKILL)
	waitDone(t, s)
	if err := s.Err(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("Err: got %v, want it to name the signal", err)
	}

	s = startServer(t, quick(dir))
	wantNote(t, s, "committed")
}

func TestDoneIsClosedWhenSomeoneElseStopsTheServer(t *testing.T) {
	t.Parallel()
	s := startServer(t, quick(seededDir(t)))
	s.proc.signal(syscall.SIGTERM)
	waitDone(t, s)
	if err := s.Err(); err == nil || !strings.Contains(err.Error(), "by someone else") {
		t.Errorf("Err: got %v, want it to say that the server was stopped", err)
	}
}

func TestAKilledFirstStartLeavesNoUnfinishedData(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	parent, _ := startHelper(t, dir)
	waittest.Until(t, "initdb is at work", func() bool {
		_, err := os.Stat(filepath.Join(dir, "data.new", "PG_VERSION"))
		return err == nil
	})
	kill(t, parent)

	s := startServer(t, quick(dir))
	execute(t, connect(t, s), "SELECT 1")
	if _, err := os.Stat(filepath.Join(dir, "data.new")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("data.new: got %v, want it gone", err)
	}
}

func TestAnUnfinishedDataDirectoryIsReplaced(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	unfinished := filepath.Join(dir, "data.new", "base")
	if err := os.MkdirAll(unfinished, 0o700); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, quick(dir))
	execute(t, connect(t, s), "SELECT 1")
}

func TestStartFailsWithTheLastLinesOfTheLog(t *testing.T) {
	t.Parallel()
	cfg := quick(seededDir(t))
	cfg.Settings["shared_buffers"] = "many"
	_, err := Start(t.Context(), cfg)
	if err == nil || !strings.Contains(err.Error(), "shared_buffers") {
		t.Errorf("got %v, want an error that quotes the server", err)
	}
	s := startServer(t, quick(cfg.Dir))
	execute(t, connect(t, s), "SELECT 1")
}

func TestNoProgramsIsAnErrorThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	_, err := Start(t.Context(), Config{Dir: newDir(t), folders: []string{t.TempDir()}})
	if !errors.Is(err, ErrNoBinaries) {
		t.Fatalf("got %v, want ErrNoBinaries", err)
	}
	for _, way := range []string{"install", "DATABASE_URL", "docker compose"} {
		if !strings.Contains(err.Error(), way) {
			t.Errorf("got %q, want it to mention %s", err, way)
		}
	}
}

func TestADataDirectoryOfAnotherVersionIsRefused(t *testing.T) {
	t.Parallel()
	dir := seededDir(t)
	stop(t, startServer(t, quick(dir)))
	file := filepath.Join(dir, "data", "PG_VERSION")
	own, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("9999\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Start(t.Context(), quick(dir))
	if err == nil {
		t.Fatal("got no error")
	}
	for _, version := range []string{"9999", strings.TrimSpace(string(own))} {
		if !strings.Contains(err.Error(), "PostgreSQL "+version) {
			t.Errorf("got %q, want it to name PostgreSQL %s", err, version)
		}
	}
}

func TestADirectoryWithoutPostgreSQLDataIsRefused(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), quick(dir))
	if err == nil || !strings.Contains(err.Error(), "holds no PostgreSQL data") {
		t.Errorf("got %v, want an error about the directory", err)
	}
}

func TestATooLongSocketPathIsRefused(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(newDir(t), strings.Repeat("x", 100))
	_, err := Start(t.Context(), quick(dir))
	if err == nil {
		t.Fatal("got no error")
	}
	for _, part := range []string{strconv.Itoa(maxSocketPath), "--state-dir"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("got %q, want it to contain %s", err, part)
		}
	}
}

func TestASocketPathWithACommaIsRefused(t *testing.T) {
	t.Parallel()
	_, err := Start(t.Context(), quick(filepath.Join(newDir(t), "a,b")))
	if err == nil || !strings.Contains(err.Error(), "comma") {
		t.Errorf("got %v, want an error about the comma", err)
	}
}

func TestTheLongestSocketPathWorks(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	rest := maxSocketPath - len(filepath.Join(dir, "x", "socket", ".s.PGSQL."+port)) + 1
	dir = filepath.Join(dir, strings.Repeat("x", rest))
	s := startServer(t, quick(dir))
	execute(t, connect(t, s), "SELECT 1")
}

func TestADirectoryWithOddCharactersWorks(t *testing.T) {
	t.Parallel()
	s := startServer(t, quick(filepath.Join(newDir(t), `a b+c"d'e%2F?&`)))
	execute(t, connect(t, s), "SELECT 1")
}

// quick is the configuration of a server whose data need not survive a loss of
// power. On a busy machine it may take long to end.
func quick(dir string) Config {
	return Config{
		Dir:      dir,
		Settings: map[string]string{"fsync": "off"},
		patience: patience{stop: waittest.Patience, quit: waittest.Patience, leftover: waittest.Patience},
	}
}

// newDir returns an empty directory that the server's user can enter, which
// t.TempDir is not.
func newDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// seededDir returns a directory in which a server has run before. It left one
// row, 'kept'.
func seededDir(t *testing.T) string {
	t.Helper()
	dir := newDir(t)
	out, err := exec.Command("cp", "-Rp", filepath.Join(seedDir, "data"), dir).CombinedOutput()
	if err != nil {
		t.Fatalf("copy data directory: %v: %s", err, out)
	}
	return dir
}

func startServer(t *testing.T, cfg Config) *Server {
	t.Helper()
	s, err := Start(waittest.Context(t), cfg)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	return s
}

func stop(t *testing.T, s *Server) {
	t.Helper()
	if err := s.Stop(t.Context()); err != nil {
		t.Fatalf("stop: %v", err)
	}
}

func waitDone(t *testing.T, s *Server) {
	t.Helper()
	waittest.Receive(t, "the end of the server", s.Done())
}

func connect(t *testing.T, s *Server) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.ConnString("postgres"))
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func execute(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func show(t *testing.T, conn *pgx.Conn, setting string) string {
	t.Helper()
	var value string
	if err := conn.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&value); err != nil {
		t.Fatalf("%s: %v", setting, err)
	}
	return value
}

func wantNote(t *testing.T, s *Server, want string) {
	t.Helper()
	var got string
	if err := connect(t, s).QueryRow(t.Context(), "SELECT note FROM notes").Scan(&got); err != nil {
		t.Fatalf("read the row: %v", err)
	}
	if got != want {
		t.Errorf("row: got %q, want %q", got, want)
	}
}

// startHelper runs this test binary as a program that serves dir.
func startHelper(t *testing.T, dir string) (*exec.Cmd, io.Reader) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), helperEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, out
}

func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // says that it was killed
}
