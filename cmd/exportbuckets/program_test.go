package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"exportbuckets/internal/waittest"
)

// The tests of program_*_test.go run the program as a child process, for what
// only a process of its own shows: exit codes, signals, its output and log, and
// what outlives it. The child is this test binary, so the race detector watches
// it too.

// asProgram is the variable that makes this test binary the program.
const asProgram = "RUN_TEST_BINARY_AS_PROGRAM"

// asCommand is its value for a command that ends by itself: its standard input is its own.
const asCommand = "command"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	if os.Getenv(asProgram) != asCommand {
		go endWithTests()
	}
	main()
	os.Exit(0)
}

// endWithTests ends the program when the test process does, however that ends:
// the other end of standard input is held there.
func endWithTests() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(99)
}

// settings is what a program is started with besides its command.
type settings struct {
	flags []string
	env   []string // NAME=value
}

// newCommand returns the program, with nothing of this process's environment
// but what every process needs.
func newCommand(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatalf("got error %v, want the path of the test binary", err)
	}
	cmd := exec.Command(binary, args...)
	cmd.Env = append(cmd.Env, asProgram+"=1", "HOME="+t.TempDir())
	if testing.CoverMode() != "" {
		cmd.Env = append(cmd.Env, "GOCOVERDIR="+t.TempDir())
	}
	// A program with the race detector in it would sleep for a second at its end.
	cmd.Env = append(cmd.Env, "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	for _, name := range []string{"PATH", "TMPDIR", "LD_LIBRARY_PATH"} {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	cmd.Env = append(cmd.Env, env...)
	// A grandchild may hold the output of a killed program open.
	cmd.WaitDelay = waittest.Patience
	return cmd
}

// ended is a program that has run to its end.
type ended struct {
	code     int
	out, log string
}

// runProgram runs a command of the program that ends by itself.
func runProgram(t *testing.T, env []string, args ...string) ended {
	t.Helper()
	env = append([]string{"EXPORTBUCKETS_DATABASE_WAIT=0s"}, env...) // it is there, or is not to be
	p := launch(t, env, args...)
	return p.wait(t)
}

// program is a running program.
type program struct {
	cmd      *exec.Cmd
	out, log *transcript
	exited   chan struct{}
	address  string // HOST:PORT, once it serves
}

// newProgram returns the program, to be started.
func newProgram(t *testing.T, env []string, args ...string) *program {
	t.Helper()
	p := &program{
		cmd:    newCommand(t, env, args...),
		out:    new(transcript),
		log:    new(transcript),
		exited: make(chan struct{}),
	}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.log
	return p
}

func launch(t *testing.T, env []string, args ...string) *program {
	t.Helper()
	p := newProgram(t, env, args...)
	p.start(t)
	return p
}

// start starts the program, and sees to it that it is gone after the test and has
// had no data race.
func (p *program) start(t *testing.T) {
	t.Helper()
	if _, err := p.cmd.StdinPipe(); err != nil {
		t.Fatalf("got error %v, want a pipe to the program", err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("got error %v, want the program started", err)
	}
	go func() {
		_ = p.cmd.Wait() // the code is in ProcessState
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.signal(syscall.SIGTERM)
		select {
		case <-p.exited:
		case <-waittest.Context(t).Done():
			t.Errorf("the program runs on after SIGTERM; it is killed")
			p.signal(syscall.SIGKILL)
			<-p.exited
		}
		if strings.Contains(p.log.String(), "DATA RACE") {
			t.Errorf("got a data race, want none:\n%s", p.log)
		}
		if t.Failed() {
			t.Logf("the end of the log of %q:\n%s", p.cmd.Args[1:], p.log.end())
		}
	})
}

// serve starts a server on a port of its own and waits until it serves.
func serve(t *testing.T, s settings) *program {
	t.Helper()
	p := launchServer(t, s)
	p.waitServing(t)
	return p
}

func launchServer(t *testing.T, s settings) *program {
	t.Helper()
	p := newServer(t, s)
	p.start(t)
	return p
}

