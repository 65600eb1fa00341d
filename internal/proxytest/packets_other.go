//go:build !linux

package proxytest

import "syscall"

// losePackets does nothing: only Linux can lose packets of a socket.
func losePackets(syscall.Conn, bool) {}
