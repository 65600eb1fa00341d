//go:build linux

package main

import (
	"time"
)

// phase is what one operation did for a while.
type phase struct {
	Operation string  `json:"operation"`
	Server    string  `json:"server,omitempty"`  // A or B, of two that are compared
	Clients   int     `json:"clients,omitempty"` // of a closed loop
	Offered   int     `json:"offered,omitempty"` // requests per second of an open loop
	Round     int     `json:"round"`
	Count     int     `json:"count"`
	Rate      float64 `json:"rate"` // per second
	Latency   latency `json:"latency_ms"`
	CPU       cpu     `json:"cpu_us"`
	// Others is the part of the machine's CPU time that went to other programs
	// than those measured.
	Others float64 `json:"others"`
}

// cpu is the CPU time of one operation in microseconds, by who spent it.
type cpu struct {
	Client   float64 `json:"client"`
	Server   float64 `json:"server"`
	Postgres float64 `json:"postgres"`
}

// used is the CPU time that each has spent so far. The machine's is of all
// programs on all cores, and what it could have spent.
type used struct {
	client, server, postgres time.Duration
	machine, available       time.Duration
}

func (s *subject) used() (u used, err error) {
	if u.client, err = ownCPU(); err != nil {
		return u, err
	}
	if u.server, err = familyCPU(s.server.pid()); err != nil {
		return u, err
	}
	if u.postgres, err = familyCPU(s.cluster.pid); err != nil {
		return u, err
	}
	u.machine, u.available, err = machineCPU()
	return u, err
}

// each returns the CPU time of one of n operations.
func (u used) each(before used, n int) cpu {
	per := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(max(n, 1)) }
	return cpu{
		Client:   per(u.client - before.client),
		Server:   per(u.server - before.server),
		Postgres: per(u.postgres - before.postgres),
	}
}

// others returns the part of the machine that went to other programs.
func (u used) others(before used) float64 {
	available := u.available - before.available
	if available <= 0 {
		return 0
	}
	known := u.client - before.client + u.server - before.server + u.postgres - before.postgres
	return max(0, float64(u.machine-before.machine-known)/float64(available))
}
