package cluster

import (
	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
)

// Service answers for the operations on clusters. Its methods are safe for concurrent
// use, and any number of services may share a database.
type Service struct {
	pool *dbpool.Pool
	q    *db.Queries
	env  atlas.Env
}

// New returns a service on a migrated database.
func New(pool *dbpool.Pool, env atlas.Env) *Service {
	return &Service{pool: pool, q: db.New(), env: env}
}
