package api

import (
	linked "container/list" // "list" is a body here
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxConnections is how many connections are open at a time.
	maxConnections = 4096
	// maxHeads is how many of them are in the middle of the head of a request. What
	// is kept of a head can be twenty times as large as the head.
	maxHeads = 256
)

// NewHTTPServer returns a server for the handler that New returned. How long a
// connection may be without a request, and how long a head may be and may take, is
// the server's to say; what comes after the head is the handler's.
func NewHTTPServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		WriteTimeout:      defaultBounds.Answer, // begins anew with the answer
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		// What a client sends of bodies that are not read yet is held, too. There is
		// memory for a whole frame from when a client has said how large it is.
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          100,
			MaxReadFrameSize:              16 << 10,
			MaxReceiveBufferPerConnection: 64 << 10,
			MaxReceiveBufferPerStream:     64 << 10,
		},
	}
}

// LimitConnections returns a listener for the server that keeps the number of open
// connections down. If there are too many, the one that has sent nothing for longest
// since its last request is closed for a new one. If too many are in the middle of a
// head, the one that has been there for longest is closed. So those that send nothing,
// or a head byte by byte, keep nobody out. If all have requests, the next to be done is
// waited for. It is called before the server serves.
func LimitConnections(listener *net.TCPListener, server *http.Server) net.Listener {
	return limitConnections(listener, server, maxConnections, maxHeads)
}

func limitConnections(listener *net.TCPListener, server *http.Server, most, heads int) *connections {
	l := &connections{TCPListener: listener, most: most, mostHeads: heads}
	l.changed.L = &l.mu
	server.ConnState = l.note
	return l
}

// connections are those of a server.
type connections struct {
	*net.TCPListener
	most, mostHeads int

	mu      sync.Mutex
	changed sync.Cond
	open    int
	idle    linked.List // of *connection that has sent nothing since its last request, for longest first
	heads   linked.List // of *connection in the middle of a head, for longest first
}

// connection is one of them. The Mutex of all guards what is not the socket's.
type connection struct {
	*net.TCPConn
	of     *connections
	isIdle atomic.Bool
	closed bool            // and not counted any longer
	in     *linked.List    // idle or heads of all, or nil if it has a request
	place  *linked.Element // in that
}

// Accept returns the next connection when there is room for it.
func (l *connections) Accept() (net.Conn, error) {
	conn, err := l.AcceptTCP()
	if err != nil {
		return nil, err //nolint:wrapcheck // The server looks at what it is.
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.open >= l.most && !l.closeFirst(&l.idle) && !l.closeFirst(&l.heads) {
		l.changed.Wait()
	}
	l.open++
	c := &connection{TCPConn: conn, of: l}
	l.move(c, &l.idle)
	return c, nil
}

// Read reads from the socket. What comes after a request is the next head.
func (c *connection) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	if n > 0 && c.isIdle.Load() {
		c.of.beginHead(c)
	}
	return n, err //nolint:wrapcheck // The server looks at what it is.
}

func (l *connections) beginHead(c *connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.in != &l.idle {
		return // It was closed for another.
	}
	l.move(c, &l.heads)
	if l.heads.Len() > l.mostHeads {
		l.closeFirst(&l.heads)
	}
}

// note is told by the server what becomes of a connection. It is active from when
// the head of a request is there.
func (l *connections) note(conn net.Conn, state http.ConnState) {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	c, _ := conn.(*connection)
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.closed {
		return
	}
	switch state {
	case http.StateNew: // as Accept has noted
	case http.StateActive:
		l.move(c, nil)
	case http.StateIdle:
		l.move(c, &l.idle)
	case http.StateClosed, http.StateHijacked:
		l.move(c, nil)
		c.closed = true
		l.open--
	}
	l.changed.Signal()
}

// move puts a connection at the end of a list, or into none.
func (l *connections) move(c *connection, to *linked.List) {
	if c.in != nil {
		c.in.Remove(c.place)
	}
	c.in, c.place = to, nil
	if to != nil {
		c.place = to.PushBack(c)
	}
	c.isIdle.Store(to == &l.idle)
}

// closeFirst closes the first connection of a list, if there is one.
func (l *connections) closeFirst(of *linked.List) bool {
	first := of.Front()
	if first == nil {
		return false
	}
	c, _ := first.Value.(*connection)
	l.move(c, nil)
	c.closed = true
	l.open--
	_ = c.Close()
	return true
}
