//go:build unix && !linux

package postgres

import "syscall"

// processAttributes has no signal for the parent's death: only Linux and
// FreeBSD know one.
func processAttributes(user *account, _ syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: user.credential(), Setpgid: true}
}

func keepThread() func() {
	return func() {}
}
