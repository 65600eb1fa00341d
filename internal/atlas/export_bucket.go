package atlas

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
)

// ExportBucketRequest is the body that creates an export bucket. A field is nil
// if the body lacks it or says null. Which fields a cloud provider requires and
// refuses is in exportBucketFields.
type ExportBucketRequest struct {
	CloudProvider            *string `json:"cloudProvider"`            // AWS, AZURE or GCP
	BucketName               *string `json:"bucketName"`               // 3 to 63 characters
	IAMRoleID                *string `json:"iamRoleId"`                // id of an AWS access role
	RoleID                   *string `json:"roleId"`                   // id of an AZURE or GCP access role
	ServiceURL               *string `json:"serviceUrl"`               // of the Azure storage account or container
	TenantID                 *string `json:"tenantId"`                 // ignored: the role has one
	RequirePrivateNetworking *bool   `json:"requirePrivateNetworking"` // AWS PrivateLink

	// What Atlas answers and clients may echo, of any type.
	ID     any `json:"_id"`
	Region any `json:"region"`
	Links  any `json:"links"` // ignored
}

type usage int

const (
	refused usage = iota
	optional
	required
)

// exportBucketField says what becomes of one field with each cloud provider.
type exportBucketField struct {
	name            string
	aws, azure, gcp usage
	has             func(ExportBucketRequest) bool
}

// exportBucketFields are in the order of complaints.
var exportBucketFields = []exportBucketField{
	{"bucketName", required, optional, required, func(r ExportBucketRequest) bool { return r.BucketName != nil }},
	{"iamRoleId", required, refused, refused, func(r ExportBucketRequest) bool { return r.IAMRoleID != nil }},
	{"roleId", refused, required, required, func(r ExportBucketRequest) bool { return r.RoleID != nil }},
	{"serviceUrl", refused, required, refused, func(r ExportBucketRequest) bool { return r.ServiceURL != nil }},
	{"tenantId", refused, optional, refused, func(r ExportBucketRequest) bool { return r.TenantID != nil }},
	{
		"requirePrivateNetworking", optional, refused, refused,
		func(r ExportBucketRequest) bool { return r.RequirePrivateNetworking != nil },
	},
}

func (f exportBucketField) usage(provider db.CloudProvider) usage {
	switch provider {
	case db.CloudProviderAWS:
		return f.aws
	case db.CloudProviderAZURE:
		return f.azure
	default:
		return f.gcp
	}
}

// parse checks every rule of the request that needs no database and returns
// what is to be inserted, but for the project, the id, the time and the region.
// Providers are those that the asked API version knows. Like Atlas, it answers
// with the first broken rule: read-only fields, the cloud provider, fields of
// other cloud providers, missing fields, then values.
func (r ExportBucketRequest) parse(providers []db.CloudProvider) (db.InsertExportBucketParams, error) {
	var row db.InsertExportBucketParams
	if r.ID != nil {
		return row, NewError(CodeAttributeReadOnly, "_id")
	}
	if r.Region != nil {
		return row, NewError(CodeAttributeReadOnly, "region")
	}
	if r.CloudProvider == nil {
		return row, NewError(CodeMissingAttribute, "cloudProvider")
	}
	row.CloudProvider = db.CloudProvider(*r.CloudProvider)
	if !slices.Contains(providers, row.CloudProvider) {
		return row, NewError(CodeInvalidEnumValue, *r.CloudProvider)
	}
	if err := r.checkFields(row.CloudProvider); err != nil {
		return row, err
	}
	switch row.CloudProvider {
	case db.CloudProviderAWS:
		return r.parseAWS(row)
	case db.CloudProviderAZURE:
		return r.parseAzure(row)
	default:
		return r.parseGCP(row)
	}
}

// checkFields refuses fields of other cloud providers, then the absence of what
// this one requires.
func (r ExportBucketRequest) checkFields(provider db.CloudProvider) error {
	for _, field := range exportBucketFields {
		if field.usage(provider) == refused && field.has(r) {
			return NewError(CodeInvalidAttribute, field.name)
		}
	}
	for _, field := range exportBucketFields {
		if field.usage(provider) == required && !field.has(r) {
			return NewError(CodeMissingAttribute, field.name)
		}
	}
	return nil
}

func (r ExportBucketRequest) parseAWS(row db.InsertExportBucketParams) (db.InsertExportBucketParams, error) {
	if !awsBucketName.MatchString(*r.BucketName) {
		return row, NewError(CodeExportBucketNameInvalid)
	}
	row.BucketName = *r.BucketName
	private := r.RequirePrivateNetworking != nil && *r.RequirePrivateNetworking
	row.RequirePrivateNetworking = &private
	var err error
	row.RoleID, err = parseRoleID("iamRoleId", *r.IAMRoleID)
	return row, err
}

