package atlas

import (
	"context"

	"exportbuckets/db"
)

// InsertExportBuckets adds buckets as one statement does that calls share. Of
// each it returns the bucket, or nil, and why the database refused it, or nil.
func (s *Service) InsertExportBuckets(
	ctx context.Context, rows []db.InsertExportBucketParams,
) ([]*db.ExportBucket, []error, error) {
	added, err := s.insertExportBuckets(ctx, rows)
	buckets, refused := make([]*db.ExportBucket, len(added)), make([]error, len(added))
	for i, a := range added {
		buckets[i], refused[i] = a.bucket, a.refused
	}
	return buckets, refused, err
}

// GetPrincipals finds principals as one statement does that calls share; nil
// stands for none.
func (s *Service) GetPrincipals(
	ctx context.Context, params []db.GetPrincipalParams,
) ([]*db.GetPrincipalRow, error) {
	return s.getPrincipals(ctx, params)
}

// GetExportBuckets finds buckets as one statement does that calls share; nil
// stands for none.
func (s *Service) GetExportBuckets(
	ctx context.Context, params []db.GetExportBucketParams,
) ([]*db.ExportBucket, error) {
	return s.getExportBuckets(ctx, params)
}
