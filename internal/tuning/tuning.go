// Package tuning holds the settings of the Go runtime and of the C library
// under the private PostgreSQL. docs/performance.md has the measurements that
// each of them rests on.
package tuning

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
)

// gcPercent is how much the heap may grow before it is collected. A server's
// heap is small, and collecting it each time it doubles takes a sixth of the
// time under load.
const gcPercent = 200

// memoryLimit is how much memory the process takes before the garbage collector runs
// as often as it has to, in bytes. What requests may hold fits in it.
const memoryLimit = 192 << 20

// trimThreshold is the number of free bytes at the end of its heap from which
// on a PostgreSQL process returns them to the kernel. The GNU C library does so
// from 128 KiB on, and a statement that scans six indexes frees more than that:
// the kernel then takes and gives the same pages for each statement, which can
// take longer than the statement. Each connection holds at most this much more
// memory. Other C libraries ignore the setting. See mallopt(3).
const trimThreshold = 8 << 20

// SetMemory makes the garbage collector run less often than Go does by default, but
// no longer so when much memory is used, unless the environment variables GOGC and
// GOMEMLIMIT are set.
func SetMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}

// LeaveProcessors leaves every second processor to a PostgreSQL on the same
// machine, unless the environment variable GOMAXPROCS is set. Idle threads of
// the Go runtime look for work before they sleep, on processors that PostgreSQL
// needs at that moment. From then on the runtime does not follow changes of a
// container's CPU limit.
func LeaveProcessors() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(max(1, runtime.GOMAXPROCS(0)/2))
	}
}

// PostgresEnvironment returns the environment variables, as NAME=value, for
// the processes of the private PostgreSQL.
func PostgresEnvironment() []string {
	return []string{"MALLOC_TRIM_THRESHOLD_=" + strconv.Itoa(trimThreshold)}
}
