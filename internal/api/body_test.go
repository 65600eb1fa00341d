package api_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/mongodb-forks/digest"

	"exportbuckets/internal/waittest"
)

const maxBody = 256 << 10

// wire is a connection to the server on which a test writes requests by hand.
type wire struct {
	net.Conn
	answers *bufio.Reader
}

func (b *bundle) dial(t *testing.T) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", b.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &wire{conn, bufio.NewReader(conn)}
}

// send writes the head of a request, of which length is the line about its body, and
// what there is of the body.
func (w *wire) send(t *testing.T, method, path, token, length, body string) {
	t.Helper()
	_, err := fmt.Fprintf(w, "%s %s HTTP/1.1\r\nHost: x\r\n%sAccept: %s\r\nContent-Type: %s\r\n%s\r\n\r\n%s",
		method, path, authorization(token), v2024, contentType(path), length, body)
	if err != nil {
		t.Fatal(err)
	}
}

func authorization(token string) string {
	if token == "" {
		return ""
	}
	return "Authorization: Bearer " + token + "\r\n"
}

func contentType(path string) string {
	if strings.HasPrefix(path, "/api/oauth/") {
		return "application/x-www-form-urlencoded"
	}
	return "application/json"
}

func length(n int) string { return fmt.Sprintf("Content-Length: %d", n) }

const chunked = "Transfer-Encoding: chunked"

// receive reads an answer.
func (w *wire) receive(t *testing.T) answer {
	t.Helper()
	if deadline, ok := waittest.Context(t).Deadline(); ok {
		if err := w.SetReadDeadline(deadline); err != nil {
			t.Fatal(err)
		}
	}
	resp, err := http.ReadResponse(w.answers, nil)
	if err != nil {
		t.Fatalf("got error %v, want an answer", err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Close {
		resp.Header.Set("Connection", "close")
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: string(body)}
}

// head reads the head of an answer.
func (w *wire) head(t *testing.T) http.Header {
	t.Helper()
	resp, err := http.ReadResponse(w.answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Header
}

// wantClosed fails the test unless the server has closed the connection.
func (w *wire) wantClosed(t *testing.T, name string) {
	t.Helper()
	if _, err := w.answers.ReadByte(); err == nil {
		t.Errorf("%s: got more than one answer, want the connection closed", name)
	}
}

// slowForm is the refusal of a form that is too slow.
const slowForm = `{"error":"invalid_request","error_description":"Request body was not received in time."}`

func TestABodyThatIsTooSlowIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.bounds.Body = 200 * time.Millisecond })
	token := b.token(t)
	slow := refusal(408, "UNEXPECTED_ERROR", "Request body was not received in time.")
	for _, tt := range []struct{ method, path, length, body, want string }{
		{http.MethodPost, demoBuckets, length(100), "", slow},
		{http.MethodPost, demoBuckets, length(100), `{"cloudProvider":`, slow},
		{http.MethodPost, demoBuckets, chunked, "5\r\n{\"clo", slow},
		{http.MethodDelete, demoBuckets + "/6a7900010203040506000001", length(100), `{`, slow},
		{http.MethodPost, "/api/oauth/token", length(100), "grant_type", slowForm},
		{http.MethodPost, "/api/oauth/revoke", chunked, "3\r\ntok", slowForm},
	} {
		name := tt.method + " " + tt.path + " " + tt.length
		conn := b.dial(t)
		conn.send(t, tt.method, tt.path, token, tt.length, tt.body)
		got := conn.receive(t)
		if got.status != http.StatusRequestTimeout || got.body != tt.want || got.header.Get("Connection") != "close" {
			t.Errorf("%s: got %d %s, Connection %q; want 408 %s, close",
				name, got.status, got.body, got.header.Get("Connection"), tt.want)
		}
		conn.wantClosed(t, name)
	}
	if log := b.log.String(); strings.Contains(log, `"level":"ERROR"`) || strings.Contains(log, `"status":499`) {
		t.Errorf("got log %s, want no fault and nobody who left", log)
	}
}

