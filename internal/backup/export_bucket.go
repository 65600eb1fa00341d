package backup

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/batch"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
	"exportbuckets/staging"
)

// ExportBucketRequest is the body that creates an export bucket. A field is nil
// if the body lacks it or says null. Which fields a cloud provider requires and
// refuses is in exportBucketFields.
type ExportBucketRequest struct {
	CloudProvider            *string      `json:"cloudProvider"`            // AWS, AZURE or GCP
	BucketName               *string      `json:"bucketName"`               // 3 to 63 characters
	IAMRoleID                *objectid.ID `json:"iamRoleId"`                // id of an AWS access role
	RoleID                   *objectid.ID `json:"roleId"`                   // id of an AZURE or GCP access role
	ServiceURL               *string      `json:"serviceUrl"`               // of the Azure storage account or container
	RequirePrivateNetworking *bool        `json:"requirePrivateNetworking"` // AWS PrivateLink

	// What Atlas answers and clients may echo, of any type.
	ID       any `json:"_id"`
	Region   any `json:"region"`
	Links    any `json:"links"`    // ignored
	TenantID any `json:"tenantId"` // ignored: the role has one
}

// presence is whether a body must, may or must not have a field.
type presence int

const (
	forbidden presence = iota
	optional
	required
)

// exportBucketField says what becomes of one field with each cloud provider.
type exportBucketField struct {
	name     string
	presence [3]presence // for AWS, AZURE and GCP
	has      func(ExportBucketRequest) bool
}

// exportBucketFields are in the order of complaints.
var exportBucketFields = []exportBucketField{
	{"bucketName", [3]presence{required, optional, required},
		func(r ExportBucketRequest) bool { return r.BucketName != nil }},
	{"iamRoleId", [3]presence{required, forbidden, forbidden},
		func(r ExportBucketRequest) bool { return r.IAMRoleID != nil }},
	{"roleId", [3]presence{forbidden, required, required},
		func(r ExportBucketRequest) bool { return r.RoleID != nil }},
	{"serviceUrl", [3]presence{forbidden, required, forbidden},
		func(r ExportBucketRequest) bool { return r.ServiceURL != nil }},
	{"tenantId", [3]presence{forbidden, optional, forbidden},
		func(r ExportBucketRequest) bool { return r.TenantID != nil }},
	{"requirePrivateNetworking", [3]presence{optional, forbidden, forbidden},
		func(r ExportBucketRequest) bool { return r.RequirePrivateNetworking != nil }},
}

// parse checks every rule of the request that needs no database and returns
// what is to be inserted, but for the project, the id, the time and the region.
// Providers are those that the asked API version knows. Like Atlas, it answers
// with the first broken rule: read-only fields, the cloud provider, fields of
// other cloud providers, missing fields, then values.
func (r ExportBucketRequest) parse(providers []db.CloudProvider) (newExportBucket, error) {
	var row newExportBucket
	if r.ID != nil {
		return row, atlas.NewError(atlas.CodeAttributeReadOnly, "_id")
	}
	if r.Region != nil {
		return row, atlas.NewError(atlas.CodeAttributeReadOnly, "region")
	}
	if r.CloudProvider == nil {
		return row, atlas.NewError(atlas.CodeMissingAttribute, "cloudProvider")
	}
	row.CloudProvider = db.CloudProvider(*r.CloudProvider)
	if !slices.Contains(providers, row.CloudProvider) {
		return row, atlas.NewError(atlas.CodeInvalidEnumValue, *r.CloudProvider).
			Fact("cloudProvider", *r.CloudProvider, fmt.Sprint(providers))
	}
	if err := r.checkFields(row.CloudProvider); err != nil {
		return row, err
	}
	var err error
	switch row.CloudProvider {
	case db.CloudProviderAWS:
		row.BucketName, err = checkBucketName(*r.BucketName, awsBucketName)
		row.RequirePrivateNetworking = new(r.RequirePrivateNetworking != nil && *r.RequirePrivateNetworking)
	case db.CloudProviderAZURE:
		row.BucketName, err = r.azureContainer()
		row.ServiceURL = r.ServiceURL
	default:
		row.BucketName, err = checkBucketName(*r.BucketName, gcpBucketName)
	}
	if err != nil {
		return row, err
	}
	row.RoleID = *cmp.Or(r.IAMRoleID, r.RoleID)
	return row, nil
}

