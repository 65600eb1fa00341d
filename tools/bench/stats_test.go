//go:build linux

package main

import (
	"testing"
	"time"
)

func TestAPercentileIsTheLeastThatSoMuchDoesNotExceed(t *testing.T) {
	t.Parallel()
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(100-i)*time.Millisecond)
	}
	for name, tt := range map[string]struct {
		durations []time.Duration
		want      latency
	}{
		"none":    {nil, latency{}},
		"one":     {[]time.Duration{3 * time.Millisecond}, latency{3, 3, 3}},
		"two":     {[]time.Duration{4 * time.Millisecond, time.Millisecond}, latency{1, 4, 4}},
		"hundred": {hundred, latency{50, 95, 99}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := percentiles(tt.durations); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestMedianIsTheMiddle(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		values []float64
		want   float64
	}{
		"none":  {nil, 0},
		"one":   {[]float64{2}, 2},
		"odd":   {[]float64{9, 1, 5}, 5},
		"even":  {[]float64{8, 1, 2, 4}, 3},
		"equal": {[]float64{7, 7, 7}, 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := median(tt.values); got != tt.want {
				t.Errorf("got %g, want %g", got, tt.want)
			}
		})
	}
}

func TestMedianLeavesTheValuesInTheirOrder(t *testing.T) {
	t.Parallel()
	values := []float64{3, 1, 2}
	median(values)
	if values[0] != 3 || values[1] != 1 || values[2] != 2 {
		t.Errorf("got %v, want them as they were", values)
	}
}
