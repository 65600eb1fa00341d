package atlas

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
)

// APIKey is an API key with its roles.
type APIKey struct {
	db.APIKey
	OrgRoles     []db.OrgRole
	ProjectRoles []db.ProjectRoleGrant
}

// GetOwnAPIKey returns the API key that the caller is, and false if it is a
// service account.
func (s *Service) GetOwnAPIKey(ctx context.Context, p Principal) (key APIKey, ok bool, err error) {
	row, err := s.q.GetAPIKey(ctx, s.pool, db.GetAPIKeyParams{OrgID: p.OrgID, ID: p.ID})
	if errors.Is(err, pgx.ErrNoRows) {
		return APIKey{}, false, nil
	}
	if err != nil {
		return APIKey{}, false, fmt.Errorf("get API key: %w", err)
	}
	grants, err := s.q.ListProjectRoleGrants(ctx, s.pool,
		db.ListProjectRoleGrantsParams{OrgID: p.OrgID, PrincipalID: p.ID})
	if err != nil {
		return APIKey{}, false, fmt.Errorf("list project role grants: %w", err)
	}
	return APIKey{APIKey: row, OrgRoles: p.orgRoles, ProjectRoles: grants}, true, nil
}
