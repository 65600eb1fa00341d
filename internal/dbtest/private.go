package dbtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"exportbuckets/internal/postgres"
)

// removeScript waits until its input ends and then until the server has ended,
// and removes the directory.
const removeScript = `cat
tries=0
while [ -e "$1/data/postmaster.pid" ] && [ "$tries" -lt 3000 ]; do
	sleep 0.1
	tries=$((tries + 1))
done
rm -rf -- "$1"`

// privateServer is a server of this process alone.
type privateServer struct {
	postgres *postgres.Server
	alive    *os.File // once it is closed the directory is removed
}

// startPrivate starts a server in a temporary directory. This package does not
// learn when the last test is over, so both depend on the process: the kernel
// stops the server when the process ends, and a shell that reads from a pipe
// with no other writer then removes the directory.
func startPrivate(ctx context.Context) (string, *privateServer, error) {
	dir, err := os.MkdirTemp(parentDir(), "exportbuckets-test-")
	if err != nil {
		return "", nil, fmt.Errorf("directory for the server: %w", err)
	}
	alive, err := removeAtExit(dir)
	if err != nil {
		return "", nil, err
	}
	// If this process is root, the server runs as another user.
	if err := os.Chmod(dir, 0o711); err != nil {
		return "", nil, fmt.Errorf("directory for the server: %w", err)
	}
	s, err := postgres.Start(ctx, postgres.Config{Dir: dir, Settings: map[string]string{
		"autovacuum":         "off",
		"fsync":              "off",
		"full_page_writes":   "off",
		"max_connections":    "300",
		"max_wal_senders":    "0",
		"max_wal_size":       "128MB",
		"synchronous_commit": "off",
		"wal_level":          "minimal",
	}})
	if err != nil {
		_ = alive.Close()
		return "", nil, err
	}
	return s.ConnString("postgres"), &privateServer{postgres: s, alive: alive}, nil
}

// sharedMemory is where Linux has a file system in memory. To copy the three
// hundred files of a database takes 10 ms there, and up to 200 ms on a disk.
const sharedMemory = "/dev/shm"

// roomInMemory is the space in bytes without which sharedMemory is not used. A
// container has 64 MiB by default.
const roomInMemory = 2 << 30

// parentDir returns where the server's directory is made: in memory if there is
// room and TMPDIR does not say otherwise.
func parentDir() string {
	var fs syscall.Statfs_t
	if os.Getenv("TMPDIR") != "" || syscall.Statfs(sharedMemory, &fs) != nil {
		return os.TempDir()
	}
	if fs.Bavail < roomInMemory/uint64(fs.Bsize) {
		return os.TempDir()
	}
	return sharedMemory
}

// removeAtExit removes the directory once the returned file is closed, as the
// end of this process does.
func removeAtExit(dir string) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("removal of the server's directory: %w", err)
	}
	defer func() { _ = r.Close() }()
	cmd := exec.Command("/bin/sh", "-c", removeScript, "sh", dir)
	cmd.Dir = "/"
	cmd.Stdin = r
	// Ctrl-C at the terminal must not end it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		_ = w.Close()
		return nil, fmt.Errorf("removal of the server's directory: %w", err)
	}
	return w, nil
}