// checkFields refuses fields of other cloud providers, then the absence of what
// this one requires.
func (r ExportBucketRequest) checkFields(provider db.CloudProvider) error {
	column := slices.Index(db.AllCloudProviderValues(), provider)
	for _, field := range exportBucketFields {
		if field.presence[column] == forbidden && field.has(r) {
			return atlas.NewError(atlas.CodeInvalidAttribute, field.name).
				Fact("cloudProvider", string(provider), "one that has the field")
		}
	}
	for _, field := range exportBucketFields {
		if field.presence[column] == required && !field.has(r) {
			return atlas.NewError(atlas.CodeMissingAttribute, field.name)
		}
	}
	return nil
}

func checkBucketName(name string, form *regexp.Regexp) (string, error) {
	if !form.MatchString(name) {
		return "", atlas.NewError(atlas.CodeExportBucketNameInvalid).Fact("bucketName", name, form.String())
	}
	return name, nil
}

// azureContainer returns the name of the container, from the service URL if the
// bucket name is left out. Where both have one they must agree.
func (r ExportBucketRequest) azureContainer() (string, error) {
	container, ok := serviceURLContainer(*r.ServiceURL)
	if !ok {
		return "", atlas.NewError(atlas.CodeInvalidAttribute, "serviceUrl")
	}
	name := container
	if r.BucketName != nil {
		name = *r.BucketName
	} else if container == "" {
		return "", atlas.NewError(atlas.CodeMissingAttribute, "bucketName")
	}
	if !isAzureContainerName(name) || container != "" && name != container {
		return "", atlas.NewError(atlas.CodeExportBucketNameInvalid).
			Fact("bucketName", name, "a container's name, and that in serviceUrl, if it has one: "+container)
	}
	return name, nil
}

// CreateExportBucket adds an export bucket to the project and returns it. The
// same bucket may be added any number of times. Providers are those that the
// asked API version knows.
//
// It returns an *atlas.Error for the first rule that the request breaks, or if the
// access role is not the project's and the cloud provider's, or is not
// authorized at the moment the bucket is committed.
func (s *Service) CreateExportBucket(
	ctx context.Context, project atlas.BackupWriter, providers []db.CloudProvider, req ExportBucketRequest,
) (db.ExportBucket, error) {
	row, err := req.parse(providers)
	if err != nil {
		return db.ExportBucket{}, err
	}
	caller := project.Caller()
	row.ProjectID, row.OrgID, row.CallerID = project.ProjectID(), caller.OrgID(), caller.ID()
	row.CreatedAt = project.Now()
	row.ID = s.env.NewID(row.CreatedAt)
	s.tell(&row, caller)
	if row.CloudProvider == db.CloudProviderAWS && s.cfg.AWSRegion != "" {
		row.Region = &s.cfg.AWSRegion
	}
	ctx = dbpool.Patient(ctx)
	for {
		row.CallerVersion = project.Caller().Version() // which Check renews
		inserted, err := s.inserts.Do(ctx, row)
		if err == nil {
			err = inserted.err
		}
		if errors.Is(err, batch.ErrUnderway) {
			err = fmt.Errorf("%w: %w", atlas.ErrOutcomeUnknown, err)
		}
		if err != nil {
			return db.ExportBucket{}, fmt.Errorf("insert export bucket: %w", err)
		}
		if inserted.bucket != nil {
			if trace := atlas.TraceOf(ctx); trace != nil {
				trace.Rows(staging.Row{Table: "export_buckets", ID: row.ID.String(), Change: "insert", Count: 1})
			}
			return *inserted.bucket, nil
		}
		role, err := s.q.GetAccessRole(ctx, s.pool, db.GetAccessRoleParams{ProjectID: row.ProjectID, ID: row.RoleID})
		if err := row.checkAccessRole(role, err); err != nil {
			return db.ExportBucket{}, err
		}
		// Someone is changing the caller or the role, or has changed them meanwhile. The
		// caller, whom a revocation locks, is let go before the role is waited for.
		if err := write.Check(ctx, s.pool, project); err != nil {
			return db.ExportBucket{}, atlas.Wrap(err, "wait for caller")
		}
		err = s.pool.Write(ctx, row.OrgID, func(tx pgx.Tx) error {
			role, err := s.q.GetAccessRoleForShare(ctx, tx,
				db.GetAccessRoleForShareParams{ProjectID: row.ProjectID, ID: row.RoleID})
			return row.checkAccessRole(role, err)
		})
		if err != nil {
			return db.ExportBucket{}, atlas.Wrap(err, "wait for access role")
		}
	}
}

