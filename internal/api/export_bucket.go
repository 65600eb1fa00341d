package api

import (
	"net/http"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
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
func (s *Server) newExportBucketBody(bucket db.ExportBucket) exportBucketBody {
	body := newExportBucketItem(bucket)
	body.Links = []link{{
		Href: s.cfg.BaseURL + projectsRoot + "/" + bucket.ProjectID.String() +
			"/backup/exportBuckets/" + bucket.ID.String(),
		Rel: "self",
	}}
	return body
}

func (s *Server) createExportBucket(c *call) error {
	project, err := s.atlas.BackupWriter(c.principal)
	if err != nil {
		return err
	}
	var req atlas.ExportBucketRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	bucket, err := s.atlas.CreateExportBucket(c.Request.Context(), project, exportBucketProviders(c.version), req)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, s.newExportBucketBody(bucket))
}

func (s *Server) listExportBuckets(c *call) error {
	project, err := s.atlas.ProjectReader(c.principal)
	if err != nil {
		return err
	}
	page, err := queryPage(c)
	if err != nil {
		return err
	}
	buckets, err := s.atlas.ListExportBuckets(c.Request.Context(), project, exportBucketProviders(c.version), page)
	if err != nil {
		return err
	}
	return respondList(s, c, page, buckets, newExportBucketItem)
}

func (s *Server) getExportBucket(c *call) error {
	project, err := s.atlas.ProjectReader(c.principal)
	if err != nil {
		return err
	}
	bucket, err := s.atlas.GetExportBucket(
		c.Request.Context(), project, exportBucketProviders(c.version), c.Param("exportBucketId"))
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, s.newExportBucketBody(bucket))
}

func (s *Server) updateExportBucket(c *call) error {
	project, err := s.atlas.BackupWriter(c.principal)
	if err != nil {
		return err
	}
	var update atlas.ExportBucketUpdate
	if err := decode(c, &update); err != nil {
		return err
	}
	bucket, err := s.atlas.UpdateExportBucket(c.Request.Context(), project, c.Param("exportBucketId"), update)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, s.newExportBucketBody(bucket))
}

func (s *Server) deleteExportBucket(c *call) error {
	project, err := s.atlas.BackupWriter(c.principal)
	if err != nil {
		return err
	}
	if err := s.atlas.DeleteExportBucket(c.Request.Context(), project, c.Param("exportBucketId")); err != nil {
		return err
	}
	respondNoContent(c)
	return nil
}
