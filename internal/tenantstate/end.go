package tenantstate

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
	"exportbuckets/staging"
)

// DeleteOrganization ends an organization with all that it has. A throw-away one may be
// ended by who may change it. Another takes the operator, who says its name: READ_ONLY_TOKEN,
// INVALID without a name, CONFLICT for the wrong one.
func (s *Service) DeleteOrganization(ctx context.Context, writer Writer, name string) error {
	err := s.hold(ctx, writer, func(ctx context.Context, tx pgx.Tx, _ moment) error {
		org, err := db.New().GetOrg(ctx, tx, writer.OrgID())
		if err != nil {
			return fmt.Errorf("get organization: %w", err)
		}
		if org.ExpiresAt == nil {
			if err := writer.MayDelete(false); err != nil {
				return err
			}
			switch name {
			case org.Name:
			case "":
				return staging.Invalid("", "This is no throw-away organization: say its name, in If-Match or in the form.")
			default:
				return staging.NewProblem(staging.CodeConflict, "The organization has another name than the one that was said.")
			}
		}
		return s.end(ctx, tx, writer.OrgID())
	})
	return atlas.Wrap(err, "delete organization")
}

// MayDelete returns READ_ONLY_TOKEN unless the caller may end the organization, which is
// a throw-away one or stays.
func (w Writer) MayDelete(throwaway bool) error {
	if throwaway {
		return nil
	}
	_, err := w.Caller().Operator()
	return err
}

// end deletes an organization that is held, and every row that belongs to it.
func (s *Service) end(ctx context.Context, tx pgx.Tx, orgID objectid.ID) error {
	return s.empty(ctx, tx, orgID, func(c *catalog) []*table { return c.owned })
}

// Sweep deletes the sessions and the throw-away organizations that have expired, but for those
// that somebody holds, whom the next sweep finds, and returns how many organizations it has
// deleted. What can't be deleted keeps no other; the errors come together.
func (s *Service) Sweep(ctx context.Context) (swept int, err error) {
	var left []objectid.ID
	errs := []error{s.sweepSessions(ctx)}
	for ctx.Err() == nil {
		id, err := s.sweepOne(ctx, left)
		switch {
		case err == nil && id.IsZero():
			return swept, errors.Join(errs...)
		case err == nil:
			swept++
			continue
		case id.IsZero():
			return swept, errors.Join(append(errs, err)...)
		case !dbpool.IsHeld(err):
			errs = append(errs, fmt.Errorf("sweep throw-away organization %s: %w", id, err))
		}
		left = append(left, id)
	}
	return swept, errors.Join(append(errs, ctx.Err())...)
}

// sweepOne deletes one that has expired and is none of some, and returns its id; zero if there
// is none.
func (s *Service) sweepOne(ctx context.Context, but []objectid.ID) (id objectid.ID, err error) {
	err = pgx.BeginTxFunc(ctx, s.pool, dbpool.LongTx(), func(tx pgx.Tx) error {
		id, err = db.New().GetExpiredOrgForUpdateSkipLocked(ctx, tx, db.GetExpiredOrgForUpdateSkipLockedParams{
			Now: s.env.Now(), But: objectid.Strings(but),
		})
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("find expired organization: %w", err)
		}
		if err := write.HoldLocked(ctx, tx, id); err != nil {
			return err
		}
		return s.end(ctx, tx, id)
	})
	return id, atlas.Wrap(err, "delete organization")
}