// The body need not be there for what is answered without it.
func TestABodyIsNotWaitedForWithoutNeed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t)
	for _, tt := range []struct {
		method, path, length string
		status               int
	}{
		{http.MethodGet, demoBuckets, length(1000), 200},
		{http.MethodHead, demoBuckets, length(1000), 200},
		{http.MethodGet, demoBuckets, chunked, 200},
		{http.MethodGet, "/healthz", length(1000), 200},
		{http.MethodPost, demoBuckets, length(maxBody + 1), 413},
		{http.MethodPost, demoBuckets, length(1 << 40), 413},
		{http.MethodDelete, demoBuckets + "/6a7900010203040506000001", length(maxBody + 1), 413},
		{http.MethodPost, "/api/oauth/token", length(maxBody + 1), 413},
		{http.MethodPut, demoBuckets, length(maxBody + 1), 405},
		{http.MethodPost, apiRoot + "/nothing", length(maxBody + 1), 404},
	} {
		name := tt.method + " " + tt.path + " " + tt.length
		conn := b.dial(t)
		conn.send(t, tt.method, tt.path, token, tt.length, "")
		if tt.method == http.MethodHead {
			line, err := conn.answers.ReadString('\n')
			if err != nil || !strings.HasPrefix(line, "HTTP/1.1 200 ") {
				t.Errorf("%s: got %q, %v, want 200", name, line, err)
			}
			continue
		}
		got := conn.receive(t)
		if got.status != tt.status || got.header.Get("Connection") != "close" {
			t.Errorf("%s: got %d %s, Connection %q; want %d, close",
				name, got.status, got.body, got.header.Get("Connection"), tt.status)
		}
	}
}

func TestBodiesHaveASize(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t)
	tooLarge := refusal(413, "REQUEST_TOO_LARGE", "Request entity is too large.")
	padded := awsBody + strings.Repeat(" ", maxBody-len(awsBody))
	for name, tt := range map[string]struct {
		body   io.Reader
		status int
	}{
		"the largest":              {strings.NewReader(padded), 200},
		"one byte more":            {strings.NewReader(padded + " "), 413},
		"the largest, in chunks":   {io.MultiReader(strings.NewReader(padded)), 200},
		"one byte more, in chunks": {io.MultiReader(strings.NewReader(padded + " ")), 413},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.server.URL+demoBuckets, tt.body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Accept", v2024)
		req.Header.Set("Content-Type", v2024)
		got := send(t, b.server.Client(), req)
		if got.status != tt.status || tt.status == 413 && got.body != tooLarge {
			t.Errorf("%s: got %d %s, want %d", name, got.status, got.body, tt.status)
		}
	}
	if got := b.post(t, "/api/oauth/token", map[string][]string{"x": {strings.Repeat("a", maxBody)}}, nil); got.status != 413 ||
		got.body != `{"error":"invalid_request","error_description":"Request entity is too large."}` {
		t.Errorf("token: got %d %s, want 413", got.status, got.body)
	}
}

func send(t *testing.T, client *http.Client, req *http.Request) answer {
	t.Helper()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: string(body)}
}

// The client has sent its half of the connection to an end, and reads.
func TestABodyThatIsCutOffIsMalformed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t)
	malformed := refusal(400, "MALFORMED_JSON", "Received JSON is malformed.")
	for _, tt := range []struct{ path, length, body, want string }{
		{demoBuckets, length(100), "{", malformed},
		{demoBuckets, chunked, "5\r\n{", malformed},
		{demoBuckets, chunked, "not a chunk\r\n", malformed},
		{
			"/api/oauth/token", length(100), "grant_type",
			`{"error":"invalid_request","error_description":"The provided credentials are not valid."}`,
		},
	} {
		conn := b.dial(t)
		conn.send(t, http.MethodPost, tt.path, token, tt.length, tt.body)
		tcp, ok := conn.Conn.(*net.TCPConn)
		if !ok {
			t.Fatal("got another connection, want TCP")
		}
		if err := tcp.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got := conn.receive(t); got.status != http.StatusBadRequest || got.body != tt.want {
			t.Errorf("%s %s %q: got %d %s, want 400 %s", tt.path, tt.length, tt.body, got.status, got.body, tt.want)
		}
		conn.wantClosed(t, tt.path)
	}
	if strings.Contains(b.log.String(), `"level":"ERROR"`) {
		t.Errorf("got log %s, want no error of ours", b.log)
	}
}

