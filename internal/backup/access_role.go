package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
)

// AtlasAzureAppID is the application id of Atlas itself in Azure.
const AtlasAzureAppID = "9f2deb0d-be22-4524-a403-df531868bac0"

// AccessRoleRequest is the body that creates or authorizes a cloud provider
// access role. A field is nil if the body lacks it or says null.
type AccessRoleRequest struct {
	ProviderName       *string `json:"providerName"`       // AWS, AZURE or GCP
	IAMAssumedRoleARN  *string `json:"iamAssumedRoleArn"`  // AWS, to authorize
	AtlasAzureAppID    *string `json:"atlasAzureAppId"`    // AZURE; Atlas' own if left out
	ServicePrincipalID *string `json:"servicePrincipalId"` // AZURE
	TenantID           *string `json:"tenantId"`           // AZURE

	// What Atlas answers and clients echo; ignored, of any type.
	ID                         any `json:"_id"`
	AtlasAWSAccountARN         any `json:"atlasAWSAccountArn"`
	AtlasAssumedRoleExternalID any `json:"atlasAssumedRoleExternalId"`
	AuthorizedDate             any `json:"authorizedDate"`
	CreatedDate                any `json:"createdDate"`
	FeatureUsages              any `json:"featureUsages"`
	GCPServiceAccountForAtlas  any `json:"gcpServiceAccountForAtlas"`
	LastUpdatedDate            any `json:"lastUpdatedDate"`
	RoleID                     any `json:"roleId"`
	Status                     any `json:"status"`
}

// AccessRole is a cloud provider access role and what uses it.
type AccessRole struct {
	db.CloudProviderAccessRole
	ExportBucketIDs []string // oldest first, at most 1000
}

// checkFields refuses an unknown cloud provider and fields of another one, and
// returns the provider.
func (r AccessRoleRequest) checkFields() (db.CloudProvider, error) {
	if r.ProviderName == nil {
		return "", atlas.NewError(atlas.CodeMissingAttribute, "providerName")
	}
	provider := db.CloudProvider(*r.ProviderName)
	if !provider.Valid() {
		return "", atlas.NewError(atlas.CodeInvalidEnumValue, *r.ProviderName).
			Fact("providerName", *r.ProviderName, fmt.Sprint(db.AllCloudProviderValues()))
	}
	for _, field := range []struct {
		name  string
		value *string
		of    db.CloudProvider
	}{
		{"iamAssumedRoleArn", r.IAMAssumedRoleARN, db.CloudProviderAWS},
		{"atlasAzureAppId", r.AtlasAzureAppID, db.CloudProviderAZURE},
		{"servicePrincipalId", r.ServicePrincipalID, db.CloudProviderAZURE},
		{"tenantId", r.TenantID, db.CloudProviderAZURE},
	} {
		if field.value != nil && field.of != provider {
			return "", atlas.NewError(atlas.CodeInvalidAttribute, field.name)
		}
	}
	return provider, nil
}

// checkAWS refuses an ARN that could not be assumed.
func (r AccessRoleRequest) checkAWS() error {
	switch {
	case r.IAMAssumedRoleARN == nil:
		return atlas.NewError(atlas.CodeMissingAttribute, "iamAssumedRoleArn")
	case !IsRoleARN(*r.IAMAssumedRoleARN):
		return atlas.NewError(atlas.CodeCannotAssumeRole, *r.IAMAssumedRoleARN)
	}
	return nil
}

// checkAzure refuses ids that Azure could not know.
func (r AccessRoleRequest) checkAzure() error {
	switch {
	case r.ServicePrincipalID == nil:
		return atlas.NewError(atlas.CodeMissingAttribute, "servicePrincipalId")
	case r.TenantID == nil:
		return atlas.NewError(atlas.CodeMissingAttribute, "tenantId")
	case !IsUUID(*r.ServicePrincipalID) || !IsUUID(*r.TenantID):
		return atlas.NewError(atlas.CodeAzureServicePrincipalInvalid, *r.ServicePrincipalID)
	case r.AtlasAzureAppID != nil && !IsUUID(*r.AtlasAzureAppID):
		return atlas.NewError(atlas.CodeInvalidAttribute, "atlasAzureAppId")
	}
	return nil
}

