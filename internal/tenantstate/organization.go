package tenantstate

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// pageSize is how many organizations a list has at most.
const pageSize = 100

// Organizations returns those that the caller may see, by their ids, after the one of a
// given id, if that is not empty.
func (s *Service) Organizations(
	ctx context.Context, caller Caller, after string,
) (staging.List[staging.Organization], error) {
	params := db.ListOrgsParams{OrgID: caller.OrgID(), Now: s.env.Now(), Most: pageSize}
	if after != "" {
		id, err := objectid.Parse(after)
		if err != nil {
			return staging.List[staging.Organization]{}, staging.Invalid("/after", "This is no id of an organization.")
		}
		params.After = &id
	}
	rows, err := db.New().ListOrgs(ctx, s.pool, params)
	if err != nil {
		return staging.List[staging.Organization]{}, fmt.Errorf("list organizations: %w", err)
	}
	list := staging.List[staging.Organization]{Results: make([]staging.Organization, len(rows))}
	for i, row := range rows {
		list.Results[i] = s.organization(row)
	}
	if len(rows) == pageSize {
		list.Next = rows[len(rows)-1].ID.String()
	}
	return list, nil
}

// Organization returns the organization of the proof, or NOT_FOUND if it is gone.
func (s *Service) Organization(ctx context.Context, reader Reader) (staging.Organization, error) {
	return s.findOrganization(ctx, s.pool, reader.OrgID())
}

func (s *Service) findOrganization(
	ctx context.Context, conn db.DBTX, id objectid.ID,
) (staging.Organization, error) {
	rows, err := db.New().ListOrgs(ctx, conn, db.ListOrgsParams{OrgID: &id, Now: s.env.Now(), Most: 1})
	if err != nil {
		return staging.Organization{}, fmt.Errorf("find organization: %w", err)
	}
	if len(rows) == 0 {
		return staging.Organization{}, errNoOrganization
	}
	return s.organization(rows[0]), nil
}

var errThrowawayProtected = staging.NewProblem(staging.CodeConflict,
	"A throw-away organization is never protected: it ends by itself.")

// Update changes what the operator may change of an organization, and returns it. What is
// staged in one that becomes protected ends: nobody could take it back any more. It returns
// CONFLICT for a throw-away organization that is to be protected.
func (s *Service) Update(
	ctx context.Context, _ Operator, of Reader, update staging.OrganizationUpdate,
) (staging.Organization, error) {
	if update.Protected != nil {
		err := s.hold(ctx, of, func(ctx context.Context, tx pgx.Tx, at moment) error {
			org, err := db.New().GetOrg(ctx, tx, of.OrgID())
			if err != nil {
				return err
			}
			if *update.Protected && org.ExpiresAt != nil {
				return errThrowawayProtected
			}
			_, err = db.New().UpdateOrgProtected(ctx, tx,
				db.UpdateOrgProtectedParams{OrgID: of.OrgID(), Protected: *update.Protected})
			if err != nil || !*update.Protected {
				return err
			}
			if err := clearFaults(ctx, tx, of.OrgID()); err != nil || at.clock == (atlas.Clock{}) {
				return err
			}
			return s.release(ctx, tx, of.OrgID(), at)
		})
		if err != nil {
			return staging.Organization{}, fmt.Errorf("update organization: %w", err)
		}
	}
	return s.Organization(ctx, of)
}

func (s *Service) organization(row db.ListOrgsRow) staging.Organization {
	org := staging.Organization{
		ID:        row.ID.String(),
		Name:      row.Name,
		Protected: row.Protected,
		Staged: staging.Staged{
			Declared: row.Declared, Faults: row.Faults, Journal: staging.JournalMode(row.JournalMode),
		},
		ExpiresAt:     row.ExpiresAt,
		LastRequestAt: row.LastRequestAt,
		Counts: staging.Counts{
			Projects:        row.Projects,
			APIKeys:         row.APIKeys,
			ServiceAccounts: row.ServiceAccounts,
			ExportBuckets:   row.ExportBuckets,
			Clusters:        row.Clusters,
		},
	}
	if clock := (atlas.Clock{Offset: row.ClockOffset, FrozenAt: row.ClockFrozenAt}); clock != (atlas.Clock{}) {
		org.Clock = new(moment{s.env.Now(), clock}.shown())
	}
	return org
}
