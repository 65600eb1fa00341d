package atlas

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/digest"
	"exportbuckets/internal/objectid"
)

// APIKey is an API key as those who may read it see it.
type APIKey struct {
	OrgID       objectid.ID
	ID          objectid.ID
	Description string
	PublicKey   string
	PrivateKey  string // whole when it has just been created, and masked ever after
	Roles       []Role // those in the organization first
}

func newAPIKey(row db.GetAPIKeyRow, roles []Role) APIKey {
	return APIKey{
		OrgID:       row.OrgID,
		ID:          row.ID,
		Description: row.Description,
		PublicKey:   row.PublicKey,
		PrivateKey:  maskPrivateKey(row.PrivateKeySuffix),
		Roles:       roles,
	}
}

// maskPrivateKey shows the last group of a private key, as Atlas does, or none
// of a key that is older than what is kept of it.
func maskPrivateKey(suffix *string) string {
	const masked = "********-****-****-"
	if suffix == nil {
		return masked + "************"
	}
	return masked + *suffix
}

// PrivateKeySuffix is what is shown of a private key once it has been created.
func PrivateKeySuffix(privateKey string) string {
	return privateKey[strings.LastIndexByte(privateKey, '-')+1:]
}

// APIKeyRequest is the body that creates or changes an API key. In a change,
// what is nil stays.
type APIKeyRequest struct {
	Description *string   `json:"desc"`  // 1 to 250 characters
	Roles       *[]string `json:"roles"` // at least one; of a project if the path names one
}

// checkDescription and checkAPIKeyRoles refuse what a key can't have.
func checkDescription(description string) error {
	switch n := utf8.RuneCountInString(description); {
	case n == 0:
		return NewError(CodeAPIKeyRequiresDescription)
	case n > 250, strings.ContainsRune(description, 0): // Postgres keeps no zero characters.
		return NewError(CodeValidation, "desc must have 1 to 250 characters")
	}
	return nil
}

func checkAPIKeyRoles(sc scope, roles []string) ([]string, error) {
	if len(roles) == 0 {
		return nil, NewError(CodeMissingAPIKeyRoles)
	}
	return sc.checkRoles(roles)
}

// CreateAPIKey adds an API key to the organization with roles there or, if the
// request names a project, a member of the organization with roles on the
// project. The answer alone shows its private key. It returns an *Error for the
// first rule that the request breaks.
func (s *Service) CreateAPIKey(ctx context.Context, owner CredentialOwner, req APIKeyRequest) (APIKey, error) {
	if req.Description == nil {
		return APIKey{}, NewError(CodeAPIKeyRequiresDescription)
	}
	if err := checkDescription(*req.Description); err != nil {
		return APIKey{}, err
	}
	if req.Roles == nil {
		return APIKey{}, NewError(CodeMissingAPIKeyRoles)
	}
	roles, err := checkAPIKeyRoles(owner.scope, *req.Roles)
	if err != nil {
		return APIKey{}, err
	}
	for {
		key, err := s.insertAPIKey(ctx, owner.scope, *req.Description, roles)
		// Public keys are drawn by lot from 26^8, for all organizations.
		if !isViolation(err, apiKeysPublicKeyKey) {
			return key, err
		}
	}
}

func (s *Service) insertAPIKey(ctx context.Context, sc scope, description string, roles []string) (APIKey, error) {
	publicKey, err := s.newPublicKey()
	if err != nil {
		return APIKey{}, err
	}
	privateKey, err := uuid.NewRandomFromReader(s.cfg.Random)
	if err != nil {
		return APIKey{}, fmt.Errorf("make private key: %w", err)
	}
	now := s.now()
	id := s.cfg.NewID(now)
	var key APIKey
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.insertCredential(ctx, tx, sc, db.PrincipalKindAPIKEY, id, roles); err != nil {
			return err
		}
		err := s.q.InsertAPIKey(ctx, tx, db.InsertAPIKeyParams{
			OrgID:            sc.orgID,
			ID:               id,
			Description:      description,
			PublicKey:        publicKey,
			HA1:              digest.HA1(publicKey, Realm, privateKey.String()),
			PrivateKeySuffix: new(PrivateKeySuffix(privateKey.String())),
			CreatedAt:        now,
		})
		if err != nil {
			return fmt.Errorf("insert API key: %w", err)
		}
		key, err = s.getAPIKey(ctx, tx, sc, NamedAPIKey(id.String()))
		return err
	})
	key.PrivateKey = privateKey.String()
	return key, err
}

// newPublicKey draws eight letters.
func (s *Service) newPublicKey() (string, error) {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	const even = 256 / len(letters) * len(letters) // bytes below make each letter as likely
	key := make([]byte, 0, 8)
	for len(key) < cap(key) {
		var b [1]byte
		if _, err := io.ReadFull(s.cfg.Random, b[:]); err != nil {
			return "", fmt.Errorf("make public key: %w", err)
		}
		if int(b[0]) < even {
			key = append(key, letters[int(b[0])%len(letters)])
		}
	}
	return string(key), nil
}

