package iam

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/batch"
)

// Config is what an installation decides, and what a test puts in the place of
// chance.
type Config struct {
	// BackupManagersWrite is atlas.Facts' rule of that name.
	BackupManagersWrite bool
	// Random makes the keys and secrets of API keys and service accounts; it
	// must be good for that, and safe for concurrent use. Required.
	Random io.Reader
}

// Service finds callers, and answers for the operations on credentials. Its
// methods are safe for concurrent use, and any number of services may share a
// database.
type Service struct {
	pool       *pgxpool.Pool
	q          *db.Queries
	env        atlas.Env
	cfg        Config
	nonceKey   []byte
	lastUsed   lastUsed
	principals *batch.Batcher[credential, *db.ListPrincipalsRow]
}

// New returns a service on a migrated database. It makes the key that signs the
// nonces of the installation if no replica has made it before.
func New(ctx context.Context, pool *pgxpool.Pool, env atlas.Env, cfg Config) (*Service, error) {
	s := &Service{pool: pool, q: db.New(), env: env, cfg: cfg}
	s.principals = batch.New(func(ctx context.Context, asked []credential) ([]*db.ListPrincipalsRow, error) {
		return s.listPrincipals(ctx, pool, asked)
	})
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	err := s.q.InsertNonceKey(ctx, pool, db.InsertNonceKeyParams{Key: key, CreatedAt: env.Now()})
	if err != nil {
		return nil, fmt.Errorf("insert nonce key: %w", err)
	}
	if s.nonceKey, err = s.q.GetNonceKey(ctx, pool); err != nil {
		return nil, fmt.Errorf("get nonce key: %w", err)
	}
	return s, nil
}
