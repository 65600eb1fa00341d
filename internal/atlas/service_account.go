package atlas

import (
	"context"
	"fmt"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
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
	}{{"name", name, 64}, {"description", description, 250}} {
		if text.value == nil {
			continue
		}
		if n := utf8.RuneCountInString(*text.value); n < 1 || n > text.most || !accountText.MatchString(*text.value) {
			return NewError(CodeValidation, fmt.Sprintf(
				"%s must have 1 to %d characters, which are letters, digits, blanks and -_.,'", text.name, text.most))
		}
	}
	return nil
}

// checkAccountRoles is checkRoles for a list that must not be empty.
func (s scope) checkAccountRoles(roles []string) ([]string, error) {
	if len(roles) == 0 {
		return nil, NewError(CodeValidation, "roles must have at least one element")
	}
	return s.checkRoles(roles)
}

// check refuses what needs no database to be refused, and returns the roles.
func (r ServiceAccountRequest) check(sc scope) ([]string, error) {
	without := r.WithoutInitialSecret != nil && *r.WithoutInitialSecret
	switch {
	case r.Name == nil:
		return nil, NewError(CodeMissingAttribute, "name")
	case r.Description == nil:
		return nil, NewError(CodeMissingAttribute, "description")
	case r.Roles == nil:
		return nil, NewError(CodeMissingAttribute, "roles")
	case r.SecretExpiresAfterHours == nil && !without:
		return nil, NewError(CodeMissingAttribute, "secretExpiresAfterHours")
	case r.SecretExpiresAfterHours != nil && without:
		return nil, NewError(CodeValidation, "secretExpiresAfterHours must not be set if withoutInitialSecret is true")
	}
	if err := checkAccountTexts(r.Name, r.Description); err != nil {
		return nil, err
	}
	return sc.checkAccountRoles(*r.Roles)
}

// CreateServiceAccount adds a service account to the organization with roles
// there or, if the request names a project, a member of the organization with
// roles on the project. The answer alone shows its secret. It returns an *Error
// for the first rule that the request breaks.
func (s *Service) CreateServiceAccount(
	ctx context.Context, owner CredentialOwner, req ServiceAccountRequest,
) (ServiceAccount, error) {
	roles, err := req.check(owner.scope)
	if err != nil {
		return ServiceAccount{}, err
	}
	now := s.now()
	id := s.cfg.NewID(now)
	var secret *newSecret
	if req.SecretExpiresAfterHours != nil {
		made, err := s.newSecret(ctx, owner.orgID, id, *req.SecretExpiresAfterHours)
		if err != nil {
			return ServiceAccount{}, err
		}
		secret = &made
	}
	var account ServiceAccount
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		err := s.insertCredential(ctx, tx, owner.scope, db.PrincipalKindSERVICEACCOUNT, id, roles)
		if err != nil {
			return err
		}
		err = s.q.InsertServiceAccount(ctx, tx, db.InsertServiceAccountParams{
			OrgID: owner.orgID, ID: id, Name: *req.Name, Description: *req.Description, CreatedAt: now,
		})
		if err != nil {
			return fmt.Errorf("insert service account: %w", err)
		}
		if secret != nil {
			if err := s.q.InsertServiceAccountSecret(ctx, tx, secret.row); err != nil {
				return fmt.Errorf("insert service account secret: %w", err)
			}
		}
		account, err = s.getServiceAccount(ctx, tx, owner.scope, NamedServiceAccount(ClientIDPrefix+id.String()))
		return err
	})
	if err == nil && secret != nil {
		account.Secrets[0].Secret = secret.value
	}
	return account, err
}

// ListServiceAccounts returns one page of the service accounts, oldest first.
func (s *Service) ListServiceAccounts(
	ctx context.Context, reader CredentialReader, page Page,
) (List[ServiceAccount], error) {
	var list List[ServiceAccount]
	rows, err := s.q.ListServiceAccounts(ctx, s.pool, db.ListServiceAccountsParams{
		OrgID: reader.orgID, ProjectID: reader.projectID, RowLimit: page.limit(), RowOffset: page.offset(),
	})
	if err != nil {
		return list, fmt.Errorf("list service accounts: %w", err)
	}
	rows, list.More = cut(page, rows)
	list.Items, err = s.serviceAccounts(ctx, s.pool, reader.scope, rows)
	if err != nil || !page.Count {
		return list, err
	}
	count, err := s.q.CountServiceAccounts(ctx, s.pool, db.CountServiceAccountsParams{
		OrgID: reader.orgID, ProjectID: reader.projectID,
	})
	if err != nil {
		return list, fmt.Errorf("count service accounts: %w", err)
	}
	list.TotalCount = &count
	return list, nil
}

// GetServiceAccount returns the service account, or SERVICE_ACCOUNT_NOT_FOUND.
func (s *Service) GetServiceAccount(
	ctx context.Context, reader CredentialReader, account Credential,
) (ServiceAccount, error) {
	return s.getServiceAccount(ctx, s.pool, reader.scope, account)
}

func (s *Service) getServiceAccount(
	ctx context.Context, conn db.DBTX, sc scope, account Credential,
) (ServiceAccount, error) {
	row, err := s.q.GetServiceAccount(ctx, conn, db.GetServiceAccountParams{
		OrgID: sc.orgID, ID: account.id, ProjectID: sc.projectID,
	})
	if err != nil {
		return ServiceAccount{}, account.findError(err)
	}
	accounts, err := s.serviceAccounts(ctx, conn, sc, []db.ServiceAccount{row})
	if err != nil {
		return ServiceAccount{}, err
	}
	return accounts[0], nil
}