// ListAPIKeys returns one page of the API keys, by public key.
func (s *Service) ListAPIKeys(ctx context.Context, reader CredentialReader, page Page) (List[APIKey], error) {
	var list List[APIKey]
	rows, err := s.q.ListAPIKeys(ctx, s.pool, db.ListAPIKeysParams{
		OrgID: reader.orgID, ProjectID: reader.projectID, RowLimit: page.limit(), RowOffset: page.offset(),
	})
	if err != nil {
		return list, fmt.Errorf("list API keys: %w", err)
	}
	rows, list.More = cut(page, rows)
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.ID.String()
	}
	roles, err := s.listRoles(ctx, s.pool, reader.orgID, ids)
	if err != nil {
		return list, err
	}
	for _, row := range rows {
		list.Items = append(list.Items, newAPIKey(db.GetAPIKeyRow(row), roles[row.ID]))
	}
	if !page.Count {
		return list, nil
	}
	count, err := s.q.CountAPIKeys(ctx, s.pool, db.CountAPIKeysParams{OrgID: reader.orgID, ProjectID: reader.projectID})
	if err != nil {
		return list, fmt.Errorf("count API keys: %w", err)
	}
	list.TotalCount = &count
	return list, nil
}

// GetAPIKey returns the API key, or API_KEY_NOT_FOUND.
func (s *Service) GetAPIKey(ctx context.Context, reader CredentialReader, key Credential) (APIKey, error) {
	return s.getAPIKey(ctx, s.pool, reader.scope, key)
}

func (s *Service) getAPIKey(ctx context.Context, conn db.DBTX, sc scope, key Credential) (APIKey, error) {
	row, err := s.q.GetAPIKey(ctx, conn, db.GetAPIKeyParams{OrgID: sc.orgID, ID: key.id, ProjectID: sc.projectID})
	if err != nil {
		return APIKey{}, key.findError(err)
	}
	roles, err := s.listRoles(ctx, conn, sc.orgID, []string{key.id.String()})
	return newAPIKey(row, roles[key.id]), err
}

// GetOwnAPIKey returns the API key that the caller is with its access list, and
// false if the caller is a service account.
func (s *Service) GetOwnAPIKey(
	ctx context.Context, p Principal,
) (key APIKey, accessList []db.AccessListEntry, ok bool, err error) {
	own := NamedAPIKey(p.ID.String())
	key, err = s.getAPIKey(ctx, s.pool, scope{orgID: p.OrgID}, own)
	if _, refused := errors.AsType[*Error](err); refused {
		return APIKey{}, nil, false, nil
	}
	if err != nil {
		return APIKey{}, nil, false, err
	}
	accessList, err = s.q.ListAccessListEntries(ctx, s.pool, db.ListAccessListEntriesParams{
		OrgID: p.OrgID, PrincipalID: p.ID, RowLimit: maxAccessListEntries,
	})
	if err != nil {
		return APIKey{}, nil, false, fmt.Errorf("list access list entries: %w", err)
	}
	return key, accessList, true, nil
}

// UpdateAPIKey changes the description, and the roles in the organization or, if
// the request names a project, those there. It returns API_KEY_NOT_FOUND, or an
// *Error for the first rule that the request breaks.
func (s *Service) UpdateAPIKey(
	ctx context.Context, owner CredentialOwner, key Credential, req APIKeyRequest,
) (APIKey, error) {
	if req.Description != nil {
		if err := checkDescription(*req.Description); err != nil {
			return APIKey{}, err
		}
	}
	var roles []string
	if req.Roles != nil {
		var err error
		if roles, err = checkAPIKeyRoles(owner.scope, *req.Roles); err != nil {
			return APIKey{}, err
		}
	}
	var updated APIKey
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.holdCredential(ctx, tx, owner.scope, key); err != nil {
			return err
		}
		if req.Description != nil {
			err := s.q.UpdateAPIKey(ctx, tx, db.UpdateAPIKeyParams{
				OrgID: owner.orgID, ID: key.id, Description: *req.Description,
			})
			if err != nil {
				return fmt.Errorf("update API key: %w", err)
			}
		}
		if roles != nil {
			if err := s.replaceRoles(ctx, tx, owner.scope, key.id, roles); err != nil {
				return err
			}
		}
		var err error
		updated, err = s.getAPIKey(ctx, tx, owner.scope, key)
		return err
	})
	return updated, err
}

// APIKeyAssignment is an element of the body that assigns an API key to a
// project.
type APIKeyAssignment struct {
	Roles  []string `json:"roles"`
	UserID any      `json:"userId"` // clients may send it along; ignored
}

// AssignAPIKey gives an API key of the organization roles on a project, beside
// those that it has there. It returns API_KEY_NOT_FOUND, or an *Error for the
// first rule that the request breaks.
func (s *Service) AssignAPIKey(
	ctx context.Context, owner CredentialOwner, key Credential, assignments []APIKeyAssignment,
) error {
	var roles []string
	for _, assignment := range assignments {
		roles = append(roles, assignment.Roles...)
	}
	roles, err := checkAPIKeyRoles(owner.scope, roles)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.holdCredential(ctx, tx, scope{orgID: owner.orgID}, key); err != nil {
			return err
		}
		return s.insertRoles(ctx, tx, owner.scope, key.id, roles)
	})
}

// DeleteAPIKey deletes an API key of the organization, and what it has, or, if
// the request names a project, takes its roles there. It returns
// API_KEY_NOT_FOUND. Of the requests that the key makes, those that come after
// it are refused.
func (s *Service) DeleteAPIKey(ctx context.Context, owner CredentialOwner, key Credential) error {
	return s.deleteCredential(ctx, owner.scope, key)
}
