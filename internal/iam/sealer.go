package iam

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/digest"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/seal"
)

const (
	ha1Size      = 16
	nonceKeySize = 32

	// sealedAtOnce is how many API keys are sealed in one transaction.
	sealedAtOnce = 1000
)

// Sealer makes the rows of API keys and opens them. It holds the key that signs
// nonces, which no row is made without: an installation has one, so two replicas
// with different sealing keys can't both go on. The zero Sealer makes plain rows.
type Sealer struct {
	keys     seal.Keys
	nonceKey []byte
}

// NewSealer returns the Sealer of a migrated database. It makes the key that signs
// nonces if no replica has made it before, and seals with the first of the keys what
// is plain or sealed with another. It returns seal.ErrNoKey, wrapped, if something is
// sealed with none of them; if that is the nonce key, nothing has been changed.
func NewSealer(ctx context.Context, pool *dbpool.Pool, keys seal.Keys, now time.Time) (*Sealer, error) {
	s := &Sealer{keys: keys}
	if err := s.readNonceKey(ctx, pool, now); err != nil {
		return nil, err
	}
	var after db.ListAPIKeysToSealRow
	for {
		rows, err := db.New().ListAPIKeysToSeal(ctx, pool, db.ListAPIKeysToSealParams{
			Prefix: keys.Prefix(), AfterOrgID: after.OrgID, AfterID: after.ID, RowLimit: sealedAtOnce,
		})
		if err != nil {
			return nil, fmt.Errorf("list API keys to seal: %w", err)
		}
		if len(rows) == 0 {
			return s, nil
		}
		if err := s.seal(ctx, pool, rows); err != nil {
			return nil, err
		}
		after = rows[len(rows)-1]
	}
}

// IsSealed reports whether something in the database is sealed.
func IsSealed(ctx context.Context, pool *dbpool.Pool) (bool, error) {
	sealed, err := db.New().GetSealed(ctx, pool)
	return sealed, atlas.Wrap(err, "look for what is sealed")
}

// aboutNonceKey is what the nonce key is sealed for.
const aboutNonceKey = "nonce key"

func (s *Sealer) readNonceKey(ctx context.Context, pool *dbpool.Pool, now time.Time) error {
	q := db.New()
	made := make([]byte, nonceKeySize)
	_, _ = rand.Read(made) // never fails
	err := q.InsertNonceKey(ctx, pool, db.InsertNonceKeyParams{
		Key: s.keys.Seal(made, aboutNonceKey), CreatedAt: now,
	})
	if err != nil {
		return fmt.Errorf("insert nonce key: %w", err)
	}
	stored, err := q.GetNonceKey(ctx, pool)
	if err != nil {
		return fmt.Errorf("get nonce key: %w", err)
	}
	if s.nonceKey, err = s.keys.Open(stored, nonceKeySize, aboutNonceKey); err != nil {
		return fmt.Errorf("the nonce key of the database is %w", err)
	}
	if bytes.HasPrefix(stored, s.keys.Prefix()) {
		return nil
	}
	err = q.UpdateNonceKey(ctx, pool, db.UpdateNonceKeyParams{
		Stored: stored, Key: s.keys.Seal(s.nonceKey, aboutNonceKey),
	})
	return atlas.Wrap(err, "seal nonce key")
}

// seal seals API keys with the first key. What someone changes meanwhile is left as
// it is then.
func (s *Sealer) seal(ctx context.Context, pool *dbpool.Pool, rows []db.ListAPIKeysToSealRow) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		for _, row := range rows {
			ha1, err := s.openHA1(row.OrgID, row.ID, row.PublicKey, row.HA1)
			if err != nil {
				return fmt.Errorf("the API key %s is %w", row.PublicKey, err)
			}
			err = db.New().UpdateAPIKeyHash(ctx, tx, db.UpdateAPIKeyHashParams{
				OrgID: row.OrgID, ID: row.ID, Stored: row.HA1,
				HA1: s.sealHA1(row.OrgID, row.ID, row.PublicKey, ha1),
			})
			if err != nil {
				return fmt.Errorf("seal API key: %w", err)
			}
		}
		return nil
	})
}

// privateKeyForm is a private key as Atlas makes it, a UUID, with what is shown of it.
var privateKeyForm = regexp.MustCompile(`^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}([0-9a-f]{12})$`)

// NewAPIKeyRow returns the row of an API key. Of the private key it has what verifies
// requests, and the last group, which is shown. Nothing is shown of one that is no
// UUID, and may be short.
func (s *Sealer) NewAPIKeyRow(
	orgID, id objectid.ID, description, publicKey, privateKey string, createdAt time.Time,
) db.InsertAPIKeyParams {
	var suffix *string
	if groups := privateKeyForm.FindStringSubmatch(privateKey); groups != nil {
		suffix = &groups[1]
	}
	return db.InsertAPIKeyParams{
		OrgID:            orgID,
		ID:               id,
		Description:      description,
		PublicKey:        publicKey,
		HA1:              s.sealHA1(orgID, id, publicKey, digest.HA1(publicKey, Realm, privateKey)),
		PrivateKeySuffix: suffix,
		CreatedAt:        createdAt,
	}
}

// sealHA1 returns what an API key is to have stored of its HA1.
func (s *Sealer) sealHA1(orgID, id objectid.ID, publicKey string, ha1 []byte) []byte {
	return s.keys.Seal(ha1, aboutHA1(orgID, id, publicKey))
}

// openHA1 returns the HA1 that an API key has stored.
func (s *Sealer) openHA1(orgID, id objectid.ID, publicKey string, stored []byte) ([]byte, error) {
	return s.keys.Open(stored, ha1Size, aboutHA1(orgID, id, publicKey))
}

// SameHA1 reports whether an API key has the same HA1 stored in both, whatever it is sealed
// with.
func (s *Sealer) SameHA1(orgID, id objectid.ID, publicKey string, stored, other []byte) bool {
	a, errA := s.openHA1(orgID, id, publicKey, stored)
	b, errB := s.openHA1(orgID, id, publicKey, other)
	return errA == nil && errB == nil && subtle.ConstantTimeCompare(a, b) == 1
}

// aboutHA1 is what the HA1 of an API key is sealed for. Ids are all of one length,
// and so are public keys.
func aboutHA1(orgID, id objectid.ID, publicKey string) string {
	return "HA1 " + orgID.String() + id.String() + publicKey
}
