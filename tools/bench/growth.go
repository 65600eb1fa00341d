//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"
)

// growth is how operations fare with one client as the table grows.
type growth struct {
	Sizes []size    `json:"sizes,omitempty"`
	Crowd []summary `json:"crowd,omitempty"` // lists of one tenant that has many
	// Crowded is how many export buckets that tenant has.
	Crowded int `json:"crowded,omitempty"`
}

// size is a database of so many export buckets.
type size struct {
	Buckets    int       `json:"buckets"`
	Loaded     float64   `json:"loaded_s"`
	Operations []summary `json:"operations"`
}

// grown are the operations that should not slow down as the table grows.
var grown = []operation{create, get, listOf100}

// measureGrowth loads a database of each size and lets one client at a time do
// each operation on each of them, in turn. Each has a PostgreSQL of its own, as
// each would be in use: none drives another out of its buffers.
func (b *bench) measureGrowth(ctx context.Context) error {
	var subjects []*subject
	for _, buckets := range b.cfg.GrowthBuckets {
		name := fmt.Sprintf("growth_%d", buckets)
		c, err := b.startCluster(ctx, name)
		if err != nil {
			return err
		}
		s, err := b.newSubject(ctx, c, name, b.programs[0], dataset{
			tenants: b.cfg.Tenants, buckets: buckets, full: fullTenants, each: pageSize,
		})
		if err != nil {
			return err
		}
		subjects = append(subjects, s)
	}
	phases := make([][]phase, len(subjects))
	for round := range b.cfg.Rounds + 1 { // The first warms up.
		for _, op := range grown {
			for i := range subjects {
				if round%2 == 1 { // What comes later finds another machine.
					i = len(subjects) - 1 - i
				}
				p, err := subjects[i].measure(ctx, op, pressure{clients: 1, threads: 1, duration: b.cfg.Duration})
				if err != nil {
					return err
				}
				if p.Round = round; round > 0 {
					phases[i] = append(phases[i], p)
				}
			}
		}
	}
	for i, s := range subjects {
		b.report.Growth.Sizes = append(b.report.Growth.Sizes, size{
			Buckets: s.data.rows(), Loaded: s.loaded.Seconds(), Operations: summarize(phases[i]),
		})
		if err := s.verify(ctx); err != nil {
			return err
		}
		s.server.stop()
		if err := s.cluster.server.Stop(ctx); err != nil {
			return err
		}
	}
	return b.measureCrowd(ctx)
}

// measureCrowd lets one client list a tenant that has many export buckets.
func (b *bench) measureCrowd(ctx context.Context) error {
	s, err := b.newSubject(ctx, b.cluster, "crowd", b.programs[0], dataset{
		tenants: b.cfg.Tenants, buckets: b.cfg.Tenants, full: 1, each: b.cfg.Crowd,
	})
	if err != nil {
		return err
	}
	defer s.server.stop()
	var phases []phase
	for round := range b.cfg.Rounds + 1 {
		for _, op := range crowdLists() {
			p, err := s.measure(ctx, op, pressure{clients: 1, threads: 1, duration: b.cfg.Duration / 2})
			if err != nil {
				return err
			}
			if p.Round = round; round > 0 {
				phases = append(phases, p)
			}
		}
	}
	b.report.Growth.Crowd = summarize(phases)
	b.report.Growth.Crowded = b.cfg.Crowd
	return s.verify(ctx)
}

// crowdLists are the lists of the tenant that has many.
func crowdLists() []operation {
	var operations []operation
	for _, page := range []int{1, crowdedPage} {
		for _, count := range []bool{true, false} {
			operations = append(operations, operation{
				name: fmt.Sprintf("page %d, includeCount=%t", page, count),
				next: func(s source) (call, error) { return listCall(s.data.fullTenant(0), page, count), nil },
			})
		}
	}
	return operations
}

// goals compares the largest size with the smallest.
func (g growth) goals() []goal {
	if len(g.Sizes) < 2 {
		return nil
	}
	byBuckets := func(a, b size) int { return a.Buckets - b.Buckets }
	small, large := slices.MinFunc(g.Sizes, byBuckets), slices.MaxFunc(g.Sizes, byBuckets)
	var list []goal
	for _, s := range small.Operations {
		for _, l := range large.Operations {
			if s.Operation == l.Operation && s.Latency.P50 > 0 {
				name := fmt.Sprintf("%s at %d rows ÷ at %d, p50, 1 client", s.Operation, large.Buckets, small.Buckets)
				list = append(list, atMost(name, l.Latency.P50/s.Latency.P50, 1.2, ""))
			}
		}
	}
	return list
}
