//go:build linux

package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// measured is a report of two rounds.
func measured() *report {
	r := &report{Memory: memoryUse{Idle: 20 << 20, Peak: 70 << 20, Clients: 64}}
	add := func(op operation, clients, round int, rate, p50 float64) {
		r.Phases = append(r.Phases, phase{
			Operation: op.name, Clients: clients, Round: round, Rate: rate,
			Latency: latency{P50: p50, P95: 2 * p50, P99: 3 * p50},
		})
	}
	add(pgbenchCreate, 1, 1, 1000, 1)
	add(create, 1, 1, 800, 1.2)
	add(pgbenchGet, 1, 1, 4000, 0.2)
	add(get, 1, 1, 2000, 0.5)
	add(pgbenchCreate, 64, 1, 2000, 32)
	add(create, 64, 1, 2400, 25)
	add(pgbenchGet, 64, 1, 6000, 8)
	add(get, 64, 1, 6000, 10)
	add(pgbenchList, 64, 1, 3000, 20)
	add(listOf100, 64, 1, 3000, 20)
	add(pgbenchDelete, 64, 1, 4000, 20)
	add(remove, 64, 1, 3000, 20)
	// In the second round the machine is half as fast.
	add(create, 1, 2, 400, 2.8)
	add(pgbenchCreate, 1, 2, 500, 2)
	add(create, 64, 2, 1000, 60)
	add(pgbenchCreate, 64, 2, 1000, 64)
	add(get, 64, 2, 2400, 20)
	add(pgbenchGet, 64, 2, 3000, 20)
	sizes := func(buckets int, p50 float64) size {
		return size{Buckets: buckets, Operations: []summary{{Operation: create.name, Latency: latency{P50: p50}}}}
	}
	r.Growth.Sizes = []size{sizes(1000, 1), sizes(100, 0.5), sizes(10, 0.8)}
	r.Growth.Crowd = []summary{{Operation: "page 1", Rate: 7}}
	r.Startup = []startup{
		{Name: "first start", External: true, Seconds: 0.31, Each: []float64{0.31}},
		{Name: "later starts", External: true, Seconds: 0.1, Each: []float64{0.1}},
		{Name: "first start", Seconds: 2, Each: []float64{2}},
	}
	r.OpenLoop = []summary{{Operation: create.name, Offered: 1200, Rate: 1199, Latency: latency{P50: 1}}}
	r.finish()
	return r
}

func TestGoalsCompareFiguresOfTheSameRound(t *testing.T) {
	t.Parallel()
	want := []goal{
		{Name: "create ÷ pgbench, p50, 1 client", Value: 1.3, Most: 1.3, Met: true},
		{Name: "create ÷ pgbench, requests/s, 64 clients", Value: 1.1, Least: 1, Met: true},
		{Name: "get ÷ pgbench, requests/s, 64 clients", Value: 0.9, Least: 0.8, Met: true},
		{Name: "delete ÷ pgbench, requests/s, 64 clients", Value: 0.75, Least: 0.8},
		{Name: "create at 1000 rows ÷ at 10, p50, 1 client", Value: 1.25, Most: 1.2},
		{Name: "ready on an external database, first start", Value: 0.31, Unit: "s", Most: 0.3},
		{Name: "ready on an external database, later starts", Value: 0.1, Unit: "s", Most: 0.3, Met: true},
		{Name: "memory, idle", Value: 20, Unit: "MiB", Most: 30, Met: true},
		{Name: "memory, 64 clients", Value: 70, Unit: "MiB", Most: 64},
	}
	near := cmp.Comparer(func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 })
	if diff := cmp.Diff(want, measured().Goals, near); diff != "" {
		t.Errorf("goals (-want +got):\n%s", diff)
	}
}

