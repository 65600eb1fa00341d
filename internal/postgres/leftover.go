package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// leftoverGrace is how long a server of an earlier run may take to end before it
// is sent a signal.
const leftoverGrace = 3 * time.Second

// postmasterPID returns the process id that a server wrote into its data
// directory, or 0 if there is none.
func postmasterPID(data string) (int, error) {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("process of data directory: %w", err)
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	if pid, err := strconv.Atoi(string(bytes.TrimSpace(line))); err == nil && pid > 1 {
		return pid, nil
	}
	return 0, nil // cut short by a crash; PostgreSQL handles that
}

// alive reports whether a process has this id, even one that has ended and that
// its parent has not waited for.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// waitGone returns true once something is gone, and false if it is still there
// after the given time.
func waitGone(ctx context.Context, patience time.Duration, gone func() bool) (bool, error) {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if gone() {
			return true, nil
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			return gone(), nil
		case <-ctx.Done():
			return false, fmt.Errorf("wait for an earlier postgres to end: %w", ctx.Err())
		}
	}
}

func errLeftover(data string, pids ...int) error {
	return fmt.Errorf("an earlier PostgreSQL server still works in %s and does not stop: end it with kill -QUIT %s",
		data, strings.Trim(fmt.Sprint(pids), "[]"))
}
