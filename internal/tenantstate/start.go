package tenantstate

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/fault"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/seed"
	"exportbuckets/staging"
)

// start begins with the faults, the clock and the journal that a file gives an organization
// which is held. Unless all begins anew, what is there stays: a fault of the name, a clock
// that has been moved, and how much the journal is to keep. It returns what PutFaults and
// AdvanceClock do, with the place in the organization of the file.
func (s *Service) start(ctx context.Context, tx pgx.Tx, file seed.Organization, at moment, anew bool) error {
	orgID, begin := file.ID.ID, file.Staging
	if anew {
		if err := clearFaults(ctx, tx, orgID); err != nil {
			return err
		}
	}
	if begin == nil {
		return nil
	}
	org, err := db.New().GetOrg(ctx, tx, orgID)
	if err != nil {
		return fmt.Errorf("get organization: %w", err)
	}
	clock := begin.ClockStart()
	if org.Protected && (len(begin.Faults) > 0 || clock != nil) {
		return errProtected
	}
	if err := s.startFaults(ctx, tx, orgID, begin.FaultStart()); err != nil {
		return below(err, "/staging/faults")
	}
	if clock != nil && clockOf(org) == (atlas.Clock{}) {
		to := at.moved(at.now(), true)
		if !clock.Frozen || clock.Advance != (staging.Advance{}) {
			if to, err = at.advanced(clock.Advance, clock.Frozen); err != nil {
				return below(err, "/staging/clock")
			}
		}
		if err := s.goTo(ctx, tx, orgID, at, to); err != nil {
			return err
		}
	}
	if begin.Journal == "" || org.JournalMode != nil && !anew {
		return nil
	}
	_, err = db.New().UpdateOrgJournalMode(ctx, tx,
		db.UpdateOrgJournalModeParams{OrgID: orgID, JournalMode: string(begin.Journal)})
	return atlas.Wrap(err, "update mode of journal")
}

// startFaults adds the faults whose names none has.
func (s *Service) startFaults(ctx context.Context, tx pgx.Tx, orgID objectid.ID, faults []staging.Fault) error {
	rules, err := s.compileAll(faults)
	if err != nil || len(rules) == 0 {
		return err
	}
	there, err := fault.Stored(ctx, tx, orgID, s.env.Now())
	if err != nil {
		return err
	}
	rules = slices.DeleteFunc(rules, func(rule fault.Rule) bool {
		return slices.ContainsFunc(there, func(other fault.Rule) bool { return other.Name == rule.Name })
	})
	if err := s.insertFaults(ctx, tx, orgID, rules...); err != nil {
		return err
	}
	return raiseStaging(ctx, tx, orgID)
}

// below puts the place of what a problem is in before that of the problem.
func below(err error, place string) error {
	if problem, ok := err.(*staging.Problem); ok { //nolint:errorlint // It is its maker's.
		moved := *problem
		moved.At = place + problem.At
		return &moved
	}
	return err
}
