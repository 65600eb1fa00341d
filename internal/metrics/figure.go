package metrics

import (
	"fmt"
	"strings"
)

// Figure is the present value of a metric: of all its series together, and of each.
type Figure struct {
	Name, Help string
	Value      float64 // of a histogram how much was observed in all
	Count      uint64  // how many observations a histogram has
	Series     []Series
}

// Series is the present value of a metric with labels.
type Series struct {
	Labels string // as in operation="getGroup", code="200"
	Value  float64
}

// Figures returns the present values of what the server counts and of its process, by name.
func (m *Metrics) Figures() ([]Figure, error) {
	families, err := m.registry.Gather()
	if err != nil {
		return nil, fmt.Errorf("gather metrics: %w", err)
	}
	figures := make([]Figure, 0, len(families))
	for _, family := range families {
		name := family.GetName()
		if !strings.HasPrefix(name, namespace+"_") && !strings.HasPrefix(name, "process_") {
			continue
		}
		figure := Figure{Name: name, Help: family.GetHelp()}
		for _, metric := range family.GetMetric() {
			// It is one of these, and the others are nil, whose values are 0.
			value := metric.GetCounter().GetValue() + metric.GetGauge().GetValue() +
				metric.GetHistogram().GetSampleSum() + metric.GetSummary().GetSampleSum()
			figure.Value += value
			figure.Count += metric.GetHistogram().GetSampleCount() + metric.GetSummary().GetSampleCount()
			var labels []string
			for _, label := range metric.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", label.GetName(), label.GetValue()))
			}
			if labels != nil {
				figure.Series = append(figure.Series, Series{strings.Join(labels, ", "), value})
			}
		}
		figures = append(figures, figure)
	}
	return figures, nil
}
