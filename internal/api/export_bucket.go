package api

import (
	"context"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/objectid"
)

// The versions of the operations on export buckets. Atlas, "Cloud Backups".
var (
	exportBucketVersions = []version{
		{date: "2023-01-01", successor: "2024-05-30", sunset: "2027-07-01"},
		{date: "2024-05-30"},
	}
	exportBucketUpdateVersions = []version{{date: "2024-05-30"}}
)

// exportBucketProviders returns the cloud providers that a version knows. The
// first was made when there were AWS buckets alone, and shows no others.
func exportBucketProviders(v version) []db.CloudProvider {
	if v.date == "2023-01-01" {
		return []db.CloudProvider{db.CloudProviderAWS}
	}
	return db.AllCloudProviderValues()
}

// exportBucketBody is an export bucket on the wire. What belongs to another
// cloud provider is left out.
type exportBucketBody struct {
	ID                       objectid.ID      `json:"_id"`
	BucketName               string           `json:"bucketName"`
	CloudProvider            db.CloudProvider `json:"cloudProvider"`
	IAMRoleID                *objectid.ID     `json:"iamRoleId,omitzero"` // AWS
	Links                    []link           `json:"links,omitzero"`
	Region                   *string          `json:"region,omitzero"`                   // AWS
	RequirePrivateNetworking *bool            `json:"requirePrivateNetworking,omitzero"` // AWS
	RoleID                   *objectid.ID     `json:"roleId,omitzero"`                   // AZURE, GCP
	ServiceURL               *string          `json:"serviceUrl,omitzero"`               // AZURE
	TenantID                 *string          `json:"tenantId,omitzero"`                 // AZURE
}

// newExportBucketItem is a bucket as lists show it, without links.
func newExportBucketItem(bucket db.ExportBucket) exportBucketBody {
	body := exportBucketBody{
		ID:                       bucket.ID,
		BucketName:               bucket.BucketName,
		CloudProvider:            bucket.CloudProvider,
		Region:                   bucket.Region,
		RequirePrivateNetworking: bucket.RequirePrivateNetworking,
		ServiceURL:               bucket.ServiceURL,
		TenantID:                 bucket.TenantID,
	}
	if bucket.CloudProvider == db.CloudProviderAWS {
		body.IAMRoleID = &bucket.RoleID
	} else {
		body.RoleID = &bucket.RoleID
	}
	return body
}

// newExportBucketBody is a bucket as it is shown alone, with a link to itself.
func (c *call) newExportBucketBody(bucket db.ExportBucket) exportBucketBody {
	body := newExportBucketItem(bucket)
	body.Links = []link{{
		Href: c.projectURL(bucket.ProjectID) + "/backup/exportBuckets/" + bucket.ID.String(),
		Rel:  "self",
	}}
	return body
}

func (s *Server) createExportBucket(
	ctx context.Context, project atlas.BackupWriter, c *call, req backup.ExportBucketRequest,
) (exportBucketBody, error) {
	bucket, err := s.backup.CreateExportBucket(ctx, project, exportBucketProviders(c.version), req)
	return c.newExportBucketBody(bucket), err
}

func (s *Server) listExportBuckets(
	ctx context.Context, project atlas.ProjectReader, c *call, page atlas.Page,
) (atlas.List[exportBucketBody], error) {
	buckets, err := s.backup.ListExportBuckets(ctx, project, exportBucketProviders(c.version), page)
	return atlas.MapList(buckets, newExportBucketItem), err
}

func (s *Server) getExportBucket(
	ctx context.Context, project atlas.ProjectReader, c *call,
) (exportBucketBody, error) {
	providers := exportBucketProviders(c.version)
	bucket, err := s.backup.GetExportBucket(ctx, project, providers, c.id("exportBucketId"))
	return c.newExportBucketBody(bucket), err
}

func (s *Server) updateExportBucket(
	ctx context.Context, project atlas.BackupWriter, c *call, update backup.ExportBucketUpdate,
) (exportBucketBody, error) {
	bucket, err := s.backup.UpdateExportBucket(ctx, project, c.id("exportBucketId"), update)
	return c.newExportBucketBody(bucket), err
}

func (s *Server) deleteExportBucket(ctx context.Context, project atlas.BackupWriter, c *call) (noContent, error) {
	return noContent{}, s.backup.DeleteExportBucket(ctx, project, c.id("exportBucketId"))
}
