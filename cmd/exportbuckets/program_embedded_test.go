package main

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/waittest"
)

func TestWithoutADatabaseTheDemoTenantIsServed(t *testing.T) {
	t.Parallel()
	started := time.Now()
	p := serve(t, settings{flags: []string{"--state-dir", newStateDir(t)}})
	p.waitReady(t)
	t.Logf("first start to first answer: %s", time.Since(started))
	var command string
	waittest.Until(t, "a curl command is printed", func() bool {
		_, command, _ = strings.Cut(p.out.String(), "\n\ncurl ")
		return strings.HasSuffix(command, "\n\n")
	})

	status, bucket := runCurl(t, "curl "+command)
	if status != "200" {
		t.Fatalf("status of the printed command: got %s, want 200; the body: %s", status, bucket)
	}
	id := text(t, bucket, "_id")
	if got := text(t, bucket, "bucketName"); got != "export-bucket" {
		t.Errorf("bucketName: got %q, want export-bucket", got)
	}

	callers := map[string]http.RoundTripper{"service account": withToken(t, p.token(t))}
	for key := range demoKeys {
		callers[key] = digestKey(t, key)
	}
	for name, caller := range callers {
		t.Run(name+" lists the buckets of the demo project", func(t *testing.T) {
			t.Parallel()
			got := p.ask(t, caller, demoBuckets, "")
			wantStatus(t, got, http.StatusOK)
			if diff := cmp.Diff([]string{id}, listed(t, got.body)); diff != "" {
				t.Errorf("ids (-want +got):\n%s", diff)
			}
		})
	}
	for _, key := range []string{"demoproj", "demoread"} {
		t.Run(key+" has no role on the other project", func(t *testing.T) {
			t.Parallel()
			got := p.ask(t, digestKey(t, key), otherBuckets, "")
			wantStatus(t, got, http.StatusUnauthorized)
			if code := text(t, got.body, "errorCode"); code != "USER_UNAUTHORIZED" {
				t.Errorf("errorCode: got %q, want USER_UNAUTHORIZED", code)
			}
		})
	}
	t.Run("demoread may not create", func(t *testing.T) {
		t.Parallel()
		got := p.ask(t, digestKey(t, "demoread"), demoBuckets, demoBucket)
		wantStatus(t, got, http.StatusUnauthorized)
	})
}

// runCurl runs a command line in a shell and returns the status and the body of
// the answer. The command line is not changed: that curl prints the status is
// set in its configuration file.
func runCurl(t *testing.T, command string) (status, body string) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Fatalf("got error %v, want curl: install it, the README's commands are run with it", err)
	}
	home := t.TempDir()
	config := "silent\nshow-error\nwrite-out = \"\\n%{http_code}\"\n"
	if err := os.WriteFile(filepath.Join(home, ".curlrc"), []byte(config), 0o600); err != nil {
		t.Fatalf("got error %v, want curl's configuration written", err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", command)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "CURL_HOME=" + home}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: got error %v, want none; it wrote: %s", command, err, out)
	}
	at := bytes.LastIndexByte(out, '\n')
	return string(out[at+1:]), string(out[:at])
}

func TestAKilledServerLosesNothing(t *testing.T) {
	t.Parallel()
	stateDir := newStateDir(t)
	s := settings{flags: []string{"--state-dir", stateDir}}
	p := serve(t, s)
	caller := withToken(t, p.token(t))
	bucket := p.ask(t, caller, demoBuckets, demoBucket)
	wantStatus(t, bucket, http.StatusOK)
	first := postgresProcesses(t, stateDir)

	p.signal(syscall.SIGKILL)
	p.wait(t)
	started := time.Now()
	p = serve(t, s)
	if left := stillRunning(first); len(left) > 0 {
		t.Errorf("processes of the killed server's PostgreSQL: got %v, want none", left)
	}
	path := demoBuckets + "/" + text(t, bucket.body, "_id")
	got := p.ask(t, caller, path, "")
	t.Logf("start after kill -9 to first answer: %s", time.Since(started))
	wantStatus(t, got, http.StatusOK)
	// The links differ: the server listens on another port now.
	if got, want := text(t, got.body, "bucketName"), text(t, bucket.body, "bucketName"); got != want {
		t.Errorf("bucketName: got %q, want %q", got, want)
	}

	p.stop(t)
	started = time.Now()
	p = serve(t, s)
	wantStatus(t, p.ask(t, caller, path, ""), http.StatusOK)
	t.Logf("start after a stop to first answer: %s", time.Since(started))
}

func TestASecondServerInTheSameStateDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	stateDir := newStateDir(t)
	p := serve(t, settings{flags: []string{"--state-dir", stateDir}})

	second := runProgram(t, nil, "serve", "--listen", "127.0.0.1:0", "--state-dir", stateDir)
	wantRefusal(t, second, stateDir, "in use")
	status := runProgram(t, nil, "migrate", "status", "--state-dir", stateDir)
	wantRefusal(t, status, stateDir, "in use")

	p.waitReady(t)
}

func TestTheProgramEndsWithItsPrivatePostgreSQL(t *testing.T) {
	t.Parallel()
	stateDir := newStateDir(t)
	p := serve(t, settings{flags: []string{"--state-dir", stateDir}})
	if err := syscall.Kill(postmaster(t, stateDir), syscall.SIGKILL); err != nil {
		t.Fatalf("got error %v, want PostgreSQL killed", err)
	}

	got := p.wait(t)
	if got.code != 1 {
		t.Errorf("exit code: got %d, want 1", got.code)
	}
	const want = "\nexportbuckets: the private PostgreSQL ended: postgres ended: signal: killed"
	if !strings.Contains(got.log, want) {
		t.Errorf("log: got %q, want %q in it", got.log, want)
	}
}
