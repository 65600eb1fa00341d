//go:build linux

package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/go-analyze/charts"
)

// The size of one chart of the plot.
const (
	chartWidth  = 1000
	chartHeight = 420
)

// chart is bars: a group for each label, and in each group a bar for each name.
type chart struct {
	title  string
	labels []string
	names  []string
	values [][]float64 // by name, then by label
}

// writeSVG writes the plot, one chart below the other.
func (r *report) writeSVG(path string) error {
	list := r.charts()
	painter := charts.NewPainter(charts.PainterOptions{
		OutputFormat: charts.ChartOutputSVG,
		Width:        chartWidth,
		Height:       chartHeight * len(list),
	})
	for i, c := range list {
		top := i * chartHeight
		box := charts.NewBox(0, top, chartWidth, top+chartHeight)
		if err := c.draw(painter.Child(charts.PainterBoxOption(box))); err != nil {
			return err
		}
	}
	text, err := painter.Bytes()
	if err != nil {
		return fmt.Errorf("plot: %w", err)
	}
	return os.WriteFile(path, text, 0o644) //nolint:gosec // It is for everyone to read.
}

func (c chart) draw(p *charts.Painter) error {
	option := charts.NewBarChartOptionWithData(c.values)
	option.Title.Text = c.title
	option.Legend.SeriesNames = c.names
	option.Legend.Offset = charts.OffsetRight
	option.CategoryAxis.Labels = c.labels
	option.CategoryAxis.LabelCount = len(c.labels)
	option.CategoryAxis.LabelFontStyle.FontSize = 9
	option.ValueAxis = []charts.ValueAxisOption{{Min: new(0.0)}}
	option.Padding = charts.NewBoxEqual(20)
	option.ValueFormatter = figure
	for i := range option.SeriesList {
		option.SeriesList[i].Label.Show = new(true)
		option.SeriesList[i].Label.ValueFormatter = figure
	}
	if err := p.BarChart(option); err != nil {
		return fmt.Errorf("plot %s: %w", c.title, err)
	}
	return nil
}

// figure writes a figure with as many decimals as are of use.
func figure(f float64) string {
	switch {
	case f >= 100 || f == 0:
		return strconv.FormatFloat(f, 'f', 0, 64)
	case f >= 10:
		return strconv.FormatFloat(f, 'f', 1, 64)
	default:
		return strconv.FormatFloat(f, 'f', 2, 64)
	}
}

// charts returns the charts that the report has figures for.
func (r *report) charts() []chart {
	rate := func(s summary) float64 { return s.Rate }
	p50 := func(s summary) float64 { return s.Latency.P50 }
	list := []chart{
		byClients("Closed loop, operations per second", r.ClosedLoop, rate),
		byClients("Closed loop, p50 in ms", r.ClosedLoop, p50),
	}
	open := chart{
		title: "Open loop at half the peak rate, ms",
		names: []string{"p50", "p95", "p99"}, values: make([][]float64, 3),
	}
	for _, s := range r.OpenLoop {
		open.labels = append(open.labels, s.Operation)
		for i, v := range []float64{s.Latency.P50, s.Latency.P95, s.Latency.P99} {
			open.values[i] = append(open.values[i], v)
		}
	}
	list = append(list, open)
	if len(r.Growth.Sizes) > 0 {
		grown := chart{title: "Growth, 1 client, p50 in ms"}
		for _, s := range r.Growth.Sizes[0].Operations {
			grown.labels = append(grown.labels, s.Operation)
		}
		for _, size := range r.Growth.Sizes {
			grown.names = append(grown.names, fmt.Sprintf("%d rows", size.Buckets))
			grown.values = append(grown.values, collect(size.Operations, p50))
		}
		list = append(list, grown)
	}
	return list
}

// byClients is a chart with a group for each operation and a bar for each number
// of clients.
func byClients(title string, summaries []summary, of func(s summary) float64) chart {
	c := chart{title: title}
	rows, columns := map[int]int{}, map[string]int{}
	for _, s := range summaries {
		if _, ok := rows[s.Clients]; !ok {
			rows[s.Clients] = len(rows)
			c.names = append(c.names, clientsName(s.Clients))
		}
		if _, ok := columns[s.Operation]; !ok {
			columns[s.Operation] = len(columns)
			c.labels = append(c.labels, s.Operation)
		}
	}
	c.values = make([][]float64, len(rows))
	for i := range c.values {
		c.values[i] = make([]float64, len(columns))
	}
	for _, s := range summaries {
		c.values[rows[s.Clients]][columns[s.Operation]] = of(s)
	}
	return c
}

func clientsName(n int) string {
	if n == 1 {
		return "1 client"
	}
	return fmt.Sprintf("%d clients", n)
}
