package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// smallDisk makes a directory a small file system of its own, and returns what fills
// it. Only root may do that; for others writes fail as if it were full.
func smallDisk(t *testing.T, dir string) (fill func(*testing.T, *cluster) (free func())) {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=100m,mode=711"); err != nil {
		return fillByTrigger
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("got error %v, want the small disk unmounted", err)
		}
	})
	return func(t *testing.T, _ *cluster) (free func()) {
		t.Helper()
		file, err := os.Create(filepath.Join(dir, "filler"))
		if err != nil {
			t.Fatalf("got error %v, want a file to fill the disk", err)
		}
		if _, err = io.Copy(file, zeros{}); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("got error %v, want a full disk", err)
		}
		_ = file.Close()
		return func() {
			if err := os.Remove(file.Name()); err != nil {
				t.Errorf("got error %v, want room on the disk", err)
			}
		}
	}
}

// zeros has no end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
