package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// otherDir is the advice about a directory that cannot be used.
const otherDir = "choose another directory with --state-dir or EXPORTBUCKETS_STATE_DIR"

// maxSocketPath is how long the path of a socket may be: 107 bytes on Linux, 103
// on macOS. A zero byte follows it.
const maxSocketPath = len(syscall.RawSockaddrUnix{}.Path) - 1

// makeDir makes the directory and what is missing above it, and returns its
// absolute path without symbolic links. Other users may enter directories that
// root makes, because the user that the server runs as must.
func makeDir(dir string) (string, error) {
	if dir == "" {
		return "", errors.New("postgres: no directory given")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("directory for postgres: %w", err)
	}
	var made []string
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		made = append(made, d)
	}
	mode := os.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return "", fmt.Errorf("directory for postgres: %w", err)
	}
	for _, d := range made {
		// The umask may have removed permissions that are needed.
		if err := os.Chmod(d, mode); err != nil {
			return "", fmt.Errorf("directory for postgres: %w", err)
		}
	}
	dir, err = filepath.EvalSymlinks(dir)
	if err != nil {
		return "", fmt.Errorf("directory for postgres: %w", err)
	}
	return dir, nil
}

// checkSocketPath reports a socket folder whose socket clients cannot use.
func checkSocketPath(socket string) error {
	path := filepath.Join(socket, ".s.PGSQL."+port)
	if strings.Contains(path, ",") {
		// Clients would read it as a list of hosts.
		return fmt.Errorf("the path of the PostgreSQL socket, %s, may not have a comma: %s", path, otherDir)
	}
	if len(path) <= maxSocketPath {
		return nil
	}
	return fmt.Errorf(
		"the path of the PostgreSQL socket, %s, is %d bytes long and may have %d: %s, with a shorter path",
		path, len(path), maxSocketPath, otherDir)
}

// dirLock is the lock of a directory. The end of this process releases it, too.
type dirLock struct{ file *os.File }

// release releases the lock. To close the file is not enough: a child has it, too, from when
// it is forked until its program begins.
func (l dirLock) release() {
	_ = syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN)
	_ = l.file.Close()
}

// lockDir locks the directory. It returns ErrInUse, wrapped, if it is locked already.
func lockDir(dir string) (dirLock, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return dirLock{}, fmt.Errorf("lock directory: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return dirLock{f}, nil
	}
	_ = f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return dirLock{}, fmt.Errorf("%s is %w", dir, ErrInUse)
	}
	return dirLock{}, fmt.Errorf("lock %s: %w", dir, err)
}
