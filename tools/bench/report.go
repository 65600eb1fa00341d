//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// report is all that a run found out.
type report struct {
	Facts       facts          `json:"facts"`
	Run         settings       `json:"settings"`
	Phases      []phase        `json:"phases"` // of closed loops, all rounds
	ClosedLoop  []summary      `json:"closed_loop"`
	Beside      []beside       `json:"beside_pgbench,omitempty"`
	Comparisons []comparison   `json:"comparisons,omitempty"`
	OpenLoop    []summary      `json:"open_loop,omitempty"`
	Parameters  *parameterCost `json:"parameters,omitempty"`
	Memory      memoryUse      `json:"memory"`
	Memories    []memoryUse    `json:"memories,omitempty"` // of two servers
	Startup     []startup      `json:"startup,omitempty"`
	Growth      growth         `json:"growth"`
	Goals       []goal         `json:"goals,omitempty"`
}

// facts are about the machine and the code.
type facts struct {
	Date     time.Time         `json:"date"`
	Cores    int               `json:"cores"`
	Kernel   string            `json:"kernel"`
	Load     string            `json:"load"`    // averages when the run began
	Servers  []string          `json:"servers"` // program and version of each
	Postgres map[string]string `json:"postgres"`
}

// settings are those of the run.
type settings struct {
	Tenants  int     `json:"tenants"`
	Buckets  int     `json:"buckets"`
	Full     int     `json:"full_tenants"` // that have a full page each, for lists
	Rounds   int     `json:"rounds"`
	Seconds  float64 `json:"seconds"` // of a phase
	Threads  int     `json:"threads"` // of pgbench, and of the clients
	LogLevel string  `json:"server_log_level"`
}

// memoryUse is the resident memory of the server in bytes.
type memoryUse struct {
	Idle    int64 `json:"idle"`
	Peak    int64 `json:"peak"` // after all closed loops
	Clients int   `json:"clients"`
}

// String says it to a reader.
func (m memoryUse) String() string {
	const mebi = 1 << 20
	return fmt.Sprintf("resident memory of the server: %.1f MiB idle, %.1f MiB at most with up to %d clients",
		float64(m.Idle)/mebi, float64(m.Peak)/mebi, m.Clients)
}

// findFacts looks at the machine.
func (b *bench) findFacts(ctx context.Context) (facts, error) {
	f := facts{
		Date:   b.began,
		Cores:  runtime.NumCPU(),
		Kernel: firstLine("/proc/sys/kernel/osrelease"),
		Load:   firstLine("/proc/loadavg"),
	}
	for _, program := range b.programs {
		version, err := findVersion(ctx, program)
		if err != nil {
			return f, err
		}
		f.Servers = append(f.Servers, program+": "+version)
	}
	var err error
	f.Postgres, err = b.cluster.settings(ctx)
	return f, err
}

// firstLine returns the first line of a file, or nothing if it can't be read.
func firstLine(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

// finish works out what follows from the phases.
func (r *report) finish() {
	r.ClosedLoop = summarize(r.Phases)
	r.Beside = besidePgbench(r.Phases)
	r.Comparisons = comparisons(r.Phases)
	r.Goals = r.goals()
}

// writeJSON writes all figures to a file.
func (r *report) writeJSON(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("figures as JSON: %w", err)
	}
	return os.WriteFile(path, append(text, '\n'), 0o644) //nolint:gosec // It is for everyone to read.
}

// writeText writes the figures as tables.
func (r *report) writeText(out io.Writer) error {
	t := &tables{w: tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)}
	r.writeFacts(t)
	r.writeComparisons(t)
	r.writeClosedLoop(t)
	r.writeBeside(t)
	r.writeOpenLoop(t)
	r.writeGrowth(t)
	r.writeStartup(t)
	r.writeGoals(t)
	if others := r.others(); others > quiet {
		t.linef("\nOther programs took %.0f %% of the machine in the middle of the phases: these figures are no good.",
			100*others)
	}
	return t.flush()
}

func (r *report) writeClosedLoop(t *tables) {
	t.headingf("Closed loop: as many requests as the clients can make, medians of %d rounds of %g s",
		r.Run.Rounds, r.Run.Seconds)
	t.row("operation", "", "clients", "per s", "least", "most", "p50 ms", "p95", "p99",
		"CPU µs client", "server", "postgres", "others %")
	for _, s := range r.ClosedLoop {
		t.row(s.Operation, s.Server, s.Clients, t.whole(s.Rate), t.whole(s.Slowest), t.whole(s.Fastest),
			t.fine(s.Latency.P50), t.fine(s.Latency.P95), t.fine(s.Latency.P99),
			t.whole(s.CPU.Client), t.whole(s.CPU.Server), t.whole(s.CPU.Postgres), t.whole(100*s.Others))
	}
	t.linef("CPU time is for each operation, and for pgbench with what its clients spend to connect and to settle.")
}

func (r *report) writeBeside(t *tables) {
	if len(r.Beside) == 0 {
		return
	}
	t.headingf("Beside pgbench with the same statements, medians of the ratios within a round")
	t.row("operation", "clients", "per s ÷", "p50 ÷")
	for _, b := range r.Beside {
		t.row(b.Operation, b.Clients, t.ratio(b.Rate), t.ratio(b.P50))
	}
}

