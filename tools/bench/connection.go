//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// connection is a TCP connection that waits in the kernel, as a program in C
// does, pgbench for one. Go's own waits in the network poller, and at each wait
// the runtime wakes its monitor, on processors that the server and PostgreSQL
// need.
type connection struct{ fd int }

// dial connects to an address. A read or a write of the connection returns
// os.ErrDeadlineExceeded if it takes longer than patience.
func dial(address netip.AddrPort, patience time.Duration) (*connection, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	c := &connection{fd: fd}
	err = syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()})
	if err == nil {
		timeout := syscall.NsecToTimeval(patience.Nanoseconds())
		err = errors.Join(
			syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &timeout),
			syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, &timeout),
			syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1),
		)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connect to %s: %w", address, err), c.Close())
	}
	return c, nil
}

// transfer reads or writes as much as can be at once. With a timeout Linux does
// not restart a call after a signal, signal(7).
func (c *connection) transfer(name string, call func(fd int, p []byte) (int, error), p []byte) (int, error) {
	for {
		n, err := call(c.fd, p)
		switch {
		case err == nil:
			return n, nil
		case errors.Is(err, syscall.EAGAIN):
			return 0, os.ErrDeadlineExceeded
		case !errors.Is(err, syscall.EINTR):
			return 0, os.NewSyscallError(name, err)
		}
	}
}

// Read waits for at least one byte.
func (c *connection) Read(p []byte) (int, error) {
	n, err := c.transfer("read", syscall.Read, p)
	if n == 0 && err == nil && len(p) > 0 {
		return 0, io.EOF
	}
	return n, err
}

// Write waits until all is taken.
func (c *connection) Write(p []byte) (written int, err error) {
	for written < len(p) && err == nil {
		var n int
		n, err = c.transfer("write", syscall.Write, p[written:])
		written += n
	}
	return written, err
}

// Close closes the connection.
func (c *connection) Close() error { return os.NewSyscallError("close", syscall.Close(c.fd)) }

// pollFD is the kernel's struct pollfd. One whose descriptor is negative is
// passed over.
type pollFD struct {
	fd       int32
	events   int16
	returned int16
}

// pollIn is POLLIN: there is something to read.
const pollIn = 1

// poll waits until some of the descriptors have what they are asked for, or an
// error, says so in their returned events, and returns how many. It returns 0 if
// the time is up, or the runtime wanted the thread. The runtime does not know of
// the call: the thread stays one of those that run Go code.
func poll(descriptors []pollFD, atMost time.Duration) (int, error) {
	timeout := syscall.NsecToTimespec(max(atMost, 0).Nanoseconds())
	ready, _, errno := syscall.RawSyscall6(syscall.SYS_PPOLL,
		uintptr(unsafe.Pointer(unsafe.SliceData(descriptors))), //nolint:gosec // For as long as the call takes.
		uintptr(len(descriptors)),
		uintptr(unsafe.Pointer(&timeout)), //nolint:gosec // As above.
		0, 0, 0)
	switch errno {
	case 0:
		return int(ready), nil
	case syscall.EINTR:
		runtime.Gosched()
		return 0, nil
	default:
		return 0, os.NewSyscallError("ppoll", errno)
	}
}
