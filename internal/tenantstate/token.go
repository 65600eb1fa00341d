package tenantstate

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// MaxTokens is how many tokens an organization can have.
const MaxTokens = 100

// Tokens returns the tokens of the organization, oldest first.
func (s *Service) Tokens(ctx context.Context, reader Reader) ([]staging.Token, error) {
	rows, err := db.New().ListStagingTokens(ctx, s.pool, reader.OrgID())
	if err != nil {
		return nil, fmt.Errorf("list staging tokens: %w", err)
	}
	tokens := make([]staging.Token, len(rows))
	for i, row := range rows {
		tokens[i] = staging.Token{ID: row.ID.String(), Role: staging.Role(row.Role), CreatedAt: row.CreatedAt}
	}
	return tokens, nil
}

// CreateToken makes a token of the organization. It returns INVALID for a role that there
// is none of, and LIMIT if the organization has MaxTokens.
func (s *Service) CreateToken(ctx context.Context, writer Writer, asked staging.NewToken) (staging.Token, error) {
	role := db.StagingRole(asked.Role)
	if !role.Valid() {
		return staging.Token{}, staging.Invalid("/role", "A role is %s or %s.", staging.RoleRead, staging.RoleWrite)
	}
	now := s.env.Now()
	id, secret := s.env.NewID(now), iam.NewStagingToken(writer.OrgID())
	err := s.pool.Write(ctx, writer.OrgID(), func(tx pgx.Tx) error {
		if err := lock(ctx, tx, writer.OrgID()); err != nil {
			return err
		}
		err := db.New().InsertStagingToken(ctx, tx, iam.NewStagingTokenRow(writer.OrgID(), id, role, secret, now))
		if err != nil {
			return fmt.Errorf("insert staging token: %w", err)
		}
		return checkTokens(ctx, tx, writer.OrgID())
	})
	if err != nil {
		return staging.Token{}, err
	}
	return staging.Token{ID: id.String(), Role: asked.Role, CreatedAt: now, Secret: secret}, nil
}

// checkTokens returns LIMIT if an organization that is locked has more than MaxTokens.
func checkTokens(ctx context.Context, tx pgx.Tx, orgID objectid.ID) error {
	there, err := db.New().CountStagingTokens(ctx, tx, orgID)
	if err == nil && there > MaxTokens {
		return staging.NewProblem(staging.CodeLimit, "An organization has at most %d tokens.", MaxTokens)
	}
	return atlas.Wrap(err, "count staging tokens")
}

// RevokeToken ends a token of the organization at once. It returns NOT_FOUND if there is
// none of that id.
func (s *Service) RevokeToken(ctx context.Context, writer Writer, token string) error {
	id, err := objectid.Parse(token)
	missing := staging.NewProblem(staging.CodeNotFound, "The organization has no such token.")
	if err != nil {
		return missing
	}
	return s.pool.Write(ctx, writer.OrgID(), func(tx pgx.Tx) error {
		deleted, err := db.New().DeleteStagingToken(ctx, tx,
			db.DeleteStagingTokenParams{OrgID: writer.OrgID(), ID: id})
		if err == nil && deleted == 0 {
			return missing
		}
		return atlas.Wrap(err, "delete staging token")
	})
}
