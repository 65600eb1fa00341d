package postgres

import (
	"os/exec"
	"syscall"
	"time"
)

// process is a child that ends with this process, on systems that can do that.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // what Wait returned; set before done is closed
}

// startProcess starts the command as the given user, in a process group of its
// own. The signal onDeath is sent to it when this process ends.
func startProcess(cmd *exec.Cmd, user *account, onDeath syscall.Signal) (*process, error) {
	cmd.SysProcAttr = processAttributes(user, onDeath)
	// Grandchildren keep the output open for a moment longer.
	cmd.WaitDelay = 2 * time.Second
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// This goroutine stays on the thread that starts the child until the
		// child has ended.
		defer keepThread()()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// signal sends a signal to the process. It does nothing once that has ended.
func (p *process) signal(sig syscall.Signal) {
	_ = p.cmd.Process.Signal(sig)
}
