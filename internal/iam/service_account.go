package iam

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
)

// No answer to a request about service accounts was ever recorded. Of their
// refusals these are inferred, from the codes that Atlas gives elsewhere: which
// code is given for a name, a description, a validity or a number of secrets
// that can't be, and for a secret that is none; and all sentences.

// ServiceAccount is a service account as those who may read it see it: an
// organization, or one of its projects.
type ServiceAccount struct {
	ID          objectid.ID
	Name        string
	Description string
	CreatedAt   time.Time
	Roles       []string // in the organization or, if the request names a project, there
	Secrets     []ServiceAccountSecret
}

// ClientID is the account's name on the wire.
func (a ServiceAccount) ClientID() string {
	return ClientIDPrefix + a.ID.String()
}

// ServiceAccountRequest is the body that creates a service account. All fields
// but the last are required.
type ServiceAccountRequest struct {
	Name                    *string   `json:"name"`        // 1 to 64 characters
	Description             *string   `json:"description"` // 1 to 250 characters
	Roles                   *[]string `json:"roles"`       // at least one; of a project if the path names one
	SecretExpiresAfterHours *int      `json:"secretExpiresAfterHours"`
	// WithoutInitialSecret takes the place of SecretExpiresAfterHours.
	WithoutInitialSecret *bool `json:"withoutInitialSecret"`
}

// ServiceAccountUpdate is the body that changes a service account. What is nil
// stays.
type ServiceAccountUpdate struct {
	Name        *string   `json:"name"`
	Description *string   `json:"description"`
	Roles       *[]string `json:"roles"`

	// What clients of Atlas send along, of any type; ignored.
	WithoutInitialSecret any `json:"withoutInitialSecret"`
}

// ServiceAccountAssignment is the body that assigns a service account to a
// project.
type ServiceAccountAssignment struct {
	Roles []string `json:"roles"`
}

// accountText is Atlas' pattern for names and descriptions.
var accountText = regexp.MustCompile(`^[\p{L}\p{N}\-_.,' ]*$`)

// checkAccountTexts refuses a name and a description that an account can't have.
func checkAccountTexts(name, description *string) error {
	for _, text := range []struct {
		name  string
		value *string
		most  int
	}{{"name", name, atlas.MaxName}, {"description", description, atlas.MaxDescription}} {
		if text.value == nil {
			continue
		}
		if !atlas.HasLength(*text.value, 1, text.most) || !accountText.MatchString(*text.value) {
			return atlas.NewError(atlas.CodeValidation, fmt.Sprintf(
				"%s must have 1 to %d characters, which are letters, digits, blanks and -_.,'", text.name, text.most))
		}
	}
	return nil
}

// errNoAccountRoles refuses an empty list of roles.
func errNoAccountRoles() *atlas.Error {
	return atlas.NewError(atlas.CodeValidation, "roles must have at least one element")
}

// check refuses what needs no database to be refused, and returns the roles.
func (r ServiceAccountRequest) check(scope atlas.Scope) ([]string, error) {
	without := r.WithoutInitialSecret != nil && *r.WithoutInitialSecret
	switch {
	case r.Name == nil:
		return nil, atlas.NewError(atlas.CodeMissingAttribute, "name")
	case r.Description == nil:
		return nil, atlas.NewError(atlas.CodeMissingAttribute, "description")
	case r.Roles == nil:
		return nil, atlas.NewError(atlas.CodeMissingAttribute, "roles")
	case r.SecretExpiresAfterHours == nil && !without:
		return nil, atlas.NewError(atlas.CodeMissingAttribute, "secretExpiresAfterHours")
	case r.SecretExpiresAfterHours != nil && without:
		return nil, atlas.NewError(atlas.CodeValidation,
			"secretExpiresAfterHours must not be set if withoutInitialSecret is true")
	}
	if err := checkAccountTexts(r.Name, r.Description); err != nil {
		return nil, err
	}
	return checkRoles(scope, *r.Roles, errNoAccountRoles())
}

