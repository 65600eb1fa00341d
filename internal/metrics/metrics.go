// Package metrics counts what the server does, for Prometheus. No label names an
// organization, a project, a principal, a client or a path: what it can be is known
// beforehand, so that nobody makes series without end.
//
// The methods of a nil *Metrics do nothing.
package metrics

import (
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const namespace = "exportbuckets"

// Metrics are all metrics of a process.
type Metrics struct {
	registry *prometheus.Registry

	requests   *prometheus.CounterVec
	durations  *prometheus.HistogramVec
	inFlight   prometheus.Gauge
	refusals   *prometheus.CounterVec
	deprecated *prometheus.CounterVec
	failures   *prometheus.CounterVec
	limited    *prometheus.CounterVec
	queries    *prometheus.CounterVec
	queryFails *prometheus.CounterVec
	batches    *prometheus.HistogramVec
	faults     *prometheus.CounterVec
	resets     prometheus.Counter

	mu    sync.RWMutex
	known map[requestKey]requestSeries // each is looked up once
}

// New returns metrics of a program of the version.
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), known: make(map[requestKey]requestSeries)}
	m.requests = m.counters("http_requests_total",
		"Requests, by the status of the answer, which a fault may have lost; 0 if none was made.", "operation", "code")
	m.durations = m.histograms("http_request_duration_seconds", "How long requests took.",
		[]float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10}, "operation")
	m.inFlight = prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: namespace, Name: "http_requests_in_flight", Help: "Requests that are not answered yet.",
	})
	m.refusals = m.counters("http_refusals_total", "Refusals, by Atlas' error code.", "error_code")
	m.deprecated = m.counters("http_deprecated_requests_total",
		"Requests for a version that has a successor or a sunset.", "operation", "version")
	m.failures = m.counters("auth_failures_total", "Sign-ins that were refused.", "scheme", "reason")
	m.limited = m.counters("rate_limited_total", "Requests that were refused by a rate limit.", "set")
	m.queries = m.counters("db_query_seconds_total", "Seconds that queries took.", "query")
	m.queryFails = m.counters("db_query_errors_total",
		"Queries that failed, by the class of the SQLSTATE, or none.", "query", "class")
	m.batches = m.histograms("batch_size", "Calls that shared a statement.",
		[]float64{1, 2, 4, 8, 16, 32, 64}, "statement")
	m.resets = prometheus.NewCounter(prometheus.CounterOpts{
		Namespace: namespace, Name: "resets_total", Help: "Organizations and projects that were given another state.",
	})
	m.faults = m.counters("faults_applied_total", "Requests that met a fault which was asked for.", "kind")
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "The version of the program; always 1.",
	}, []string{"version", "go_version"})
	build.WithLabelValues(version, runtime.Version()).Set(1)
	m.registry.MustRegister(m.inFlight, m.resets, build, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *Metrics) counters(name, help string, labels ...string) *prometheus.CounterVec {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(vec)
	return vec
}

func (m *Metrics) histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	vec := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: namespace, Name: name, Help: help, Buckets: buckets,
	}, labels)
	m.registry.MustRegister(vec)
	return vec
}

// Handler returns what answers with the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// requestKey is what requests are counted by.
type requestKey struct {
	operation string
	status    int
}

// requestSeries are the series of a requestKey.
type requestSeries struct {
	count    prometheus.Counter
	duration prometheus.Observer
}

// Enter counts a request as in flight, until Leave.
func (m *Metrics) Enter() {
	if m != nil {
		m.inFlight.Inc()
	}
}

// Leave does what Enter says.
func (m *Metrics) Leave() {
	if m != nil {
		m.inFlight.Dec()
	}
}

// Request counts a request that has ended. The operation is an operation id of the API, or
// empty for what is none. The status is 0 if no answer was made.
func (m *Metrics) Request(operation string, status int, took time.Duration) {
	if m == nil {
		return
	}
	key := requestKey{operation, status}
	m.mu.RLock()
	series, ok := m.known[key]
	m.mu.RUnlock()
	if !ok {
		series = requestSeries{
			count:    m.requests.WithLabelValues(operation, strconv.Itoa(status)),
			duration: m.durations.WithLabelValues(operation),
		}
		m.mu.Lock()
		m.known[key] = series
		m.mu.Unlock()
	}
	series.count.Inc()
	series.duration.Observe(took.Seconds())
}

// Refused counts a refusal with an error code.
func (m *Metrics) Refused(code string) {
	if m != nil {
		m.refusals.WithLabelValues(code).Inc()
	}
}

// Deprecated counts a request for a version of an operation that has a successor or a
// sunset.
func (m *Metrics) Deprecated(operation, version string) {
	if m != nil {
		m.deprecated.WithLabelValues(operation, version).Inc()
	}
}

// SignInFailed counts credentials of a scheme that were refused for a reason.
func (m *Metrics) SignInFailed(scheme, reason string) {
	if m != nil {
		m.failures.WithLabelValues(scheme, reason).Inc()
	}
}

// RateLimited counts a request that a rate limit refused.
func (m *Metrics) RateLimited(limit string) {
	if m != nil {
		m.limited.WithLabelValues(limit).Inc()
	}
}

// FaultApplied counts a request that met a fault which was asked for.
func (m *Metrics) FaultApplied(kind string) {
	if m != nil {
		m.faults.WithLabelValues(kind).Inc()
	}
}

// Reset counts an organization, or a project of it, that was given another state.
func (m *Metrics) Reset() {
	if m != nil {
		m.resets.Inc()
	}
}

// Batch counts a statement that so many calls shared.
func (m *Metrics) Batch(statement string, size int) {
	if m != nil {
		m.batches.WithLabelValues(statement).Observe(float64(size))
	}
}
