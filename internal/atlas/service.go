package atlas

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
)

// Config is what an installation decides, and what a test puts in the place of
// chance and time.
type Config struct {
	// AWSRegion is the region that AWS export buckets are said to be in, such
	// as us-east-1. Atlas asks S3 for it. Empty means that it stays unknown.
	AWSRegion string
	// BackupManagersWrite lets GROUP_BACKUP_MANAGER change export buckets, as
	// the newest Atlas specification says. The API reference asks for
	// GROUP_OWNER, and that is the rule without it.
	BackupManagersWrite bool
	// Now is the clock. Required.
	Now func() time.Time
	// NewID makes the id of what is created at a time. Required.
	NewID func(time.Time) objectid.ID
	// Random makes the keys and secrets of API keys and service accounts; it
	// must be good for that, and safe for concurrent use. Required.
	Random io.Reader
}

// Service answers for the API's operations. Its methods are safe for concurrent
// use, and any number of services may share a database.
type Service struct {
	pool     *pgxpool.Pool
	q        *db.Queries
	cfg      Config
	nonceKey []byte
	usage    credentialUsage

	principalReads *gatherer[db.GetPrincipalParams, *db.GetPrincipalRow]
	bucketReads    *gatherer[db.GetExportBucketParams, *db.ExportBucket]
	bucketInserts  *gatherer[db.InsertExportBucketParams, addedBucket]
	// roleWaits bounds the connections that wait for access roles which others
	// hold, so that those of one project can't take the whole pool.
	roleWaits chan struct{}
}

// New returns a service on a migrated database. It makes the key that signs the
// nonces of the installation if no replica has made it before.
func New(ctx context.Context, pool *pgxpool.Pool, cfg Config) (*Service, error) {
	s := &Service{pool: pool, q: db.New(), cfg: cfg}
	s.roleWaits = make(chan struct{}, maxRoleWaits)
	s.principalReads = newGatherer(readLanes, readsAtOnce, s.getPrincipals)
	s.bucketReads = newGatherer(readLanes, readsAtOnce, s.getExportBuckets)
	s.bucketInserts = newGatherer(insertLanes, insertsAtOnce, s.insertExportBuckets)
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	err := s.q.InsertNonceKey(ctx, pool, db.InsertNonceKeyParams{Key: key, CreatedAt: s.now()})
	if err != nil {
		return nil, fmt.Errorf("insert nonce key: %w", err)
	}
	if s.nonceKey, err = s.q.GetNonceKey(ctx, pool); err != nil {
		return nil, fmt.Errorf("get nonce key: %w", err)
	}
	return s, nil
}

// now returns the time as Postgres keeps it, in microseconds.
func (s *Service) now() time.Time {
	return s.cfg.Now().UTC().Truncate(time.Microsecond)
}
