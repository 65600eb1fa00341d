package api_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
)

// A body that is not what its header promises is the client's mistake.
func TestABodyThatCannotBeReadIsMalformed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conn, err := net.Dial("tcp", b.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nAccept: %s\r\n"+
		"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nnot a chunk\r\n", demoBuckets, b.token(t), v2024)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if code := resp.Header.Get("X-Error-Code"); resp.StatusCode != http.StatusBadRequest || code != "MALFORMED_JSON" {
		t.Errorf("got %d %s, want 400 MALFORMED_JSON", resp.StatusCode, code)
	}
	if strings.Contains(b.log.String(), `"level":"ERROR"`) {
		t.Errorf("got log %s, want no error of ours", b.log)
	}
}