func (r *report) writeComparisons(t *tables) {
	if len(r.Comparisons) == 0 {
		return
	}
	t.headingf("B beside A: medians of %d rounds of %g s, and of the ratios within a round the quartiles, too",
		r.Run.Rounds, r.Run.Seconds)
	t.row("operation", "clients", "", "A", "B", "B ÷ A", "from", "to")
	for _, c := range r.Comparisons {
		t.row(c.Operation, c.Clients, c.Figure, figure(c.A), figure(c.B),
			t.fine(c.Ratio), t.fine(c.Lower), t.fine(c.Upper))
	}
	for i, m := range r.Memories {
		t.linef("%s: %s", serverNames[i], m)
	}
}

func (r *report) writeOpenLoop(t *tables) {
	if len(r.OpenLoop) == 0 {
		return
	}
	t.headingf("Open loop: requests at half the peak rate, whether or not answers come")
	t.row("operation", "offered per s", "per s", "p50 ms", "p95", "p99", "others %")
	for _, s := range r.OpenLoop {
		t.row(s.Operation, s.Offered, t.whole(s.Rate),
			t.fine(s.Latency.P50), t.fine(s.Latency.P95), t.fine(s.Latency.P99), t.whole(100*s.Others))
	}
}

func (r *report) writeGoals(t *tables) {
	if len(r.Goals) == 0 {
		return
	}
	t.headingf("Goals")
	t.row("", "figure", "goal", "")
	for _, g := range r.Goals {
		t.row(g.Name, strings.TrimSpace(fmt.Sprintf("%.2f %s", g.Value, g.Unit)), g.wanted(), g.verdict())
	}
}

// quiet is what other programs may take of a machine on which to measure.
const quiet = 0.05

// others is the part of the machine that other programs took in the median
// phase.
func (r *report) others() float64 {
	return median(collect(r.Phases, func(p phase) float64 { return p.Others }))
}

func (r *report) writeStartup(t *tables) {
	if len(r.Startup) > 0 {
		t.headingf("Start: from exec to the first 200 of /readyz, medians")
		t.row("database", "", "ms", "least", "most")
		for _, s := range r.Startup {
			t.row(s.kind(), s.Name, t.whole(1e3*s.Seconds),
				t.whole(1e3*slices.Min(s.Each)), t.whole(1e3*slices.Max(s.Each)))
		}
	}
}

func (r *report) writeFacts(t *tables) {
	f := r.Facts
	t.linef("%s, %d cores, Linux %s, load when it began %s", f.Date.Format(time.RFC3339), f.Cores, f.Kernel, f.Load)
	for i, server := range f.Servers {
		if len(f.Servers) > 1 {
			server = serverNames[i] + " is " + server
		}
		t.linef("%s", server)
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(f.Postgres)) {
		parts = append(parts, name+"="+f.Postgres[name])
	}
	t.linef("PostgreSQL: %s", strings.Join(parts, " "))
	t.linef("%d tenants with %d export buckets, and %d with %d each for lists",
		r.Run.Tenants, r.Run.Buckets, r.Run.Full, pageSize)
	t.linef("%d threads of clients, pgbench --protocol=prepared; server --no-rate-limits --log-level=%s",
		r.Run.Threads, r.Run.LogLevel)
	if p := r.Parameters; p != nil {
		t.linef("pgbench computes ids and token hashes in SQL: a statement of these alone takes %.1f µs, "+
			"and %.1f µs if they are sent ready made", p.Computed, p.Plain)
	}
	if r.Memory.Idle > 0 {
		t.linef("%s", r.Memory)
	}
}

func (r *report) writeGrowth(t *tables) {
	if len(r.Growth.Sizes) > 0 {
		t.headingf("Growth: 1 client, medians")
		t.row("operation", "export buckets", "per s", "p50 ms", "p95", "p99", "others %")
		for i := range r.Growth.Sizes[0].Operations {
			for _, size := range r.Growth.Sizes {
				t.growthRow(size.Operations[i], size.Buckets)
			}
		}
	}
	if len(r.Growth.Crowd) > 0 {
		t.headingf("One tenant that has many: list of 100, 1 client, medians")
		t.row("list", "of its buckets", "per s", "p50 ms", "p95", "p99", "others %")
		for _, s := range r.Growth.Crowd {
			t.growthRow(s, r.Growth.Crowded)
		}
	}
}

func (s startup) kind() string {
	if s.External {
		return "external"
	}
	return "embedded"
}

// tables writes tables and lines between them.
type tables struct {
	w   *tabwriter.Writer
	err error
}

func (t *tables) linef(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format+"\n", args...)
	}
	if t.err == nil {
		t.err = t.w.Flush() // Columns end here.
	}
}

func (t *tables) headingf(format string, args ...any) { t.linef("\n"+format, args...) }

func (t *tables) row(cells ...any) {
	if t.err != nil {
		return
	}
	for _, cell := range cells {
		if _, t.err = fmt.Fprintf(t.w, "%v\t", cell); t.err != nil {
			return
		}
	}
	_, t.err = fmt.Fprintln(t.w)
}

func (t *tables) growthRow(s summary, rows int) {
	t.row(s.Operation, rows, t.whole(s.Rate),
		t.fine(s.Latency.P50), t.fine(s.Latency.P95), t.fine(s.Latency.P99), t.whole(100*s.Others))
}

func (*tables) whole(f float64) string { return fmt.Sprintf("%.0f", f) }
func (*tables) fine(f float64) string  { return fmt.Sprintf("%.3f", f) }
func (*tables) ratio(f float64) string { return fmt.Sprintf("%.2f", f) }

func (t *tables) flush() error {
	if t.err != nil {
		return fmt.Errorf("write figures: %w", t.err)
	}
	if err := t.w.Flush(); err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	return nil
}
