package iam

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
)

const (
	// ClientSecretPrefix begins the secret of every service account.
	ClientSecretPrefix = "mdb_sa_sk_" //nolint:gosec // It is a prefix, and no secret.

	secretSuffixLength = 4

	// maxSecrets is how many secrets a service account can have, those that have
	// expired among them. MongoDB Limits and Thresholds, "Service Account Limits".
	maxSecrets = 2

	// secretOverlap is how long the other secrets of an account are good once it
	// has a new one, if they do not expire before. Atlas, "Rotate Service Account
	// Secrets".
	secretOverlap = 7 * 24 * time.Hour
)

// IsShort reports whether a secret can be guessed: it has less than 16 characters.
// Those that this server makes have more.
func IsShort(secret string) bool { return len(secret) < 16 }

// NewSecretRow returns the row of a service account's secret. Of the secret it has
// the hash and, unless it is short, the last characters, which are shown.
func NewSecretRow(
	orgID, accountID, id objectid.ID, secret string, createdAt, expiresAt time.Time,
) db.InsertServiceAccountSecretParams {
	var suffix *string
	if !IsShort(secret) {
		suffix = new(secret[len(secret)-secretSuffixLength:])
	}
	return db.InsertServiceAccountSecretParams{
		OrgID:            orgID,
		ServiceAccountID: accountID,
		ID:               id,
		SecretHash:       hashSecret(secret),
		Suffix:           suffix,
		CreatedAt:        createdAt,
		ExpiresAt:        expiresAt,
	}
}

// ServiceAccountSecret is a secret of a service account.
type ServiceAccountSecret struct {
	ID         objectid.ID
	CreatedAt  time.Time
	ExpiresAt  time.Time
	LastUsedAt *time.Time // nil if it was not
	Masked     string
	Secret     string // when it has just been created; empty ever after
}

func newServiceAccountSecret(row db.ServiceAccountSecret) ServiceAccountSecret {
	return ServiceAccountSecret{
		ID:         row.ID,
		CreatedAt:  row.CreatedAt,
		ExpiresAt:  row.ExpiresAt,
		LastUsedAt: row.LastUsedAt,
		Masked:     maskSecret(row.Suffix),
	}
}

// maskSecret shows the end of a secret, or none of one that is older than what
// is kept of it. Atlas does not say what its mask looks like.
func maskSecret(suffix *string) string {
	const masked = ClientSecretPrefix + "..."
	if suffix == nil {
		return masked
	}
	return masked + *suffix
}

// ServiceAccountSecretRequest is the body that creates a secret.
type ServiceAccountSecretRequest struct {
	SecretExpiresAfterHours *int `json:"secretExpiresAfterHours"` // required
}

// newSecret is a secret that is about to be created.
type newSecret struct {
	row   db.InsertServiceAccountSecretParams
	value string
}

// newSecret makes a secret that is good for some hours. It returns an *atlas.Error if
// the organization does not allow that many.
func (s *Service) newSecret(
	ctx context.Context, owner atlas.CredentialOwner, accountID objectid.ID, hours int,
) (newSecret, error) {
	orgID, now := owner.Scope().OrgID, owner.Now()
	most, err := s.q.GetOrgMaxSecretHours(ctx, s.pool, db.GetOrgMaxSecretHoursParams{
		OrgID: orgID, ByDefault: atlas.MaxSecretHours,
	})
	if err != nil {
		return newSecret{}, fmt.Errorf("get longest validity of secrets: %w", err)
	}
	if hours < atlas.MinSecretHours || hours > int(most) {
		return newSecret{}, atlas.NewError(atlas.CodeValidation,
			fmt.Sprintf("secretExpiresAfterHours must be from %d to %d", atlas.MinSecretHours, most))
	}
	value, err := NewClientSecret(s.cfg.Random)
	if err != nil {
		return newSecret{}, err
	}
	return newSecret{
		row:   NewSecretRow(orgID, accountID, s.env.NewID(now), value, now, now.Add(time.Duration(hours)*time.Hour)),
		value: value,
	}, nil
}

