//go:build linux

package main

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

//nolint:paralleltest // It changes how many processors Go code has.
func TestABlockingConnectionLetsOthersRunWhileItWaits(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	// The other side needs the only processor that Go code has.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
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

	conn, err := dialBlocking(listener.Addr().String(), patience)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for range times {
		if _, err := io.WriteString(conn, message); err != nil {
			t.Fatal(err)
		}
		echo := make([]byte, len(message))
		if _, err := io.ReadFull(conn, echo); err != nil {
			t.Fatal(err)
		}
		if string(echo) != message {
			t.Fatalf("got %q, want %q", echo, message)
		}
	}
	if n, err := conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("after the other side has closed: got %d bytes and %v, want io.EOF", n, err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestABlockingConnectionToNobodyIsAnError(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{closed, "no address"} {
		if _, err := dialBlocking(address, patience); err == nil || !strings.Contains(err.Error(), address) {
			t.Errorf("dial %s: got %v, want an error that names it", address, err)
		}
	}
}

func TestABlockingConnectionIsNotPatientForever(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	// Longer than it takes the runtime to interrupt a call.
	conn, err := dialBlocking(listener.Addr().String(), 200*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if n, err := conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a read of nothing: got %d bytes and %v, want os.ErrDeadlineExceeded", n, err)
	}
}
