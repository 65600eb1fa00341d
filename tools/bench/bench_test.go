//go:build linux

package main

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/jackc/pgx/v5"
)

// small is a run of a few seconds.
func small() config {
	return config{
		Tenants: 20, Buckets: 50, Clients: []int{1, 2}, Rounds: 1, Duration: 100 * time.Millisecond,
		Quick: true, Threads: 1, Growth: true, GrowthBuckets: []int{50, 200}, Crowd: crowdedPage * pageSize,
	}
}

// The whole of it, in small: what is measured is of no interest here.
func TestARunMeasuresEverythingAndFindsEveryRow(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	b, err := newBench(t.Context(), small(), &out)
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
	if err := b.run(t.Context()); err != nil {
		t.Fatalf("got error %v, want none; output:\n%s", err, out.String())
	}
	for _, op := range inTurn(0) {
		for _, clients := range b.cfg.Clients {
			found := false
			for _, p := range b.report.Phases {
				found = found || p.Operation == op.name && p.Clients == clients && p.Count > 0 && p.Rate > 0 && p.Latency.P50 > 0
			}
			if !found {
				t.Errorf("%s with %d clients: got %+v, want figures", op.name, clients, b.report.Phases)
			}
		}
	}
	if len(b.report.OpenLoop) != 5 || len(b.report.Growth.Sizes) != 2 || len(b.report.Growth.Crowd) != 4 || len(b.report.Startup) != 4 {
		t.Errorf("got %+v, want all parts", b.report)
	}
	if got := b.report.Facts.Postgres["fsync"]; got != "on" {
		t.Errorf("fsync: got %q, want on", got)
	}
}

func TestALostRowOrAWrongAnswerFailsTheRun(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b, err := newBench(ctx, small(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.close() })
	s, err := b.newSubject(ctx, b.cluster, "lossy", dataset{tenants: 5, buckets: 20, full: 1, each: pageSize})
	if err != nil {
		t.Fatal(err)
	}
	with := pressure{clients: 2, threads: 1, duration: 50 * time.Millisecond}
	if _, err := s.measure(ctx, create, with); err != nil {
		t.Fatal(err)
	}
	if err := s.verify(ctx); err != nil {
		t.Fatalf("got error %v, want every row found", err)
	}
	conn, err := pgx.Connect(ctx, s.database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	if _, err := conn.Exec(ctx, "DELETE FROM export_buckets WHERE id = $1", s.stock[0].id); err != nil {
		t.Fatal(err)
	}

	if err := s.verify(ctx); err == nil {
		t.Error("a lost row: got no error, want one")
	}
	// It is the first to be deleted.
	if p, err := s.measure(ctx, remove, with); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a wrong status: got %+v, %v, want an error", p, err)
	}
	s.stock = []bucket{{tenant: 1, id: number(bucketPrefix, 999)}}
	if p, err := s.measureOpen(ctx, remove, 100, 50*time.Millisecond); err == nil || !strings.Contains(err.Error(), "404") {
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
		{"--clients=0", false},
		{"--clients=1,100", false},
		{"--rounds=0", false},
		{"--duration=500ms", false},
		{"--duration=1500ms", false},
		{"--tenants=0", false},
		{"--buckets=0", false},
		{"--growth-buckets=10", false},
		{"--crowd=100", false},
		{"--threads=-1", false},
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
