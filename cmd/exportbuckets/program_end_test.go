package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/waittest"
)

func TestSIGTERMFinishesRequestsInFlight(t *testing.T) {
	t.Parallel()
	stateDir := newStateDir(t)
	p := serve(t, settings{flags: []string{
		"--state-dir", stateDir, "--shutdown-timeout", waittest.Patience.String(),
	}})
	processes := postgresProcesses(t, stateDir)
	request := p.openCreate(t)

	p.signal(syscall.SIGTERM)
	p.waitRefusing(t)
	if p.hasExited() {
		t.Fatalf("got exit code %d with a request in flight, want it waited for", p.cmd.ProcessState.ExitCode())
	}
	request.sendBody(t)
	got := request.answer(t)
	wantStatus(t, got, http.StatusOK)
	if name := text(t, got.body, "bucketName"); name != "export-bucket" {
		t.Errorf("bucketName: got %q, want export-bucket", name)
	}

	wantCleanEnd(t, p)
	if left := stillRunning(processes); len(left) > 0 {
		t.Errorf("processes of PostgreSQL after the end: got %v, want none", left)
	}
}

func TestTheUseOfACredentialAfterSIGTERMIsWritten(t *testing.T) {
	t.Parallel()
	address := dbtest.NewEmptyURL(t)
	p := serve(t, settings{
		flags: []string{"--seed", demoSeedFile, "--shutdown-timeout", waittest.Patience.String()},
		env:   []string{"DATABASE_URL=" + address},
	})
	basic := base64.StdEncoding.EncodeToString([]byte(demoAccount + ":" + demoSecret))
	request := p.open(t, http.MethodPost, "/api/oauth/token", "Basic "+basic,
		"application/x-www-form-urlencoded", "grant_type=client_credentials")

	p.signal(syscall.SIGTERM)
	p.waitRefusing(t)
	request.sendBody(t)
	wantStatus(t, request.answer(t), http.StatusOK)
	wantCleanEnd(t, p)
	used := query[int](t, connect(t, address),
		"SELECT count(*) FROM service_account_secrets WHERE last_used_at IS NOT NULL")
	if used[0] != 1 {
		t.Errorf("secrets that were used: got %d, want 1", used[0])
	}
}

func TestWhatWouldOutliveTheServerIsAnswered(t *testing.T) {
	t.Parallel()
	address := dbtest.NewEmptyURL(t)
	p := serve(t, settings{
		flags: []string{"--seed", demoSeedFile, "--shutdown-timeout", "2s"},
		env:   []string{"DATABASE_URL=" + address},
	})
	slowBody := p.openCreate(t)
	execute(t, connect(t, address), "BEGIN; SELECT FROM projects FOR UPDATE")
	locked := p.open(t, http.MethodPatch, "/api/atlas/v2/groups/5f0000000000000000000b01", "Bearer "+p.token(t),
		"application/json", `{"name":"Renamed"}`)
	locked.sendBody(t)
	other := connect(t, address)
	waittest.Until(t, "the change waits for the project", func() bool {
		return query[bool](t, other, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")[0]
	})

	p.signal(syscall.SIGTERM)
	for what, request := range map[string]openRequest{"for a row": locked, "for a body": slowBody} {
		if got := request.answer(t); got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") != "1" {
			t.Errorf("a request that waits %s: got %d %s, want 503 with Retry-After", what, got.status, got.body)
		}
	}
	wantCleanEnd(t, p)
}

func TestAServerThatEndsSendsItsClientsElsewhere(t *testing.T) {
	t.Parallel()
	p := serve(t, settings{
		flags: []string{"--seed", demoSeedFile, "--drain", waittest.Patience.String()},
		env:   []string{"DATABASE_URL=" + dbtest.NewEmptyURL(t)},
	})
	p.waitReady(t)
	kept := newTransport(t)
	token := p.token(t)
	if got := p.ask(t, kept, "/healthz", ""); got.close {
		t.Errorf("before the end: got Connection: close, want the connection kept")
	}

	p.signal(syscall.SIGTERM)
	waittest.Until(t, "the server is not ready", func() bool {
		return p.probe(t, "/readyz") == http.StatusServiceUnavailable
	})
	for path, via := range map[string]http.RoundTripper{
		"/healthz":  kept, // on a connection from before
		demoBuckets: withToken(t, token),
	} {
		got := p.ask(t, via, path, "")
		wantStatus(t, got, http.StatusOK)
		if !got.close {
			t.Errorf("%s: got no Connection: close, want it", path)
		}
	}

	p.signal(syscall.SIGTERM) // the second one ends it at once
	p.wait(t)
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGTERM {
		t.Errorf("end: got %s, want it killed by the second signal", p.cmd.ProcessState)
	}
}

