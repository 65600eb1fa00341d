//go:build linux

package main

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// outcome is what a phase did.
type outcome struct {
	count     int
	rate      float64 // per second
	latencies []time.Duration
	clientCPU time.Duration
	created   int
	deleted   int
	byClient  []int // what each client of pgbench did
}

// latency is how long an operation takes, in milliseconds.
type latency struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// percentiles sorts the durations in place.
func percentiles(durations []time.Duration) latency {
	slices.Sort(durations)
	return latency{
		P50: percentile(durations, 0.50),
		P95: percentile(durations, 0.95),
		P99: percentile(durations, 0.99),
	}
}

// percentile returns a quantile of sorted durations in milliseconds.
func percentile(sorted []time.Duration, part float64) float64 {
	return milliseconds(quantile(sorted, part))
}

// quantile returns the least of the sorted values that so much of them does not
// exceed, or 0 if there are none.
func quantile[T cmp.Ordered](sorted []T, part float64) (value T) {
	if len(sorted) == 0 {
		return value
	}
	place := int(math.Ceil(part*float64(len(sorted)))) - 1
	return sorted[max(place, 0)]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// median returns the middle of the values, or 0 if there are none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
