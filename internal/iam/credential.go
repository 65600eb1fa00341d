package iam

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
)

// CredentialProof is an atlas.CredentialReader or an atlas.CredentialOwner.
type CredentialProof interface {
	atlas.Proof
	Scope() atlas.Scope
	Now() time.Time
}

// CredentialName names an API key or a service account, as a request does.
type CredentialName struct {
	kind db.PrincipalKind
	text string
	id   objectid.ID // zero if the text can't be a name
}

// APIKeyName names an API key by its id.
func APIKeyName(id objectid.ID) CredentialName {
	return CredentialName{kind: db.PrincipalKindAPIKEY, text: id.String(), id: id}
}

// ServiceAccountName names a service account by its client id.
func ServiceAccountName(clientID string) CredentialName {
	name := CredentialName{kind: db.PrincipalKindSERVICEACCOUNT, text: clientID}
	name.id, _ = ParseClientID(clientID)
	return name
}

// ParseClientID returns the id of the service account, and false if the text is no
// client id.
func ParseClientID(clientID string) (objectid.ID, bool) {
	text, ok := strings.CutPrefix(clientID, ClientIDPrefix)
	if !ok {
		return objectid.ID{}, false
	}
	id, err := objectid.Parse(text)
	return id, err == nil
}

// notFound is the refusal of a name that names nothing.
func (n CredentialName) notFound() error {
	if n.kind == db.PrincipalKindAPIKEY {
		return atlas.NewError(atlas.CodeAPIKeyNotFound, n.text)
	}
	return atlas.NewError(atlas.CodeServiceAccountNotFound, n.text)
}

// checkCredential returns API_KEY_NOT_FOUND or SERVICE_ACCOUNT_NOT_FOUND if the
// credential is not within the scope.
func (s *Service) checkCredential(ctx context.Context, conn db.DBTX, scope atlas.Scope, name CredentialName) error {
	_, err := s.q.GetPrincipalOfKind(ctx, conn, db.GetPrincipalOfKindParams{
		OrgID: scope.OrgID, ID: name.id, Kind: name.kind, ProjectID: scope.ProjectID,
	})
	return atlas.WrapMissing(err, "get principal", name.notFound())
}

// checkControlled does what checkCredential does for a request that changes who can
// use the credential and from where, or what it is called everywhere. Atlas,
// "Rotate Service Account Secrets": where a credential has access to the
// organization or to other projects, too, this takes an Organization Owner. It
// returns USER_UNAUTHORIZED for others: with a secret of such a credential, the
// owner of one project could become that of all.
func (s *Service) checkControlled(
	ctx context.Context, conn db.DBTX, owner atlas.CredentialOwner, name CredentialName,
) error {
	scope := owner.Scope()
	if err := s.checkCredential(ctx, conn, scope, name); err != nil {
		return err
	}
	if owner.OwnsOrg() {
		return nil
	}
	roles, err := s.listRoles(ctx, conn, scope.OrgID, []string{name.id.String()})
	if err != nil {
		return err
	}
	for _, role := range roles[name.id] {
		switch {
		case role.ProjectID == nil && role.Name != string(db.OrgRoleORGMEMBER), // which every credential is
			role.ProjectID != nil && *role.ProjectID != *scope.ProjectID:
			return atlas.NewError(atlas.CodeUserUnauthorized).
				Fact("credential", name.text, "").
				Fact("hasAlso", role.Name, "no role but on this project, or an ORG_OWNER who calls")
		}
	}
	return nil
}

// change runs f in a transaction that changes what the target may do, if check finds
// that it may. It checks before it waits for anyone, too: whoever is refused waits
// for nobody. An organization that has an owner who can sign in must keep one.
func (s *Service) change(
	ctx context.Context, proof atlas.Proof, target write.Target,
	check func(db.DBTX) error, f func(pgx.Tx) error,
) error {
	if err := check(s.pool); err != nil {
		return err
	}
	return write.BeginOn(ctx, s.pool, proof, target, func(tx pgx.Tx) error {
		org := db.GetOrgHasOwnerParams{OrgID: proof.Caller().OrgID(), Now: proof.Caller().Now()}
		before, err := s.q.GetOrgHasOwner(ctx, tx, org)
		if err != nil {
			return fmt.Errorf("look for an owner: %w", err)
		}
		if err := check(tx); err != nil {
			return err
		}
		if err := f(tx); err != nil {
			return err
		}
		after, err := s.q.GetOrgHasOwner(ctx, tx, org)
		if err == nil && before && !after {
			err = atlas.NewError(atlas.CodeLastOrgOwner, org.OrgID.String())
		}
		return atlas.Wrap(err, "look for an owner")
	})
}

