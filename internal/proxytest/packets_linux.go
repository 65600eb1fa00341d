package proxytest

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// losePackets gives the socket a filter that no packet passes, or takes it away.
func losePackets(socket syscall.Conn, lose bool) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return // it is closed
	}
	_ = raw.Control(func(fd uintptr) {
		if lose {
			nothing := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K}
			_ = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
				&unix.SockFprog{Len: 1, Filter: &nothing})
		} else {
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
		}
	})
}
