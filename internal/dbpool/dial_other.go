//go:build !linux

package dbpool

import "syscall"

// setUserTimeout is for Linux: elsewhere keep-alives find a silent peer.
func setUserTimeout(_, _ string, _ syscall.RawConn) error { return nil }
