package iam

import (
	"context"
	"fmt"
	"io"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
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

// maskPrivateKey shows the last group of a private key, as Atlas does, or none
// of a key that is older than what is kept of it.
func maskPrivateKey(suffix *string) string {
	const masked = "********-****-****-"
	if suffix == nil {
		return masked + "************"
	}
	return masked + *suffix
}

// APIKeyRequest is the body that creates or changes an API key. In a change,
// what is nil stays.
type APIKeyRequest struct {
	Description *string   `json:"desc"`  // 1 to 250 characters
	Roles       *[]string `json:"roles"` // at least one; of a project if the path names one
}

// checkDescription refuses what a key can't have.
func checkDescription(description string) error {
	switch {
	case description == "":
		return atlas.NewError(atlas.CodeAPIKeyRequiresDescription)
	case !atlas.HasLength(description, 1, atlas.MaxDescription):
		return atlas.NewError(atlas.CodeValidation, fmt.Sprintf("desc must have 1 to %d characters", atlas.MaxDescription))
	}
	return nil
}

// CreateAPIKey adds an API key to the organization with roles there or, if the
// request names a project, a member of the organization with roles on the
// project. The answer alone shows its private key. It returns an *atlas.Error for the
// first rule that the request breaks.
func (s *Service) CreateAPIKey(ctx context.Context, owner atlas.CredentialOwner, req APIKeyRequest) (APIKey, error) {
	if req.Description == nil {
		return APIKey{}, atlas.NewError(atlas.CodeAPIKeyRequiresDescription)
	}
	if err := checkDescription(*req.Description); err != nil {
		return APIKey{}, err
	}
	if req.Roles == nil {
		return APIKey{}, atlas.NewError(atlas.CodeMissingAPIKeyRoles)
	}
	roles, err := checkRoles(owner.Scope(), *req.Roles, atlas.NewError(atlas.CodeMissingAPIKeyRoles))
	if err != nil {
		return APIKey{}, err
	}
	for {
		key, err := s.insertAPIKey(ctx, owner, *req.Description, roles)
		if !IsPublicKeyTaken(err) {
			return key, err
		}
	}
}

// apiKeysPublicKeyKey is broken by a second key with a public key.
const apiKeysPublicKeyKey = "api_keys_public_key_key"

// IsPublicKeyTaken reports whether an API key could not be added because another has its
// public key: they are drawn by lot from 26^8, for all organizations.
func IsPublicKeyTaken(err error) bool { return write.IsViolation(err, apiKeysPublicKeyKey) }

func (s *Service) insertAPIKey(
	ctx context.Context, owner atlas.CredentialOwner, description string, roles []string,
) (APIKey, error) {
	publicKey, privateKey, err := NewKeyPair(s.cfg.Random)
	if err != nil {
		return APIKey{}, err
	}
	scope, now := owner.Scope(), owner.Now()
	id := s.env.NewID(now)
	row := s.cfg.Sealer.NewAPIKeyRow(scope.OrgID, id, description, publicKey, privateKey, now)
	key, err := write.Do(ctx, s.pool, owner, func(tx pgx.Tx) (APIKey, error) {
		if err := s.insertCredential(ctx, tx, scope, db.PrincipalKindAPIKEY, id, roles); err != nil {
			return APIKey{}, err
		}
		if err := s.q.InsertAPIKey(ctx, tx, row); err != nil {
			return APIKey{}, fmt.Errorf("insert API key: %w", err)
		}
		if err := s.tellCreated(ctx, tx, owner, APIKeyName(id)); err != nil {
			return APIKey{}, err
		}
		return s.getAPIKey(ctx, tx, scope, APIKeyName(id))
	})
	if err != nil {
		return APIKey{}, err
	}
	key.PrivateKey = privateKey
	return key, nil
}

// NewKeyPair makes the two parts of an API key. The public one may be taken.
func NewKeyPair(random io.Reader) (publicKey, privateKey string, err error) {
	if publicKey, err = newPublicKey(random); err != nil {
		return "", "", err
	}
	private, err := uuid.NewRandomFromReader(random)
	return publicKey, private.String(), atlas.Wrap(err, "make private key")
}

// newPublicKey draws eight letters.
func newPublicKey(random io.Reader) (string, error) {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	const even = 256 / len(letters) * len(letters) // bytes below make each letter as likely
	key := make([]byte, 0, 8)
	for len(key) < cap(key) {
		var b [1]byte
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return "", fmt.Errorf("make public key: %w", err)
		}
		if int(b[0]) < even {
			key = append(key, letters[int(b[0])%len(letters)])
		}
	}
	return string(key), nil
}

// ListAPIKeys returns one page of the API keys, by public key.
func (s *Service) ListAPIKeys(
	ctx context.Context, reader atlas.CredentialReader, page atlas.Page,
) (atlas.List[APIKey], error) {
	return s.listAPIKeys(ctx, s.pool, reader.Scope(), nil, page)
}