// tell puts the two events that tell of the bucket into its row.
func (s *Service) tell(row *newExportBucket, caller *atlas.Principal) {
	row.PublicKey, row.RemoteAddress = caller.Actor().Named()
	row.RoleEventID, row.BucketEventID = s.env.NewEventID(row.CreatedAt), s.env.NewEventID(row.CreatedAt)
	if bytes.Compare(row.RoleEventID[:], row.BucketEventID[:]) > 0 { // they are listed in the order of their ids
		row.RoleEventID, row.BucketEventID = row.BucketEventID, row.RoleEventID
	}
	row.RoleEventType = roleEvents[row.CloudProvider].updated.Name
}

// checkAccessRole says why the role that the row names can't be used, given what
// looking for it returned. It returns nil if it can.
func (r newExportBucket) checkAccessRole(role db.CloudProviderAccessRole, err error) error {
	notFound := atlas.NewError(atlas.CodeAccessRoleNotFound, r.RoleID.String())
	switch {
	case err != nil:
		return atlas.WrapMissing(err, "get access role", notFound)
	case role.CloudProvider != r.CloudProvider:
		return notFound.Fact("cloudProvider", string(role.CloudProvider), string(r.CloudProvider))
	case !role.Authorized:
		return atlas.NewError(atlas.CodeAccessRoleNotAuthorized, r.RoleID.String()).
			Fact("cloudProvider", string(role.CloudProvider), "").Fact("authorizedDate", "null", "a date")
	}
	return nil
}

// GetExportBucket returns one export bucket of the project. It returns
// EXPORT_BUCKET_NOT_FOUND if the project has none of that id, or if its cloud
// provider is not among those that the asked API version knows.
func (s *Service) GetExportBucket(
	ctx context.Context, project atlas.ProjectReader, providers []db.CloudProvider, id objectid.ID,
) (db.ExportBucket, error) {
	bucket, err := s.getExportBucket(ctx, project.ProjectID(), id)
	if err == nil && !slices.Contains(providers, bucket.CloudProvider) {
		err = bucketNotFound(id)
	}
	if err != nil {
		return db.ExportBucket{}, err
	}
	return *bucket, nil
}

func (s *Service) getExportBucket(ctx context.Context, projectID, id objectid.ID) (*db.ExportBucket, error) {
	bucket, err := s.reads.Do(ctx, exportBucketKey{projectID, id})
	if err != nil {
		return nil, fmt.Errorf("get export bucket: %w", err)
	}
	if bucket == nil {
		return nil, bucketNotFound(id)
	}
	return bucket, nil
}

func bucketNotFound(id objectid.ID) error {
	return atlas.NewError(atlas.CodeExportBucketNotFound, id.String())
}

