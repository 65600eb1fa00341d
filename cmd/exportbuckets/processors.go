package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"runtime"

	"github.com/jackc/pgx/v5"
)

// leaveProcessors leaves every second processor to a PostgreSQL that shares the
// machine. Threads of the server that have nothing to do look for work before
// they sleep, on processors that PostgreSQL needs then: see docs/performance.md.
// GOMAXPROCS overrides it. From then on the runtime does not follow the CPU
// limit of a container if that changes.
func leaveProcessors() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(max(1, runtime.GOMAXPROCS(0)/2))
	}
}

// onThisMachine says whether the database at a URL is reached by a Unix socket
// or the loopback interface.
func onThisMachine(url string) bool {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(config.Host)
	return filepath.IsAbs(config.Host) || config.Host == "localhost" || err == nil && address.IsLoopback()
}