// listAPIKeys returns one page of the API keys within the scope or, given an id,
// the one that has it.
func (s *Service) listAPIKeys(
	ctx context.Context, conn db.DBTX, scope atlas.Scope, id *objectid.ID, page atlas.Page,
) (atlas.List[APIKey], error) {
	list, err := atlas.NewList("API keys", page, func(limit int32, offset int64) ([]db.ListAPIKeysRow, error) {
		return s.q.ListAPIKeys(ctx, conn, db.ListAPIKeysParams{
			OrgID: scope.OrgID, ProjectID: scope.ProjectID, ID: id, RowLimit: limit, RowOffset: offset,
		})
	}, func(row db.ListAPIKeysRow) (APIKey, int64) {
		return APIKey{
			OrgID:       row.OrgID,
			ID:          row.ID,
			Description: row.Description,
			PublicKey:   row.PublicKey,
			PrivateKey:  maskPrivateKey(row.PrivateKeySuffix),
		}, row.TotalCount
	})
	if err != nil {
		return list, err
	}
	ids := make([]string, len(list.Items))
	for i, key := range list.Items {
		ids[i] = key.ID.String()
	}
	roles, err := s.listRoles(ctx, conn, scope.OrgID, ids)
	return atlas.MapList(list, func(key APIKey) APIKey {
		key.Roles = roles[key.ID]
		return key
	}), err
}

// GetAPIKey returns the API key, or API_KEY_NOT_FOUND.
func (s *Service) GetAPIKey(ctx context.Context, reader atlas.CredentialReader, key CredentialName) (APIKey, error) {
	return s.getAPIKey(ctx, s.pool, reader.Scope(), key)
}

func (s *Service) getAPIKey(
	ctx context.Context, conn db.DBTX, scope atlas.Scope, name CredentialName,
) (APIKey, error) {
	list, err := s.listAPIKeys(ctx, conn, scope, &name.id, atlas.Page{Number: 1, Size: 1})
	if err == nil && len(list.Items) == 0 {
		err = name.notFound()
	}
	if err != nil {
		return APIKey{}, err
	}
	return list.Items[0], nil
}

// GetOwnAPIKey returns the API key that the caller is with its access list, and
// false if the caller is a service account.
func (s *Service) GetOwnAPIKey(
	ctx context.Context, p *atlas.Principal,
) (key APIKey, accessList []db.AccessListEntry, ok bool, err error) {
	id := p.ID()
	keys, err := s.listAPIKeys(ctx, s.pool, atlas.Scope{OrgID: p.OrgID()}, &id, atlas.Page{Number: 1, Size: 1})
	if err != nil || len(keys.Items) == 0 {
		return APIKey{}, nil, false, err
	}
	list, err := s.listAccessListEntries(ctx, s.pool, p.OrgID(), APIKeyName(id),
		atlas.Page{Number: 1, Size: atlas.MaxElements})
	return keys.Items[0], list.Items, err == nil, err
}

// UpdateAPIKey changes the description, and the roles in the organization or, if
// the request names a project, those there. It returns API_KEY_NOT_FOUND, or an
// *atlas.Error for the first rule that the request breaks.
func (s *Service) UpdateAPIKey(
	ctx context.Context, owner atlas.CredentialOwner, key CredentialName, req APIKeyRequest,
) (APIKey, error) {
	if req.Description != nil {
		if err := checkDescription(*req.Description); err != nil {
			return APIKey{}, err
		}
	}
	roles, err := checkNewRoles(owner.Scope(), req.Roles, atlas.NewError(atlas.CodeMissingAPIKeyRoles))
	if err != nil {
		return APIKey{}, err
	}
	var updated APIKey
	err = s.changeCredential(ctx, owner, key, credentialChange{
		renames: req.Description != nil,
		roles:   roles,
		row: func(tx pgx.Tx) error {
			return s.q.UpdateAPIKey(ctx, tx, db.UpdateAPIKeyParams{
				OrgID: owner.Scope().OrgID, ID: key.id, Description: req.Description,
			})
		},
		read: func(tx pgx.Tx) (err error) {
			updated, err = s.getAPIKey(ctx, tx, owner.Scope(), key)
			return err
		},
	})
	if err != nil {
		return APIKey{}, err
	}
	return updated, nil
}

// APIKeyAssignment is an element of the body that assigns an API key to a
// project.
type APIKeyAssignment struct {
	Roles  []string `json:"roles"`
	UserID any      `json:"userId"` // clients may send it along; ignored
}

// AssignAPIKey gives an API key of the organization roles on a project, beside
// those that it has there. It returns API_KEY_NOT_FOUND, or an *atlas.Error for the
// first rule that the request breaks.
func (s *Service) AssignAPIKey(
	ctx context.Context, owner atlas.CredentialOwner, key CredentialName, assignments []APIKeyAssignment,
) error {
	var roles []string
	for _, assignment := range assignments {
		roles = append(roles, assignment.Roles...)
	}
	roles, err := checkRoles(owner.Scope(), roles, atlas.NewError(atlas.CodeMissingAPIKeyRoles))
	if err != nil {
		return err
	}
	check := func(conn db.DBTX) error {
		return s.checkCredential(ctx, conn, atlas.Scope{OrgID: owner.Scope().OrgID}, key)
	}
	target := write.Target{ID: key.id, ProjectID: owner.Scope().ProjectID}
	return s.change(ctx, owner, target, check, func(tx pgx.Tx) error {
		if err := write.Grant(ctx, tx, owner.Scope(), key.id, roles); err != nil {
			return err
		}
		return s.tell(ctx, tx, owner, key, told{of: event.APIKeyAddedToProject, projectID: owner.Scope().ProjectID})
	})
}

// DeleteAPIKey deletes an API key of the organization, and what it has, or, if
// the request names a project, takes its roles there. It returns
// API_KEY_NOT_FOUND. Of the requests that the key makes, those that come after
// it are refused.
func (s *Service) DeleteAPIKey(ctx context.Context, owner atlas.CredentialOwner, key CredentialName) error {
	return s.deleteCredential(ctx, owner, key)
}
