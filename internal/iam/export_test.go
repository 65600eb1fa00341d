package iam

import (
	"exportbuckets/db"
	"exportbuckets/internal/seal"
)

// NonceKey returns the key that signs nonces.
func (s *Sealer) NonceKey() []byte { return s.nonceKey }

// NewSealerWith returns a Sealer without a database.
func NewSealerWith(keys seal.Keys) *Sealer { return &Sealer{keys: keys} }

// OpenHA1 opens the HA1 of a row.
func (s *Sealer) OpenHA1(row db.InsertAPIKeyParams) ([]byte, error) {
	return s.openHA1(row.OrgID, row.ID, row.PublicKey, row.HA1)
}
