//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"time"
)

// patience is how long an answer may take. A later one fails the run.
const patience = 2 * time.Minute

// client does one operation after another over one connection. What it spends
// the server lacks, so it does no more than it must.
type client struct {
	conn   *connection
	reader *bufio.Reader
	host   string
	source source

	op      operation
	sent    call      // the last request
	began   time.Time // when the operation did, or should have
	request bytes.Buffer
	body    bytes.Buffer // of the last answer
}

// newClient returns a client that is connected and has had an answer.
func newClient(address string, op operation, s source) (*client, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("address of the server: %w", err)
	}
	conn, err := dial(to, patience)
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn, reader: bufio.NewReaderSize(conn, 64<<10), host: address, op: op, source: s}
	err = c.send(call{method: http.MethodGet, path: "/healthz", status: http.StatusOK})
	if err == nil {
		_, err = c.receive()
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return c, nil
}

// begin sends the first request of an operation that is due.
func (c *client) begin(due time.Time) error {
	r, err := c.op.next(c.source)
	if err != nil {
		return err
	}
	if c.op.digest {
		r = r.challenged()
	}
	c.began = due
	return c.send(r)
}

// proceed reads the answer to a request and checks it, and says whether the
// operation is done. If it is not, the next request has been sent.
func (c *client) proceed() (done bool, err error) {
	header, err := c.receive()
	if err != nil {
		return false, err
	}
	switch {
	case c.sent.retry != nil:
		r := *c.sent.retry
		r.authorization, err = answerChallenge(header.Get("WWW-Authenticate"), r)
		if err != nil {
			return false, err
		}
		return false, c.send(r)
	case c.op.creates:
		_, err = createdID(c.body.Bytes())
	}
	return err == nil, err
}

func (c *client) send(r call) error {
	b := &c.request
	b.Reset()
	b.WriteString(r.method + " " + r.path + " HTTP/1.1\r\nHost: " + c.host + "\r\nAccept: " + mediaType + "\r\n")
	if r.authorization != "" {
		b.WriteString("Authorization: " + r.authorization + "\r\n")
	}
	if r.body != "" {
		b.WriteString("Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(r.body)) + "\r\n")
	}
	b.WriteString("\r\n" + r.body)
	c.sent = r
	if _, err := c.conn.Write(b.Bytes()); err != nil {
		return fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	return nil
}

// receive reads and checks an answer. Its body is good until the next one.
func (c *client) receive() (http.Header, error) {
	answer, err := http.ReadResponse(c.reader, nil)
	if err == nil {
		c.body.Reset()
		_, err = c.body.ReadFrom(answer.Body)
		_ = answer.Body.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", c.sent.method, c.sent.path, err)
	}
	return answer.Header, c.sent.check(answer.StatusCode, c.body.Bytes())
}
