package iam

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/write"
	"exportbuckets/staging"
)

// AccessTokenLifetime is how long an access token is good, as Atlas documents.
const AccessTokenLifetime = time.Hour

// ClientIDPrefix begins the client id of every service account; the account's
// id follows.
const ClientIDPrefix = "mdb_sa_id_"

// AccessToken is a new access token.
type AccessToken struct {
	Token    string
	Lifetime time.Duration // shorter than AccessTokenLifetime if its secret's is
	// Account is whose it is. It may do nothing by itself.
	Account *atlas.Principal
}

// CreateAccessToken returns a new access token for a service account, or
// ErrInvalidClient if the id and secret are not those of one. Tokens of one
// account are independent of each other, and none outlives its secret: Atlas
// does not say that, but a secret that has expired is good for nothing else.
func (s *Service) CreateAccessToken(ctx context.Context, clientID, clientSecret string) (AccessToken, error) {
	secret, account, err := s.authenticateClient(ctx, clientID, clientSecret)
	if err != nil {
		return AccessToken{}, err
	}
	now, clock := account.Now(), account.Clock()
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails
	token := base64.RawURLEncoding.EncodeToString(random)
	var expiresAt time.Time
	err = s.pool.Write(ctx, secret.OrgID, func(tx pgx.Tx) (err error) {
		expiresAt, err = s.q.InsertAccessToken(ctx, tx, db.InsertAccessTokenParams{
			TokenHash:        hashSecret(token),
			OrgID:            secret.OrgID,
			ServiceAccountID: secret.ServiceAccountID,
			SecretID:         secret.ID,
			CreatedAt:        now,
			ExpiresAt:        now.Add(AccessTokenLifetime),
			ClockOffset:      clock.Offset,
			ClockFrozenAt:    clock.FrozenAt,
		})
		return err
	})
	// The secret was deleted or expired meanwhile, or the clock was moved.
	if errors.Is(err, pgx.ErrNoRows) {
		if _, _, err = s.authenticateClient(ctx, clientID, clientSecret); err == nil {
			err = atlas.ErrUnavailable
		}
		return AccessToken{}, err
	}
	if err == nil && expiresAt.Sub(now) < time.Second {
		return AccessToken{}, refuseClient(wrongSecret, account)
	}
	if err != nil {
		return AccessToken{}, fmt.Errorf("insert access token: %w", err)
	}
	s.lastUsed.add(usedKey{orgID: secret.OrgID, principalID: secret.ServiceAccountID, secretID: secret.ID}, use{last: now})
	return AccessToken{token, expiresAt.Sub(now), account}, nil
}

// RevokeAccessToken ends a token of the service account at once. A token that
// is none of its own is left alone and is no error, as RFC 7009, section 2.2,
// has it. It returns ErrInvalidClient if the id and secret do not match, and else the
// account.
func (s *Service) RevokeAccessToken(
	ctx context.Context, clientID, clientSecret, token string,
) (*atlas.Principal, error) {
	secret, account, err := s.authenticateClient(ctx, clientID, clientSecret)
	if err != nil {
		return nil, err
	}
	err = s.pool.WritePrincipals(ctx, secret.OrgID, func(tx pgx.Tx) error {
		if err := write.Raise(ctx, tx, secret.OrgID, &secret.ServiceAccountID); err != nil {
			return err
		}
		err := s.q.DeleteAccessToken(ctx, tx, db.DeleteAccessTokenParams{
			OrgID:            secret.OrgID,
			ServiceAccountID: secret.ServiceAccountID,
			TokenHash:        hashSecret(token),
		})
		return atlas.Wrap(err, "delete access token")
	})
	if err != nil {
		return nil, err
	}
	return account, nil
}

// AuthenticateClient returns the service account, which may do nothing by itself, or
// ErrInvalidClient if the client id and secret do not match.
func (s *Service) AuthenticateClient(ctx context.Context, clientID, clientSecret string) (*atlas.Principal, error) {
	_, account, err := s.authenticateClient(ctx, clientID, clientSecret)
	return account, err
}

// authenticateClient returns the secret, and its account.
func (s *Service) authenticateClient(
	ctx context.Context, clientID, clientSecret string,
) (secret db.ServiceAccountSecret, account *atlas.Principal, err error) {
	id, ok := ParseClientID(clientID)
	if !ok {
		return secret, nil, refuseClient("not a client id", nil)
	}
	receivedAt := s.env.Now()
	rows, err := s.q.ListClientSecrets(ctx, s.pool, db.ListClientSecretsParams{ServiceAccountID: id, Now: receivedAt})
	if err != nil {
		return secret, nil, fmt.Errorf("list service account secrets: %w", err)
	}
	if len(rows) == 0 {
		return secret, nil, refuseClient("unknown client id, or without a valid secret", nil)
	}
	account = atlas.NewPrincipal(atlas.Facts{
		ID: id, OrgID: rows[0].ServiceAccountSecret.OrgID, Journal: staging.JournalMode(rows[0].JournalMode),
		ReceivedAt: receivedAt, Clock: atlas.Clock{Offset: rows[0].ClockOffset, FrozenAt: rows[0].ClockFrozenAt},
	})
	hash := hashSecret(clientSecret)
	for _, row := range rows {
		if subtle.ConstantTimeCompare(row.ServiceAccountSecret.SecretHash, hash) != 1 {
			continue
		}
		if !row.ServiceAccountSecret.ExpiresAt.After(account.Now()) {
			return secret, nil, refuseClient("a client secret that has expired", account)
		}
		return row.ServiceAccountSecret, account, nil
	}
	return secret, nil, refuseClient(wrongSecret, account)
}

const wrongSecret = "wrong client secret"
