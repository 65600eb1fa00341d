package metrics

import "github.com/prometheus/client_golang/prometheus"

// Gatherer returns what the handler reads.
func Gatherer(m *Metrics) prometheus.Gatherer { return m.registry }
