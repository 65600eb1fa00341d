//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// logLevel is that of the measured server. It logs each request as info, so
// what is measured is a server that logs nothing.
const logLevel = "warn"

// buildServer builds the server of this tree as the Makefile does, and returns
// its path. It is built in its own module, with the dependencies named there.
func buildServer(ctx context.Context, dir string) (string, error) {
	var said bytes.Buffer
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "exportbuckets")
	list.Stderr = &said
	module, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("find the tree of the server: %w\n%s", err, said.String())
	}
	tree := strings.TrimSpace(string(module))
	program := filepath.Join(dir, "exportbuckets")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", "nomsgpack",
		"-ldflags", "-s -w -X main.version="+describe(ctx, tree), "-o", program, "./cmd/exportbuckets")
	build.Dir = tree
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the server: %w\n%s", err, said)
	}
	return program, nil
}

// describe returns the commit of a tree, or devel where Git does not know it.
func describe(ctx context.Context, tree string) string {
	said, err := exec.CommandContext(ctx, "git", "-C", tree, "describe", "--tags", "--always", "--dirty").Output()
	if err != nil {
		return "devel"
	}
	return strings.TrimSpace(string(said))
}

// migrate lets a server's program bring a database to its schema.
func migrate(ctx context.Context, program, databaseURL string) error {
	cmd := exec.CommandContext(ctx, program, "migrate", "up")
	cmd.Env = []string{"DATABASE_URL=" + databaseURL}
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("migrate a database: %w\n%s", err, said)
	}
	return nil
}

// server is a running server.
type server struct {
	address string
	cmd     *exec.Cmd
	log     bytes.Buffer // to be read when it has ended
	ended   chan struct{}
	took    time.Duration // from exec to ready
}

// startServer starts the server and waits until it is ready.
func startServer(ctx context.Context, program string, env []string, flags ...string) (*server, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	args := append([]string{"serve", "--no-rate-limits", "--listen", address, "--log-level", logLevel}, flags...)
	s := &server{
		address: address,
		cmd:     exec.CommandContext(context.WithoutCancel(ctx), program, args...),
		ended:   make(chan struct{}),
	}
	s.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	s.cmd.Stderr = &s.log
	// Ctrl-C is for this process, which ends the server in its time; the kernel
	// ends it if this process can't.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	began := time.Now()
	started := make(chan error)
	go func() {
		// To the kernel the thread that starts a process is its parent.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			_ = s.cmd.Wait() // What it said is in the log.
			close(s.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	if err := s.waitReady(ctx); err != nil {
		s.stop()
		return nil, err
	}
	s.took = time.Since(began)
	return s, nil
}

// freeAddress returns an address that nobody listens on. The server tells the
// port that it was given in its log alone, and logs nothing here.
func freeAddress(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

// waitReady asks each millisecond.
func (s *server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	transport := &http.Transport{DisableKeepAlives: true}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address+"/readyz", http.NoBody)
	if err != nil {
		return fmt.Errorf("ask whether the server is ready: %w", err)
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		response, err := transport.RoundTrip(request)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-s.ended:
			return fmt.Errorf("the server ended: %s", s.log.String())
		case <-ctx.Done():
			return errors.Join(errors.New("the server is not ready"), context.Cause(ctx), err)
		}
	}
}

// stop ends the server and waits until it is gone.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(patience):
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
}

func (s *server) pid() int { return s.cmd.Process.Pid }
