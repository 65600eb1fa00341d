package postgres

import (
	"runtime"
	"syscall"
)

// processAttributes asks the kernel to signal the child when its parent ends,
// even if that is killed. To the kernel the parent is the thread that forked, not
// the process, hence keepThread.
func processAttributes(user *account, onDeath syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Credential: user.credential(),
		Setpgid:    true,
		Pdeathsig:  onDeath,
	}
}

// keepThread keeps the calling goroutine on its thread, and that thread alive,
// until the returned function is called.
func keepThread() func() {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}
