//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// blockingConn is a connection that waits in the kernel, as a program in C does,
// pgbench for one. Go's own waits in the network poller, and at each wait the
// runtime wakes its monitor, on processors that the server and PostgreSQL need.
// Whoever waits here keeps a thread of those that GOMAXPROCS allows, so it is
// for a client that has one of its own. It has no deadlines.
type blockingConn struct {
	net.Conn          // for the addresses
	file     *os.File // the same connection
	fd       uintptr
	patience time.Duration
}

// dialBlocking connects to a TCP address. A read or a write of the connection
// returns os.ErrDeadlineExceeded if it would take longer than patience.
func dialBlocking(address string, patience time.Duration) (net.Conn, error) {
	resolved, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, err //nolint:wrapcheck // It names the address.
	}
	conn, err := net.DialTCP("tcp", nil, resolved)
	if err != nil {
		return nil, err //nolint:wrapcheck // It names the address.
	}
	file, err := conn.File()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("file of a connection: %w", err), conn.Close())
	}
	c := &blockingConn{Conn: conn, file: file, fd: file.Fd(), patience: patience}
	// With a timeout Linux does not restart a call after a signal, signal(7), but
	// returns EINTR: that is how the runtime gets its thread back.
	timeout := syscall.NsecToTimeval(patience.Nanoseconds())
	if err := errors.Join(
		syscall.SetNonblock(int(c.fd), false),
		syscall.SetsockoptTimeval(int(c.fd), syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &timeout),
		syscall.SetsockoptTimeval(int(c.fd), syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, &timeout),
	); err != nil {
		return nil, errors.Join(fmt.Errorf("set up a connection: %w", err), c.Close())
	}
	return c, nil
}

// Read waits for at least one byte.
func (c *blockingConn) Read(p []byte) (int, error) {
	n, err := c.call(syscall.SYS_READ, p)
	if n == 0 && err == nil && len(p) > 0 {
		return 0, io.EOF
	}
	return n, err
}

// Write waits until all is taken.
func (c *blockingConn) Write(p []byte) (written int, err error) {
	for written < len(p) && err == nil {
		var n int
		n, err = c.call(syscall.SYS_WRITE, p[written:])
		written += n
	}
	return written, err
}

// Close closes the connection.
func (c *blockingConn) Close() error {
	return errors.Join(c.file.Close(), c.Conn.Close())
}

// call makes a system call that the runtime does not know of, and makes it again
// if the runtime interrupts it to let others run.
func (c *blockingConn) call(number uintptr, p []byte) (int, error) {
	var interrupted time.Time // first
	for {
		start := unsafe.Pointer(unsafe.SliceData(p)) //nolint:gosec // For as long as the call takes.
		n, _, errno := syscall.RawSyscall(number, c.fd, uintptr(start), uintptr(len(p)))
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
			if interrupted.IsZero() {
				interrupted = time.Now()
			} else if time.Since(interrupted) > c.patience {
				return 0, os.ErrDeadlineExceeded
			}
			runtime.Gosched()
		case syscall.EAGAIN:
			return 0, os.ErrDeadlineExceeded
		default:
			return 0, fmt.Errorf("connection to %s: %w", c.RemoteAddr(), errno)
		}
	}
}
