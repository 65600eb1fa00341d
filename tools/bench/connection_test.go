//go:build linux

package main

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
)

// listen returns a listener and its address.
func listen(t *testing.T) (net.Listener, netip.AddrPort) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener, netip.MustParseAddrPort(listener.Addr().String())
}

// connect returns a connection to an address.
func connect(t *testing.T, address netip.AddrPort, patience time.Duration) *connection {
	t.Helper()
	conn, err := dial(address, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// accept returns the other side of a connection.
func accept(t *testing.T, listener net.Listener) net.Conn {
	t.Helper()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestAConnectionSendsAndReceivesUntilTheOtherSideCloses(t *testing.T) {
	t.Parallel()
	listener, address := listen(t)
	const message, times = "as long as it takes", 10
	served := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			_, err = io.CopyN(conn, conn, int64(times*len(message)))
			err = errors.Join(err, conn.Close())
		}
		served <- err
	}()

	conn := connect(t, address, patience)
	for range times {
		if _, err := io.WriteString(conn, message); err != nil {
			t.Fatal(err)
		}
		echo := make([]byte, len(message))
		if _, err := io.ReadFull(conn, echo); err != nil || string(echo) != message {
			t.Fatalf("got %q, %v, want %q", echo, err, message)
		}
	}
	if n, err := conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("after the other side has closed: got %d bytes and %v, want io.EOF", n, err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestAConnectionToNobodyIsAnErrorThatNamesTheAddress(t *testing.T) {
	t.Parallel()
	listener, address := listen(t)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := dial(address, patience); err == nil || !strings.Contains(err.Error(), address.String()) {
		t.Errorf("got %v, want an error that names %s", err, address)
	}
}

func TestAReadOfNothingEndsWithThePatience(t *testing.T) {
	t.Parallel()
	_, address := listen(t)
	conn := connect(t, address, time.Millisecond)
	if n, err := conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %d bytes and %v, want os.ErrDeadlineExceeded", n, err)
	}
}

func TestPollTellsWhichConnectionCanBeRead(t *testing.T) {
	t.Parallel()
	listener, address := listen(t)
	silent := connect(t, address, patience)
	accept(t, listener)
	talking := connect(t, address, patience)
	if _, err := io.WriteString(accept(t, listener), "x"); err != nil {
		t.Fatal(err)
	}
	descriptors := []pollFD{
		{fd: int32(silent.fd), events: pollIn},
		{fd: int32(talking.fd), events: pollIn},
		{fd: -1, events: pollIn},
	}
	ready := 0
	for ready == 0 { // It may be interrupted.
		var err error
		if ready, err = poll(descriptors, patience); err != nil {
			t.Fatal(err)
		}
	}
	if ready != 1 || descriptors[0].returned != 0 || descriptors[1].returned != pollIn {
		t.Errorf("got %d ready, %+v, want the second alone", ready, descriptors)
	}
	if ready, err := poll(descriptors[:1], 0); ready != 0 || err != nil {
		t.Errorf("one that is silent: got %d ready, %v, want none", ready, err)
	}
}
