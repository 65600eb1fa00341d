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
	oneClient   = 1
	manyClients = 64
)

// beside is what an operation takes beside pgbench with the same statements: the
// medians of the ratios within a round.
type beside struct {
	Operation string  `json:"operation"`
	Clients   int     `json:"clients"`
	Rate      float64 `json:"rate"`
	P50       float64 `json:"p50"`
}

// besidePgbench returns what there is to compare with pgbench.
func besidePgbench(phases []phase) []beside {
	var list []beside
	for _, s := range summarize(phases) {
		for _, pair := range pgbenchPairs {
			own, other := kind{pair[0].name, s.Clients, ""}, kind{pair[1].name, s.Clients, ""}
			rates := ratios(phases, own, other, phaseRate)
			if s.Operation != pair[0].name || len(rates) == 0 {
				continue
			}
			list = append(list, beside{
				Operation: s.Operation, Clients: s.Clients,
				Rate: median(rates), P50: median(ratios(phases, own, other, phaseP50)),
			})
		}
	}
	return list
}

// goals returns the goals that the figure has.
func (b beside) goals() []goal {
	var list []goal
	name := b.Operation + " ÷ pgbench, "
	if b.Clients == manyClients {
		switch b.Operation {
		case create.name:
			list = append(list, atLeast(name+"requests/s, 64 clients", b.Rate, 1))
		case get.name, remove.name:
			list = append(list, atLeast(name+"requests/s, 64 clients", b.Rate, 0.8))
		}
	}
	if b.Clients == oneClient && b.Operation == create.name && b.P50 > 0 {
		list = append(list, atMost(name+"p50, 1 client", b.P50, 1.3, ""))
	}
	return list
}

// goals returns the goals that the report has figures for.
func (r *report) goals() []goal {
	var list []goal
	for _, b := range r.Beside {
		list = append(list, b.goals()...)
	}
	list = append(list, r.Growth.goals()...)
	list = append(list, eventGoals(r.ClosedLoop)...)
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