func TestSIGTERMCutsNoRequestUnderLoad(t *testing.T) {
	t.Parallel()
	p := serve(t, settings{
		flags: []string{"--seed", demoSeedFile, "--no-rate-limits", "--drain", "300ms"},
		env:   []string{"DATABASE_URL=" + dbtest.NewEmptyURL(t)},
	})
	l := load{address: p.address, token: p.token(t)}
	for range 6 {
		l.start(t, true)
		l.start(t, false)
	}
	waittest.Until(t, "requests are answered", func() bool { return l.answered.Load() > 200 })

	p.signal(syscall.SIGTERM)
	l.clients.Wait()
	wantCleanEnd(t, p)
	t.Logf("%d requests were answered, %d of them with Connection: close", l.answered.Load(), l.closed.Load())
}

// load is requests that are sent for as long as there is a server.
type load struct {
	address, token   string
	answered, closed atomic.Int64
	clients          sync.WaitGroup
}

// start sends one request after the other, each on a connection of its own, or all on
// one for as long as the server keeps it. It reports those that get no answer.
func (l *load) start(t *testing.T, keep bool) {
	t.Helper()
	l.clients.Go(func() {
		for {
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.address)
			if errors.Is(err, syscall.ECONNREFUSED) {
				return
			}
			if err == nil {
				err = l.send(t.Context(), conn, keep)
				_ = conn.Close()
			}
			if err != nil {
				t.Errorf("connection kept %t: got error %v, want an answer", keep, err)
				return
			}
		}
	})
}

func (l *load) send(ctx context.Context, conn net.Conn, keep bool) error {
	// Not http.Transport, which repeats requests.
	answers := bufio.NewReader(conn)
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.address+demoBuckets, http.NoBody)
		if err != nil {
			return err
		}
		req.Header.Set("Accept", "application/vnd.atlas.2024-05-30+json")
		req.Header.Set("Authorization", "Bearer "+l.token)
		if err := req.Write(conn); err != nil {
			return err
		}
		resp, err := http.ReadResponse(answers, req)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", resp.StatusCode)
		}
		l.answered.Add(1)
		if resp.Close {
			l.closed.Add(1)
		}
		if resp.Close || !keep {
			return nil
		}
	}
}

// openRequest is a request whose body is still to be sent.
type openRequest struct {
	conn    net.Conn
	answers *bufio.Reader
	body    string
}

// openCreate opens a request that creates demoBucket.
func (p *program) openCreate(t *testing.T) openRequest {
	t.Helper()
	return p.open(t, http.MethodPost, demoBuckets, "Bearer "+p.token(t), "application/json", demoBucket)
}

// open sends the head of a request, and returns once the server has accepted it and
// waits for the body.
func (p *program) open(t *testing.T, method, path, authorization, contentType, body string) openRequest {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.address)
	if err != nil {
		t.Fatalf("got error %v, want a connection", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(waittest.Patience)); err != nil {
		t.Fatalf("got error %v, want a deadline", err)
	}
	_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\n"+
		"Accept: application/vnd.atlas.2024-05-30+json\r\nContent-Type: %s\r\n"+
		"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		method, path, p.address, authorization, contentType, len(body))
	if err != nil {
		t.Fatalf("got error %v, want the head of the request sent", err)
	}
	request := openRequest{conn, bufio.NewReader(conn), body}
	// The server asks for the body when the handler begins to read it.
	wantStatus(t, request.answer(t), http.StatusContinue)
	return request
}

func (o openRequest) sendBody(t *testing.T) {
	t.Helper()
	if _, err := o.conn.Write([]byte(o.body)); err != nil {
		t.Fatalf("got error %v, want the body sent", err)
	}
}

func (o openRequest) answer(t *testing.T) answer {
	t.Helper()
	resp, err := http.ReadResponse(o.answers, nil)
	if err != nil {
		t.Fatalf("got error %v, want an answer", err)
	}
	return readAnswer(t, resp)
}

// waitRefusing waits until the server accepts no more connections.
func (p *program) waitRefusing(t *testing.T) {
	t.Helper()
	waittest.Until(t, "new connections are refused", func() bool {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.address)
		if err == nil {
			_ = conn.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
}

// wantCleanEnd waits until the program has ended, and checks that it did so well.
func wantCleanEnd(t *testing.T, p *program) {
	t.Helper()
	if got := p.wait(t); got.code != 0 {
		t.Errorf("exit code: got %d, want 0", got.code)
	}
}
