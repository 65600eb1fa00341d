//go:build linux

package main

import (
	"context"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"exportbuckets/internal/objectid"
)

// builtServer builds the server once.
var builtServer = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "eb-bench-server-")
	if err != nil {
		return "", err
	}
	serverDir = dir
	return buildServer(context.Background(), dir)
})

// serverDir is where builtServer has built, to be removed.
var serverDir string

func TestMain(m *testing.M) {
	code := m.Run()
	if serverDir != "" {
		_ = os.RemoveAll(serverDir)
	}
	os.Exit(code)
}

// newSmallBench returns a run of few and short phases, of so many servers.
func newSmallBench(t *testing.T, servers int, out io.Writer) *bench {
	t.Helper()
	program, err := builtServer()
	if err != nil {
		t.Fatal(err)
	}
	cfg := config{
		Operations: []string{"create", "get", "list", "digest-create", "delete"},
		Tenants:    20, Buckets: 50, Clients: []int{2}, Rounds: 1, Duration: 20 * time.Millisecond, Threads: 1,
		Quick: true,
	}
	for range servers {
		cfg.Server = append(cfg.Server, program)
	}
	b, err := newBench(t.Context(), cfg, out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if _, err := os.Stat(b.dir); !os.IsNotExist(err) {
			t.Errorf("the directory %s is there yet: %v", b.dir, err)
		}
	})
	return b
}

// What is measured is of no interest here.
func TestARunMeasuresEverythingAndFindsEveryRow(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	b := newSmallBench(t, 1, &out)
	if err := b.run(t.Context()); err != nil {
		t.Fatalf("got error %v, want none; output:\n%s", err, out.String())
	}
	for _, op := range []operation{
		create, get, listOf100, digestCreate, remove, pgbenchCreate, pgbenchGet, pgbenchList, pgbenchDelete,
	} {
		found := false
		for _, p := range b.report.Phases {
			found = found || p.Operation == op.name && p.Clients == 2 && p.Count > 0 && p.Rate > 0 && p.Latency.P50 > 0
		}
		if !found {
			t.Errorf("%s: got %+v, want figures", op.name, b.report.Phases)
		}
	}
	if r := b.report; len(r.Beside) != 4 || len(r.OpenLoop) != 5 || len(r.Startup) != 4 || r.Parameters == nil {
		t.Errorf("got %+v, want all parts", r)
	}
	if got := b.report.Facts.Postgres["fsync"]; got != "on" {
		t.Errorf("fsync: got %q, want on", got)
	}
}

