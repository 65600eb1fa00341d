package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"exportbuckets/internal/dbtest"
)

// pipe returns a pipe whose ends are closed after the test.
func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatalf("got error %v, want a pipe", err)
	}
	t.Cleanup(func() {
		_ = r.Close()
		_ = w.Close()
	})
	return r, w
}

// logTo starts a server whose log goes to the pipe, and returns once it serves. What
// it returns has been read of the log by then, and some more of it.
func (p *program) logTo(t *testing.T, r, w *os.File) *bufio.Reader {
	t.Helper()
	p.cmd.Stderr = w
	p.start(t)
	_ = w.Close() // the program's is the only one
	log := bufio.NewReader(r)
	for p.address == "" {
		line, err := log.ReadString('\n')
		if err != nil {
			t.Fatalf("got error %v, want a server; its log ends with %s", err, line)
		}
		if event := servingEvent.FindStringSubmatch(line); event != nil {
			p.address = event[1]
		}
	}
	return log
}

// serveToPipe starts a server whose log, of JSON, nobody reads but the test.
func serveToPipe(t *testing.T) (*program, *bufio.Reader) {
	t.Helper()
	r, w := pipe(t)
	p := newServer(t, settings{
		flags: []string{"--log-format", "json"},
		env:   []string{"DATABASE_URL=" + dbtest.NewURL(t)},
	})
	log := p.logTo(t, r, w)
	return p, log
}

// longPath makes an event of the log that is larger than a pipe takes at once, every
// other time.
func longPath(i int) string {
	return fmt.Sprintf("/%d/%s", i, strings.Repeat("x", 1000+i%2*4000))
}

func TestALogThatNobodyReadsHoldsUpNobody(t *testing.T) {
	t.Parallel()
	p, log := serveToPipe(t)

	const requests = 1000 // 3 MB: more than the pipe and the buffers take
	client := newTransport(t)
	for i := range requests {
		wantStatus(t, p.ask(t, client, longPath(i), ""), http.StatusNotFound)
	}

	// The reader comes back, and finds all events in order, or how many are lost.
	next, lost := 0, 0
	for next < requests {
		line, err := log.ReadBytes('\n')
		if err != nil {
			t.Fatalf("got error %v after %d events, want %d", err, next, requests)
		}
		var event struct {
			Message string `json:"msg"`
			Path    string `json:"path"`
			Lines   int    `json:"lines"`
		}
		if err := json.Unmarshal(line, &event); err != nil {
			t.Fatalf("line of the log: got %q (%v), want JSON", line, err)
		}
		if event.Message == "request" {
			if want := fmt.Sprintf("/%d/", next); !strings.HasPrefix(event.Path, want) {
				t.Fatalf("event: got %.20s, want %s", event.Path, want)
			}
			next++
		}
		next, lost = next+event.Lines, lost+event.Lines
	}
	if lost == 0 || lost > requests*9/10 {
		t.Errorf("got %d of %d events lost, want some", lost, requests)
	}
	if got := p.stop(t); got.code != 0 {
		t.Errorf("exit code: got %d, want 0", got.code)
	}
}

func TestALogThatNobodyReadsDoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	p, log := serveToPipe(t)
	client := newTransport(t)
	for i := range 200 {
		wantStatus(t, p.ask(t, client, longPath(i), ""), http.StatusNotFound)
	}

	if got := p.stop(t); got.code != 0 {
		t.Errorf("exit code: got %d, want 0", got.code)
	}
	left, err := io.ReadAll(log)
	if err != nil {
		t.Fatalf("got error %v, want what is left of the log", err)
	}
	whole := left[:bytes.LastIndexByte(left, '\n')+1]
	for line := range bytes.Lines(whole) {
		if !json.Valid(line) {
			t.Errorf("line of the log: got %q, want JSON", line)
		}
	}
}

func TestALogThatIsWrittenOutIsWhole(t *testing.T) {
	t.Parallel()
	p := serve(t, settings{env: []string{"DATABASE_URL=" + dbtest.NewURL(t)}})
	client := newTransport(t)
	const requests = 300
	for i := range requests {
		wantStatus(t, p.ask(t, client, longPath(i), ""), http.StatusNotFound)
	}
	log := p.stop(t).log
	if got := strings.Count(log, "msg=request "); got != requests {
		t.Errorf("events: got %d, want %d", got, requests)
	}
	if last := "msg=\"shutting down\"\n"; !strings.HasSuffix(log, last) {
		t.Errorf("log: got one that ends with %q, want %q", log[max(0, len(log)-80):], last)
	}
}

func TestAServerLivesOnWithoutReadersOfItsOutput(t *testing.T) {
	t.Parallel()
	r, w := pipe(t)
	outRead, out := pipe(t)
	_ = outRead.Close()
	p := newServer(t, settings{flags: []string{"--state-dir", newStateDir(t)}})
	p.cmd.Stdout = out // the hint about the demo tenant has no reader, either
	_ = p.logTo(t, r, w)
	_ = r.Close()

	client := newTransport(t)
	for i := range 10 {
		wantStatus(t, p.ask(t, client, longPath(i), ""), http.StatusNotFound)
	}
	if got := p.stop(t); got.code != 0 {
		t.Errorf("exit code: got %d (%s), want 0", got.code, p.cmd.ProcessState)
	}
}

func TestOutputThatNobodyReadsHoldsUpNobody(t *testing.T) {
	t.Parallel()
	_, out := pipe(t)
	fill(t, out)
	p := newServer(t, settings{flags: []string{"--state-dir", newStateDir(t)}})
	p.cmd.Stdout = out
	p.start(t)
	p.waitServing(t)
	wantStatus(t, p.ask(t, newTransport(t), "/nowhere", ""), http.StatusNotFound)
	if got := p.stop(t); got.code != 0 {
		t.Errorf("exit code: got %d, want 0", got.code)
	}
}

// fill writes to a pipe until it takes no more.
func fill(t *testing.T, w *os.File) {
	t.Helper()
	fd := int(w.Fd()) // which makes writes wait
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatalf("got error %v, want writes that do not wait", err)
	}
	for size := os.Getpagesize(); size > 0; {
		if _, err := syscall.Write(fd, make([]byte, size)); err != nil {
			size /= 2
		}
	}
	if err := syscall.SetNonblock(fd, false); err != nil {
		t.Fatalf("got error %v, want writes that wait", err)
	}
}
