// Package proxytest is a TCP proxy for tests, which stands between a client and a
// server and breaks what is between them.
package proxytest

import (
	"bytes"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Proxy passes on what it receives. Its methods are safe for concurrent use.
type Proxy struct {
	listener net.Listener
	network  string
	address  string

	mu     sync.Mutex
	healed sync.Cond
	silent bool
	refuse bool
	delay  time.Duration
	marker []byte
	conns  map[net.Conn]struct{}
	closed bool
}

// New returns a proxy to the server at an address, which listens on the loopback
// interface until the test is over.
func New(t testing.TB, network, address string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("proxytest: %v", err)
	}
	p := &Proxy{listener: listener, network: network, address: address, conns: make(map[net.Conn]struct{})}
	p.healed.L = &p.mu
	go p.serve()
	t.Cleanup(func() {
		_ = listener.Close()
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		p.Heal()
		p.Cut()
	})
	return p
}

// Addr returns where the proxy listens.
func (p *Proxy) Addr() *net.TCPAddr { return p.listener.Addr().(*net.TCPAddr) } //nolint:forcetypeassert // It is TCP.

// Silence stops passing on anything, either way, as if the server hung: connections
// stay, and new ones are made and not answered.
func (p *Proxy) Silence() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silent = true
}

// Unplug loses all packets of the client, as if the cable were pulled. In Silence the
// client's system still learns that what it sends arrives, which it does not now.
// Where packets can't be lost, Unplug is Silence.
func (p *Proxy) Unplug() {
	p.Silence()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.losePackets(true)
}

// losePackets begins or ends to lose what arrives at the connections of clients, and
// at the listener.
func (p *Proxy) losePackets(lose bool) {
	sockets := []any{p.listener}
	for conn := range p.conns {
		sockets = append(sockets, conn)
	}
	for _, socket := range sockets {
		if tcp, ok := socket.(syscall.Conn); ok {
			losePackets(tcp, lose)
		}
	}
}

// Slow makes everything arrive so much later, either way.
func (p *Proxy) Slow(delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = delay
}

// Refuse closes all connections, and from now on each new one.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	p.refuse = true
	p.mu.Unlock()
	p.Cut()
}

// Heal ends Silence, Unplug, Slow and Refuse. What was sent in silence arrives.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.losePackets(false)
	p.silent, p.refuse, p.delay = false, false, 0
	p.healed.Broadcast()
}

// Cut closes all connections.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		_ = conn.Close()
	}
}

// LoseAnswer makes the proxy close the connection on which the client next sends the
// marker, when the server has answered, and keep the answer.
func (p *Proxy) LoseAnswer(marker string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.marker = []byte(marker)
}

func (p *Proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.pass(client)
	}
}

// pass connects the client to the server, until one of them is gone.
func (p *Proxy) pass(client net.Conn) {
	if !p.add(client) {
		return
	}
	defer p.remove(client)
	server, err := net.Dial(p.network, p.address)
	if err != nil {
		return
	}
	if !p.add(server) {
		return
	}
	defer p.remove(server)
	var losing atomic.Bool
	go func() {
		defer func() { _ = server.Close() }()
		p.copy(server, client, func(data []byte) bool {
			if p.marked(data) {
				losing.Store(true)
			}
			return true
		})
	}()
	p.copy(client, server, func([]byte) bool { return !losing.Load() })
}

// add returns false if it has closed the connection instead.
func (p *Proxy) add(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuse {
		_ = conn.Close()
		return false
	}
	p.conns[conn] = struct{}{}
	return true
}

func (p *Proxy) remove(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = conn.Close()
	delete(p.conns, conn)
}

// marked reports whether the data has the marker in it, and forgets the marker.
func (p *Proxy) marked(data []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.marker == nil || !bytes.Contains(data, p.marker) {
		return false
	}
	p.marker = nil
	return true
}

// copy passes on what arrives from one to the other while each piece may pass.
func (p *Proxy) copy(to io.Writer, from io.Reader, may func([]byte) bool) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		for p.silent && !p.closed {
			p.healed.Wait()
		}
		delay := p.delay
		p.mu.Unlock()
		time.Sleep(delay)
		if n > 0 {
			if !may(buffer[:n]) {
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
