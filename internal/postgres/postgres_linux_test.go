package postgres

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"exportbuckets/internal/waittest"
)

func TestStopDropsEverythingWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	dir := seededDir(t)
	s := startServer(t, quick(dir))
	// A stopped process handles no signal until it is continued.
	s.proc.signal(syscall.SIGSTOP)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ended := make(chan error, 1)
	go func() { ended <- s.Stop(ctx) }()
	waittest.Until(t, "the server has been sent SIGQUIT", func() bool {
		return pending(t, s.proc.cmd.Process.Pid, syscall.SIGQUIT)
	})
	s.proc.signal(syscall.SIGCONT)
	if err := <-ended; err != nil {
		t.Errorf("stop: %v", err)
	}
	said, err := os.ReadFile(filepath.Join(dir, "postgres.log"))
	if err != nil || !strings.Contains(string(said), "immediate shutdown") {
		t.Errorf("log: got %s, %v, want an immediate shutdown", said, err)
	}

	s = startServer(t, quick(dir))
	wantNote(t, s, "kept")
}

func TestAKilledParentTakesTheServerWithIt(t *testing.T) {
	t.Parallel()
	dir := seededDir(t)
	server := killServingParent(t, dir)
	waittest.Until(t, "the server ended after its parent", func() bool { return !running(server) })

	s := startServer(t, quick(dir))
	wantNote(t, s, "committed")
}

func TestAServerMayStartRightAfterAKilledParent(t *testing.T) {
	t.Parallel()
	dir := seededDir(t)
	server := killServingParent(t, dir)

	s := startServer(t, quick(dir))
	if running(server) {
		t.Errorf("the old server, process %d, still runs", server)
	}
	wantNote(t, s, "committed")
}

func TestTheServerOutlivesTheThreadThatCalledStart(t *testing.T) {
	t.Parallel()
	cfg := quick(seededDir(t))
	var s *Server
	var err error
	thread := onThreadThatEnds(func() { s, err = Start(context.Background(), cfg) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	waittest.Until(t, "the thread ended", func() bool {
		_, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", thread))
		return err != nil
	})
	wantNote(t, s, "kept")
}

// onThreadThatEnds calls f on a thread that ends with it, and returns the
// thread's id. The main thread never ends, so it has to wait for another.
func onThreadThatEnds(f func()) int {
	thread := make(chan int)
	go func() {
		runtime.LockOSThread()
		if id := syscall.Gettid(); id != syscall.Getpid() {
			f()
			thread <- id
			return
		}
		thread <- onThreadThatEnds(f)
		runtime.UnlockOSThread()
	}()
	return <-thread
}

// killServingParent runs the helper program on dir, kills it once it has
// committed a row, and returns its server's process id.
func killServingParent(t *testing.T, dir string) int {
	t.Helper()
	parent, out := startHelper(t, dir)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("helper: %v", err)
	}
	server, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("helper: %v", err)
	}
	kill(t, parent)
	return server
}

func TestAServerLeftRunningIsStopped(t *testing.T) {
	t.Parallel()
	dir := seededDir(t)
	s := startServer(t, quick(dir))
	old := s.proc.cmd
	stop(t, s)

	// The same server again, whose parent will not end it.
	left := exec.Command(old.Path, old.Args[1:]...)
	left.Dir, left.Env = old.Dir, old.Env
	left.SysProcAttr = &syscall.SysProcAttr{Credential: old.SysProcAttr.Credential, Pdeathsig: syscall.SIGKILL}
	if err := left.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- left.Wait() }()
	waittest.Until(t, "the left-over server is up", func() bool {
		text, _ := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
		return strings.Contains(string(text), "ready")
	})

	s = startServer(t, quick(dir))
	if err := <-ended; err != nil {
		t.Errorf("left-over server: got %v, want an orderly stop", err)
	}
	wantNote(t, s, "kept")
}

func TestAProcessIDInUseByAnotherProgramDoesNotStopUs(t *testing.T) {
	t.Parallel()
	dir := seededDir(t)
	s := startServer(t, quick(dir))
	s.proc.signal(syscall.SIGKILL)
	waitDone(t, s)

	// PostgreSQL takes any process of its own user for a server.
	other := exec.Command("sleep", "600")
	other.SysProcAttr = &syscall.SysProcAttr{Credential: s.proc.cmd.SysProcAttr.Credential, Pdeathsig: syscall.SIGKILL}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	})
	replacePID(t, filepath.Join(dir, "data", "postmaster.pid"), other.Process.Pid)

	s = startServer(t, quick(dir))
	wantNote(t, s, "kept")
}

func TestACancelledStartLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		newDir func(*testing.T) string
		file   string
	}{
		"during initdb":                {newDir: newDir, file: "data.new/PG_VERSION"},
		"while the server is starting": {newDir: seededDir, file: "data/postmaster.pid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := tt.newDir(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() {
				for ctx.Err() == nil {
					if _, err := os.Stat(filepath.Join(dir, tt.file)); err == nil {
						cancel()
					}
				}
			}()
			s, err := Start(ctx, quick(dir))
			if err == nil {
				// The server had started before the context ended.
				stop(t, s)
			} else if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled", err)
			}
			for _, data := range []string{"data", "data.new"} {
				pids, known := workers(filepath.Join(dir, data))
				if !known || len(pids) > 0 {
					t.Errorf("processes in %s: got %v, %t, want none", data, pids, known)
				}
			}
			s = startServer(t, quick(dir))
			execute(t, connect(t, s), "SELECT 1")
		})
	}
}

func running(pid int) bool {
	state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(state), ") Z ")
}

func replacePID(t *testing.T, file string, pid int) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n")
	if err := os.WriteFile(file, fmt.Appendf(nil, "%d\n%s", pid, rest), 0o600); err != nil {
		t.Fatal(err)
	}
}

// pending reports whether the process has been sent the signal and has not
// handled it yet.
func pending(t *testing.T, pid int, sig syscall.Signal) bool {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "ShdPnd:")
	mask, err := strconv.ParseUint(strings.Fields(rest)[0], 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return mask&(1<<(sig-1)) != 0
}
