package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// freshData returns where a data directory is while initdb fills it.
func freshData(data string) string {
	return data + ".new"
}

// ensureData makes the data directory if there is none. It fills data.new and
// renames it at the very end, so data is complete whenever it exists. Unless
// durable is set nothing is synced to disk.
func ensureData(ctx context.Context, progs programs, data string, user *account, durable bool) error {
	fresh := freshData(data)
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("remove unfinished data directory: %w", err)
	}
	if _, err := os.Lstat(data); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := fillData(ctx, progs, fresh, user, locales(), durable); err != nil {
		return errors.Join(err, os.RemoveAll(fresh))
	}
	if err := os.Rename(fresh, data); err != nil {
		return fmt.Errorf("name data directory: %w", err)
	}
	if !durable {
		return nil
	}
	return syncDir(filepath.Dir(data))
}

// locales returns the locales of a new data directory, the best first. C.UTF-8
// compares text byte by byte on every machine and knows which characters are
// letters. Not every system has it; C compares in the same way.
func locales() []string {
	return []string{"C.UTF-8", "C"}
}

// fillData runs initdb with the first of the locales that the system has.
func fillData(ctx context.Context, progs programs, fresh string, user *account, locales []string, durable bool) error {
	var said string
	var err error
	for _, locale := range locales {
		if err := user.mkdir(fresh); err != nil {
			return fmt.Errorf("make data directory: %w", err)
		}
		said, err = runInitdb(ctx, progs, fresh, user, locale, durable)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("initdb: %w", ctx.Err())
		}
		if !strings.Contains(said, "invalid locale") {
			break
		}
		if err := os.RemoveAll(fresh); err != nil {
			return fmt.Errorf("clear data directory: %w", err)
		}
	}
	return fmt.Errorf("initdb: %w%s", err, said)
}

// runInitdb returns the last lines that initdb wrote along with its error.
func runInitdb(
	ctx context.Context, progs programs, fresh string, user *account, locale string, durable bool,
) (string, error) {
	args := []string{
		"-D", fresh, "-U", role, "--auth-local=trust", "--auth-host=reject",
		"--encoding=UTF8", "--locale=" + locale, "--no-instructions",
	}
	if !durable {
		args = append(args, "--no-sync")
	}
	out := &output{ready: make(chan struct{})}
	cmd := exec.CommandContext(ctx, progs.initdb, args...)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Dir = fresh
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = out, out
	// On other signals initdb removes the directory, which the next one may be
	// filling by then.
	proc, err := startProcess(cmd, user, syscall.SIGKILL)
	if err != nil {
		return "", err
	}
	<-proc.done
	return out.tail(), proc.err
}

// syncDir makes the names in a directory survive a loss of power.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	defer func() { _ = d.Close() }()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	return nil
}