// insertCredential adds a principal of the organization with its roles. If the
// scope is a project, it becomes a member of the organization, too.
func (s *Service) insertCredential(
	ctx context.Context, tx pgx.Tx, scope atlas.Scope, kind db.PrincipalKind, id objectid.ID, roles []string,
) error {
	inserted, err := s.q.InsertPrincipal(ctx, tx, db.InsertPrincipalParams{OrgID: scope.OrgID, ID: id, Kind: kind})
	if err == nil && inserted == 0 {
		err = errors.New("its id is taken")
	}
	if err != nil {
		return fmt.Errorf("insert principal: %w", err)
	}
	if scope.ProjectID != nil {
		member := []db.OrgRole{db.OrgRoleORGMEMBER}
		if err := write.Grant(ctx, tx, atlas.Scope{OrgID: scope.OrgID}, id, member); err != nil {
			return err
		}
	}
	return write.Grant(ctx, tx, scope, id, roles)
}

// credentialChange is a change of a credential.
type credentialChange struct {
	renames bool               // what the credential is called everywhere
	roles   []string           // checked, in place of those within the scope; nil if these stay
	row     func(pgx.Tx) error // changes the row of its kind
	read    func(pgx.Tx) error // reads what has become of it
}

// changeCredential makes a change in one transaction. It returns what checkCredential
// does or, if the credential is renamed, what checkControlled does.
func (s *Service) changeCredential(
	ctx context.Context, owner atlas.CredentialOwner, name CredentialName, change credentialChange,
) error {
	scope := owner.Scope()
	target := write.Target{ID: name.id}
	if change.roles != nil {
		target.ProjectID = scope.ProjectID
	}
	check := func(conn db.DBTX) error {
		if change.renames {
			return s.checkControlled(ctx, conn, owner, name)
		}
		return s.checkCredential(ctx, conn, scope, name)
	}
	return s.change(ctx, owner, target, check, func(tx pgx.Tx) error {
		if err := change.row(tx); err != nil {
			return fmt.Errorf("update credential: %w", err)
		}
		if change.roles != nil {
			if err := s.replaceRoles(ctx, tx, scope, name.id, change.roles); err != nil {
				return err
			}
		}
		if err := s.tellChanged(ctx, tx, owner, name, change); err != nil {
			return err
		}
		return change.read(tx)
	})
}

// deleteCredential deletes a credential of the organization with all that it has
// or, if the request names a project, takes its roles there.
func (s *Service) deleteCredential(ctx context.Context, owner atlas.CredentialOwner, name CredentialName) error {
	scope := owner.Scope()
	target := write.Target{ID: name.id, Delete: scope.ProjectID == nil}
	check := func(conn db.DBTX) error { return s.checkCredential(ctx, conn, scope, name) }
	return s.change(ctx, owner, target, check, func(tx pgx.Tx) error {
		gone := told{of: credentialEvents[name.kind].deleted}
		if scope.ProjectID != nil {
			gone = told{of: credentialEvents[name.kind].removed, projectID: scope.ProjectID}
		}
		if err := s.tell(ctx, tx, owner, name, gone); err != nil {
			return err
		}
		if scope.ProjectID != nil {
			return s.deleteRoles(ctx, tx, scope, name.id)
		}
		_, err := s.q.ListProjectRoleGrantsForUpdate(ctx, tx, db.ListProjectRoleGrantsForUpdateParams{
			OrgID: scope.OrgID, PrincipalID: &name.id,
		})
		if err != nil {
			return fmt.Errorf("lock role grants: %w", err)
		}
		err = s.q.DeletePrincipal(ctx, tx, db.DeletePrincipalParams{OrgID: scope.OrgID, ID: name.id, Kind: name.kind})
		return atlas.Wrap(err, "delete principal")
	})
}
