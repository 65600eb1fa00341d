package metrics

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// QueryTracer returns what counts the queries of connections, or nil if nothing does.
func (m *Metrics) QueryTracer() pgx.QueryTracer {
	if m == nil {
		return nil
	}
	return tracer{m}
}

type tracer struct{ metrics *Metrics }

// running is the context of a query: when it began, and what it is called.
type running struct {
	context.Context //nolint:containedctx // It is one: pgx hands it back at the end.

	began time.Time
	sql   string
}

// TraceQueryStart implements pgx.QueryTracer.
func (t tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return &running{Context: ctx, began: time.Now(), sql: data.SQL}
}

// TraceQueryEnd implements pgx.QueryTracer.
func (t tracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	query, ok := ctx.(*running)
	if !ok {
		return
	}
	name := queryName(query.sql)
	t.metrics.queries.WithLabelValues(name).Add(time.Since(query.began).Seconds())
	if data.Err != nil && !errors.Is(data.Err, pgx.ErrNoRows) {
		t.metrics.queryFails.WithLabelValues(name, errorClass(data.Err)).Inc()
	}
}

// queryName returns the name that sqlc puts before a query, "begin", "commit" and
// "rollback" for those, and else "other".
func queryName(sql string) string {
	if rest, ok := strings.CutPrefix(sql, "-- name: "); ok {
		name, _, _ := strings.Cut(rest, " ")
		return name
	}
	word, _, _ := strings.Cut(sql, ";")
	switch word {
	case "begin", "commit", "rollback":
		return word
	}
	return "other"
}

// errorClass returns the class of a refusal of PostgreSQL: the first two characters of its
// SQLSTATE. PostgreSQL, appendix A.
func errorClass(err error) string {
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && len(refusal.Code) == 5 {
		return refusal.Code[:2]
	}
	return "none"
}

// WatchPool adds how the connections of a pool are used.
func (m *Metrics) WatchPool(pool *pgxpool.Pool) {
	m.Register(poolCollector{pool})
}

// poolCollector reads the statistics of a pool when they are asked for.
type poolCollector struct{ pool *pgxpool.Pool }

func poolDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "db_pool", name), help, nil, nil)
}

var (
	poolMax      = poolDesc("max_connections", "Most connections at a time.")
	poolAcquired = poolDesc("acquired_connections", "Connections in use.")
	poolIdle     = poolDesc("idle_connections", "Connections that nobody uses.")
	poolAcquires = poolDesc("acquires_total", "Connections that were taken.")
	poolWaits    = poolDesc("empty_acquires_total", "Connections that were waited for.")
	poolWaited   = poolDesc("acquire_seconds_total", "Seconds that connections were waited for.")
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
