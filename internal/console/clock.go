package console

import (
	"context"
	"net/url"
	"strings"
	"time"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

// clockFields are the fields of the form that moves a clock.
var clockFields = []field{
	{Name: "by", Label: "By", Hint: "such as 61m, or 720h for 30 days"},
	{Name: "to", Label: "Or to", Hint: "in UTC, such as 2027-01-31T00:00:00Z"},
}

// clockData is the data of the page of the clock.
type clockData struct {
	staging.Clock

	Real   time.Time
	Fields []field
	Years  int // by which a clock is ahead at most
}

func (c *Console) showClock(ctx context.Context, reader tenantstate.Reader, _ *visit) (page, error) {
	data, err := c.clockOf(ctx, reader, nil, nil)
	return show("Clock", data), err
}

// clockOf returns the data of the page with a form that was sent.
func (c *Console) clockOf(
	ctx context.Context, reader tenantstate.Reader, sent url.Values, problem *staging.Problem,
) (clockData, error) {
	clock, err := c.TenantState.Clock(ctx, reader)
	if err != nil {
		return clockData{}, err
	}
	ahead, err := time.ParseDuration(clock.Ahead)
	return clockData{clock, clock.Now.Add(-ahead), filled(clockFields, sent, problem), staging.MaxClockYears},
		atlas.Wrap(err, "read by how much the clock is ahead")
}

func (c *Console) advanceClock(ctx context.Context, writer tenantstate.Writer, v *visit) (page, error) {
	form, err := v.form(names(clockFields)...)
	if err != nil {
		return page{}, err
	}
	asked := staging.Advance{By: strings.TrimSpace(form.Get("by"))}
	if text := strings.TrimSpace(form.Get("to")); text != "" {
		to, wrong := time.Parse(time.RFC3339, text)
		if wrong != nil {
			err = staging.Invalid("/to", "This is no time, such as 2027-01-31T00:00:00Z.")
		}
		asked.To = &to
	}
	var clock staging.Clock
	if err == nil {
		clock, err = c.TenantState.AdvanceClock(ctx, writer, asked)
	}
	if err != nil {
		return refill("Clock", err, func(problem *staging.Problem) (any, error) {
			return c.clockOf(ctx, writer.Reader(), form, problem)
		})
	}
	return v.moved(clock, "The clock was advanced to %s.")
}

func (c *Console) freezeClock(ctx context.Context, writer tenantstate.Writer, v *visit) (page, error) {
	form, err := v.form("frozen")
	if err != nil {
		return page{}, err
	}
	update, done := staging.ClockUpdate{}, "The clock stands still at %s."
	switch form.Get("frozen") {
	case "true":
		update.Frozen = new(true)
	case "false":
		update.Frozen, done = new(false), "The clock goes on from %s."
	}
	clock, err := c.TenantState.UpdateClock(ctx, writer, update)
	if err != nil {
		return page{}, err
	}
	return v.moved(clock, done)
}

func (c *Console) releaseClock(ctx context.Context, writer tenantstate.Writer, v *visit) (page, error) {
	if _, err := v.form(); err != nil {
		return page{}, err
	}
	if err := c.TenantState.ReleaseClock(ctx, writer); err != nil {
		return page{}, err
	}
	return leadTo(organizationPath(v.org.ID)+"/clock", "The clock was turned back to the real time."), nil
}

// moved returns the answer to a move of the clock: what it shows from then on.
func (v *visit) moved(clock staging.Clock, done string) (page, error) {
	v.NoteClock(clock)
	return leadTo(organizationPath(v.org.ID)+"/clock", done, human(clock.Now)), nil
}
