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
	"unsafe"
)

// blockingConn is a connection that waits in the kernel, as a program in C does,
// pgbench for one. Go's own waits in the network poller, and at each wait the
// runtime wakes its monitor, on processors that the server and PostgreSQL need.
// Whoever waits here keeps a thread of those that GOMAXPROCS allows, so it is
// for a client that has one of its own.
type blockingConn struct {
	*net.TCPConn          // for the addresses
	file         *os.File // the same connection
	fd           uintptr
}

// dialBlocking connects to a TCP address. No read or write of the connection
// takes longer than patience.
func dialBlocking(address string) (net.Conn, error) {
	resolved, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", address, err)
	}
	conn, err := net.DialTCP("tcp", nil, resolved)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", address, err)
	}
	file, err := conn.File()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("file of the connection to %s: %w", address, err), conn.Close())
	}
	c := &blockingConn{TCPConn: conn, file: file, fd: file.Fd()}
	timeout := syscall.NsecToTimeval(patience.Nanoseconds())
	if err := errors.Join(
		syscall.SetNonblock(int(c.fd), false),
		syscall.SetsockoptTimeval(int(c.fd), syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &timeout),
		syscall.SetsockoptTimeval(int(c.fd), syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, &timeout),
	); err != nil {
		return nil, errors.Join(fmt.Errorf("set up the connection to %s: %w", address, err), c.Close())
	}
	return c, nil
}

// Read returns os.ErrDeadlineExceeded if nothing has come within patience.
func (c *blockingConn) Read(p []byte) (int, error) {
	n, err := c.call(syscall.SYS_READ, p)
	if n == 0 && err == nil && len(p) > 0 {
		return 0, io.EOF
	}
	return n, err
}

// Write returns os.ErrDeadlineExceeded if nothing was taken within patience.
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
	return errors.Join(c.file.Close(), c.TCPConn.Close())
}

// call makes a system call that the runtime does not know of, and makes it again
// if the runtime interrupts it to let others run.
func (c *blockingConn) call(number uintptr, p []byte) (int, error) {
	for {
		start := unsafe.Pointer(unsafe.SliceData(p)) //nolint:gosec // For as long as the call takes.
		n, _, errno := syscall.RawSyscall(number, c.fd, uintptr(start), uintptr(len(p)))
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
			runtime.Gosched()
		case syscall.EAGAIN:
			return 0, os.ErrDeadlineExceeded
		default:
			return 0, fmt.Errorf("connection to %s: %w", c.RemoteAddr(), errno)
		}
	}
}
