package seed

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
)

// ErrSecretRequired says that a credential has no secret in the file, and none that it could
// keep.
var ErrSecretRequired = errors.New("the file must have its secret")

// Kept is what the credentials of an organization are known by.
type Kept struct {
	keys    map[objectid.ID]db.ListAPIKeyHashesRow
	secrets map[objectid.ID][]db.ServiceAccountSecret
}

// Keep reads what the credentials of an organization are known by.
func Keep(ctx context.Context, conn db.DBTX, orgID objectid.ID) (Kept, error) {
	kept := Kept{make(map[objectid.ID]db.ListAPIKeyHashesRow), make(map[objectid.ID][]db.ServiceAccountSecret)}
	keys, err := db.New().ListAPIKeyHashes(ctx, conn, orgID)
	if err != nil {
		return kept, fmt.Errorf("list hashes of API keys: %w", err)
	}
	for _, key := range keys {
		kept.keys[key.ID] = key
	}
	secrets, err := db.New().ListOrgServiceAccountSecrets(ctx, conn, orgID)
	for _, secret := range secrets {
		kept.secrets[secret.ServiceAccountID] = append(kept.secrets[secret.ServiceAccountID], secret)
	}
	return kept, atlas.Wrap(err, "list secrets of service accounts")
}

// keepKey gives the row of a key the secret that it had, if the file has none for it. What
// is sealed of one that has not changed stays as it is.
func (w writer) keepKey(row *db.InsertAPIKeyParams, key APIKey) error {
	var there db.ListAPIKeyHashesRow
	known := false
	if w.kept != nil {
		there, known = w.kept.keys[row.ID]
	}
	if key.PrivateKey == "" {
		if !known {
			return &element{"privateKey", fmt.Errorf("it is not there yet: %w", ErrSecretRequired)}
		}
		if there.PublicKey != row.PublicKey {
			return &element{"privateKey", fmt.Errorf("its public key is another: %w", ErrSecretRequired)}
		}
	}
	if known && there.PublicKey == row.PublicKey &&
		(key.PrivateKey == "" || w.sealer.SameHA1(row.OrgID, row.ID, row.PublicKey, row.HA1, there.HA1)) {
		row.HA1, row.PrivateKeySuffix = there.HA1, there.PrivateKeySuffix
	}
	return nil
}

// secrets returns the rows of the secrets of an account. Without any in the file they are
// those that it had.
func (w writer) secrets(orgID objectid.ID, account ServiceAccount) ([]db.InsertServiceAccountSecretParams, error) {
	id := account.ClientID.id
	var there []db.ServiceAccountSecret
	if w.kept != nil {
		there = w.kept.secrets[id]
	}
	rows := []db.InsertServiceAccountSecretParams{}
	if account.Secrets == nil {
		for _, secret := range there {
			rows = append(rows, keptSecret(secret))
		}
		return rows, nil
	}
	for i, secret := range account.Secrets {
		row := iam.NewSecretRow(orgID, id, objectid.New(w.now), string(secret.Secret), w.now, secret.ExpiresAt.Time)
		if secret.ID != nil {
			row.ID = secret.ID.ID
		}
		known := false
		for _, one := range there {
			switch {
			case secret.Secret == "" && secret.ID != nil && one.ID == secret.ID.ID:
				row, known = keptSecret(one), true
				row.ExpiresAt = secret.ExpiresAt.Time
			case secret.Secret != "" && bytes.Equal(one.SecretHash, row.SecretHash) && secret.ID == nil:
				row.ID = one.ID
			}
		}
		if secret.Secret == "" && !known {
			return nil, within("secrets", i, fmt.Errorf("the secret is not there yet: %w", ErrSecretRequired))
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func keptSecret(secret db.ServiceAccountSecret) db.InsertServiceAccountSecretParams {
	return db.InsertServiceAccountSecretParams{
		OrgID: secret.OrgID, ServiceAccountID: secret.ServiceAccountID, ID: secret.ID, SecretHash: secret.SecretHash,
		Suffix: secret.Suffix, CreatedAt: secret.CreatedAt, ExpiresAt: secret.ExpiresAt,
	}
}
