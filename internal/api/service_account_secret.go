package api

import (
	"context"
	"errors"
	"time"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
)

// secretBody is a secret of a service account.
type secretBody struct {
	CreatedAt         time.Time   `json:"createdAt"`
	ExpiresAt         time.Time   `json:"expiresAt"`
	ID                objectid.ID `json:"id"`
	LastUsedAt        *time.Time  `json:"lastUsedAt"` // null if it was not
	MaskedSecretValue string      `json:"maskedSecretValue"`
	Secret            string      `json:"secret,omitzero"` // in the answer that creates it
}

func newSecretBody(secret iam.ServiceAccountSecret) secretBody {
	return secretBody{
		CreatedAt:         wholeSeconds(secret.CreatedAt),
		ExpiresAt:         wholeSeconds(secret.ExpiresAt),
		ID:                secret.ID,
		LastUsedAt:        wholeSecondsOrNil(secret.LastUsedAt),
		MaskedSecretValue: secret.Masked,
		Secret:            secret.Secret,
	}
}

func (s *Server) createServiceAccountSecret(
	ctx context.Context, owner atlas.CredentialOwner, c *call, req iam.ServiceAccountSecretRequest,
) (secretBody, error) {
	noStore(c.gin)
	secret, err := s.iam.CreateServiceAccountSecret(ctx, owner, serviceAccountName(c), req)
	return newSecretBody(secret), err
}

func (s *Server) deleteServiceAccountSecret(
	ctx context.Context, owner atlas.CredentialOwner, c *call,
) (noContent, error) {
	err := s.iam.DeleteServiceAccountSecret(ctx, owner, serviceAccountName(c), c.id("secretId"))
	if errors.Is(err, atlas.ErrSecretNotFound) {
		err = resourceNotFound(c.gin)
	}
	return noContent{}, err
}
