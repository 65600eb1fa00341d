package atlas

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
)

// Credential names an API key or a service account, as a request does.
type Credential struct {
	kind db.PrincipalKind
	name string      // as the request has it; may name nothing
	id   objectid.ID // zero if the name can't be one
}

// NamedAPIKey names an API key by its id.
func NamedAPIKey(id string) Credential {
	parsed, _ := objectid.Parse(id)
	return Credential{kind: db.PrincipalKindAPIKEY, name: id, id: parsed}
}

// NamedServiceAccount names a service account by its client id.
func NamedServiceAccount(clientID string) Credential {
	c := Credential{kind: db.PrincipalKindSERVICEACCOUNT, name: clientID}
	if id, ok := strings.CutPrefix(clientID, ClientIDPrefix); ok {
		c.id, _ = objectid.Parse(id)
	}
	return c
}

func (c Credential) notFound() error {
	if c.kind == db.PrincipalKindAPIKEY {
		return NewError(CodeAPIKeyNotFound, c.name)
	}
	return NewError(CodeServiceAccountNotFound, c.name)
}

// findError translates that there is no such credential.
func (c Credential) findError(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return c.notFound()
	}
	if err != nil {
		return fmt.Errorf("get principal: %w", err)
	}
	return nil
}

// checkCredential returns API_KEY_NOT_FOUND or SERVICE_ACCOUNT_NOT_FOUND if the
// credential is not within the scope.
func (s *Service) checkCredential(ctx context.Context, conn db.DBTX, sc scope, c Credential) error {
	_, err := s.q.GetPrincipalOfKind(ctx, conn, db.GetPrincipalOfKindParams{
		OrgID: sc.orgID, ID: c.id, Kind: c.kind, ProjectID: sc.projectID,
	})
	return c.findError(err)
}

// holdCredential does what checkCredential does and holds the credential: of two
// requests that change it, one waits, and of a change and a deletion one finds
// it gone or deletes it changed. It is looked for on the project only once it is
// held: whoever was waited for may have taken its roles there.
func (s *Service) holdCredential(ctx context.Context, tx pgx.Tx, sc scope, c Credential) error {
	_, err := s.q.GetPrincipalOfKindForNoKeyUpdate(ctx, tx, db.GetPrincipalOfKindForNoKeyUpdateParams{
		OrgID: sc.orgID, ID: c.id, Kind: c.kind,
	})
	if err != nil || sc.projectID == nil {
		return c.findError(err)
	}
	return s.checkCredential(ctx, tx, sc, c)
}

// holdToSecure does what holdCredential does for a request that changes who can
// use the credential and from where, or what it is called everywhere. Atlas, "Rotate Service Account Secrets":
// where a credential has access to the organization or to other projects, too,
// this takes an Organization Owner. It returns USER_UNAUTHORIZED for others:
// with a secret of such a credential, the owner of one project could become that
// of all.
func (s *Service) holdToSecure(ctx context.Context, tx pgx.Tx, owner CredentialOwner, c Credential) error {
	if err := s.holdCredential(ctx, tx, owner.scope, c); err != nil {
		return err
	}
	if owner.ownsOrg {
		return nil
	}
	roles, err := s.listRoles(ctx, tx, owner.orgID, []string{c.id.String()})
	if err != nil {
		return err
	}
	for _, role := range roles[c.id] {
		switch {
		case role.ProjectID == nil && role.Name != string(db.OrgRoleORGMEMBER), // which every credential is
			role.ProjectID != nil && *role.ProjectID != *owner.projectID:
			return NewError(CodeUserUnauthorized)
		}
	}
	return nil
}

// insertCredential adds a principal of the organization with its roles. If the
// scope is a project, it becomes a member of the organization, too.
func (s *Service) insertCredential(
	ctx context.Context, tx pgx.Tx, sc scope, kind db.PrincipalKind, id objectid.ID, roles []string,
) error {
	if err := s.q.InsertPrincipal(ctx, tx, db.InsertPrincipalParams{OrgID: sc.orgID, ID: id, Kind: kind}); err != nil {
		return fmt.Errorf("insert principal: %w", err)
	}
	if sc.projectID != nil {
		member := []string{string(db.OrgRoleORGMEMBER)}
		if err := s.insertRoles(ctx, tx, scope{orgID: sc.orgID}, id, member); err != nil {
			return err
		}
	}
	return s.insertRoles(ctx, tx, sc, id, roles)
}

// deleteCredential deletes a credential of the organization with all that it has
// or, if the scope is a project, takes its roles there.
func (s *Service) deleteCredential(ctx context.Context, sc scope, c Credential) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.holdCredential(ctx, tx, sc, c); err != nil {
			return err
		}
		if sc.projectID != nil {
			return s.deleteRoles(ctx, tx, sc, c.id)
		}
		// As in deleteRoles, before the grants that go with it.
		_, err := s.q.ListPrincipalProjectsForKeyShare(ctx, tx, db.ListPrincipalProjectsForKeyShareParams{
			OrgID: sc.orgID, PrincipalID: c.id,
		})
		if err != nil {
			return fmt.Errorf("hold projects: %w", err)
		}
		err = s.q.DeletePrincipal(ctx, tx, db.DeletePrincipalParams{OrgID: sc.orgID, ID: c.id, Kind: c.kind})
		if err != nil {
			return fmt.Errorf("delete principal: %w", err)
		}
		return nil
	})
}
