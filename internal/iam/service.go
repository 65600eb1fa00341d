package iam

import (
	"context"
	"io"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/batch"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/digest"
	"exportbuckets/internal/metrics"
	"exportbuckets/internal/objectid"
)

// Config is what an installation decides, and what a test puts in the place of
// chance.
type Config struct {
	// BackupManagersWrite is atlas.Facts' rule of that name.
	BackupManagersWrite bool
	// Sealer is that of the database. Required.
	Sealer *Sealer
	// Random makes the keys and secrets of API keys and service accounts; it
	// must be good for that, and safe for concurrent use. Required.
	Random io.Reader
	// Metrics counts how many calls share a statement; nil if nothing does.
	Metrics *metrics.Metrics
}

// Service finds callers, and answers for the operations on credentials. Its
// methods are safe for concurrent use, and any number of services may share a
// database.
type Service struct {
	pool       *dbpool.Pool
	q          *db.Queries
	env        atlas.Env
	cfg        Config
	unknown    *db.ListPrincipalsRow // stands for that of a key that there is not
	lastUsed   lastUsed
	principals *batch.Batcher[credential, *db.ListPrincipalsRow]
}

// New returns a service on a migrated database.
func New(pool *dbpool.Pool, env atlas.Env, cfg Config) *Service {
	s := &Service{pool: pool, q: db.New(), env: env, cfg: cfg}
	s.unknown = &db.ListPrincipalsRow{HA1: cfg.Sealer.sealHA1(objectid.ID{}, objectid.ID{}, "", digest.HA1("", Realm, ""))}
	s.principals = batch.New(func(ctx context.Context, asked []credential) ([]*db.ListPrincipalsRow, error) {
		return s.listPrincipals(ctx, pool, asked)
	}, func(size int) { cfg.Metrics.Batch("ListPrincipals", size) })
	return s
}
