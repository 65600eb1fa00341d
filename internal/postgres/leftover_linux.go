package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// endLeftover makes sure that no process of an earlier run works in the data
// directory any more. Such a server was told to stop when its parent died. If it
// is still there after a few seconds it is told again. The caller holds the
// directory's lock, so the parent of any process found here is gone.
//
// The postmaster.pid of a server that is gone stays: PostgreSQL recognizes it,
// and uses it to look for processes of that server. It is removed only if its
// process id now belongs to another program, which would keep PostgreSQL from
// starting for as long as that program runs.
func endLeftover(ctx context.Context, data string, patience time.Duration) error {
	wait := leftoverGrace
	for _, sig := range []syscall.Signal{0, syscall.SIGINT, syscall.SIGQUIT} {
		postmaster, err := postmasterPID(data)
		if err != nil {
			return err
		}
		pids, known := workers(data)
		if !known {
			return nil // PostgreSQL checks for itself
		}
		// Backends end with their postmaster.
		if slices.Contains(pids, postmaster) {
			pids = []int{postmaster}
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, sig) // it may just have ended
		}
		gone, err := waitGone(ctx, wait, func() bool {
			pids, known = workers(data)
			return known && len(pids) == 0
		})
		if err != nil {
			return err
		}
		if gone {
			return removeForeignPID(data)
		}
		wait = patience
	}
	pids, _ := workers(data)
	return errLeftover(data, pids...)
}

// removeForeignPID removes postmaster.pid if its process is alive, given that
// no server works in the directory.
func removeForeignPID(data string) error {
	pid, err := postmasterPID(data)
	if err != nil || pid == 0 || !alive(pid) {
		return err
	}
	if err := os.Remove(filepath.Join(data, "postmaster.pid")); err != nil {
		return fmt.Errorf("remove stale process id: %w", err)
	}
	return nil
}

// workers returns the processes of PostgreSQL that work in the data directory.
// A server and all its backends have it as their working directory. Without
// /proc they are not known.
func workers(data string) (pids []int, known bool) {
	dir, err := os.Stat(data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, true
	}
	if err != nil {
		return nil, false
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, false
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if worksIn(filepath.Join("/proc", e.Name()), data, dir) {
			pids = append(pids, pid)
		}
	}
	return pids, true
}

func worksIn(proc, data string, dir os.FileInfo) bool {
	name, err := os.ReadFile(filepath.Join(proc, "comm"))
	if err != nil {
		return false
	}
	switch strings.TrimSpace(string(name)) {
	case "postgres", "initdb":
	default:
		return false
	}
	cwd, err := os.Stat(filepath.Join(proc, "cwd"))
	if err == nil {
		return os.SameFile(cwd, dir)
	}
	if !errors.Is(err, fs.ErrPermission) {
		return false // it has ended
	}
	// Root without CAP_SYS_PTRACE, as in a container, may not read another
	// user's working directory. Anyone may read the command line.
	args, err := os.ReadFile(filepath.Join(proc, "cmdline"))
	return err == nil && slices.Contains(strings.Split(string(args), "\x00"), data)
}
