//go:build linux

package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// compared is a report of two servers and five rounds.
func compared() *report {
	r := &report{Memories: []memoryUse{
		{Idle: 20 << 20, Peak: 30 << 20, Clients: 8},
		{Idle: 10 << 20, Peak: 20 << 20, Clients: 8},
	}}
	for round, faster := range []float64{1.5, 1.1, 1.2, 0.9, 1.3} {
		speed := 1000 * float64(round+1) // of the machine
		for name, rate := range map[string]float64{"A": speed, "B": speed * faster} {
			r.Phases = append(r.Phases, phase{
				Operation: get.name, Server: name, Clients: 8, Round: round, Rate: rate,
				Latency: latency{P50: 8000 / rate}, CPU: cpu{Server: 100, Postgres: 50},
			})
		}
	}
	r.finish()
	return r
}

func TestServersAreComparedWithinARound(t *testing.T) {
	t.Parallel()
	near := cmp.Comparer(func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 })
	got := compared().Comparisons
	if len(got) != len(comparedFigures) {
		t.Fatalf("got %v, want one of each figure", got)
	}
	want := comparison{
		Operation: get.name, Clients: 8, Figure: "requests/s",
		A: 3000, B: 3600, Ratio: 1.2, Lower: 1.1, Upper: 1.3,
	}
	if diff := cmp.Diff(want, got[0], near); diff != "" {
		t.Errorf("rate (-want +got):\n%s", diff)
	}
	want = comparison{
		Operation: get.name, Clients: 8, Figure: "server CPU µs", A: 100, B: 100, Ratio: 1, Lower: 1, Upper: 1,
	}
	if diff := cmp.Diff(want, got[2], near); diff != "" {
		t.Errorf("CPU time (-want +got):\n%s", diff)
	}
	if got := measured().Comparisons; len(got) != 0 {
		t.Errorf("one server: got %v, want nothing to compare", got)
	}
}

func TestTheTextComparesTwoServers(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	if err := compared().writeText(&text); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(text.String()), " ")
	for _, want := range []string{
		"get 8 requests/s 3000 3600 1.200 1.100 1.300",
		"get 8 server CPU µs 100 100 1.000 1.000 1.000",
		"get A 8 3000 1000 5000",
		"get B 8 3600 1500 6500",
		"B: resident memory of the server: 10.0 MiB idle, 20.0 MiB at most with up to 8 clients",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant %q in it", text.String(), want)
		}
	}
}