func newServer(t *testing.T, s settings) *program {
	t.Helper()
	env := append([]string{
		"EXPORTBUCKETS_DRAIN=0s",      // nobody else could take the requests
		"EXPORTBUCKETS_ADMIN_LISTEN=", // its port is for one server
	}, s.env...)
	return newProgram(t, env, append([]string{"serve", "--listen", "127.0.0.1:0"}, s.flags...)...)
}

var (
	listeningEvent = regexp.MustCompile(`.*(?:msg=listening address=|"msg":"listening","address":")([0-9.:[\]]+).*\n`)
	servingEvent   = regexp.MustCompile(`.*(?:msg=serving address=|"msg":"serving","address":")([0-9.:[\]]+).*\n`)
)

// waitListening waits until the program has opened its port, and learns its address.
func (p *program) waitListening(t *testing.T) {
	t.Helper()
	p.address = p.waitLog(t, listeningEvent)[1]
}

// waitServing waits until the program serves, and learns its address.
func (p *program) waitServing(t *testing.T) {
	t.Helper()
	p.address = p.waitLog(t, servingEvent)[1]
}

// waitLog waits until an event is in the log, and returns the match.
func (p *program) waitLog(t *testing.T, event *regexp.Regexp) (match []string) {
	t.Helper()
	waittest.Until(t, "the log has "+event.String(), func() bool {
		if p.hasExited() {
			t.Fatalf("got exit code %d, want a server; its log:\n%s", p.cmd.ProcessState.ExitCode(), p.log)
		}
		match = event.FindStringSubmatch(p.log.String())
		return match != nil
	})
	return match
}

func (p *program) signal(sig syscall.Signal) {
	_ = p.cmd.Process.Signal(sig) // it may just have ended
}

func (p *program) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// wait waits until the program has ended.
func (p *program) wait(t *testing.T) ended {
	t.Helper()
	select {
	case <-p.exited:
	case <-waittest.Context(t).Done():
		t.Fatalf("got a program that runs on, want it to end; its log:\n%s", p.log)
	}
	return ended{code: p.cmd.ProcessState.ExitCode(), out: p.out.String(), log: p.log.String()}
}

// stop ends the program as an operator would.
func (p *program) stop(t *testing.T) ended {
	t.Helper()
	p.signal(syscall.SIGTERM)
	return p.wait(t)
}

// transcript is what a program has written so far.
type transcript struct{ waittest.Log }

// end returns the last of what was written: the log of a load is long.
func (w *transcript) end() string {
	const most = 8 << 10
	all := w.String()
	return all[max(len(all)-most, 0):]
}

// newStateDir returns a new directory that the user of PostgreSQL may enter,
// as t.TempDir is not, under a name short enough for a socket.
func newStateDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "eb-")
	if err != nil {
		t.Fatalf("got error %v, want a directory", err)
	}
	// A PostgreSQL whose program was killed may write for a moment longer.
	t.Cleanup(func() {
		waittest.Until(t, "the state directory is removed", func() bool { return os.RemoveAll(dir) == nil })
	})
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatalf("got error %v, want a directory that others may enter", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		t.Fatalf("got error %v, want the directory's real path", err)
	}
	return dir
}

// wantRefusal checks that a program refused to start with one sentence that
// names what was wrong.
func wantRefusal(t *testing.T, got ended, names ...string) {
	t.Helper()
	if got.code != exitFailed && got.code != exitUsage {
		t.Errorf("exit code: got %d, want %d or %d", got.code, exitFailed, exitUsage)
	}
	if got.out != "" {
		t.Errorf("output: got %q, want none", got.out)
	}
	log := listeningEvent.ReplaceAllString(got.log, "") // a server has opened its port before
	sentence, rest, _ := strings.Cut(log, "\n")
	if !strings.HasPrefix(sentence, "exportbuckets: ") || rest != "" {
		t.Errorf("log: got %q, want one sentence of the program", log)
	}
	for _, name := range names {
		if !strings.Contains(sentence, name) {
			t.Errorf("refusal: got %q, want it to name %q", sentence, name)
		}
	}
}
