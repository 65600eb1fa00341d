//go:build linux

package main

import (
	"cmp"
	"slices"
)

// summary is what the rounds of one operation have in common: the medians.
type summary struct {
	Operation string  `json:"operation"`
	Server    string  `json:"server,omitempty"`
	Clients   int     `json:"clients,omitempty"`
	Offered   int     `json:"offered,omitempty"`
	Rate      float64 `json:"rate"`
	Slowest   float64 `json:"slowest_rate"`
	Fastest   float64 `json:"fastest_rate"`
	Latency   latency `json:"latency_ms"`
	CPU       cpu     `json:"cpu_us"`
	Others    float64 `json:"others"`
}

// summarize returns a summary for each operation and number of clients, in the
// order in which they first come.
func summarize(phases []phase) []summary {
	type key struct {
		kind

		offered int
	}
	var keys []key
	of := map[key][]phase{}
	for _, p := range phases {
		k := key{p.kind(), p.Offered}
		if _, ok := of[k]; !ok {
			keys = append(keys, k)
		}
		of[k] = append(of[k], p)
	}
	slices.SortStableFunc(keys, func(a, b key) int { return cmp.Compare(a.clients, b.clients) })
	list := make([]summary, 0, len(keys))
	for _, k := range keys {
		list = append(list, summarizeOne(of[k]))
	}
	return list
}

func summarizeOne(phases []phase) summary {
	middle := func(f func(p phase) float64) float64 { return median(collect(phases, f)) }
	rates := collect(phases, phaseRate)
	return summary{
		Operation: phases[0].Operation,
		Server:    phases[0].Server,
		Clients:   phases[0].Clients,
		Offered:   phases[0].Offered,
		Rate:      median(rates),
		Slowest:   slices.Min(rates),
		Fastest:   slices.Max(rates),
		Latency: latency{
			P50: middle(phaseP50),
			P95: middle(func(p phase) float64 { return p.Latency.P95 }),
			P99: middle(func(p phase) float64 { return p.Latency.P99 }),
		},
		CPU: cpu{
			Client:   middle(func(p phase) float64 { return p.CPU.Client }),
			Server:   middle(func(p phase) float64 { return p.CPU.Server }),
			Postgres: middle(func(p phase) float64 { return p.CPU.Postgres }),
		},
		Others: middle(func(p phase) float64 { return p.Others }),
	}
}

func phaseRate(p phase) float64 { return p.Rate }
func phaseP50(p phase) float64  { return p.Latency.P50 }

func collect[T any](list []T, f func(T) float64) []float64 {
	values := make([]float64, 0, len(list))
	for _, v := range list {
		values = append(values, f(v))
	}
	return values
}

// kind is what the phases have in common that are compared.
type kind struct {
	operation string
	clients   int
	server    string
}

func (p phase) kind() kind { return kind{p.Operation, p.Clients, p.Server} }

// ratios returns a figure of one kind of phase divided by that of another in the
// same round, sorted. On a machine whose speed changes they are steadier than
// the ratio of two medians.
func ratios(phases []phase, above, below kind, figure func(p phase) float64) []float64 {
	of := map[int]float64{} // rounds of the other
	for _, p := range phases {
		if p.kind() == below {
			of[p.Round] = figure(p)
		}
	}
	var list []float64
	for _, p := range phases {
		if other := of[p.Round]; p.kind() == above && other > 0 {
			list = append(list, figure(p)/other)
		}
	}
	slices.Sort(list)
	return list
}
