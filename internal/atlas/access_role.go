package atlas

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
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
	ExportBucketIDs []string // oldest first
}

// checkFields refuses a cloud provider that is none and fields of another one,
// and returns the provider.
func (r AccessRoleRequest) checkFields() (db.CloudProvider, error) {
	if r.ProviderName == nil {
		return "", NewError(CodeMissingAttribute, "providerName")
	}
	provider := db.CloudProvider(*r.ProviderName)
	if !provider.Valid() {
		return "", NewError(CodeInvalidEnumValue, *r.ProviderName)
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
			return "", NewError(CodeInvalidAttribute, field.name)
		}
	}
	return provider, nil
}

// checkAzure refuses ids that Azure could not know.
func (r AccessRoleRequest) checkAzure() error {
	switch {
	case r.ServicePrincipalID == nil:
		return NewError(CodeMissingAttribute, "servicePrincipalId")
	case r.TenantID == nil:
		return NewError(CodeMissingAttribute, "tenantId")
	case !IsUUID(*r.ServicePrincipalID) || !IsUUID(*r.TenantID):
		return NewError(CodeAzureServicePrincipalInvalid, *r.ServicePrincipalID)
	case r.AtlasAzureAppID != nil && !IsUUID(*r.AtlasAzureAppID):
		return NewError(CodeInvalidAttribute, "atlasAzureAppId")
	}
	return nil
}

