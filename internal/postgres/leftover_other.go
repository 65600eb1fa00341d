//go:build unix && !linux

package postgres

import (
	"context"
	"time"
)

// endLeftover waits for the server of an earlier run to end. On this system
// nothing has told it to, and nothing here can tell for certain that the process
// is a server of this directory. So it gets no signal: the error says which
// command ends it.
func endLeftover(ctx context.Context, data string, patience time.Duration) error {
	pid, err := postmasterPID(data)
	if err != nil || pid == 0 {
		return err
	}
	gone, err := waitGone(ctx, max(leftoverGrace, patience), func() bool { return !alive(pid) })
	if err != nil {
		return err
	}
	if !gone {
		return errLeftover(data, pid)
	}
	return nil
}
