//go:build linux

package main

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// config is every setting of the program.
type config struct {
	Server        []string      `sep:"none" placeholder:"FILE" help:"Program of a server to measure, instead of one that is built of this tree. Given twice, both are measured in turn, round by round, and compared: see above."`
	Operations    []string      `enum:"create,get,list,digest-create,delete" default:"create,get,list,digest-create,delete" placeholder:"NAME,..." help:"What to measure (${default})."`
	Clients       []int         `default:"1,8,64" placeholder:"N,..." help:"Clients at a time (${default})."`
	Rounds        int           `placeholder:"N" help:"Rounds, of which the medians are shown (11, or 20 to compare two servers)."`
	Duration      time.Duration `default:"1s" placeholder:"DURATION" help:"How long each operation is measured in each round, in whole seconds for pgbench (${default})."`
	Quick         bool          `help:"One round of a second each and one thread of pgbench: under a minute in all."`
	Tenants       int           `default:"10000" placeholder:"N" help:"Tenants to load (${default})."`
	Buckets       int           `default:"10000" placeholder:"N" help:"Export buckets to load, spread over the tenants (${default})."`
	Growth        bool          `help:"Measure how operations slow down as the table grows, too. Takes about five minutes more and 8 GB of disk."`
	GrowthBuckets []int         `default:"10000,1000000,10000000" placeholder:"N,..." help:"Export buckets of each database of --growth (${default})."`
	Crowd         int           `default:"100000" placeholder:"N" help:"Export buckets of the one tenant of --growth that has many (${default})."`
	Events        int           `placeholder:"N" help:"Measure nothing but lists of the events of one project that has so many."`
	Threads       int           `placeholder:"N" help:"Threads of pgbench, and of the clients (what a trial finds pgbench fastest with; one for each core to compare two servers)."`
	Dir           string        `placeholder:"DIR" help:"Where to make the temporary directory (the system's usual place)."`
	JSON          string        `name:"json" placeholder:"FILE" help:"Write all figures to this file."`
	SVG           string        `name:"svg" placeholder:"FILE" help:"Write a plot to this file, unless two servers are compared."`
}

// compares says whether two servers are to be compared.
func (c config) compares() bool { return len(c.Server) == 2 }

// Validate refuses settings that could not work.
func (c config) Validate() error {
	switch {
	case len(c.Server) > 2:
		return fmt.Errorf("--server: at most two are compared, not %d", len(c.Server))
	case c.compares() && (c.Growth || c.Events > 0 || c.SVG != ""):
		return errors.New("--growth, --events and --svg are for one server")
	case c.Events < 0 || c.Events > 0 && c.Events < pageSize:
		return fmt.Errorf("--events: a page of %d is read, so there must be as many", pageSize)
	case len(c.Operations) == 0:
		return errors.New("--operations: none is named")
	case c.Tenants < 1:
		return fmt.Errorf("--tenants: %d is not at least 1", c.Tenants)
	case c.Buckets < 1:
		return fmt.Errorf("--buckets: %d is not at least 1", c.Buckets)
	case len(c.Clients) == 0 || slices.Min(c.Clients) < 1 || slices.Max(c.Clients) > maxClients:
		return fmt.Errorf("--clients: each is between 1 and %d", maxClients)
	case c.Rounds < 0:
		return fmt.Errorf("--rounds: %d is negative", c.Rounds)
	case !c.compares() && (c.Duration < time.Second || c.Duration%time.Second != 0):
		return fmt.Errorf("--duration: pgbench knows whole seconds only, and %s is not some", c.Duration)
	case c.Duration < 100*time.Millisecond:
		return fmt.Errorf("--duration: %s is too short: CPU time is counted in hundredths of a second", c.Duration)
	case len(c.GrowthBuckets) < 2 || slices.Min(c.GrowthBuckets) < 1:
		return errors.New("--growth-buckets: growth is between two sizes at least")
	case c.Crowd < crowdedPage*pageSize:
		return fmt.Errorf("--crowd: page %d is read, so there must be %d", crowdedPage, crowdedPage*pageSize)
	case c.Threads < 0 || c.Threads > runtime.GOMAXPROCS(0):
		return fmt.Errorf("--threads: %d is not between 1 and the %d processors", c.Threads, runtime.GOMAXPROCS(0))
	}
	return nil
}

// maxClients is what fits a PostgreSQL of 100 connections beside the server's
// pool.
const maxClients = 72

// effective is the configuration with what is left to it.
func (c config) effective() config {
	if c.Quick {
		c.Rounds, c.Duration = 1, time.Second
	}
	switch {
	case c.Rounds > 0:
	case c.compares():
		c.Rounds = 20
	default:
		c.Rounds = 11
	}
	switch {
	case c.Threads > 0:
	case c.compares():
		c.Threads = runtime.GOMAXPROCS(0)
	case c.Quick:
		c.Threads = 1
	}
	return c
}

// crowdedPage is the page of a long list that is read besides the first.
const crowdedPage = 100