// CreateServiceAccount adds a service account to the organization with roles
// there or, if the request names a project, a member of the organization with
// roles on the project. The answer alone shows its secret. It returns an *atlas.Error
// for the first rule that the request breaks.
func (s *Service) CreateServiceAccount(
	ctx context.Context, owner atlas.CredentialOwner, req ServiceAccountRequest,
) (ServiceAccount, error) {
	roles, err := req.check(owner.Scope())
	if err != nil {
		return ServiceAccount{}, err
	}
	now := owner.Now()
	id := s.env.NewID(now)
	var secret *newSecret
	if req.SecretExpiresAfterHours != nil {
		made, err := s.newSecret(ctx, owner, id, *req.SecretExpiresAfterHours)
		if err != nil {
			return ServiceAccount{}, err
		}
		secret = &made
	}
	account, err := write.Do(ctx, s.pool, owner, func(tx pgx.Tx) (ServiceAccount, error) {
		err := s.insertCredential(ctx, tx, owner.Scope(), db.PrincipalKindSERVICEACCOUNT, id, roles)
		if err != nil {
			return ServiceAccount{}, err
		}
		err = s.q.InsertServiceAccount(ctx, tx, db.InsertServiceAccountParams{
			OrgID: owner.Scope().OrgID, ID: id, Name: *req.Name, Description: *req.Description, CreatedAt: now,
		})
		if err != nil {
			return ServiceAccount{}, fmt.Errorf("insert service account: %w", err)
		}
		if secret != nil {
			if err := s.q.InsertServiceAccountSecret(ctx, tx, secret.row); err != nil {
				return ServiceAccount{}, fmt.Errorf("insert service account secret: %w", err)
			}
		}
		name := ServiceAccountName(ClientIDPrefix + id.String())
		if err := s.tellCreated(ctx, tx, owner, name); err != nil {
			return ServiceAccount{}, err
		}
		return s.getServiceAccount(ctx, tx, owner.Scope(), name)
	})
	if err == nil && secret != nil {
		account.Secrets[0].Secret = secret.value
	}
	return account, err
}

// ListServiceAccounts returns one page of the service accounts, oldest first.
func (s *Service) ListServiceAccounts(
	ctx context.Context, reader atlas.CredentialReader, page atlas.Page,
) (atlas.List[ServiceAccount], error) {
	return s.listServiceAccounts(ctx, s.pool, reader.Scope(), nil, page)
}

// listServiceAccounts returns one page of the service accounts within the scope
// or, given an id, the one that has it.
func (s *Service) listServiceAccounts(
	ctx context.Context, conn db.DBTX, scope atlas.Scope, id *objectid.ID, page atlas.Page,
) (atlas.List[ServiceAccount], error) {
	rows := func(limit int32, offset int64) ([]db.ListServiceAccountsRow, error) {
		return s.q.ListServiceAccounts(ctx, conn, db.ListServiceAccountsParams{
			OrgID: scope.OrgID, ProjectID: scope.ProjectID, ID: id, RowLimit: limit, RowOffset: offset,
		})
	}
	item := func(row db.ListServiceAccountsRow) (ServiceAccount, int64) {
		account := row.ServiceAccount
		return ServiceAccount{
			ID:          account.ID,
			Name:        account.Name,
			Description: account.Description,
			CreatedAt:   account.CreatedAt,
		}, row.TotalCount
	}
	list, err := atlas.NewList("service accounts", page, rows, item)
	if err != nil {
		return list, err
	}
	return list, s.addRolesAndSecrets(ctx, conn, scope, list.Items)
}

// GetServiceAccount returns the service account, or SERVICE_ACCOUNT_NOT_FOUND.
func (s *Service) GetServiceAccount(
	ctx context.Context, reader atlas.CredentialReader, account CredentialName,
) (ServiceAccount, error) {
	return s.getServiceAccount(ctx, s.pool, reader.Scope(), account)
}

func (s *Service) getServiceAccount(
	ctx context.Context, conn db.DBTX, scope atlas.Scope, name CredentialName,
) (ServiceAccount, error) {
	list, err := s.listServiceAccounts(ctx, conn, scope, &name.id, atlas.Page{Number: 1, Size: 1})
	if err == nil && len(list.Items) == 0 {
		err = name.notFound()
	}
	if err != nil {
		return ServiceAccount{}, err
	}
	return list.Items[0], nil
}

// addRolesAndSecrets adds to each account what it has.
func (s *Service) addRolesAndSecrets(
	ctx context.Context, conn db.DBTX, scope atlas.Scope, accounts []ServiceAccount,
) error {
	ids := make([]string, len(accounts))
	for i, account := range accounts {
		ids[i] = account.ID.String()
	}
	roles, err := s.listRoles(ctx, conn, scope.OrgID, ids)
	if err != nil {
		return err
	}
	rows, err := s.q.ListServiceAccountSecrets(ctx, conn, db.ListServiceAccountSecretsParams{
		OrgID: scope.OrgID, ServiceAccountIds: ids,
	})
	if err != nil {
		return fmt.Errorf("list service account secrets: %w", err)
	}
	secrets := make(map[objectid.ID][]ServiceAccountSecret)
	for _, row := range rows {
		secrets[row.ServiceAccountID] = append(secrets[row.ServiceAccountID], newServiceAccountSecret(row))
	}
	for i, account := range accounts {
		accounts[i].Roles = namesWithin(scope, roles[account.ID])
		accounts[i].Secrets = secrets[account.ID]
	}
	return nil
}