// parseAzure takes the bucket name, which is the container, from the service URL
// if the field is left out. Where both have one they must agree.
func (r ExportBucketRequest) parseAzure(row db.InsertExportBucketParams) (db.InsertExportBucketParams, error) {
	container, ok := serviceURLContainer(*r.ServiceURL)
	if !ok {
		return row, NewError(CodeInvalidAttribute, "serviceUrl")
	}
	row.ServiceURL = r.ServiceURL
	switch {
	case r.BucketName != nil:
		row.BucketName = *r.BucketName
	case container != "":
		row.BucketName = container
	default:
		return row, NewError(CodeMissingAttribute, "bucketName")
	}
	if !isAzureContainerName(row.BucketName) || container != "" && row.BucketName != container {
		return row, NewError(CodeExportBucketNameInvalid)
	}
	var err error
	row.RoleID, err = parseRoleID("roleId", *r.RoleID)
	return row, err
}

func (r ExportBucketRequest) parseGCP(row db.InsertExportBucketParams) (db.InsertExportBucketParams, error) {
	if !gcpBucketName.MatchString(*r.BucketName) {
		return row, NewError(CodeExportBucketNameInvalid)
	}
	row.BucketName = *r.BucketName
	var err error
	row.RoleID, err = parseRoleID("roleId", *r.RoleID)
	return row, err
}

func parseRoleID(field, value string) (objectid.ID, error) {
	id, err := objectid.Parse(value)
	if err != nil {
		return id, NewError(CodeInvalidAttribute, field)
	}
	return id, nil
}

// CreateExportBucket adds an export bucket to the project and returns it. The
// same bucket may be added any number of times. Providers are those that the
// asked API version knows.
//
// It returns an *Error for the first rule that the request breaks, or if the
// access role is not the project's and the cloud provider's, or is not
// authorized at the moment the bucket is committed.
func (s *Service) CreateExportBucket(
	ctx context.Context, project BackupWriter, providers []db.CloudProvider, req ExportBucketRequest,
) (db.ExportBucket, error) {
	row, err := req.parse(providers)
	if err != nil {
		return db.ExportBucket{}, err
	}
	row.ProjectID = project.projectID
	row.CreatedAt = s.now()
	row.ID = s.cfg.NewID(row.CreatedAt)
	if row.CloudProvider == db.CloudProviderAWS && s.cfg.AWSRegion != "" {
		row.Region = &s.cfg.AWSRegion
	}
	for {
		added, err := s.bucketInserts.do(ctx, row)
		switch {
		case err != nil:
			return db.ExportBucket{}, fmt.Errorf("insert export bucket: %w", err)
		case added.refused != nil:
			return db.ExportBucket{}, fmt.Errorf("insert export bucket: %w", added.refused)
		case added.bucket != nil:
			return *added.bucket, nil
		}
		if err := s.checkAccessRole(ctx, row); err != nil {
			return db.ExportBucket{}, err
		}
		// Someone changed the role meanwhile: once more.
	}
}

// checkAccessRole waits for whoever changes the role that row names, and says
// why it can't be used. It returns nil if it can.
func (s *Service) checkAccessRole(ctx context.Context, row db.InsertExportBucketParams) error {
	select {
	case s.roleWaits <- struct{}{}:
		defer func() { <-s.roleWaits }()
	case <-ctx.Done():
		return fmt.Errorf("wait to look at an access role: %w", ctx.Err())
	}
	role, err := s.q.GetAccessRoleForShare(ctx, s.pool,
		db.GetAccessRoleForShareParams{ProjectID: row.ProjectID, ID: row.RoleID})
	if errors.Is(err, pgx.ErrNoRows) || err == nil && role.CloudProvider != row.CloudProvider {
		return NewError(CodeAccessRoleNotFound, row.RoleID.String())
	}
	if err != nil {
		return fmt.Errorf("get access role: %w", err)
	}
	if !role.Authorized {
		return NewError(CodeAccessRoleNotAuthorized, row.RoleID.String())
	}
	return nil
}

// GetExportBucket returns one export bucket of the project. It returns
// EXPORT_BUCKET_NOT_FOUND if the project has none of that id, or if its cloud
// provider is not among those that the asked API version knows.
func (s *Service) GetExportBucket(
	ctx context.Context, project ProjectReader, providers []db.CloudProvider, id string,
) (db.ExportBucket, error) {
	bucketID, err := objectid.Parse(id)
	if err != nil {
		return db.ExportBucket{}, NewError(CodeExportBucketNotFound, id)
	}
	bucket, err := s.bucketReads.do(ctx, db.GetExportBucketParams{ProjectID: project.projectID, ID: bucketID})
	if err != nil {
		return db.ExportBucket{}, fmt.Errorf("get export bucket: %w", err)
	}
	if bucket == nil || !slices.Contains(providers, bucket.CloudProvider) {
		return db.ExportBucket{}, NewError(CodeExportBucketNotFound, id)
	}
	return *bucket, nil
}

