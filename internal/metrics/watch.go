package metrics

import (
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// WatchPool adds how the connections of a pool are used.
func (m *Metrics) WatchPool(pool *pgxpool.Pool) {
	if m != nil {
		m.registry.MustRegister(poolCollector{pool})
	}
}

// poolCollector reads the statistics of a pool when they are asked for.
type poolCollector struct{ pool *pgxpool.Pool }

func desc(subsystem, name, help string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, subsystem, name), help, nil, nil)
}

var (
	poolMax      = desc("db_pool", "max_connections", "Most connections at a time.")
	poolAcquired = desc("db_pool", "acquired_connections", "Connections in use.")
	poolIdle     = desc("db_pool", "idle_connections", "Connections that nobody uses.")
	poolAcquires = desc("db_pool", "acquires_total", "Connections that were taken.")
	poolWaits    = desc("db_pool", "empty_acquires_total", "Connections that were waited for.")
	poolWaited   = desc("db_pool", "acquire_seconds_total", "Seconds that connections were waited for.")
)

// Describe implements prometheus.Collector.
func (c poolCollector) Describe(descs chan<- *prometheus.Desc) {
	prometheus.DescribeByCollect(c, descs)
}

// Collect implements prometheus.Collector.
func (c poolCollector) Collect(metrics chan<- prometheus.Metric) {
	stat := c.pool.Stat()
	send := func(desc *prometheus.Desc, kind prometheus.ValueType, value float64) {
		metrics <- prometheus.MustNewConstMetric(desc, kind, value)
	}
	send(poolMax, prometheus.GaugeValue, float64(stat.MaxConns()))
	send(poolAcquired, prometheus.GaugeValue, float64(stat.AcquiredConns()))
	send(poolIdle, prometheus.GaugeValue, float64(stat.IdleConns()))
	send(poolAcquires, prometheus.CounterValue, float64(stat.AcquireCount()))
	send(poolWaits, prometheus.CounterValue, float64(stat.EmptyAcquireCount()))
	send(poolWaited, prometheus.CounterValue, stat.AcquireDuration().Seconds())
}

// WatchJournal adds how many entries of the journal were written, and how many dropped.
func (m *Metrics) WatchJournal(stats func() (written, dropped int64)) {
	if m != nil {
		m.registry.MustRegister(journalCollector(stats))
	}
}

// journalCollector reads the statistics of a journal when they are asked for.
type journalCollector func() (written, dropped int64)

var (
	journalEntries = desc("journal", "entries_total", "Entries of the journal that were written.")
	journalDropped = desc("journal", "dropped_total", "Entries of the journal that were dropped.")
)

// Describe implements prometheus.Collector.
func (c journalCollector) Describe(descs chan<- *prometheus.Desc) {
	prometheus.DescribeByCollect(c, descs)
}

// Collect implements prometheus.Collector.
func (c journalCollector) Collect(metrics chan<- prometheus.Metric) {
	written, dropped := c()
	metrics <- prometheus.MustNewConstMetric(journalEntries, prometheus.CounterValue, float64(written))
	metrics <- prometheus.MustNewConstMetric(journalDropped, prometheus.CounterValue, float64(dropped))
}
