//go:build linux

package main

import "strconv"

// goal is a figure with what it should be.
type goal struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`
	Least float64 `json:"at_least,omitempty"`
	Most  float64 `json:"at_most,omitempty"`
	Met   bool    `json:"met"`
}

func atLeast(name string, value, least float64) goal {
	return goal{Name: name, Value: value, Least: least, Met: value >= least}
}

func atMost(name string, value, most float64, unit string) goal {
	return goal{Name: name, Value: value, Unit: unit, Most: most, Met: value <= most}
}

// wanted is what the value should be, for a reader.
func (g goal) wanted() string {
	if g.Least > 0 {
		return "≥ " + strconv.FormatFloat(g.Least, 'f', -1, 64)
	}
	return "≤ " + strconv.FormatFloat(g.Most, 'f', -1, 64)
}

func (g goal) verdict() string {
	if g.Met {
		return "met"
	}
	return "missed"
}

// The numbers of clients that goals are about.
const (
	oneClient      = 1
	severalClients = 8
	manyClients    = 64
)

func countOf(clients int) string {
	if clients == 1 {
		return "1 client"
	}
	return strconv.Itoa(clients) + " clients"
}

// goals returns the goals that the report has figures for.
func (r *report) goals() []goal {
	var list []goal
	quotient := func(name, above, below string, clients int, figure func(phase) float64, judge func(string, float64) goal) {
		if value, ok := compare(r.Phases, above, below, clients, figure); ok {
			list = append(list, judge(name, value))
		}
	}
	least := func(limit float64) func(string, float64) goal {
		return func(name string, value float64) goal { return atLeast(name, value, limit) }
	}
	most := func(limit float64) func(string, float64) goal {
		return func(name string, value float64) goal { return atMost(name, value, limit, "") }
	}
	quotient("create ÷ pgbench, requests/s, 64 clients", create.name, pgbenchCreate.name, manyClients, phaseRate, least(1))
	quotient("create ÷ pgbench, p50, 1 client", create.name, pgbenchCreate.name, oneClient, phaseP50, most(1.3))
	for _, clients := range []int{oneClient, severalClients, manyClients} {
		at := " ÷ create, requests/s, " + countOf(clients)
		quotient(get.name+at, get.name, create.name, clients, phaseRate, least(3))
		quotient(listOf100.name+at, listOf100.name, create.name, clients, phaseRate, least(1))
	}
	list = append(list, r.Growth.goals()...)
	for _, s := range r.Startup {
		if s.External {
			list = append(list, atMost("ready on an external database, "+s.Name, s.Seconds, 0.3, "s"))
		}
	}
	const mebi = 1 << 20
	if r.Memory.Idle > 0 {
		list = append(list, atMost("memory, idle", float64(r.Memory.Idle)/mebi, 30, "MiB"))
	}
	if r.Memory.Clients == manyClients {
		list = append(list, atMost("memory, 64 clients", float64(r.Memory.Peak)/mebi, 64, "MiB"))
	}
	return list
}
