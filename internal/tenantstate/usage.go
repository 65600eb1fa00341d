package tenantstate

import (
	"context"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// maxReferences is how many references of each kind a report names.
const maxReferences = 100

var errNoUsed = staging.NewProblem(staging.CodeNotFound, "The organization has nothing of that kind with this id.")

// RoleUsage returns what uses an access role, or NOT_FOUND.
func (s *Service) RoleUsage(ctx context.Context, reader Reader, id objectid.ID) (staging.Usage, error) {
	usage := staging.Usage{Kind: staging.ResourceAccessRole, ID: id.String()}
	err := s.look(ctx, reader.OrgID(), []string{staging.Live}, func(ctx context.Context, tx pgx.Tx) error {
		role, err := db.New().GetOrgAccessRole(ctx, tx, db.GetOrgAccessRoleParams{OrgID: reader.OrgID(), ID: id})
		if err != nil {
			return missing(err, "find access role", errNoUsed)
		}
		buckets, err := db.New().ListOrgExportBucketsOfRole(ctx, tx, db.ListOrgExportBucketsOfRoleParams{
			OrgID: reader.OrgID(), ProjectID: role.ProjectID, RoleID: id, RowLimit: maxReferences,
		})
		usage.Project, usage.UsedBy = role.ProjectID.String(), make([]staging.Reference, len(buckets))
		for i, bucket := range buckets {
			usage.UsedBy[i] = staging.Reference{
				Kind: staging.ResourceExportBucket, ID: bucket.ID.String(), Name: bucket.BucketName, Blocks: true,
			}
			usage.ErrorCode = backup.CodeInUse(role.CloudProvider).Name
		}
		return atlas.Wrap(err, "list export buckets of access role")
	})
	return usage, err
}

// BucketUsage returns what exports to an export bucket, or NOT_FOUND.
func (s *Service) BucketUsage(ctx context.Context, reader Reader, id objectid.ID) (staging.Usage, error) {
	usage := staging.Usage{Kind: staging.ResourceExportBucket, ID: id.String()}
	orgID := reader.OrgID()
	err := s.look(ctx, orgID, []string{staging.Live}, func(ctx context.Context, tx pgx.Tx) error {
		project, err := db.New().GetOrgExportBucketProject(ctx, tx,
			db.GetOrgExportBucketProjectParams{OrgID: orgID, ID: id})
		if err != nil {
			return missing(err, "find export bucket", errNoUsed)
		}
		usage.Project, usage.UsedBy = project.String(), []staging.Reference{}
		clusters, err := db.New().ListOrgClusters(ctx, tx, db.ListOrgClustersParams{
			OrgID: orgID, ProjectID: project, ExportBucketID: &id, RowLimit: maxReferences,
		})
		if err != nil {
			return atlas.Wrap(err, "list schedules that export to bucket")
		}
		for _, cluster := range clusters {
			usage.UsedBy = append(usage.UsedBy, staging.Reference{
				Kind: staging.ResourceBackupSchedule, ID: cluster.ID.String(), Name: cluster.Name, Blocks: true,
			})
			usage.ErrorCode = atlas.CodeExportBucketInUse.Name
		}
		jobs, err := db.New().ListExportJobsToBucket(ctx, tx,
			db.ListExportJobsToBucketParams{ProjectID: project, ExportBucketID: id, RowLimit: maxReferences})
		for _, job := range jobs {
			usage.UsedBy = append(usage.UsedBy, staging.Reference{Kind: staging.ResourceExportJob, ID: job.String()})
		}
		return atlas.Wrap(err, "list jobs that export to bucket")
	})
	return usage, err
}
