package backup

import (
	"context"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
)

// DeclareExportBucket adds an export bucket in a transaction, unless the project has one
// of that id. It returns an *atlas.Error for the first rule that the body breaks, or if the
// access role is not the project's and the cloud provider's, or is not authorized.
func DeclareExportBucket(
	ctx context.Context, tx db.DBTX, bucket db.InsertExportBucketParams, req ExportBucketRequest,
) error {
	asked, err := req.parse(db.AllCloudProviderValues())
	if err != nil {
		return err
	}
	q := db.New()
	there, err := q.ListExportBucketsByID(ctx, tx, db.ListExportBucketsByIDParams{
		ProjectIDs: []string{bucket.ProjectID.String()}, IDs: []string{bucket.ID.String()},
	})
	if err != nil || len(there) > 0 {
		return atlas.Wrap(err, "get export bucket")
	}
	role, err := q.GetAccessRole(ctx, tx, db.GetAccessRoleParams{ProjectID: bucket.ProjectID, ID: asked.RoleID})
	if err := asked.checkAccessRole(role, err); err != nil {
		return err
	}
	bucket.CloudProvider, bucket.BucketName, bucket.RoleID = asked.CloudProvider, asked.BucketName, asked.RoleID
	bucket.RequirePrivateNetworking, bucket.ServiceURL = asked.RequirePrivateNetworking, asked.ServiceURL
	bucket.TenantID = role.TenantID
	if asked.CloudProvider != db.CloudProviderAWS {
		bucket.Region = nil
	}
	return atlas.Wrap(q.InsertExportBucket(ctx, tx, bucket), "insert export bucket")
}
