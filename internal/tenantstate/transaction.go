package tenantstate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
	"exportbuckets/staging"
)

// hold runs f in a transaction that holds the organization, which has been brought up to its
// clock, at a moment since it is held. It may run f more than once.
func (s *Service) hold(
	ctx context.Context, proof write.OrgProof, f func(ctx context.Context, tx pgx.Tx, at moment) error,
) error {
	ctx, cancel := dbpool.Long(ctx)
	defer cancel()
	err := write.Hold(ctx, s.pool, proof, func(tx pgx.Tx) error {
		at, err := s.settled(ctx, tx, proof.OrgID())
		if err != nil {
			return err
		}
		return f(ctx, tx, at)
	})
	return ended(err)
}

// holdUnprotected is hold of an organization that is marked for staging. It returns
// ORGANIZATION_PROTECTED for another.
func (s *Service) holdUnprotected(
	ctx context.Context, writer Writer, f func(ctx context.Context, tx pgx.Tx, at moment) error,
) error {
	return s.hold(ctx, writer, func(ctx context.Context, tx pgx.Tx, at moment) error {
		if err := checkUnprotected(ctx, tx, writer.OrgID()); err != nil {
			return err
		}
		return f(ctx, tx, at)
	})
}

// lock locks the organization, which may have ended since the proof was made.
func lock(ctx context.Context, tx pgx.Tx, orgID objectid.ID) error {
	return ended(write.LockOrg(ctx, tx, orgID))
}

// ended returns the problem if err says that the organization is gone.
func ended(err error) error {
	if errors.Is(err, atlas.ErrNoOrg) {
		return errNoOrganization
	}
	return err
}

// settled brings an organization up to its clock, and returns when that was.
func (s *Service) settled(ctx context.Context, tx pgx.Tx, orgID objectid.ID) (at moment, err error) {
	if at.clock, err = atlas.HoldClock(ctx, tx, orgID); err != nil {
		return at, ended(err)
	}
	at.real = s.env.Now()
	return at, s.settle.Org(ctx, tx, orgID, at.now())
}

// look runs f in a transaction that sees states of the organization as they are at one
// moment and changes nothing. What is live has been brought up to its clock before. It takes
// the organization's turn to write, so that those who compare keep no other waiting, and may
// run f more than once.
func (s *Service) look(
	ctx context.Context, orgID objectid.ID, states []string, f func(ctx context.Context, tx pgx.Tx) error,
) error {
	return s.lookFor(ctx, orgID, orgID, states, f)
}

// lookFor is look in the turn of another organization.
func (s *Service) lookFor(
	ctx context.Context, turn, orgID objectid.ID, states []string, f func(ctx context.Context, tx pgx.Tx) error,
) error {
	if slices.Contains(states, staging.Live) {
		err := s.pool.Write(ctx, orgID, func(tx pgx.Tx) error {
			_, err := s.settled(ctx, tx, orgID)
			return err
		})
		if err != nil {
			return err
		}
	}
	ctx, cancel := dbpool.Long(ctx)
	defer cancel()
	return s.pool.Write(ctx, turn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET TRANSACTION READ ONLY, ISOLATION LEVEL REPEATABLE READ"); err != nil {
			return fmt.Errorf("see one moment: %w", err)
		}
		return f(ctx, tx)
	})
}
