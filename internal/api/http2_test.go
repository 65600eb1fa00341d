package api_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"exportbuckets/internal/api"
	"exportbuckets/internal/waittest"
)

// serveHTTP2 serves over TLS and HTTP/2 from now on.
func (b *bundle) serveHTTP2(t *testing.T) {
	t.Helper()
	b.server = httptest.NewUnstartedServer(b.handler)
	b.server.EnableHTTP2 = true
	b.server.StartTLS()
	t.Cleanup(b.server.Close)
}

// open sends a request whose body is still to come, and returns its answer. It counts
// the connections that it was sent on.
func (b *bundle) open(t *testing.T, path, token string, body io.Reader, connections *atomic.Int64) (*http.Response, error) {
	t.Helper()
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		if !got.Reused {
			connections.Add(1)
		}
	}})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.server.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", v2024)
	req.Header.Set("Content-Type", contentType(path))
	req.Header.Set("Authorization", "Bearer "+token)
	return b.server.Client().Do(req)
}

// Others on the same connection go on.
func TestABodyThatIsTooSlowIsRefusedOverHTTP2(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.bounds.Body = time.Second })
	b.serveHTTP2(t)
	token := b.token(t)
	var connections atomic.Int64
	for path, want := range map[string]string{
		demoBuckets:        refusal(408, "UNEXPECTED_ERROR", "Request body was not received in time."),
		"/api/oauth/token": slowForm,
	} {
		body, sent := io.Pipe()
		t.Cleanup(func() { _ = sent.Close() })
		type result struct {
			resp *http.Response
			err  error
		}
		slow := make(chan result, 1)
		go func() {
			resp, err := b.open(t, path, token, body, &connections)
			slow <- result{resp, err}
		}()
		if _, err := sent.Write([]byte("{")); err != nil {
			t.Fatal(err)
		}
		if got := b.do(t, request{token: token}); got.status != http.StatusOK {
			t.Errorf("another request: got %d %s, want 200", got.status, got.body)
		}
		got := waittest.Receive(t, "the answer", slow)
		if got.err != nil {
			t.Fatalf("%s: got error %v, want an answer", path, got.err)
		}
		text, err := io.ReadAll(got.resp.Body)
		_ = got.resp.Body.Close()
		if err != nil || got.resp.StatusCode != http.StatusRequestTimeout || string(text) != want {
			t.Errorf("%s: got %s %s, %v; want 408 %s", path, got.resp.Status, text, err, want)
		}
		if got.resp.ProtoMajor != 2 {
			t.Errorf("got %s, want HTTP/2", got.resp.Proto)
		}
	}
	if got := b.do(t, request{token: token}); got.status != http.StatusOK {
		t.Errorf("afterwards: got %d %s, want 200", got.status, got.body)
	}
	if got := connections.Load(); got > 1 {
		t.Errorf("got %d connections, want one", got)
	}
}

// What is counted is requests, not connections.
func TestRequestsAtWorkAreCountedOverHTTP2(t *testing.T) {
	t.Parallel()
	b := setup(t, narrow)
	b.serveHTTP2(t)
	token := b.token(t)
	release := b.lock(t, lockDemoProject)
	const clients = 8
	answers := make(chan answer, clients)
	var all sync.WaitGroup
	for range clients {
		all.Go(func() { answers <- b.do(t, renameDemoProject(token)) })
	}
	for range clients - 1 {
		wantUnavailable(t, "one too many", waittest.Receive(t, "an answer", answers),
			refusal(503, "UNEXPECTED_ERROR", unavailable))
	}
	if got := b.waiting(t); got != 1 {
		t.Errorf("got %d that wait for the row, want 1", got)
	}
	if got := b.do(t, request{key: "stranger"}); got.status != http.StatusUnauthorized || got.header.Get("X-Error-Code") == "" {
		t.Errorf("another organization: got %d %s, want its refusal", got.status, got.body)
	}
	release()
	all.Wait()
	if got := <-answers; got.status != http.StatusOK {
		t.Errorf("the one that waited: got %d %s, want 200", got.status, got.body)
	}
}

func TestBodiesShareMemoryOverHTTP2(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) {
		s.bounds.Bodies = 8 * maxBody // a quarter is one organization's
		s.bounds.Wait = 50 * time.Millisecond
	})
	b.serveHTTP2(t)
	token := b.token(t)
	var connections atomic.Int64
	var pipes []*io.PipeWriter
	first := make(chan int, 2)
	for range cap(first) {
		body, sent := io.Pipe()
		pipes = append(pipes, sent)
		go func() {
			resp, err := b.open(t, demoBuckets, token, body, &connections)
			if err != nil {
				first <- 0
				return
			}
			_ = resp.Body.Close()
			first <- resp.StatusCode
		}()
		if _, err := sent.Write([]byte("{")); err != nil {
			t.Fatal(err)
		}
	}
	waittest.Until(t, "the organization's part is taken", func() bool {
		resp, err := b.open(t, demoBuckets, token, struct{ io.Reader }{strings.NewReader(awsBody)}, &connections)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusServiceUnavailable
	})
	for _, sent := range pipes {
		if _, err := sent.Write([]byte(awsBody[1:])); err != nil {
			t.Fatal(err)
		}
		_ = sent.Close()
	}
	for range cap(first) {
		if got := waittest.Receive(t, "the answer", first); got != http.StatusOK {
			t.Errorf("got %d, want 200", got)
		}
	}
}

func TestNobodyWaitsForAClientThatDoesNotReadOverHTTP2(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.bounds.Answers = 1 << 20 })
	b.fillOrg(t)
	b.serveHTTP2(t)
	token := b.token(t)
	const path = apiRoot + "/groups?itemsPerPage=500&pretty=true"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.server.URL+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", v2024)
	req.Header.Set("Authorization", "Bearer "+token)
	slow, err := b.server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slow.Body.Close() }()
	second := b.do(t, request{path: path, token: token})
	if second.status != http.StatusOK || int64(len(second.body)) != slow.ContentLength {
		t.Errorf("got %d with %d bytes, want 200 with %d", second.status, len(second.body), slow.ContentLength)
	}
	if n, err := io.Copy(io.Discard, slow.Body); err == nil {
		t.Errorf("got all %d bytes, want the answer cut off", n)
	}
}

// What a client only says that it will send takes no memory.
func TestFramesAreAsSmallAsTheyMayBe(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(nil)
	server.Config = api.NewHTTPServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	config := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "example.com", NextProtos: []string{"h2"}}
	config.RootCAs.AddCert(server.Certificate())
	dialer := tls.Dialer{Config: config}
	conn, err := dialer.DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	const (
		preface  = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
		settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
		headers  = "\x00\x40\x01\x01\x00\x00\x00\x00\x01" // of 16 KiB and a byte, which are not sent
	)
	if _, err := io.WriteString(conn, preface+settings+headers); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(8 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Errorf("got %v, want the connection closed", err)
	}
}
