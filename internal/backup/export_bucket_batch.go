package backup

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
)

// newExportBucket is an export bucket that is to be inserted, as
// InsertExportBuckets reads it.
type newExportBucket struct {
	ProjectID                objectid.ID      `json:"project_id"`
	ID                       objectid.ID      `json:"id"`
	CloudProvider            db.CloudProvider `json:"cloud_provider"`
	BucketName               string           `json:"bucket_name"`
	RoleID                   objectid.ID      `json:"role_id"`
	CreatedAt                time.Time        `json:"created_at"`
	Region                   *string          `json:"region"`
	RequirePrivateNetworking *bool            `json:"require_private_networking"`
	ServiceURL               *string          `json:"service_url"`

	OrgID         objectid.ID `json:"org_id"` // of the caller
	CallerID      objectid.ID `json:"caller_id"`
	CallerVersion int64       `json:"caller_version"`

	PublicKey     *string     `json:"public_key"` // of the caller
	RemoteAddress *netip.Addr `json:"remote_address"`
	RoleEventID   objectid.ID `json:"role_event_id"`
	RoleEventType string      `json:"role_event_type"`
	BucketEventID objectid.ID `json:"bucket_event_id"`
}

// insertedBucket is what became of an export bucket that was to be inserted.
type insertedBucket struct {
	bucket *db.ExportBucket // nil if its role can't be used, or not now
	err    error            // of its own values, which the database refuses
}

// exportBucketKey is what one export bucket is found by.
type exportBucketKey struct {
	projectID objectid.ID
	id        objectid.ID
}

// insertExportBuckets inserts the buckets in one transaction. One whose role can't
// be used, or is being changed, is left out and does not keep the others. If the
// database refuses the value of one, each is inserted alone, so that only it
// fails.
func (s *Service) insertExportBuckets(ctx context.Context, rows []newExportBucket) ([]insertedBucket, error) {
	encoded, err := json.Marshal(rows)
	if err != nil {
		return nil, fmt.Errorf("encode export buckets: %w", err)
	}
	var buckets []db.ExportBucket
	err = s.pool.Autocommit(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		buckets, err = s.q.InsertExportBuckets(ctx, conn, encoded)
		return err
	})
	if write.IsValueRefused(err) { // nothing was inserted: it was one transaction
		return s.insertEachExportBucket(ctx, rows, err)
	}
	if err != nil {
		return nil, err
	}
	found := byKey(buckets)
	inserted := make([]insertedBucket, len(rows))
	for i, row := range rows {
		inserted[i].bucket = found[exportBucketKey{row.ProjectID, row.ID}]
	}
	return inserted, nil
}

// insertEachExportBucket inserts the buckets one by one, after the database has
// refused a value of one of them.
func (s *Service) insertEachExportBucket(
	ctx context.Context, rows []newExportBucket, refusal error,
) ([]insertedBucket, error) {
	if len(rows) == 1 {
		return []insertedBucket{{err: refusal}}, nil
	}
	inserted := make([]insertedBucket, len(rows))
	for i := range rows {
		one, err := s.insertExportBuckets(ctx, rows[i:i+1])
		if err != nil {
			one = []insertedBucket{{err: err}}
		}
		inserted[i] = one[0]
	}
	return inserted, nil
}

// listExportBucketsByID finds the buckets of many requests at once; nil stands for
// none.
func (s *Service) listExportBucketsByID(ctx context.Context, keys []exportBucketKey) ([]*db.ExportBucket, error) {
	asked := db.ListExportBucketsByIDParams{ProjectIDs: make([]string, len(keys)), IDs: make([]string, len(keys))}
	for i, key := range keys {
		asked.ProjectIDs[i], asked.IDs[i] = key.projectID.String(), key.id.String()
	}
	buckets, err := s.q.ListExportBucketsByID(ctx, s.pool, asked)
	if err != nil {
		return nil, err
	}
	there := byKey(buckets)
	found := make([]*db.ExportBucket, len(keys))
	for i, key := range keys {
		found[i] = there[key]
	}
	return found, nil
}

func byKey(buckets []db.ExportBucket) map[exportBucketKey]*db.ExportBucket {
	found := make(map[exportBucketKey]*db.ExportBucket, len(buckets))
	for i, bucket := range buckets {
		found[exportBucketKey{bucket.ProjectID, bucket.ID}] = &buckets[i]
	}
	return found
}
