package api

import (
	"errors"
	"net/http"
	"time"

	"exportbuckets/internal/atlas"
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

func newSecretBody(secret atlas.ServiceAccountSecret) secretBody {
	return secretBody{
		CreatedAt:         wholeSeconds(secret.CreatedAt),
		ExpiresAt:         wholeSeconds(secret.ExpiresAt),
		ID:                secret.ID,
		LastUsedAt:        wholeSecondsOrNil(secret.LastUsedAt),
		MaskedSecretValue: secret.Masked,
		Secret:            secret.Secret,
	}
}

func (s *Server) createServiceAccountSecret(c *call) error {
	owner, err := s.atlas.CredentialOwner(c.principal)
	if err != nil {
		return err
	}
	var req atlas.ServiceAccountSecretRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	secret, err := s.atlas.CreateServiceAccountSecret(c.Request.Context(), owner, namedServiceAccount(c), req)
	if err != nil {
		return err
	}
	return respond(c, http.StatusCreated, newSecretBody(secret))
}

func (s *Server) deleteServiceAccountSecret(c *call) error {
	owner, err := s.atlas.CredentialOwner(c.principal)
	if err != nil {
		return err
	}
	err = s.atlas.DeleteServiceAccountSecret(c.Request.Context(), owner, namedServiceAccount(c), c.Param("secretId"))
	if errors.Is(err, atlas.ErrSecretNotFound) {
		return resourceNotFound(c.Context)
	}
	if err != nil {
		return err
	}
	respondNoContent(c)
	return nil
}
