package atlas

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
)

// Role is a role of an API key or a service account.
type Role struct {
	ProjectID *objectid.ID // nil for a role in the organization
	Name      string       // such as ORG_MEMBER or GROUP_OWNER
}

// checkRoles returns the roles without repetitions. It returns
// INVALID_ROLE_FOR_ORG or INVALID_ROLE_FOR_GROUP for the first that is none
// within the scope.
func (s scope) checkRoles(roles []string) ([]string, error) {
	for _, role := range roles {
		switch {
		case s.projectID == nil && !db.OrgRole(role).Valid():
			return nil, NewError(CodeInvalidRoleForOrg, role, s.orgID.String())
		case s.projectID != nil && !db.ProjectRole(role).Valid():
			return nil, NewError(CodeInvalidRoleForProject, role, s.projectID.String())
		}
	}
	roles = slices.Clone(roles)
	slices.Sort(roles)
	return slices.Compact(roles), nil
}

// names returns the names of the roles that are within the scope.
func (s scope) names(roles []Role) []string {
	var names []string
	for _, role := range roles {
		inOrg := role.ProjectID == nil && s.projectID == nil
		onProject := role.ProjectID != nil && s.projectID != nil && *role.ProjectID == *s.projectID
		if inOrg || onProject {
			names = append(names, role.Name)
		}
	}
	return names
}

// insertRoles gives a principal that is held, or new, checked roles. It returns
// GROUP_NOT_FOUND if the project was deleted meanwhile.
func (s *Service) insertRoles(ctx context.Context, tx pgx.Tx, sc scope, principalID objectid.ID, roles []string) error {
	for _, role := range roles {
		var err error
		if sc.projectID == nil {
			err = s.q.InsertOrgRoleGrant(ctx, tx, db.InsertOrgRoleGrantParams{
				OrgID: sc.orgID, PrincipalID: principalID, Role: db.OrgRole(role),
			})
		} else {
			err = s.q.InsertProjectRoleGrant(ctx, tx, db.InsertProjectRoleGrantParams{
				ProjectID: *sc.projectID, PrincipalID: principalID, Role: db.ProjectRole(role), OrgID: sc.orgID,
			})
		}
		if isViolation(err, projectRoleGrantsProjectFkey) {
			return NewError(CodeProjectNotFound, sc.projectID.String())
		}
		if err != nil {
			return fmt.Errorf("insert role grant: %w", err)
		}
	}
	return nil
}

// deleteRoles takes all roles within the scope from a principal that is held. It
// returns GROUP_NOT_FOUND if the project was deleted meanwhile. The project is
// held before its grants, in the order in which DeleteProject takes them.
func (s *Service) deleteRoles(ctx context.Context, tx pgx.Tx, sc scope, principalID objectid.ID) error {
	var err error
	if sc.projectID == nil {
		err = s.q.DeleteOrgRoleGrants(ctx, tx, db.DeleteOrgRoleGrantsParams{
			OrgID: sc.orgID, PrincipalID: principalID,
		})
	} else {
		if _, err := s.q.GetProjectForKeyShare(ctx, tx, *sc.projectID); err != nil {
			return projectError(err, *sc.projectID, "hold project")
		}
		err = s.q.DeleteProjectRoleGrants(ctx, tx, db.DeleteProjectRoleGrantsParams{
			OrgID: sc.orgID, ProjectID: *sc.projectID, PrincipalID: principalID,
		})
	}
	if err != nil {
		return fmt.Errorf("delete role grants: %w", err)
	}
	return nil
}

// replaceRoles gives a principal that is held checked roles in place of those
// that it has within the scope. It returns GROUP_NOT_FOUND if the project was
// deleted meanwhile.
func (s *Service) replaceRoles(ctx context.Context, tx pgx.Tx, sc scope, principalID objectid.ID, roles []string) error {
	if err := s.deleteRoles(ctx, tx, sc, principalID); err != nil {
		return err
	}
	return s.insertRoles(ctx, tx, sc, principalID, roles)
}

// listRoles returns all roles of each of the principals, those in the
// organization first.
func (s *Service) listRoles(
	ctx context.Context, conn db.DBTX, orgID objectid.ID, principalIDs []string,
) (map[objectid.ID][]Role, error) {
	grants, err := s.q.ListRoleGrants(ctx, conn, db.ListRoleGrantsParams{OrgID: orgID, PrincipalIds: principalIDs})
	if err != nil {
		return nil, fmt.Errorf("list role grants: %w", err)
	}
	roles := make(map[objectid.ID][]Role)
	for _, grant := range grants {
		roles[grant.PrincipalID] = append(roles[grant.PrincipalID], Role{ProjectID: grant.ProjectID, Name: grant.Role})
	}
	return roles, nil
}
