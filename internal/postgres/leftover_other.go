//go:build unix && !linux

package postgres

import "context"

// endLeftover waits for the server of an earlier run to end. Nothing tells it
// to on this system, and nothing here can tell for certain that the process is
// a server of this directory, so it is never signalled: the error says how.
func endLeftover(ctx context.Context, data string) error {
	pid, err := postmasterPID(data)
	if err != nil || pid == 0 {
		return err
	}
	gone, err := waitGone(ctx, func() bool { return !alive(pid) })
	if err != nil {
		return err
	}
	if !gone {
		return errLeftover(data, pid)
	}
	return nil
}
