//go:build !linux

package main

import "testing"

// smallDisk returns what makes writes fail as if the disk were full: only Linux has
// file systems in memory.
func smallDisk(t *testing.T, _ string) (fill func(*testing.T, *cluster) (free func())) {
	t.Helper()
	return fillByTrigger
}
