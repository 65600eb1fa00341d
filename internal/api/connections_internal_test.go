package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"exportbuckets/internal/waittest"
)

// crowded is a server with room for few connections. It holds requests for /held
// until release is closed.
type crowded struct {
	address string
	held    chan struct{} // receives one for each
	release chan struct{}
}

func newCrowded(t *testing.T, connections, heads int) *crowded {
	t.Helper()
	c := &crowded{held: make(chan struct{}), release: make(chan struct{})}
	server := NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/held" {
			c.held <- struct{}{}
			<-c.release
		}
		_, _ = io.WriteString(w, "done")
	}), slog.New(slog.DiscardHandler))
	server.ReadHeaderTimeout = waittest.Patience
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	c.address = listener.Addr().String()
	served := make(chan error)
	go func() { served <- server.Serve(limitConnections(listener, server, connections, heads)) }()
	t.Cleanup(func() {
		if err := server.Shutdown(waittest.Context(t)); err != nil {
			t.Error(err)
		}
		if err := waittest.Receive(t, "the end of the server", served); !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("got error %v, want that the server was closed", err)
		}
	})
	return c
}

// dial opens a connection and sends something on it.
func (c *crowded) dial(t *testing.T, text string) *bufio.ReadWriter {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(waittest.Context(t), "tcp", c.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	deadline, _ := waittest.Context(t).Deadline()
	_ = conn.SetDeadline(deadline)
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return bufio.NewReadWriter(bufio.NewReader(conn), bufio.NewWriter(conn))
}

func head(path string) string { return fmt.Sprintf("GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path) }

func wantAnswer(t *testing.T, name string, conn *bufio.ReadWriter) {
	t.Helper()
	resp, err := http.ReadResponse(conn.Reader, nil)
	if err != nil {
		t.Errorf("%s: got error %v, want an answer", name, err)
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body)
}

func wantClosed(t *testing.T, name string, conn *bufio.ReadWriter) {
	t.Helper()
	if line, err := conn.ReadString('\n'); err == nil {
		t.Errorf("%s: got %q, want the connection closed", name, line)
	}
}

func TestConnectionsWithoutARequestKeepNobodyOut(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"that send nothing":           "",
		"that send a byte":            "G",
		"that never end a head":       "GET / HTTP/1.1\r\nHost: x\r\nX: y\r\n",
		"that are kept after another": head("/"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCrowded(t, 2, 2)
			first := c.dial(t, text)
			if text == head("/") {
				wantAnswer(t, "the first", first)
			}
			second := c.dial(t, head("/held"))
			waittest.Receive(t, "the second request", c.held)
			third := c.dial(t, head("/"))
			wantAnswer(t, "the third", third)
			wantClosed(t, "the first", first)
			close(c.release)
			wantAnswer(t, "the second", second)
		})
	}
}

func TestOfConnectionsWithoutARequestTheOldestGoes(t *testing.T) {
	t.Parallel()
	c := newCrowded(t, 2, 2)
	close(c.release)
	first, second := c.dial(t, head("/")), c.dial(t, head("/"))
	wantAnswer(t, "the first", first)
	wantAnswer(t, "the second", second)
	_, _ = first.WriteString(head("/"))
	_ = first.Flush()
	wantAnswer(t, "the first, again", first)
	wantAnswer(t, "the third", c.dial(t, head("/")))
	wantClosed(t, "the second", second)
}

func TestConnectionsInTheMiddleOfAHeadAreFew(t *testing.T) {
	t.Parallel()
	c := newCrowded(t, 10, 2)
	close(c.release)
	idle := c.dial(t, head("/"))
	wantAnswer(t, "one that is idle", idle)
	ended := make(chan error, 3)
	for range 3 {
		conn := c.dial(t, "GET /")
		go func() {
			_, err := conn.ReadByte()
			ended <- err
		}()
	}
	if err := waittest.Receive(t, "the end of one of three heads", ended); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want the connection closed", err)
	}
	wantAnswer(t, "a whole head", c.dial(t, head("/")))
	_, _ = idle.WriteString(head("/"))
	_ = idle.Flush()
	wantAnswer(t, "the idle one", idle)
}

func TestWhereAllConnectionsHaveRequestsTheNextWaits(t *testing.T) {
	t.Parallel()
	c := newCrowded(t, 1, 1)
	first := c.dial(t, head("/held"))
	waittest.Receive(t, "the first request", c.held)
	second := c.dial(t, head("/held"))
	select {
	case <-c.held:
		t.Error("got the second request, want it to wait")
	case <-time.After(100 * time.Millisecond):
	}
	c.release <- struct{}{}
	wantAnswer(t, "the first", first)
	waittest.Receive(t, "the second request", c.held)
	close(c.release)
	wantAnswer(t, "the second", second)
}

func TestHeadsHaveASize(t *testing.T) {
	t.Parallel()
	c := newCrowded(t, 1, 1)
	for size, want := range map[int]int{8 << 10: 200, 32 << 10: 431} {
		conn := c.dial(t, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", size)+"\r\n\r\n")
		resp, err := http.ReadResponse(conn.Reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%d bytes: got %d, want %d", size, resp.StatusCode, want)
		}
	}
}

// How long the answer may take begins with it.
func TestALongWaitTakesNoTimeFromTheAnswer(t *testing.T) {
	t.Parallel()
	config := Config{
		Now: time.Now, Log: slog.New(slog.DiscardHandler), Ready: func(context.Context) error {
			time.Sleep(200 * time.Millisecond)
			return nil
		},
	}
	handler, err := New(Services{}, config)
	if err != nil {
		t.Fatal(err)
	}
	server := NewHTTPServer(handler, config.Log)
	server.WriteTimeout = 100 * time.Millisecond
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	c := &crowded{address: listener.Addr().String()}
	wantAnswer(t, "the answer", c.dial(t, head("/readyz")))
}
