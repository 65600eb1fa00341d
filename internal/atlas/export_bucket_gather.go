package atlas

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"exportbuckets/db"
)

// insertLanes and insertsAtOnce bound the statements that add export buckets: how
// many run at a time, and how many buckets each adds. docs/performance.md has
// the measurements.
const (
	insertLanes   = 2
	insertsAtOnce = 64
)

// maxRoleWaits is how many creations may wait for access roles at a time.
const maxRoleWaits = 4

// addedBucket is what became of an export bucket that was to be added.
type addedBucket struct {
	bucket  *db.ExportBucket // nil if its role can't be used, or not now
	refused error            // by the database, for itself alone
}

// insertExportBuckets adds the buckets in one transaction. One whose role can't
// be used, or is being changed, is left out and does not keep the others. If the
// database refuses the value of one, all are added one by one, so that it fails
// alone.
func (s *Service) insertExportBuckets(ctx context.Context, rows []db.InsertExportBucketParams) ([]addedBucket, error) {
	if len(rows) == 1 {
		return s.insertOneByOne(ctx, rows)
	}
	inserted, err := s.q.InsertExportBuckets(ctx, s.pool, columnsOf(rows))
	if isValueRefused(err) {
		return s.insertOneByOne(ctx, rows) // none is there: it was one transaction
	}
	if err != nil {
		return nil, err
	}
	found := byKey(inserted)
	added := make([]addedBucket, len(rows))
	for i, row := range rows {
		added[i].bucket = found[db.GetExportBucketParams{ProjectID: row.ProjectID, ID: row.ID}]
	}
	return added, nil
}

// byKey returns the buckets by what one is asked for with.
func byKey(buckets []db.ExportBucket) map[db.GetExportBucketParams]*db.ExportBucket {
	found := make(map[db.GetExportBucketParams]*db.ExportBucket, len(buckets))
	for i, bucket := range buckets {
		found[db.GetExportBucketParams{ProjectID: bucket.ProjectID, ID: bucket.ID}] = &buckets[i]
	}
	return found
}

// isValueRefused says whether Postgres refused a statement because of a value in
// it: one out of its range, or against a constraint. A database that is unwell
// is not asked again for each.
func isValueRefused(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (strings.HasPrefix(refused.Code, dataException) || strings.HasPrefix(refused.Code, integrityViolation))
}

func (s *Service) insertOneByOne(ctx context.Context, rows []db.InsertExportBucketParams) ([]addedBucket, error) {
	added := make([]addedBucket, len(rows))
	for i, row := range rows {
		bucket, err := s.q.InsertExportBucket(ctx, s.pool, row)
		switch {
		case err == nil:
			added[i].bucket = &bucket
		case !errors.Is(err, pgx.ErrNoRows):
			added[i].refused = err
		}
	}
	return added, nil
}

// columnsOf turns rows into columns, which is how a statement takes many.
func columnsOf(rows []db.InsertExportBucketParams) db.InsertExportBucketsParams {
	n := len(rows)
	columns := db.InsertExportBucketsParams{
		ProjectIDs:                make([]string, n),
		IDs:                       make([]string, n),
		CloudProviders:            make([]string, n),
		BucketNames:               make([]string, n),
		RoleIDs:                   make([]string, n),
		CreatedAts:                make([]time.Time, n),
		Regions:                   make([]string, n),
		RequirePrivateNetworkings: make([]bool, n),
		ServiceURLs:               make([]string, n),
	}
	for i, row := range rows {
		columns.ProjectIDs[i] = row.ProjectID.String()
		columns.IDs[i] = row.ID.String()
		columns.CloudProviders[i] = string(row.CloudProvider)
		columns.BucketNames[i] = row.BucketName
		columns.RoleIDs[i] = row.RoleID.String()
		columns.CreatedAts[i] = row.CreatedAt
		columns.Regions[i] = deref(row.Region)
		columns.RequirePrivateNetworkings[i] = deref(row.RequirePrivateNetworking)
		columns.ServiceURLs[i] = deref(row.ServiceURL)
	}
	return columns
}

// deref returns what p points to, or nothing.
func deref[T any](p *T) (value T) {
	if p != nil {
		value = *p
	}
	return value
}

// getExportBuckets finds the buckets of many requests at once; nil stands for
// none.
func (s *Service) getExportBuckets(ctx context.Context, params []db.GetExportBucketParams) ([]*db.ExportBucket, error) {
	found := make([]*db.ExportBucket, len(params))
	if len(params) == 1 {
		bucket, err := s.q.GetExportBucket(ctx, s.pool, params[0])
		if errors.Is(err, pgx.ErrNoRows) {
			return found, nil
		}
		found[0] = &bucket
		return found, err
	}
	columns := db.ListExportBucketsByIDParams{
		ProjectIDs: make([]string, len(params)),
		IDs:        make([]string, len(params)),
	}
	for i, p := range params {
		columns.ProjectIDs[i] = p.ProjectID.String()
		columns.IDs[i] = p.ID.String()
	}
	buckets, err := s.q.ListExportBucketsByID(ctx, s.pool, columns)
	if err != nil {
		return nil, err
	}
	there := byKey(buckets)
	for i, p := range params {
		found[i] = there[p]
	}
	return found, nil
}