// NewClientSecret makes a secret of a service account.
func NewClientSecret(random io.Reader) (string, error) {
	secret := make([]byte, 30) // 40 characters
	_, err := io.ReadFull(random, secret)
	return ClientSecretPrefix + base64.RawURLEncoding.EncodeToString(secret), atlas.Wrap(err, "make secret")
}

// CreateServiceAccountSecret adds a secret to a service account; the others soon
// expire. The answer alone shows it. It returns SERVICE_ACCOUNT_NOT_FOUND,
// USER_UNAUTHORIZED if the account is good for more than the project that the
// request names and the caller does not own the organization, or an *atlas.Error for
// the first rule that the request breaks.
func (s *Service) CreateServiceAccountSecret(
	ctx context.Context, owner atlas.CredentialOwner, account CredentialName, req ServiceAccountSecretRequest,
) (ServiceAccountSecret, error) {
	if req.SecretExpiresAfterHours == nil {
		return ServiceAccountSecret{}, atlas.NewError(atlas.CodeMissingAttribute, "secretExpiresAfterHours")
	}
	secret, err := s.newSecret(ctx, owner, account.id, *req.SecretExpiresAfterHours)
	if err != nil {
		return ServiceAccountSecret{}, err
	}
	check := func(conn db.DBTX) error { return s.checkControlled(ctx, conn, owner, account) }
	err = s.change(ctx, owner, write.Target{ID: account.id}, check, func(tx pgx.Tx) error {
		count, err := s.q.CountServiceAccountSecrets(ctx, tx, db.CountServiceAccountSecretsParams{
			OrgID: owner.Scope().OrgID, ServiceAccountID: account.id,
		})
		if err != nil {
			return fmt.Errorf("count service account secrets: %w", err)
		}
		if count >= maxSecrets {
			return atlas.NewError(atlas.CodeValidation, fmt.Sprintf("a service account can have at most %d secrets", maxSecrets))
		}
		err = s.q.UpdateServiceAccountSecretsExpiry(ctx, tx, db.UpdateServiceAccountSecretsExpiryParams{
			OrgID: owner.Scope().OrgID, ServiceAccountID: account.id, ExpiresAt: secret.row.CreatedAt.Add(secretOverlap),
		})
		if err != nil {
			return fmt.Errorf("update expiry of service account secrets: %w", err)
		}
		if err := s.q.InsertServiceAccountSecret(ctx, tx, secret.row); err != nil {
			return fmt.Errorf("insert service account secret: %w", err)
		}
		return s.tell(ctx, tx, owner, account, told{of: event.ServiceAccountSecretAdded})
	})
	if err != nil {
		return ServiceAccountSecret{}, err
	}
	return ServiceAccountSecret{
		ID:        secret.row.ID,
		CreatedAt: secret.row.CreatedAt,
		ExpiresAt: secret.row.ExpiresAt,
		Masked:    maskSecret(secret.row.Suffix),
		Secret:    secret.value,
	}, nil
}

// DeleteServiceAccountSecret deletes a secret, with which its tokens end. It
// returns SERVICE_ACCOUNT_NOT_FOUND, ErrSecretNotFound if the account has no such
// secret, and USER_UNAUTHORIZED as CreateServiceAccountSecret does.
func (s *Service) DeleteServiceAccountSecret(
	ctx context.Context, owner atlas.CredentialOwner, account CredentialName, id objectid.ID,
) error {
	check := func(conn db.DBTX) error { return s.checkControlled(ctx, conn, owner, account) }
	return s.change(ctx, owner, write.Target{ID: account.id}, check, func(tx pgx.Tx) error {
		_, err := s.q.DeleteServiceAccountSecret(ctx, tx, db.DeleteServiceAccountSecretParams{
			OrgID: owner.Scope().OrgID, ServiceAccountID: account.id, ID: id,
		})
		if err != nil {
			return atlas.WrapMissing(err, "delete service account secret", atlas.ErrSecretNotFound)
		}
		return s.tell(ctx, tx, owner, account, told{of: event.ServiceAccountSecretDeleted})
	})
}
