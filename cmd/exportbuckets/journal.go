package main

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"exportbuckets/internal/journal"
)

// startJournal writes the journal, if there is one, until the function that it returns is
// called, which writes what is left. That ctx ends, does not end it: requests are served
// after that.
func startJournal(ctx context.Context, of *journal.Journal) (stop func()) {
	if of == nil {
		return func() {}
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		of.Run(running)
	}()
	return func() {
		cancel()
		<-done
	}
}

// journalCollector counts the entries of a journal.
type journalCollector struct{ *journal.Journal }

var (
	journalEntries = prometheus.NewDesc("exportbuckets_journal_entries_total",
		"Entries of the journal that were written.", nil, nil)
	journalDropped = prometheus.NewDesc("exportbuckets_journal_dropped_total",
		"Entries of the journal that were dropped.", nil, nil)
)

// Describe implements prometheus.Collector.
func (journalCollector) Describe(to chan<- *prometheus.Desc) {
	to <- journalEntries
	to <- journalDropped
}

// Collect implements prometheus.Collector.
func (c journalCollector) Collect(to chan<- prometheus.Metric) {
	written, dropped := c.Stats()
	to <- prometheus.MustNewConstMetric(journalEntries, prometheus.CounterValue, float64(written))
	to <- prometheus.MustNewConstMetric(journalDropped, prometheus.CounterValue, float64(dropped))
}