// A client sends the body with the request that is challenged, and again with the
// one that is signed.
func TestAConnectionIsKeptThroughAChallenge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, size := range map[string]int{"small": len(awsBody), "the largest": maxBody} {
		var reused []bool
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			GotConn: func(info httptrace.GotConnInfo) { reused = append(reused, info.Reused) },
		})
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.server.URL+demoBuckets,
			strings.NewReader(awsBody+strings.Repeat(" ", size-len(awsBody))))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", v2024)
		req.Header.Set("Content-Type", v2024)
		transport := &http.Transport{}
		t.Cleanup(transport.CloseIdleConnections)
		client := &http.Client{Transport: &digest.Transport{
			Username: "demoproj", Password: privateKeys["demoproj"], Transport: transport,
		}}
		if got := send(t, client, req); got.status != http.StatusOK {
			t.Errorf("%s: got %d %s, want 200", name, got.status, got.body)
		}
		if len(reused) != 2 || reused[0] || !reused[1] {
			t.Errorf("%s: got connections that were used before %t, want one, used twice", name, reused)
		}
	}
}

func TestAClientMayAskBeforeItSendsTheBody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	post := func(path, token string, size int) (answer, bool) {
		t.Helper()
		continued := false
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got100Continue: func() { continued = true }})
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.server.URL+path,
			strings.NewReader(awsBody+strings.Repeat(" ", size-len(awsBody))))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Accept", v2024)
		req.Header.Set("Content-Type", v2024)
		req.Header.Set("Expect", "100-continue")
		transport := &http.Transport{ExpectContinueTimeout: time.Minute}
		t.Cleanup(transport.CloseIdleConnections)
		return send(t, &http.Client{Transport: transport}, req), continued
	}
	token := b.token(t)
	for name, tt := range map[string]struct {
		path, token string
		size        int
		status      int
		continued   bool
	}{
		"what is created":          {demoBuckets, token, maxBody, 200, true},
		"what is too large":        {demoBuckets, token, maxBody + 1, 413, false},
		"without credentials":      {demoBuckets, "x", maxBody, 401, false},
		"where there is no bucket": {apiRoot + "/groups/5f0000000000000000000bff/backup/exportBuckets", token, 1000, 404, false},
	} {
		got, continued := post(tt.path, tt.token, tt.size)
		if got.status != tt.status || continued != tt.continued {
			t.Errorf("%s: got %d %s, asked for the body: %t; want %d, %t",
				name, got.status, got.body, continued, tt.status, tt.continued)
		}
	}
}

// scarce leaves the bodies of an organization the memory for the largest one, and
// those of others as much.
func scarce(s *settings) {
	s.bounds.Bodies = 4 * maxBody
	s.bounds.Wait = 100 * time.Millisecond
}

func TestBodiesShareMemory(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]string{"of a length": length(maxBody), "in chunks": chunked} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, scarce)
			token := b.token(t)
			slow := b.dial(t)
			slow.send(t, http.MethodPost, demoBuckets, token, first, "")
			refused := func() answer { return b.do(t, request{body: awsBody, token: token}) }
			waittest.Until(t, "the memory is taken", func() bool { return refused().status == 503 })
			wantUnavailable(t, "a small body", refused(), refusal(503, "UNEXPECTED_ERROR", unavailable))

			if got := b.do(t, request{token: token}); got.status != http.StatusOK {
				t.Errorf("no body: got %d %s, want 200", got.status, got.body)
			}
			if got := b.do(t, request{key: "demoread", body: awsBody}); got.status != http.StatusUnauthorized {
				t.Errorf("a body that nobody reads: got %d %s, want 401", got.status, got.body)
			}
			if got := b.post(t, "/api/oauth/token", grant, basic(demoClientID, demoClientSecret)); got.status != http.StatusOK {
				t.Errorf("another's body: got %d %s, want 200", got.status, got.body)
			}

			body := awsBody + strings.Repeat(" ", maxBody-len(awsBody))
			if first == chunked {
				body = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
			}
			if _, err := io.WriteString(slow, body); err != nil {
				t.Fatal(err)
			}
			if got := slow.receive(t); got.status != http.StatusOK {
				t.Errorf("the slow one: got %d %s, want 200", got.status, got.body)
			}
			if got := b.do(t, request{body: awsBody, token: token}); got.status != http.StatusOK {
				t.Errorf("after it: got %d %s, want 200", got.status, got.body)
			}
		})
	}
}
