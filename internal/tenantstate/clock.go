package tenantstate

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// moment is when something is done to an organization.
type moment struct {
	real  time.Time
	clock atlas.Clock // of the organization
}

// now returns what the organization's clock shows.
func (m moment) now() time.Time { return m.clock.Now(m.real) }

// shown returns what clients see of the clock.
func (m moment) shown() staging.Clock {
	return staging.Clock{Now: m.now(), Ahead: m.now().Sub(m.real).String(), Frozen: m.clock.FrozenAt != nil}
}

// moved returns the same moment with the clock at another time, going or frozen.
func (m moment) moved(to time.Time, frozen bool) moment {
	m.clock = atlas.Clock{Offset: to.Sub(m.real)}
	if frozen {
		m.clock.FrozenAt = new(m.real)
	}
	return m
}

// Clock returns the clock of the organization.
func (s *Service) Clock(ctx context.Context, reader Reader) (staging.Clock, error) {
	org, err := db.New().GetOrg(ctx, s.pool, reader.OrgID())
	if err != nil {
		return staging.Clock{}, missing(err, "get organization", errNoOrganization)
	}
	return moment{s.env.Now(), clockOf(org)}.shown(), nil
}

func clockOf(org db.Org) atlas.Clock {
	return atlas.Clock{Offset: org.ClockOffset, FrozenAt: org.ClockFrozenAt}
}

// AdvanceClock moves the clock of the organization forward, and does what is due by then. A
// frozen one stands still there. It returns INVALID for a time that is not after what the
// clock shows, or more than staging.MaxClockYears ahead of the real time, and
// ORGANIZATION_PROTECTED.
func (s *Service) AdvanceClock(ctx context.Context, writer Writer, asked staging.Advance) (staging.Clock, error) {
	return s.moveClock(ctx, writer, func(at moment) (moment, error) {
		return at.advanced(asked, at.clock.FrozenAt != nil)
	})
}

// advanced returns the same moment with the clock as far ahead as is asked, going or frozen.
// It returns INVALID for what can't be.
func (m moment) advanced(asked staging.Advance, frozen bool) (moment, error) {
	var to time.Time
	place := "/to"
	switch {
	case asked.By != "" && asked.To != nil:
		return m, staging.Invalid(place, "A clock is advanced by a duration or to a time, and not both.")
	case asked.To != nil:
		to = asked.To.Truncate(time.Microsecond)
	default:
		by, err := time.ParseDuration(asked.By)
		place = "/by"
		if err != nil {
			return m, staging.Invalid(place, "Say by how much, such as 61m or 720h, or give a time in to.")
		}
		to = m.now().Add(by.Truncate(time.Microsecond))
	}
	switch {
	case !to.After(m.now()):
		return m, staging.Invalid(place, "A clock goes forward alone; this one shows %s.",
			m.now().Format(time.RFC3339Nano))
	case to.After(m.real.AddDate(staging.MaxClockYears, 0, 0)):
		return m, staging.Invalid(place, "A clock is at most %d years ahead of the real time.", staging.MaxClockYears)
	}
	return m.moved(to, frozen), nil
}

// UpdateClock freezes the clock of the organization, or lets it go on from where it stands.
// It returns INVALID if the update says neither, and ORGANIZATION_PROTECTED.
func (s *Service) UpdateClock(ctx context.Context, writer Writer, update staging.ClockUpdate) (staging.Clock, error) {
	if update.Frozen == nil {
		return staging.Clock{}, staging.Invalid("/frozen", "This is true or false.")
	}
	return s.moveClock(ctx, writer, func(at moment) (moment, error) {
		if *update.Frozen == (at.clock.FrozenAt != nil) {
			return at, nil
		}
		return at.moved(at.now(), *update.Frozen), nil
	})
}

// ReleaseClock turns the clock of the organization back to the real time, and ends all of its
// access tokens. It returns ORGANIZATION_PROTECTED.
func (s *Service) ReleaseClock(ctx context.Context, writer Writer) error {
	err := s.holdUnprotected(ctx, writer, func(ctx context.Context, tx pgx.Tx, at moment) error {
		return s.release(ctx, tx, writer.OrgID(), at)
	})
	return atlas.Wrap(err, "move clock")
}

// moveClock makes a move of the clock of the organization.
func (s *Service) moveClock(
	ctx context.Context, writer Writer, move func(moment) (moment, error),
) (shown staging.Clock, err error) {
	err = s.holdUnprotected(ctx, writer, func(ctx context.Context, tx pgx.Tx, at moment) error {
		to, err := move(at)
		if err != nil {
			return err
		}
		shown = to.shown()
		return s.goTo(ctx, tx, writer.OrgID(), at, to)
	})
	return shown, atlas.Wrap(err, "move clock")
}

// release turns the clock of an organization that is held back to the real time, and ends its
// access tokens.
func (s *Service) release(ctx context.Context, tx pgx.Tx, orgID objectid.ID, at moment) error {
	if err := endTokens(ctx, tx, orgID); err != nil {
		return err
	}
	return s.goTo(ctx, tx, orgID, at, at.moved(at.real, false))
}

// goTo moves the clock of an organization that is held, and does what is due by then.
func (s *Service) goTo(ctx context.Context, tx pgx.Tx, orgID objectid.ID, from, to moment) error {
	if err := setClock(ctx, tx, orgID, to.clock); err != nil {
		return err
	}
	if err := turnBack(ctx, tx, orgID, from, to); err != nil {
		return err
	}
	return s.settle.Org(ctx, tx, orgID, to.now())
}

func setClock(ctx context.Context, tx pgx.Tx, orgID objectid.ID, clock atlas.Clock) error {
	err := db.New().UpdateOrgClock(ctx, tx, db.UpdateOrgClockParams{
		OrgID: orgID, ClockOffset: clock.Offset, ClockFrozenAt: clock.FrozenAt,
	})
	return atlas.Wrap(err, "update clock")
}

func endTokens(ctx context.Context, tx pgx.Tx, orgID objectid.ID) error {
	return atlas.Wrap(db.New().DeleteOrgAccessTokens(ctx, tx, orgID), "delete access tokens")
}

// turnBack does what follows from a move of the clock of an organization that is held, if it
// goes back: access tokens would live for longer than they are good, and events that have not
// happened would stand before those that come.
func turnBack(ctx context.Context, tx pgx.Tx, orgID objectid.ID, from, to moment) error {
	now, q := to.now(), db.New()
	if !now.Before(from.now()) {
		return nil
	}
	if err := endTokens(ctx, tx, orgID); err != nil {
		return err
	}
	if err := q.DeleteOrgEventsAfter(ctx, tx, db.DeleteOrgEventsAfterParams{OrgID: orgID, CreatedAt: now}); err != nil {
		return fmt.Errorf("delete events to come of organization: %w", err)
	}
	err := q.DeleteProjectEventsAfter(ctx, tx, db.DeleteProjectEventsAfterParams{OrgID: orgID, CreatedAt: now})
	return atlas.Wrap(err, "delete events to come of projects")
}
