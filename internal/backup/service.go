package backup

import (
	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/batch"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/metrics"
)

// Config is what an installation decides.
type Config struct {
	// AWSRegion is the region that AWS export buckets are said to be in, such
	// as us-east-1. Atlas asks S3 for it. Empty means that it stays unknown.
	AWSRegion string
	// Metrics counts how many calls share a statement; nil if nothing does.
	Metrics *metrics.Metrics
}

// Service answers for the operations on access roles and export buckets. Its
// methods are safe for concurrent use, and any number of services may share a
// database.
type Service struct {
	pool *dbpool.Pool
	q    *db.Queries
	env  atlas.Env
	cfg  Config

	reads   *batch.Batcher[exportBucketKey, *db.ExportBucket]
	inserts *batch.Batcher[newExportBucket, insertedBucket]
}

// New returns a service on a migrated database.
func New(pool *dbpool.Pool, env atlas.Env, cfg Config) *Service {
	s := &Service{pool: pool, q: db.New(), env: env, cfg: cfg}
	s.reads = batch.New(s.listExportBucketsByID,
		func(size int) { cfg.Metrics.Batch("ListExportBucketsByID", size) })
	s.inserts = batch.New(s.insertExportBuckets,
		func(size int) { cfg.Metrics.Batch("InsertExportBuckets", size) })
	return s
}