var uuidForm = regexp.MustCompile(`^(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// IsUUID says whether s is a UUID, in whatever case.
func IsUUID(s string) bool { return uuidForm.MatchString(s) }

// roleARN is the ARN of an IAM role. Atlas assumes the role to see whether it
// can; without AWS every ARN of the form is taken for one that it can.
var roleARN = regexp.MustCompile(`^arn:aws(?:-[a-z-]+)?:iam::[0-9]{12}:role/[\x21-\x7e]+$`)

// IsRoleARN says whether s is the ARN of an IAM role, of at most atlas.MaxLocator
// characters.
func IsRoleARN(s string) bool {
	return atlas.HasLength(s, 1, atlas.MaxLocator) && roleARN.MatchString(s)
}

// gcpServiceAccount is the Google account that Atlas would make for a project:
// one each, of the form that the Atlas specification gives.
func gcpServiceAccount(projectID objectid.ID) string {
	sum := sha256.Sum256([]byte(projectID.String()))
	return "mongodb-atlas-" + hex.EncodeToString(sum[:8]) + "@p-" + projectID.String() + ".iam.gserviceaccount.com"
}

// CreateAccessRole adds an access role to the project. An AWS role is to be
// authorized before it can be used; an Azure role can be used at once, and so
// can that of Google Cloud, of which a project has one: it is returned again if
// it is there.
//
// It returns an *atlas.Error for the first rule that the request breaks, and
// DUPLICATE_AZURE_SERVICE_PRINCIPAL if the project has the principal already.
func (s *Service) CreateAccessRole(
	ctx context.Context, project atlas.ProjectOwner, req AccessRoleRequest,
) (AccessRole, error) {
	provider, err := req.checkFields()
	if err != nil {
		return AccessRole{}, err
	}
	now := project.Now()
	projectID, id := project.ProjectID(), s.env.NewID(now)
	var row db.InsertAccessRoleParams
	switch provider {
	case db.CloudProviderAWS:
		if req.IAMAssumedRoleARN != nil {
			return AccessRole{}, atlas.NewError(atlas.CodeInvalidAttribute, "iamAssumedRoleArn")
		}
		row = NewAWSRoleRow(projectID, id, nil, now)
	case db.CloudProviderAZURE:
		if err := req.checkAzure(); err != nil {
			return AccessRole{}, err
		}
		row = NewAzureRoleRow(projectID, id, req.AtlasAzureAppID, *req.ServicePrincipalID, *req.TenantID, now)
	case db.CloudProviderGCP:
		return s.createGCPAccessRole(ctx, project, NewGCPRoleRow(projectID, id, db.GCPRoleStatusCOMPLETE, now))
	}
	role, err := write.Do(ctx, s.pool, project, func(tx pgx.Tx) (db.CloudProviderAccessRole, error) {
		role, err := s.q.InsertAccessRole(ctx, tx, row)
		if err != nil {
			return role, err
		}
		return role, s.tellOfRole(ctx, tx, project, roleEvents[provider].added)
	})
	return AccessRole{CloudProviderAccessRole: role},
		accessRoleError(err, projectID, row.ServicePrincipalID, "insert access role")
}

// The constraints whose violation is an answer and not a fault.
const (
	accessRolesProjectFkey         = "cloud_provider_access_roles_project_id_fkey"
	accessRolesServicePrincipalKey = "cloud_provider_access_roles_project_id_service_principal_id_key"
	exportBucketsRoleFkey          = "export_buckets_project_id_role_id_cloud_provider_fkey"
	exportBucketsTenantFkey        = "export_buckets_project_id_role_id_tenant_id_fkey"
)

// NewAWSRoleRow returns the row of an AWS access role. It is authorized if it has an
// ARN.
func NewAWSRoleRow(projectID, id objectid.ID, arn *string, now time.Time) db.InsertAccessRoleParams {
	row := db.InsertAccessRoleParams{ProjectID: projectID, ID: id, CloudProvider: db.CloudProviderAWS, CreatedAt: now}
	row.AssumedRoleExternalID = new(uuid.NewString())
	if row.IAMAssumedRoleARN = arn; arn != nil {
		row.AuthorizedAt = &now
	}
	return row
}

// NewAzureRoleRow returns the row of an Azure access role, with Atlas' own
// application id if none is given.
func NewAzureRoleRow(
	projectID, id objectid.ID, appID *string, servicePrincipalID, tenantID string, now time.Time,
) db.InsertAccessRoleParams {
	row := db.InsertAccessRoleParams{ProjectID: projectID, ID: id, CloudProvider: db.CloudProviderAZURE, CreatedAt: now}
	if row.AzureAppID = appID; appID == nil {
		row.AzureAppID = new(AtlasAzureAppID)
	}
	row.ServicePrincipalID, row.TenantID = &servicePrincipalID, &tenantID
	return row
}

// NewGCPRoleRow returns the row of a Google Cloud access role. It is authorized if
// its status is COMPLETE.
func NewGCPRoleRow(
	projectID, id objectid.ID, status db.GCPRoleStatus, now time.Time,
) db.InsertAccessRoleParams {
	row := db.InsertAccessRoleParams{ProjectID: projectID, ID: id, CloudProvider: db.CloudProviderGCP, CreatedAt: now}
	row.GCPServiceAccount, row.GCPStatus = new(gcpServiceAccount(projectID)), &status
	return row
}

// createGCPAccessRole locks the project, so that of two requests at once one
// sees the role of the other.
func (s *Service) createGCPAccessRole(
	ctx context.Context, project atlas.ProjectOwner, row db.InsertAccessRoleParams,
) (AccessRole, error) {
	role, err := write.Do(ctx, s.pool, project, func(tx pgx.Tx) (db.CloudProviderAccessRole, error) {
		if err := write.LockProject(ctx, tx, row.ProjectID); err != nil {
			return db.CloudProviderAccessRole{}, err
		}
		role, err := s.q.GetGCPAccessRole(ctx, tx, row.ProjectID)
		if errors.Is(err, pgx.ErrNoRows) {
			role, err = s.q.InsertAccessRole(ctx, tx, row)
			if err == nil {
				err = s.tellOfRole(ctx, tx, project, event.GCPRoleAdded)
			}
		}
		return role, atlas.Wrap(err, "get or insert access role")
	})
	if err != nil {
		return AccessRole{}, err
	}
	return s.withUsages(ctx, role)
}

// GetAccessRole returns one access role of the project. It returns
// CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND if there is none of that id.
func (s *Service) GetAccessRole(ctx context.Context, project atlas.ProjectReader, id objectid.ID) (AccessRole, error) {
	roles, err := s.listAccessRoles(ctx, project.ProjectID(), &id)
	if err == nil && len(roles) == 0 {
		err = atlas.NewError(atlas.CodeAccessRoleNotFound, id.String())
	}
	if err != nil {
		return AccessRole{}, err
	}
	return roles[0], nil
}

// withUsages returns the role as a write left it, whatever others have done since,
// with the export buckets that use it.
func (s *Service) withUsages(ctx context.Context, role db.CloudProviderAccessRole) (AccessRole, error) {
	roles, err := s.listAccessRoles(ctx, role.ProjectID, &role.ID)
	if err != nil {
		return AccessRole{}, err
	}
	used := AccessRole{CloudProviderAccessRole: role}
	if len(roles) == 1 {
		used.ExportBucketIDs = roles[0].ExportBucketIDs
	}
	return used, nil
}

// ListAccessRoles returns all access roles of the project, oldest first.
func (s *Service) ListAccessRoles(ctx context.Context, project atlas.ProjectReader) ([]AccessRole, error) {
	return s.listAccessRoles(ctx, project.ProjectID(), nil)
}

// listAccessRoles returns all access roles of the project or, given an id, the one
// that has it.
func (s *Service) listAccessRoles(
	ctx context.Context, projectID objectid.ID, id *objectid.ID,
) ([]AccessRole, error) {
	rows, err := s.q.ListAccessRoles(ctx, s.pool, db.ListAccessRolesParams{ProjectID: projectID, ID: id})
	roles := make([]AccessRole, len(rows))
	for i, row := range rows {
		roles[i] = AccessRole{row.CloudProviderAccessRole, row.ExportBucketIDs}
	}
	return roles, atlas.Wrap(err, "list access roles")
}

// UpdateAccessRole authorizes an AWS role, gives an Azure role another
// principal, and leaves a role of Google Cloud as it is. It returns an *atlas.Error
// for the first rule that the request breaks, CANNOT_ASSUME_ROLE if the ARN is
// not one that could be assumed, CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND if the
// project has no such role of that cloud provider, and
// DUPLICATE_AZURE_SERVICE_PRINCIPAL if another role has the principal.
func (s *Service) UpdateAccessRole(
	ctx context.Context, project atlas.ProjectOwner, id objectid.ID, req AccessRoleRequest,
) (AccessRole, error) {
	provider, err := req.checkFields()
	if err != nil {
		return AccessRole{}, err
	}
	switch provider {
	case db.CloudProviderAWS:
		err = req.checkAWS()
	case db.CloudProviderAZURE:
		err = req.checkAzure()
	case db.CloudProviderGCP:
	}
	if err != nil {
		return AccessRole{}, err
	}
	role, err := s.getAccessRoleOf(ctx, project.ProjectID(), provider, id)
	if err != nil {
		return AccessRole{}, err
	}
	switch provider {
	case db.CloudProviderAWS:
		role, err = s.authorizeAWSRole(ctx, project, role.ID, req)
	case db.CloudProviderAZURE:
		role, err = s.updateAzureRole(ctx, project, role.ID, req)
	case db.CloudProviderGCP:
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return AccessRole{}, atlas.NewError(atlas.CodeAccessRoleNotFound, id.String())
	}
	if err != nil {
		return AccessRole{}, accessRoleError(err, project.ProjectID(), req.ServicePrincipalID, "update access role")
	}
	return s.withUsages(ctx, role)
}

// getAccessRoleOf returns the project's access role of the cloud provider, or
// CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND. It is asked before a write waits for the role:
// whoever is refused waits for nobody.
func (s *Service) getAccessRoleOf(
	ctx context.Context, projectID objectid.ID, provider db.CloudProvider, id objectid.ID,
) (db.CloudProviderAccessRole, error) {
	notFound := atlas.NewError(atlas.CodeAccessRoleNotFound, id.String())
	role, err := s.q.GetAccessRole(ctx, s.pool, db.GetAccessRoleParams{ProjectID: projectID, ID: id})
	if err == nil && role.CloudProvider != provider {
		err = notFound.Fact("cloudProvider", string(role.CloudProvider), string(provider))
	}
	return role, atlas.WrapMissing(err, "get access role", notFound)
}

func (s *Service) authorizeAWSRole(
	ctx context.Context, project atlas.ProjectOwner, id objectid.ID, req AccessRoleRequest,
) (db.CloudProviderAccessRole, error) {
	return write.Do(ctx, s.pool, project, func(tx pgx.Tx) (db.CloudProviderAccessRole, error) {
		role, err := s.q.UpdateAWSAccessRole(ctx, tx, db.UpdateAWSAccessRoleParams{
			ProjectID:         project.ProjectID(),
			ID:                id,
			IAMAssumedRoleARN: *req.IAMAssumedRoleARN,
			Now:               project.Now(),
		})
		if err != nil {
			return role, err
		}
		return role, s.tellOfRole(ctx, tx, project, event.AWSRoleUpdated)
	})
}

func (s *Service) updateAzureRole(
	ctx context.Context, project atlas.ProjectOwner, id objectid.ID, req AccessRoleRequest,
) (db.CloudProviderAccessRole, error) {
	return write.Do(ctx, s.pool, project, func(tx pgx.Tx) (db.CloudProviderAccessRole, error) {
		_, err := s.q.GetAzureAccessRoleForUpdate(ctx, tx,
			db.GetAzureAccessRoleForUpdateParams{ProjectID: project.ProjectID(), ID: id})
		if err != nil {
			return db.CloudProviderAccessRole{}, err
		}
		role, err := s.q.UpdateAzureAccessRole(ctx, tx, db.UpdateAzureAccessRoleParams{
			ProjectID:          project.ProjectID(),
			ID:                 id,
			AzureAppID:         req.AtlasAzureAppID,
			ServicePrincipalID: *req.ServicePrincipalID,
			TenantID:           *req.TenantID,
			Now:                project.Now(),
		})
		if err != nil {
			return role, err
		}
		return role, s.tellOfRole(ctx, tx, project, event.AzureRoleUpdated)
	})
}

// roleEvents are the events that tell of a role of each cloud provider. That a bucket comes
// to use it, or ceases to, updates it.
var roleEvents = map[db.CloudProvider]struct{ added, updated, deleted event.Type }{
	db.CloudProviderAWS:   {event.AWSRoleAdded, event.AWSRoleUpdated, event.AWSRoleDeleted},
	db.CloudProviderAZURE: {event.AzureRoleAdded, event.AzureRoleUpdated, event.AzureRoleDeleted},
	db.CloudProviderGCP:   {event.GCPRoleAdded, event.GCPRoleUpdated, event.GCPRoleDeleted},
}

// tellOfRole writes the event of what the caller has done to a role.
func (s *Service) tellOfRole(ctx context.Context, tx pgx.Tx, project atlas.ProjectOwner, of event.Type) error {
	return event.Write(ctx, tx, event.By(s.env, project).OnProject(project.ProjectID(), of, event.Details{}))
}

// CodeInUse returns the code for a role of the cloud provider that is in use.
func CodeInUse(provider db.CloudProvider) atlas.Code { return inUse[provider] }

var inUse = map[db.CloudProvider]atlas.Code{
	db.CloudProviderAWS:   atlas.CodeAWSIAMRoleInUse,
	db.CloudProviderAZURE: atlas.CodeAzureServicePrincipalInUse,
	db.CloudProviderGCP:   atlas.CodeGCPServiceAccountInUse,
}

// DeleteAccessRole removes an access role that no export bucket uses. It returns
// INVALID_PROVIDER for an unknown cloud provider,
// CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND if the project has no such role of that
// provider, and the code that Atlas has for each if it is in use.
func (s *Service) DeleteAccessRole(
	ctx context.Context, project atlas.ProjectOwner, provider string, id objectid.ID,
) error {
	cloudProvider := db.CloudProvider(provider)
	if !cloudProvider.Valid() {
		return atlas.NewError(atlas.CodeInvalidProvider, provider)
	}
	role, err := s.getAccessRoleOf(ctx, project.ProjectID(), cloudProvider, id)
	if err != nil {
		return err
	}
	// That nothing else comes to use it is for the schema to say.
	used, err := s.q.GetAccessRoleHasBuckets(ctx, s.pool,
		db.GetAccessRoleHasBucketsParams{ProjectID: role.ProjectID, RoleID: role.ID})
	if err != nil {
		return fmt.Errorf("look for buckets of access role: %w", err)
	}
	if used {
		return roleInUse(cloudProvider, id)
	}
	err = write.Begin(ctx, s.pool, project, func(tx pgx.Tx) error {
		_, err := s.q.DeleteAccessRole(ctx, tx, db.DeleteAccessRoleParams{
			ProjectID:     role.ProjectID,
			ID:            role.ID,
			CloudProvider: cloudProvider,
		})
		if err != nil {
			return err
		}
		return s.tellOfRole(ctx, tx, project, roleEvents[cloudProvider].deleted)
	})
	if write.IsViolation(err, exportBucketsRoleFkey) || write.IsViolation(err, exportBucketsTenantFkey) {
		return roleInUse(cloudProvider, id)
	}
	return atlas.WrapMissing(err, "delete access role", atlas.NewError(atlas.CodeAccessRoleNotFound, id.String()))
}

func roleInUse(provider db.CloudProvider, id objectid.ID) error {
	return atlas.NewError(inUse[provider], id.String()).Fact("accessRole", id.String(), "no export bucket with it")
}

// accessRoleError translates the refusal of a second role for a principal, and of a
// role of a project that was deleted meanwhile.
func accessRoleError(err error, projectID objectid.ID, servicePrincipalID *string, doing string) error {
	switch {
	case write.IsViolation(err, accessRolesServicePrincipalKey):
		return atlas.NewError(atlas.CodeDuplicateAzureServicePrincipal, *servicePrincipalID)
	case write.IsViolation(err, accessRolesProjectFkey):
		return atlas.NewError(atlas.CodeProjectNotFound, projectID.String())
	}
	return atlas.Wrap(err, doing)
}
