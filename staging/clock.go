package staging

import (
	"context"
	"net/http"
	"time"
)

// MaxClockYears is by how many years the clock of an organization can be ahead of the real
// time.
const MaxClockYears = 10

// Clock is the clock of an organization.
type Clock struct {
	// Now is what it shows.
	Now time.Time `json:"now"`
	// Ahead is by how much it is ahead of the real time, as time.ParseDuration reads it;
	// negative if it is behind.
	Ahead string `json:"ahead"`
	// Frozen says that it stands still.
	Frozen bool `json:"frozen"`
}

// Advance says how far a clock is advanced: one of the two.
type Advance struct {
	By string     `json:"by,omitempty"` // as time.ParseDuration reads it
	To *time.Time `json:"to,omitempty"`
}

// ClockUpdate is what changes of a clock.
type ClockUpdate struct {
	Frozen *bool `json:"frozen"`
}

// Clock returns the clock of an organization.
func (c *Client) Clock(ctx context.Context, organization string) (Clock, error) {
	return call[Clock](ctx, c, http.MethodGet, clockPath(organization), nil)
}

// AdvanceClock moves the clock of an organization forward.
func (c *Client) AdvanceClock(ctx context.Context, organization string, by time.Duration) (Clock, error) {
	return c.advance(ctx, organization, Advance{By: by.String()})
}

// AdvanceClockTo moves the clock of an organization forward to a time.
func (c *Client) AdvanceClockTo(ctx context.Context, organization string, to time.Time) (Clock, error) {
	return c.advance(ctx, organization, Advance{To: &to})
}

func (c *Client) advance(ctx context.Context, organization string, advance Advance) (Clock, error) {
	return call[Clock](ctx, c, http.MethodPost, clockPath(organization)+"/advance", advance)
}

// UpdateClock freezes the clock of an organization, or lets it go on from where it stands.
func (c *Client) UpdateClock(ctx context.Context, organization string, update ClockUpdate) (Clock, error) {
	return call[Clock](ctx, c, http.MethodPut, clockPath(organization), update)
}

// ReleaseClock turns the clock of an organization back to the real time. All of its access
// tokens end.
func (c *Client) ReleaseClock(ctx context.Context, organization string) error {
	_, err := call[none](ctx, c, http.MethodDelete, clockPath(organization), nil)
	return err
}

func clockPath(organization string) string { return organizationPath(organization) + "/clock" }