// ListExportBuckets returns one page of the project's export buckets, oldest
// first, of the cloud providers that the asked API version knows.
func (s *Service) ListExportBuckets(
	ctx context.Context, project atlas.ProjectReader, providers []db.CloudProvider, page atlas.Page,
) (atlas.List[db.ExportBucket], error) {
	names := make([]string, len(providers))
	for i, provider := range providers {
		names[i] = string(provider)
	}
	return atlas.NewList("export buckets", page, func(limit int32, offset int64) ([]db.ListExportBucketsRow, error) {
		return s.q.ListExportBuckets(ctx, s.pool, db.ListExportBucketsParams{
			Counted:        page.Count,
			ProjectID:      project.ProjectID(),
			CloudProviders: names,
			RowLimit:       limit,
			RowOffset:      offset,
		})
	}, func(row db.ListExportBucketsRow) (db.ExportBucket, int64) { return row.ExportBucket, row.TotalCount })
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
	ctx context.Context, project atlas.BackupWriter, id objectid.ID, update ExportBucketUpdate,
) (db.ExportBucket, error) {
	const field = "requirePrivateNetworking"
	if update.RequirePrivateNetworking == nil {
		return db.ExportBucket{}, atlas.NewError(atlas.CodeMissingAttribute, field)
	}
	// Whoever is refused waits for nobody. A bucket stays its cloud provider's.
	bucket, err := s.getExportBucket(ctx, project.ProjectID(), id)
	if err != nil {
		return db.ExportBucket{}, err
	}
	if bucket.CloudProvider != db.CloudProviderAWS {
		return db.ExportBucket{}, atlas.NewError(atlas.CodeInvalidAttribute, field).
			Fact("exportBucket", id.String(), "").
			Fact("cloudProvider", string(bucket.CloudProvider), string(db.CloudProviderAWS))
	}
	updated, err := write.Do(ctx, s.pool, project, func(tx pgx.Tx) (db.ExportBucket, error) {
		return s.q.UpdateExportBucketPrivateNetworking(ctx, tx, db.UpdateExportBucketPrivateNetworkingParams{
			ProjectID:                bucket.ProjectID,
			ID:                       bucket.ID,
			RequirePrivateNetworking: *update.RequirePrivateNetworking,
		})
	})
	return updated, atlas.WrapMissing(err, "update export bucket", bucketNotFound(id))
}

// DeleteExportBucket removes an export bucket of any cloud provider. What is in
// the cloud stays. It returns EXPORT_BUCKET_NOT_FOUND if the project has no bucket of that
// id, and EXPORT_BUCKET_DELETE_FAILED_BUCKET_IN_USE if a backup schedule exports to it.
func (s *Service) DeleteExportBucket(ctx context.Context, project atlas.BackupWriter, id objectid.ID) error {
	bucket, err := s.getExportBucket(ctx, project.ProjectID(), id) // whoever is refused waits for nobody
	if err != nil {
		return err
	}
	err = write.Begin(ctx, s.pool, project, func(tx pgx.Tx) error {
		_, err := s.q.DeleteExportBucket(ctx, tx, db.DeleteExportBucketParams{
			ProjectID: bucket.ProjectID,
			ID:        bucket.ID,
		})
		if err != nil {
			return err
		}
		by := event.By(s.env, project)
		return event.Write(ctx, tx,
			by.OnProject(bucket.ProjectID, roleEvents[bucket.CloudProvider].updated, event.Details{}),
			by.OnProject(bucket.ProjectID, event.BucketDeleted, event.Details{}))
	})
	if write.IsViolation(err, exportBucketFkey) {
		return atlas.NewError(atlas.CodeExportBucketInUse, id.String()).
			Fact("backup_schedules.export_bucket_id", id.String(), "no schedule with it")
	}
	return atlas.WrapMissing(err, "delete export bucket", bucketNotFound(id))
}
