package journal

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

// Sunset returns which versions the clients of the organization use, of the requests that
// the journal has, and how long they have left at a time.
func (j *Journal) Sunset(ctx context.Context, reader tenantstate.Reader, at time.Time) (staging.SunsetReport, error) {
	j.Flush(ctx)
	rows, err := db.New().ListJournalVersions(ctx, j.pool,
		db.ListJournalVersionsParams{OrgID: reader.OrgID(), RowLimit: MaxEntries})
	if err != nil {
		return staging.SunsetReport{}, fmt.Errorf("list versions: %w", err)
	}
	report := staging.SunsetReport{At: at, Results: make([]staging.Sunset, len(rows))}
	for i, row := range rows {
		found := staging.Sunset{
			UserAgent: row.UserAgent, Operation: row.Operation, Requests: row.Requests, LastSeen: row.LastSeen,
		}
		if err := json.Unmarshal(row.Version, &found.Version); err != nil {
			return staging.SunsetReport{}, fmt.Errorf("decode version: %w", err)
		}
		found.Gone = atlas.Gone(found.Sunset, at)
		if end, err := time.Parse(time.DateOnly, found.Sunset); err == nil {
			// A time.Duration has 292 years at most.
			found.DaysLeft = new(int(math.Floor(float64(end.Unix()-at.Unix()) / (24 * 60 * 60))))
		}
		report.Results[i] = found
	}
	slices.SortStableFunc(report.Results, func(a, b staging.Sunset) int {
		return cmp.Compare(cmp.Or(a.Sunset, "none"), cmp.Or(b.Sunset, "none")) // after all dates
	})
	return report, nil
}
