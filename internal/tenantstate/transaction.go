package tenantstate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
	"exportbuckets/staging"
)

// hold runs f in a transaction that holds the organization, which has been brought up to its
// clock, as of now. It may run f more than once.
func (s *Service) hold(
	ctx context.Context, writer Writer, f func(ctx context.Context, tx pgx.Tx, now time.Time) error,
) error {
	ctx, cancel := dbpool.Long(ctx)
	defer cancel()
	now := s.env.Now()
	return write.Hold(ctx, s.pool, writer, func(tx pgx.Tx) error {
		if err := s.settle.Org(ctx, tx, writer.OrgID(), now); err != nil {
			return err
		}
		return f(ctx, tx, now)
	})
}

// look runs f in a transaction that sees states of the organization as they are at one
// moment and changes nothing. What is live has been brought up to its clock before. It takes
// the organization's turn to write, so that those who compare keep no other waiting, and may
// run f more than once.
func (s *Service) look(
	ctx context.Context, orgID objectid.ID, states []string, f func(ctx context.Context, tx pgx.Tx) error,
) error {
	if slices.Contains(states, staging.Live) {
		err := s.pool.Write(ctx, orgID, func(tx pgx.Tx) error { return s.settle.Org(ctx, tx, orgID, s.env.Now()) })
		if err != nil {
			return err
		}
	}
	ctx, cancel := dbpool.Long(ctx)
	defer cancel()
	return s.pool.Write(ctx, orgID, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET TRANSACTION READ ONLY, ISOLATION LEVEL REPEATABLE READ"); err != nil {
			return fmt.Errorf("see one moment: %w", err)
		}
		return f(ctx, tx)
	})
}