// serviceAccounts adds to each account what it has.
func (s *Service) serviceAccounts(
	ctx context.Context, conn db.DBTX, sc scope, rows []db.ServiceAccount,
) ([]ServiceAccount, error) {
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.ID.String()
	}
	roles, err := s.listRoles(ctx, conn, sc.orgID, ids)
	if err != nil {
		return nil, err
	}
	secrets, err := s.q.ListServiceAccountSecrets(ctx, conn, db.ListServiceAccountSecretsParams{
		OrgID: sc.orgID, ServiceAccountIds: ids,
	})
	if err != nil {
		return nil, fmt.Errorf("list service account secrets: %w", err)
	}
	of := make(map[objectid.ID][]ServiceAccountSecret)
	for _, secret := range secrets {
		of[secret.ServiceAccountID] = append(of[secret.ServiceAccountID], newServiceAccountSecret(secret))
	}
	accounts := make([]ServiceAccount, len(rows))
	for i, row := range rows {
		accounts[i] = ServiceAccount{
			ID:          row.ID,
			Name:        row.Name,
			Description: row.Description,
			CreatedAt:   row.CreatedAt,
			Roles:       sc.names(roles[row.ID]),
			Secrets:     of[row.ID],
		}
	}
	return accounts, nil
}

// UpdateServiceAccount changes the name and the description, and the roles in
// the organization or, if the request names a project, those there. It returns
// SERVICE_ACCOUNT_NOT_FOUND, or an *Error for the first rule that the request
// breaks.
func (s *Service) UpdateServiceAccount(
	ctx context.Context, owner CredentialOwner, account Credential, update ServiceAccountUpdate,
) (ServiceAccount, error) {
	if err := checkAccountTexts(update.Name, update.Description); err != nil {
		return ServiceAccount{}, err
	}
	var roles []string
	if update.Roles != nil {
		var err error
		if roles, err = owner.checkAccountRoles(*update.Roles); err != nil {
			return ServiceAccount{}, err
		}
	}
	var updated ServiceAccount
	hold := func(tx pgx.Tx) error { return s.holdCredential(ctx, tx, owner.scope, account) }
	if update.Name != nil || update.Description != nil {
		hold = func(tx pgx.Tx) error { return s.holdToSecure(ctx, tx, owner, account) }
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := hold(tx); err != nil {
			return err
		}
		err := s.q.UpdateServiceAccount(ctx, tx, db.UpdateServiceAccountParams{
			OrgID: owner.orgID, ID: account.id, Name: update.Name, Description: update.Description,
		})
		if err != nil {
			return fmt.Errorf("update service account: %w", err)
		}
		if roles != nil {
			if err := s.replaceRoles(ctx, tx, owner.scope, account.id, roles); err != nil {
				return err
			}
		}
		updated, err = s.getServiceAccount(ctx, tx, owner.scope, account)
		return err
	})
	return updated, err
}

// InviteServiceAccount gives a service account of the organization roles on a
// project and returns it as it is there. It returns SERVICE_ACCOUNT_NOT_FOUND,
// INVALID_ROLE_ASSIGNMENT if it has a role there already, or an *Error for the
// first rule that the request breaks.
func (s *Service) InviteServiceAccount(
	ctx context.Context, inviter ServiceAccountInviter, account Credential, assignments []ServiceAccountAssignment,
) (ServiceAccount, error) {
	var roles []string
	for _, assignment := range assignments {
		roles = append(roles, assignment.Roles...)
	}
	roles, err := inviter.checkAccountRoles(roles)
	if err != nil {
		return ServiceAccount{}, err
	}
	var invited ServiceAccount
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.holdCredential(ctx, tx, scope{orgID: inviter.orgID}, account); err != nil {
			return err
		}
		held, err := s.listRoles(ctx, tx, inviter.orgID, []string{account.id.String()})
		if err != nil {
			return err
		}
		if len(inviter.names(held[account.id])) > 0 {
			return NewError(CodeInvalidRoleAssignment, "SERVICE_ACCOUNT_ALREADY_IN_GROUP")
		}
		if err := s.insertRoles(ctx, tx, inviter.scope, account.id, roles); err != nil {
			return err
		}
		invited, err = s.getServiceAccount(ctx, tx, inviter.scope, account)
		return err
	})
	return invited, err
}

// ListServiceAccountProjects returns one page of the projects that the service
// account was assigned to, by name in byte order. It returns
// SERVICE_ACCOUNT_NOT_FOUND.
func (s *Service) ListServiceAccountProjects(
	ctx context.Context, reader CredentialReader, account Credential, page Page,
) (List[db.Project], error) {
	if err := s.checkCredential(ctx, s.pool, reader.scope, account); err != nil {
		return List[db.Project]{}, err
	}
	return s.listProjects(ctx, db.CountProjectsParams{OrgID: reader.orgID, PrincipalID: account.id}, page)
}

// DeleteServiceAccount deletes a service account of the organization, and what
// it has, or, if the request names a project, takes its roles there. It returns
// SERVICE_ACCOUNT_NOT_FOUND. The tokens of an account end with it.
func (s *Service) DeleteServiceAccount(ctx context.Context, owner CredentialOwner, account Credential) error {
	return s.deleteCredential(ctx, owner.scope, account)
}