func TestTwoServersAreMeasuredInTurn(t *testing.T) {
	t.Parallel()
	b := newSmallBench(t, 2, io.Discard)
	b.cfg.Operations, b.cfg.Rounds = []string{"create", "delete"}, 2
	if err := b.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, p := range b.report.Phases {
		order = append(order, p.Operation+" "+p.Server)
	}
	want := "create A, create B, delete A, delete B, create B, create A, delete B, delete A"
	if got := strings.Join(order, ", "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := len(b.report.Comparisons); got != 2*len(comparedFigures) || len(b.report.Memories) != 2 {
		t.Errorf("got %d comparisons and %d memories, want all", got, len(b.report.Memories))
	}
}

func TestGrowthMeasuresEverySizeAndTheLongList(t *testing.T) {
	t.Parallel()
	b := newSmallBench(t, 1, io.Discard)
	b.cfg.GrowthBuckets, b.cfg.Crowd = []int{50, 200}, crowdedPage*pageSize
	if err := b.measureGrowth(t.Context()); err != nil {
		t.Fatal(err)
	}
	if g := b.report.Growth; len(g.Sizes) != 2 || len(g.Crowd) != 4 || len(g.goals()) != len(grown) {
		t.Errorf("got %+v, want all parts", g)
	}
}

func TestEventsAreListedCountedAndNot(t *testing.T) {
	t.Parallel()
	b := newSmallBench(t, 1, io.Discard)
	b.cfg.Events = 2 * pageSize
	if err := b.measureServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.report.finish()
	if got := len(b.report.Goals); got != len(eventLists) {
		t.Errorf("got %d goals, want one of each list", got)
	}
}

func TestALostRowOrAWrongAnswerFailsTheRun(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := newSmallBench(t, 1, io.Discard)
	s, err := b.newSubject(ctx, b.cluster, "lossy", b.programs[0],
		dataset{tenants: 5, buckets: 20, full: 1, each: pageSize})
	if err != nil {
		t.Fatal(err)
	}
	with := pressure{clients: 2, threads: 1, duration: 20 * time.Millisecond}
	for _, op := range []operation{create, remove} {
		if _, err := s.measure(ctx, op, with); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.verify(ctx); err != nil {
		t.Fatalf("got error %v, want every row found", err)
	}
	err = s.writeScripts(ctx, []operation{create, pgbenchCreate, pgbenchGet, pgbenchList, pgbenchDelete})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		pgbenchCreate.name: "INSERT INTO export_buckets",
		pgbenchGet.name:    "FROM export_buckets",
		pgbenchList.name:   "total_count",
		pgbenchDelete.name: "DELETE FROM export_buckets",
	} {
		checkScript(t, name, s.scripts[name], want)
	}

	next := s.data.deletable(s.stock.taken())
	for _, id := range []objectid.ID{next.id, s.data.bucket(0).id} {
		if _, err := s.conn.Exec(ctx, "DELETE FROM export_buckets WHERE id = $1", id); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.verify(ctx); err == nil {
		t.Error("a lost row: got no error, want one")
	}
	if err := s.writeScripts(ctx, []operation{pgbenchGet}); err == nil {
		t.Error("statements that find nothing: got no error, want one")
	}
	if p, err := s.measure(ctx, remove, with); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a wrong status: got %+v, %v, want an error", p, err)
	}
	s.stock = newSupply(int(s.stock.end)+1, 1<<40)
	if p, err := s.measureOpen(ctx, remove, 100, with.duration); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a wrong status in an open loop: got %+v, %v, want an error", p, err)
	}
	s.server.stop()
	if p, err := s.measure(ctx, get, with); err == nil {
		t.Errorf("no server: got %+v, want an error", p)
	}
}

func TestSettingsThatCouldNotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args string
		ok   bool
	}{
		{"", true},
		{"--quick", true},
		{"--clients=1,64 --rounds=1 --duration=3s --buckets=1000000", true},
		{"--server=a", true},
		{"--server=a,b", true}, // one whose name has a comma
		{"--server=a --server=b --duration=500ms --operations=get,list", true},
		{"--server=a --server=b --server=c", false},
		{"--server=a --server=b --growth", false},
		{"--server=a --server=b --events=1000", false},
		{"--events=1000", true},
		{"--events=99", false},
		{"--server=a --server=b --svg=f", false},
		{"--server=a --server=b --duration=1ms", false},
		{"--operations=", false},
		{"--operations=put", false},
		{"--clients=0", false},
		{"--clients=1,100", false},
		{"--rounds=-1", false},
		{"--duration=500ms", false},
		{"--duration=1500ms", false},
		{"--tenants=0", false},
		{"--buckets=0", false},
		{"--growth-buckets=10", false},
		{"--crowd=100", false},
		{"--threads=-1", false},
		{"--threads=1000", false},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			var cfg config
			parser, err := kong.New(&cfg)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(strings.Fields(tt.args)); (err == nil) != tt.ok {
				t.Errorf("got error %v, want one: %t", err, !tt.ok)
			}
		})
	}
}

func TestWhatIsNotSetFollowsFromTheRest(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		cfg    config
		rounds int
		trial  bool // finds the number of threads
	}{
		"one server":       {config{}, 11, true},
		"two servers":      {config{Server: []string{"a", "b"}}, 20, false},
		"quick":            {config{Quick: true}, 1, false},
		"with many rounds": {config{Rounds: 50, Threads: 1}, 50, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.cfg.effective(); got.Rounds != tt.rounds || (got.Threads == 0) != tt.trial {
				t.Errorf("got %d rounds and %d threads, want %+v", got.Rounds, got.Threads, tt)
			}
		})
	}
}