func TestAGoalWithoutItsFiguresIsLeftOut(t *testing.T) {
	t.Parallel()
	r := &report{Phases: []phase{
		{Operation: create.name, Clients: 64, Round: 1, Rate: 1},
		{Operation: pgbenchCreate.name, Clients: 64, Round: 2, Rate: 1},
		{Operation: create.name, Clients: 1, Round: 1, Rate: 1},
		{Operation: pgbenchCreate.name, Clients: 1, Round: 1, Rate: 1}, // with no p50
	}}
	r.finish()
	if len(r.Goals) > 0 {
		t.Errorf("got %v, want none", r.Goals)
	}
}

func TestASummaryHasTheMediansOfTheRounds(t *testing.T) {
	t.Parallel()
	var phases []phase
	for round, rate := range []float64{300, 100, 200} {
		phases = append(phases,
			phase{
				Operation: "b", Clients: 8, Round: round, Rate: rate,
				Latency: latency{P50: rate / 100}, CPU: cpu{Server: rate},
			},
			phase{Operation: "a", Clients: 1, Round: round, Rate: 2 * rate, Others: rate})
	}
	want := []summary{
		{Operation: "a", Clients: 1, Rate: 400, Slowest: 200, Fastest: 600, Others: 200},
		{
			Operation: "b", Clients: 8, Rate: 200, Slowest: 100, Fastest: 300,
			Latency: latency{P50: 2}, CPU: cpu{Server: 200},
		},
	}
	if diff := cmp.Diff(want, summarize(phases)); diff != "" {
		t.Errorf("summaries (-want +got):\n%s", diff)
	}
}

func TestTheTextHasEveryFigure(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	if err := measured().writeText(&text); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"pgbench create 64 1500 1000 2000 48.000 96.000 144.000 0 0 0 0",
		"get 1 0.50 2.50",
		"list of 100 64 1.00 1.00",
		"create 1200 1199 1.000 0.000 0.000 0",
		"create 1000 0 1.000 0.000 0.000 0",
		"external first start 310 310 310",
		"embedded first start 2000 2000 2000",
		"create ÷ pgbench, requests/s, 64 clients 1.10 ≥ 1 met",
		"memory, 64 clients 70.00 MiB ≤ 64 missed",
	} {
		found := false
		for got := range strings.Lines(text.String()) {
			found = found || strings.Join(strings.Fields(got), " ") == line
		}
		if !found {
			t.Errorf("got\n%s\nwant the line %q", text.String(), line)
		}
	}
}

func TestTheTextWarnsOfOtherPrograms(t *testing.T) {
	t.Parallel()
	for others, want := range map[float64]bool{0.02: false, 0.4: true} {
		r := measured()
		for i := range r.Phases {
			r.Phases[i].Others = others
		}
		r.Phases[0].Others = 1 // One phase is none.
		var text strings.Builder
		if err := r.writeText(&text); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(text.String(), "Other programs took"); got != want {
			t.Errorf("%g of the machine: got a warning: %t, want %t", others, got, want)
		}
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestATextThatCannotBeWrittenIsAnError(t *testing.T) {
	t.Parallel()
	if err := measured().writeText(brokenWriter{}); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want %v", err, errBroken)
	}
}

func TestTheFilesHaveTheFigures(t *testing.T) {
	t.Parallel()
	r := measured()
	dir := t.TempDir()
	jsonFile, svgFile := filepath.Join(dir, "b.json"), filepath.Join(dir, "b.svg")
	if err := errors.Join(r.writeJSON(jsonFile), r.writeSVG(svgFile)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(jsonFile)
	if err != nil {
		t.Fatal(err)
	}
	var got report
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, &got); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	svg, err := os.Open(svgFile)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = svg.Close() }()
	words := svgWords(t, svg)
	for _, word := range []string{"pgbench create", "64 clients", "1000 rows", "4200", "p99"} {
		if !words[word] {
			t.Errorf("plot: got %v, want %q", words, word)
		}
	}
}

// svgWords returns the texts of a drawing.
func svgWords(t *testing.T, svg io.Reader) map[string]bool {
	t.Helper()
	words := map[string]bool{}
	for decoder := xml.NewDecoder(svg); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return words
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok {
			words[string(text)] = true
		}
	}
}
