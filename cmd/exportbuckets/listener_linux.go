package main

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// refuseConnections makes the kernel ignore clients that begin to connect, and those
// alone: what is connected stays to be accepted. To close a listener resets what
// nobody has accepted yet, which may have sent its request.
func refuseConnections(listener *net.TCPListener) error {
	// What the filter of a TCP socket sees begins with the TCP header, whose byte 13
	// has the flags. RFC 9293, section 3.1.
	const flags, syn, ack = 13, 0x02, 0x10
	filter := [...]unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: flags},
		{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: syn | ack},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: syn, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},         // drop it
		{Code: unix.BPF_RET | unix.BPF_K, K: 1<<32 - 1}, // take all of it
	}
	conn, err := listener.SyscallConn()
	if err != nil {
		return fmt.Errorf("listener: %w", err)
	}
	unreachable := conn.Control(func(fd uintptr) {
		err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
			&unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})
	})
	if unreachable != nil {
		err = unreachable
	}
	if err != nil {
		return fmt.Errorf("filter of the listener: %w", err)
	}
	return nil
}