var uuidForm = regexp.MustCompile(`^(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// IsUUID says whether s is a UUID, in whatever case.
func IsUUID(s string) bool { return uuidForm.MatchString(s) }

// roleARN is the ARN of an IAM role. Atlas assumes the role to see whether it
// can; without AWS every ARN of the form is taken for one that it can.
var roleARN = regexp.MustCompile(`^arn:aws(?:-[a-z-]+)?:iam::[0-9]{12}:role/[\x21-\x7e]+$`)

// IsRoleARN says whether s is the ARN of an IAM role, of at most 2048
// characters.
func IsRoleARN(s string) bool { return len(s) <= 2048 && roleARN.MatchString(s) }

// GCPServiceAccount is the Google account that Atlas would make for a project:
// one each, of the form that the Atlas specification gives.
func GCPServiceAccount(projectID objectid.ID) string {
	sum := sha256.Sum256([]byte(projectID.String()))
	return "mongodb-atlas-" + hex.EncodeToString(sum[:8]) + "@p-" + projectID.String() + ".iam.gserviceaccount.com"
}

// CreateAccessRole adds an access role to the project. An AWS role is to be
// authorized before it can be used; an Azure role can be used at once, and so
// can that of Google Cloud, of which a project has one: it is returned again if
// it is there.
//
// It returns an *Error for the first rule that the request breaks, and
// DUPLICATE_AZURE_SERVICE_PRINCIPAL if the project has the principal already.
func (s *Service) CreateAccessRole(
	ctx context.Context, project ProjectOwner, req AccessRoleRequest,
) (AccessRole, error) {
	provider, err := req.checkFields()
	if err != nil {
		return AccessRole{}, err
	}
	row := db.InsertAccessRoleParams{
		ProjectID:     project.projectID,
		CloudProvider: provider,
		Now:           s.now(),
	}
	row.ID = s.cfg.NewID(row.Now)
	switch provider {
	case db.CloudProviderAWS:
		if req.IAMAssumedRoleARN != nil {
			return AccessRole{}, NewError(CodeInvalidAttribute, "iamAssumedRoleArn")
		}
		externalID := uuid.NewString()
		row.AssumedRoleExternalID = &externalID
	case db.CloudProviderAZURE:
		if err := req.checkAzure(); err != nil {
			return AccessRole{}, err
		}
		appID := AtlasAzureAppID
		row.AzureAppID = &appID
		if req.AtlasAzureAppID != nil {
			row.AzureAppID = req.AtlasAzureAppID
		}
		row.ServicePrincipalID, row.TenantID = req.ServicePrincipalID, req.TenantID
	case db.CloudProviderGCP:
		return s.createGCPAccessRole(ctx, row)
	}
	role, err := s.q.InsertAccessRole(ctx, s.pool, row)
	if err != nil {
		if isViolation(err, accessRolesProjectFkey) {
			return AccessRole{}, NewError(CodeProjectNotFound, row.ProjectID.String())
		}
		return AccessRole{}, accessRoleError(err, row.ServicePrincipalID, "insert access role")
	}
	return AccessRole{CloudProviderAccessRole: role}, nil
}

// createGCPAccessRole holds the project, so that of two requests at once one
// sees the role of the other.
func (s *Service) createGCPAccessRole(ctx context.Context, row db.InsertAccessRoleParams) (AccessRole, error) {
	account, status := GCPServiceAccount(row.ProjectID), db.GCPRoleStatusCOMPLETE
	row.GCPServiceAccount, row.GCPStatus = &account, &status
	var role db.CloudProviderAccessRole
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := s.q.GetProjectForNoKeyUpdate(ctx, tx, row.ProjectID)
		if errors.Is(err, pgx.ErrNoRows) {
			return NewError(CodeProjectNotFound, row.ProjectID.String())
		}
		if err != nil {
			return fmt.Errorf("get project: %w", err)
		}
		role, err = s.q.GetGCPAccessRole(ctx, tx, row.ProjectID)
		if errors.Is(err, pgx.ErrNoRows) {
			role, err = s.q.InsertAccessRole(ctx, tx, row)
		}
		if err != nil {
			return fmt.Errorf("get or insert access role: %w", err)
		}
		return nil
	})
	if err != nil {
		return AccessRole{}, err
	}
	return s.withUsages(ctx, role)
}

// GetAccessRole returns one access role of the project. It returns
// CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND if there is none of that id.
func (s *Service) GetAccessRole(ctx context.Context, project ProjectReader, id string) (AccessRole, error) {
	roleID, err := objectid.Parse(id)
	if err != nil {
		return AccessRole{}, NewError(CodeAccessRoleNotFound, id)
	}
	role, err := s.q.GetAccessRole(ctx, s.pool, db.GetAccessRoleParams{ProjectID: project.projectID, ID: roleID})
	if errors.Is(err, pgx.ErrNoRows) {
		return AccessRole{}, NewError(CodeAccessRoleNotFound, id)
	}
	if err != nil {
		return AccessRole{}, fmt.Errorf("get access role: %w", err)
	}
	return s.withUsages(ctx, role)
}

// ListAccessRoles returns all access roles of the project, oldest first.
func (s *Service) ListAccessRoles(ctx context.Context, project ProjectReader) ([]AccessRole, error) {
	roles, err := s.q.ListAccessRoles(ctx, s.pool, project.projectID)
	if err != nil {
		return nil, fmt.Errorf("list access roles: %w", err)
	}
	usages, err := s.q.ListExportBucketIDsByRole(ctx, s.pool,
		db.ListExportBucketIDsByRoleParams{ProjectID: project.projectID})
	if err != nil {
		return nil, fmt.Errorf("list usages of access roles: %w", err)
	}
	ids := make(map[objectid.ID][]string, len(usages))
	for _, usage := range usages {
		ids[usage.RoleID] = usage.IDs
	}
	list := make([]AccessRole, len(roles))
	for i, role := range roles {
		list[i] = AccessRole{CloudProviderAccessRole: role, ExportBucketIDs: ids[role.ID]}
	}
	return list, nil
}

// UpdateAccessRole authorizes an AWS role, gives an Azure role another
// principal, and leaves a role of Google Cloud as it is. It returns an *Error
// for the first rule that the request breaks, CANNOT_ASSUME_ROLE if the ARN is
// not one that could be assumed, CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND if the
// project has no such role of that cloud provider, and
// DUPLICATE_AZURE_SERVICE_PRINCIPAL if another role has the principal.
func (s *Service) UpdateAccessRole(
	ctx context.Context, project ProjectOwner, id string, req AccessRoleRequest,
) (AccessRole, error) {
	provider, err := req.checkFields()
	if err != nil {
		return AccessRole{}, err
	}
	roleID, err := objectid.Parse(id)
	if err != nil {
		return AccessRole{}, NewError(CodeAccessRoleNotFound, id)
	}
	var role db.CloudProviderAccessRole
	switch provider {
	case db.CloudProviderAWS:
		role, err = s.authorizeAWSRole(ctx, project.projectID, roleID, req)
	case db.CloudProviderAZURE:
		role, err = s.updateAzureRole(ctx, project.projectID, roleID, req)
	case db.CloudProviderGCP:
		role, err = s.q.GetAccessRole(ctx, s.pool, db.GetAccessRoleParams{ProjectID: project.projectID, ID: roleID})
	}
	if errors.Is(err, pgx.ErrNoRows) || err == nil && role.CloudProvider != provider {
		return AccessRole{}, NewError(CodeAccessRoleNotFound, id)
	}
	if err != nil {
		return AccessRole{}, accessRoleError(err, req.ServicePrincipalID, "update access role")
	}
	return s.withUsages(ctx, role)
}

func (s *Service) authorizeAWSRole(
	ctx context.Context, projectID, id objectid.ID, req AccessRoleRequest,
) (db.CloudProviderAccessRole, error) {
	if req.IAMAssumedRoleARN == nil {
		return db.CloudProviderAccessRole{}, NewError(CodeMissingAttribute, "iamAssumedRoleArn")
	}
	if !IsRoleARN(*req.IAMAssumedRoleARN) {
		return db.CloudProviderAccessRole{}, NewError(CodeCannotAssumeRole, *req.IAMAssumedRoleARN)
	}
	return s.q.UpdateAWSAccessRole(ctx, s.pool, db.UpdateAWSAccessRoleParams{
		ProjectID:         projectID,
		ID:                id,
		IAMAssumedRoleARN: *req.IAMAssumedRoleARN,
		Now:               s.now(),
	})
}

func (s *Service) updateAzureRole(
	ctx context.Context, projectID, id objectid.ID, req AccessRoleRequest,
) (db.CloudProviderAccessRole, error) {
	if err := req.checkAzure(); err != nil {
		return db.CloudProviderAccessRole{}, err
	}
	var role db.CloudProviderAccessRole
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := s.q.GetAccessRoleForUpdate(ctx, tx, db.GetAccessRoleForUpdateParams{ProjectID: projectID, ID: id})
		if err != nil {
			return err
		}
		role, err = s.q.UpdateAzureAccessRole(ctx, tx, db.UpdateAzureAccessRoleParams{
			ProjectID:          projectID,
			ID:                 id,
			AzureAppID:         req.AtlasAzureAppID,
			ServicePrincipalID: *req.ServicePrincipalID,
			TenantID:           *req.TenantID,
			Now:                s.now(),
		})
		return err
	})
	return role, err
}

// inUse is what Atlas answers if a role that is in use is to be deleted, cloud
// provider by cloud provider. The parameter is a sentence of its own.
var inUse = map[db.CloudProvider]struct {
	code      Code
	parameter string
}{
	db.CloudProviderAWS:   {CodeAWSIAMRoleInUse, "Cannot remove the AWS IAM role (%s) because it is still in use."},
	db.CloudProviderAZURE: {CodeAzureServicePrincipalInUse, "Cannot remove the Azure Service Principal (%s) because it is still in use."},
	db.CloudProviderGCP:   {CodeGCPServiceAccountInUse, "Cannot remove the GCP Service Account (%s) because it is still in use."},
}

// DeleteAccessRole removes an access role that no export bucket uses. It returns
// INVALID_PROVIDER for a cloud provider that is none,
// CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND if the project has no such role of that
// provider, and the code that Atlas has for each if it is in use.
func (s *Service) DeleteAccessRole(ctx context.Context, project ProjectOwner, provider, id string) error {
	cloudProvider := db.CloudProvider(provider)
	if !cloudProvider.Valid() {
		return NewError(CodeInvalidProvider, provider)
	}
	roleID, err := objectid.Parse(id)
	if err != nil {
		return NewError(CodeAccessRoleNotFound, id)
	}
	deleted, err := s.q.DeleteAccessRole(ctx, s.pool, db.DeleteAccessRoleParams{
		ProjectID:     project.projectID,
		ID:            roleID,
		CloudProvider: cloudProvider,
	})
	if isViolation(err, exportBucketsRoleFkey) || isViolation(err, exportBucketsTenantFkey) {
		refusal := inUse[cloudProvider]
		return NewError(refusal.code, fmt.Sprintf(refusal.parameter, id))
	}
	if err != nil {
		return fmt.Errorf("delete access role: %w", err)
	}
	if deleted == 0 {
		return NewError(CodeAccessRoleNotFound, id)
	}
	return nil
}

func (s *Service) withUsages(ctx context.Context, role db.CloudProviderAccessRole) (AccessRole, error) {
	usages, err := s.q.ListExportBucketIDsByRole(ctx, s.pool, db.ListExportBucketIDsByRoleParams{
		ProjectID: role.ProjectID,
		RoleID:    &role.ID,
	})
	if err != nil {
		return AccessRole{}, fmt.Errorf("list usages of access role: %w", err)
	}
	result := AccessRole{CloudProviderAccessRole: role}
	for _, usage := range usages {
		result.ExportBucketIDs = usage.IDs
	}
	return result, nil
}

// accessRoleError translates the refusal of a second role for a principal.
func accessRoleError(err error, servicePrincipalID *string, doing string) error {
	var refusal *Error
	switch {
	case errors.As(err, &refusal):
		return err
	case servicePrincipalID != nil && isViolation(err, accessRolesServicePrincipalKey):
		return NewError(CodeDuplicateAzureServicePrincipal, *servicePrincipalID)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
