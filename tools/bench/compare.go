//go:build linux

package main

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// serverNames are those of two servers that are compared.
var serverNames = []string{"A", "B"}

// comparison is one figure of an operation on two servers: the medians over the
// rounds, and of the ratios within a round the median and the quartiles.
type comparison struct {
	Operation string  `json:"operation"`
	Clients   int     `json:"clients"`
	Figure    string  `json:"figure"`
	A         float64 `json:"a"`
	B         float64 `json:"b"`
	Ratio     float64 `json:"ratio"` // B ÷ A
	Lower     float64 `json:"lower_quartile"`
	Upper     float64 `json:"upper_quartile"`
}

// comparedFigures are the figures of a phase by their names.
var comparedFigures = []struct {
	name string
	of   func(p phase) float64
}{
	{"requests/s", phaseRate},
	{"p50 ms", phaseP50},
	{"server CPU µs", func(p phase) float64 { return p.CPU.Server }},
	{"PostgreSQL CPU µs", func(p phase) float64 { return p.CPU.Postgres }},
}

// findVersion returns what a server's program says that it is.
func findVersion(ctx context.Context, program string) (string, error) {
	said, err := exec.CommandContext(ctx, program, "version").Output()
	if err != nil {
		return "", fmt.Errorf("version of %s: %w", program, err)
	}
	return strings.TrimSpace(string(said)), nil
}

// compareServers measures two servers in turn. Each has a PostgreSQL of its own,
// with a database of its own schema: neither drives the other's pages out, and
// the CPU time of each PostgreSQL is known.
func (b *bench) compareServers(ctx context.Context) error {
	b.threads = b.cfg.Threads
	b.report.Run.Threads = b.threads
	subjects := make([]*subject, len(serverNames))
	clusters := []*cluster{b.cluster, nil}
	var err error
	if clusters[1], err = b.startCluster(ctx, "postgres_b"); err != nil {
		return err
	}
	for i, name := range serverNames {
		subjects[i], err = b.newSubject(ctx, clusters[i], "bench_"+strings.ToLower(name), b.programs[i], dataset{
			tenants: b.cfg.Tenants, buckets: b.cfg.Buckets, full: fullTenants, each: pageSize,
		})
		if err != nil {
			return err
		}
		if err := b.warmUp(ctx, subjects[i]); err != nil {
			return err
		}
	}
	if err := b.compareRounds(ctx, subjects); err != nil {
		return err
	}
	for _, s := range subjects {
		loaded, err := readMemory(s.server.pid())
		if err != nil {
			return err
		}
		b.report.Memories = append(b.report.Memories,
			memoryUse{Idle: s.idle.RSS, Peak: loaded.Peak, Clients: slices.Max(b.cfg.Clients)})
		if err := s.verify(ctx); err != nil {
			return err
		}
	}
	return nil
}

// compareRounds lets the servers do each operation one after the other, and each
// go first in every second round.
func (b *bench) compareRounds(ctx context.Context, subjects []*subject) error {
	for round := range b.cfg.Rounds {
		for _, clients := range b.cfg.Clients {
			for _, op := range b.requests() {
				for turn := range subjects {
					i := (turn + round) % len(subjects)
					p, err := subjects[i].measure(ctx, op,
						pressure{clients: clients, threads: b.threads, duration: b.cfg.Duration})
					if err != nil {
						return fmt.Errorf("server %s: %w", serverNames[i], err)
					}
					b.add(p, round, serverNames[i])
				}
			}
		}
	}
	return nil
}

// comparisons returns what the phases of two servers have to compare.
func comparisons(phases []phase) []comparison {
	var list []comparison
	for _, s := range summarize(phases) {
		if s.Server != serverNames[0] {
			continue
		}
		a := kind{s.Operation, s.Clients, serverNames[0]}
		b := kind{s.Operation, s.Clients, serverNames[1]}
		of := func(k kind) []phase {
			return slices.DeleteFunc(slices.Clone(phases), func(p phase) bool { return p.kind() != k })
		}
		for _, figure := range comparedFigures {
			all := ratios(phases, b, a, figure.of)
			list = append(list, comparison{
				Operation: s.Operation, Clients: s.Clients, Figure: figure.name,
				A: median(collect(of(a), figure.of)), B: median(collect(of(b), figure.of)),
				Ratio: median(all), Lower: quantile(all, 0.25), Upper: quantile(all, 0.75),
			})
		}
	}
	return list
}
