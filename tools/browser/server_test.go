// Package browser looks at the pages of the server as people do, in Debian's Chromium.
package browser

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// server is the program, with a private PostgreSQL and the demo tenant.
type server struct {
	api, admin string            // URLs
	token      string            // the operator's
	bearer     string            // of the demo tenant's service account
	refused    map[string]string // entries of the journal by their error codes
	stop       func()
}

// serving is an event of the log that tells an address.
var serving = regexp.MustCompile(`msg=("serving admin"|serving) address=(\S+)`)

// startServer builds the program and starts it.
func startServer(ctx context.Context) (*server, error) {
	// The user that PostgreSQL runs as has to be able to enter it.
	dir, err := os.MkdirTemp("", "exportbuckets-browser-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	program := filepath.Join(dir, "exportbuckets")
	build := exec.CommandContext(ctx, "go", "build", "-C", "../..", "-o", program, "./cmd/exportbuckets")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	state, tenants := filepath.Join(dir, "state"), filepath.Join(dir, "seed.yaml")
	text, err := seed()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(tenants, []byte(text), 0o644); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, "serve", "--state-dir", state, "--seed", tenants, "--no-rate-limits",
		"--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--drain", "0s")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	log, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{stop: func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
	}}
	lines := bufio.NewScanner(log)
	var said strings.Builder
	for s.api == "" && lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		match := serving.FindStringSubmatch(lines.Text())
		switch {
		case match == nil:
		case match[1] == "serving":
			s.api = "http://" + match[2]
		default:
			s.admin = "http://" + match[2]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, log) }()
	token, err := os.ReadFile(filepath.Join(state, "operator-token"))
	if s.api == "" || s.admin == "" || err != nil {
		s.stop()
		return nil, fmt.Errorf("the program does not serve: %w, it said:\n%s", err, &said)
	}
	s.token = strings.TrimSpace(string(token))
	if err := s.stage(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}
