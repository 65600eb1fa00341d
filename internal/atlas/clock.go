package atlas

import (
	"context"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
)

// Clock is the clock of an organization. The zero value shows the real time.
type Clock struct {
	Offset   time.Duration // to the real time
	FrozenAt *time.Time    // the real time that it stands still at; nil if it goes
}

// Now returns what the clock shows at a real time, in UTC.
func (c Clock) Now(at time.Time) time.Time {
	if c.FrozenAt != nil {
		at = *c.FrozenAt
	}
	return at.Add(c.Offset).UTC()
}

// HoldClock returns the clock of an organization: whoever moves it waits until the commit.
// It returns ErrNoOrg if there is no such organization.
func HoldClock(ctx context.Context, tx db.DBTX, orgID objectid.ID) (Clock, error) {
	row, err := db.New().GetOrgClockForKeyShare(ctx, tx, orgID)
	clock := Clock{Offset: row.ClockOffset, FrozenAt: row.ClockFrozenAt}
	return clock, WrapMissing(err, "get clock of organization", ErrNoOrg)
}