// ListExportBuckets returns one page of the project's export buckets, oldest
// first, of the cloud providers that the asked API version knows.
func (s *Service) ListExportBuckets(
	ctx context.Context, project ProjectReader, providers []db.CloudProvider, page Page,
) (List[db.ExportBucket], error) {
	var list List[db.ExportBucket]
	rows, err := s.q.ListExportBuckets(ctx, s.pool, db.ListExportBucketsParams{
		Counted:        page.Count,
		ProjectID:      project.projectID,
		EveryProvider:  len(providers) == len(db.AllCloudProviderValues()),
		CloudProviders: providerNames(providers),
		RowLimit:       page.limit(),
		RowOffset:      page.offset(),
	})
	if err != nil {
		return list, fmt.Errorf("list export buckets: %w", err)
	}
	rows, list.More = cut(page, rows)
	list.Items = make([]db.ExportBucket, len(rows))
	for i, row := range rows {
		list.Items[i] = row.ExportBucket
	}
	switch {
	case !page.Count:
	case len(rows) > 0:
		list.TotalCount = &rows[0].TotalCount
	default: // past the end, where no row tells
		count, err := s.q.CountExportBuckets(ctx, s.pool, db.CountExportBucketsParams{
			ProjectID:      project.projectID,
			CloudProviders: providerNames(providers),
		})
		if err != nil {
			return list, fmt.Errorf("count export buckets: %w", err)
		}
		list.TotalCount = &count
	}
	return list, nil
}

// ExportBucketUpdate is the body that changes an export bucket.
type ExportBucketUpdate struct {
	RequirePrivateNetworking *bool `json:"requirePrivateNetworking"` // required
}

// UpdateExportBucket changes whether exports to an AWS bucket go through private
// networking, and returns the bucket. It returns MISSING_ATTRIBUTE for an empty
// body, EXPORT_BUCKET_NOT_FOUND if the project has no bucket of that id, and
// INVALID_ATTRIBUTE if the bucket is not AWS'.
func (s *Service) UpdateExportBucket(
	ctx context.Context, project BackupWriter, id string, update ExportBucketUpdate,
) (db.ExportBucket, error) {
	const field = "requirePrivateNetworking"
	if update.RequirePrivateNetworking == nil {
		return db.ExportBucket{}, NewError(CodeMissingAttribute, field)
	}
	bucketID, err := objectid.Parse(id)
	if err != nil {
		return db.ExportBucket{}, NewError(CodeExportBucketNotFound, id)
	}
	bucket, err := s.q.UpdateExportBucketPrivateNetworking(ctx, s.pool, db.UpdateExportBucketPrivateNetworkingParams{
		ProjectID:                project.projectID,
		ID:                       bucketID,
		RequirePrivateNetworking: *update.RequirePrivateNetworking,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		// There is none, or it is another cloud provider's.
		_, err := s.GetExportBucket(ctx, ProjectReader(project), db.AllCloudProviderValues(), id)
		if err != nil {
			return db.ExportBucket{}, err
		}
		return db.ExportBucket{}, NewError(CodeInvalidAttribute, field)
	}
	if err != nil {
		return db.ExportBucket{}, fmt.Errorf("update export bucket: %w", err)
	}
	return bucket, nil
}

// DeleteExportBucket removes an export bucket of any cloud provider. What is in
// the cloud stays. It returns EXPORT_BUCKET_NOT_FOUND if the project has no
// bucket of that id.
func (s *Service) DeleteExportBucket(ctx context.Context, project BackupWriter, id string) error {
	bucketID, err := objectid.Parse(id)
	if err != nil {
		return NewError(CodeExportBucketNotFound, id)
	}
	deleted, err := s.q.DeleteExportBucket(ctx, s.pool, db.DeleteExportBucketParams{
		ProjectID: project.projectID,
		ID:        bucketID,
	})
	if err != nil {
		return fmt.Errorf("delete export bucket: %w", err)
	}
	if deleted == 0 {
		return NewError(CodeExportBucketNotFound, id)
	}
	return nil
}

func providerNames(providers []db.CloudProvider) []string {
	names := make([]string, len(providers))
	for i, provider := range providers {
		names[i] = string(provider)
	}
	return names
}
