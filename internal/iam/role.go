package iam

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
)

// Role is a role of an API key or a service account.
type Role struct {
	ProjectID *objectid.ID // nil for a role in the organization
	Name      string       // such as ORG_MEMBER or GROUP_OWNER
}

// checkRoles returns the roles without repetitions. It returns ifNone if there are
// none, VALIDATION_ERROR if there are too many, and INVALID_ROLE_FOR_ORG or
// INVALID_ROLE_FOR_GROUP for the first that is unknown within the scope.
func checkRoles(scope atlas.Scope, roles []string, ifNone *atlas.Error) ([]string, error) {
	if len(roles) == 0 {
		return nil, ifNone
	}
	if err := atlas.CheckElements("roles", len(roles)); err != nil {
		return nil, err
	}
	for _, role := range roles {
		switch {
		case scope.ProjectID == nil && !db.OrgRole(role).Valid():
			return nil, atlas.NewError(atlas.CodeInvalidRoleForOrg, role, scope.OrgID.String())
		case scope.ProjectID != nil && !db.ProjectRole(role).Valid():
			return nil, atlas.NewError(atlas.CodeInvalidRoleForProject, role, scope.ProjectID.String())
		}
	}
	roles = slices.Clone(roles)
	slices.Sort(roles)
	return slices.Compact(roles), nil
}

// checkNewRoles is checkRoles for roles that may be left out. It returns nil then.
func checkNewRoles(scope atlas.Scope, roles *[]string, ifNone *atlas.Error) ([]string, error) {
	if roles == nil {
		return nil, nil
	}
	return checkRoles(scope, *roles, ifNone)
}

// namesWithin returns the names of the roles that are within the scope.
func namesWithin(scope atlas.Scope, roles []Role) []string {
	var names []string
	for _, role := range roles {
		inOrg := role.ProjectID == nil && scope.ProjectID == nil
		onProject := role.ProjectID != nil && scope.ProjectID != nil && *role.ProjectID == *scope.ProjectID
		if inOrg || onProject {
			names = append(names, role.Name)
		}
	}
	return names
}

// deleteRoles takes all roles within the scope from a principal that is locked.
func (s *Service) deleteRoles(ctx context.Context, tx pgx.Tx, scope atlas.Scope, principalID objectid.ID) error {
	var err error
	if scope.ProjectID == nil {
		err = s.q.DeleteOrgRoleGrants(ctx, tx, db.DeleteOrgRoleGrantsParams{
			OrgID: scope.OrgID, PrincipalID: principalID,
		})
	} else {
		_, err = s.q.ListProjectRoleGrantsForUpdate(ctx, tx, db.ListProjectRoleGrantsForUpdateParams{
			OrgID: scope.OrgID, ProjectID: scope.ProjectID, PrincipalID: &principalID,
		})
		if err != nil {
			return fmt.Errorf("lock role grants: %w", err)
		}
		err = s.q.DeleteProjectRoleGrants(ctx, tx, db.DeleteProjectRoleGrantsParams{
			OrgID: scope.OrgID, ProjectID: *scope.ProjectID, PrincipalID: principalID,
		})
	}
	return atlas.Wrap(err, "delete role grants")
}

// replaceRoles gives a principal that is locked checked roles in place of those
// that it has within the scope.
func (s *Service) replaceRoles(
	ctx context.Context, tx pgx.Tx, scope atlas.Scope, principalID objectid.ID, roles []string,
) error {
	if err := s.deleteRoles(ctx, tx, scope, principalID); err != nil {
		return err
	}
	return write.Grant(ctx, tx, scope, principalID, roles)
}

// listRoles returns all roles of each of the principals, those in the
// organization first.
func (s *Service) listRoles(
	ctx context.Context, conn db.DBTX, orgID objectid.ID, principalIDs []string,
) (map[objectid.ID][]Role, error) {
	grants, err := s.q.ListRoleGrants(ctx, conn, db.ListRoleGrantsParams{OrgID: orgID, PrincipalIDs: principalIDs})
	if err != nil {
		return nil, fmt.Errorf("list role grants: %w", err)
	}
	roles := make(map[objectid.ID][]Role)
	for _, grant := range grants {
		roles[grant.PrincipalID] = append(roles[grant.PrincipalID], Role{ProjectID: grant.ProjectID, Name: grant.Role})
	}
	return roles, nil
}