// UpdateServiceAccount changes the name and the description, and the roles in
// the organization or, if the request names a project, those there. It returns
// SERVICE_ACCOUNT_NOT_FOUND, or an *atlas.Error for the first rule that the request
// breaks.
func (s *Service) UpdateServiceAccount(
	ctx context.Context, owner atlas.CredentialOwner, account CredentialName, update ServiceAccountUpdate,
) (ServiceAccount, error) {
	if err := checkAccountTexts(update.Name, update.Description); err != nil {
		return ServiceAccount{}, err
	}
	roles, err := checkNewRoles(owner.Scope(), update.Roles, errNoAccountRoles())
	if err != nil {
		return ServiceAccount{}, err
	}
	var updated ServiceAccount
	err = s.changeCredential(ctx, owner, account, credentialChange{
		renames: update.Name != nil || update.Description != nil,
		roles:   roles,
		row: func(tx pgx.Tx) error {
			return s.q.UpdateServiceAccount(ctx, tx, db.UpdateServiceAccountParams{
				OrgID: owner.Scope().OrgID, ID: account.id, Name: update.Name, Description: update.Description,
			})
		},
		read: func(tx pgx.Tx) (err error) {
			updated, err = s.getServiceAccount(ctx, tx, owner.Scope(), account)
			return err
		},
	})
	if err != nil {
		return ServiceAccount{}, err
	}
	return updated, nil
}

// InviteServiceAccount gives a service account of the organization roles on a
// project and returns it as it is there. It returns SERVICE_ACCOUNT_NOT_FOUND,
// INVALID_ROLE_ASSIGNMENT if it has a role there already, or an *atlas.Error for the
// first rule that the request breaks.
func (s *Service) InviteServiceAccount(
	ctx context.Context, inviter atlas.ServiceAccountInviter, account CredentialName,
	assignments []ServiceAccountAssignment,
) (ServiceAccount, error) {
	var roles []string
	for _, assignment := range assignments {
		roles = append(roles, assignment.Roles...)
	}
	roles, err := checkRoles(inviter.Scope(), roles, errNoAccountRoles())
	if err != nil {
		return ServiceAccount{}, err
	}
	var invited ServiceAccount
	check := func(conn db.DBTX) error {
		return s.checkCredential(ctx, conn, atlas.Scope{OrgID: inviter.Scope().OrgID}, account)
	}
	target := write.Target{ID: account.id, ProjectID: inviter.Scope().ProjectID}
	err = s.change(ctx, inviter, target, check, func(tx pgx.Tx) error {
		held, err := s.listRoles(ctx, tx, inviter.Scope().OrgID, []string{account.id.String()})
		if err != nil {
			return err
		}
		if len(namesWithin(inviter.Scope(), held[account.id])) > 0 {
			return atlas.NewError(atlas.CodeInvalidRoleAssignment, "SERVICE_ACCOUNT_ALREADY_IN_GROUP")
		}
		if err := write.Grant(ctx, tx, inviter.Scope(), account.id, roles); err != nil {
			return err
		}
		added := told{of: event.ServiceAccountAddedToProject, projectID: inviter.Scope().ProjectID}
		if err := s.tell(ctx, tx, inviter, account, added); err != nil {
			return err
		}
		invited, err = s.getServiceAccount(ctx, tx, inviter.Scope(), account)
		return err
	})
	if err != nil {
		return ServiceAccount{}, err
	}
	return invited, nil
}

// ListServiceAccountProjects returns one page of the projects that the service
// account was assigned to, by name in byte order. It returns
// SERVICE_ACCOUNT_NOT_FOUND.
func (s *Service) ListServiceAccountProjects(
	ctx context.Context, reader atlas.CredentialReader, account CredentialName, page atlas.Page,
) (atlas.List[db.Project], error) {
	if err := s.checkCredential(ctx, s.pool, reader.Scope(), account); err != nil {
		return atlas.List[db.Project]{}, err
	}
	return atlas.NewList("projects", page, func(limit int32, offset int64) ([]db.ListProjectsRow, error) {
		return s.q.ListProjects(ctx, s.pool, db.ListProjectsParams{
			OrgID: reader.Scope().OrgID, PrincipalID: account.id, Now: reader.Now(), RowLimit: limit, RowOffset: offset,
		})
	}, func(row db.ListProjectsRow) (db.Project, int64) { return row.Project, row.TotalCount })
}

// DeleteServiceAccount deletes a service account of the organization, and what
// it has, or, if the request names a project, takes its roles there. It returns
// SERVICE_ACCOUNT_NOT_FOUND. The tokens of an account end with it.
func (s *Service) DeleteServiceAccount(ctx context.Context, owner atlas.CredentialOwner, account CredentialName) error {
	return s.deleteCredential(ctx, owner, account)
}
