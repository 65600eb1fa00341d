package console

import (
	"context"
	"net/url"
	"time"

	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

// sunsetFields are the fields that say when is looked at.
var sunsetFields = []field{
	{Name: "at", Label: "At", Hint: "2027-07-01, or 2027-07-01T12:00:00Z; the organization's now if empty"},
}

// sunsetData is the data of the page of versions that end.
type sunsetData struct {
	Fields      []field
	At          time.Time
	Rows        []sunsetRow
	First, Last time.Time // the ends of the time line
}

// sunsetRow is how a client asks for an operation.
type sunsetRow struct {
	staging.Sunset

	Line *sunsetLine // nil if no end is set
}

// sunsetLine is where the time line has what: from 0 to 100.
type sunsetLine struct{ At, End, From, Width float64 }

func (c *Console) showSunset(ctx context.Context, reader tenantstate.Reader, v *visit) (page, error) {
	clock, err := c.TenantState.Clock(ctx, reader)
	if err != nil {
		return page{}, err
	}
	query := withoutEmpty(v.URL.Query())
	at, err := momentIn(query, clock.Now)
	if err != nil {
		return refill("Sunset", err, func(problem *staging.Problem) (any, error) {
			return sunsetData{Fields: filled(sunsetFields, query, problem), At: at}, nil
		})
	}
	data := sunsetData{Fields: filled(sunsetFields, query, nil), At: at}
	report, err := c.Journal.Sunset(ctx, reader, at)
	if err != nil {
		return page{}, err
	}
	data.First, data.Last = at, at
	ends := make([]time.Time, len(report.Results))
	for i, result := range report.Results {
		end, err := time.Parse(time.DateOnly, result.Sunset)
		if err != nil {
			continue // none is set
		}
		ends[i] = end
		if end.Before(data.First) {
			data.First = end
		}
		if end.After(data.Last) {
			data.Last = end
		}
	}
	for i, result := range report.Results {
		row := sunsetRow{Sunset: result}
		if !ends[i].IsZero() {
			row.Line = data.line(ends[i])
		}
		data.Rows = append(data.Rows, row)
	}
	return show("Sunset", data), nil
}

// line returns the time line of what ends then.
func (d sunsetData) line(end time.Time) *sunsetLine {
	place := func(t time.Time) float64 {
		if d.First.Equal(d.Last) {
			return 0
		}
		return 100 * float64(t.Unix()-d.First.Unix()) / float64(d.Last.Unix()-d.First.Unix())
	}
	line := &sunsetLine{At: place(d.At), End: place(end)}
	line.From, line.Width = min(line.At, line.End), max(line.At, line.End)-min(line.At, line.End)
	return line
}

// momentIn returns the time that a query asks for, or now. It returns INVALID for what is
// none.
func momentIn(query url.Values, now time.Time) (time.Time, error) {
	text := query.Get("at")
	if text == "" {
		return now, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return now, staging.Invalid("/at", "This is no time, such as 2027-01-31 or 2027-01-31T00:00:00Z.")
}
