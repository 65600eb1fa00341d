package api

import (
	"context"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/objectid"
)

// The bodies of cloud provider access roles. Unlike other bodies they show what
// is unknown, as null. Atlas, "Cloud Provider Access".

type awsRoleBody struct {
	AtlasAWSAccountARN         string             `json:"atlasAWSAccountArn"`
	AtlasAssumedRoleExternalID *string            `json:"atlasAssumedRoleExternalId"`
	AuthorizedDate             *time.Time         `json:"authorizedDate"`
	CreatedDate                time.Time          `json:"createdDate"`
	FeatureUsages              []featureUsageBody `json:"featureUsages"`
	IAMAssumedRoleARN          *string            `json:"iamAssumedRoleArn"`
	ProviderName               db.CloudProvider   `json:"providerName"`
	RoleID                     objectid.ID        `json:"roleId"`
}

type azureRoleBody struct {
	ID                 objectid.ID        `json:"_id"` // the only one that is not called roleId
	AtlasAzureAppID    *string            `json:"atlasAzureAppId"`
	CreatedDate        time.Time          `json:"createdDate"`
	FeatureUsages      []featureUsageBody `json:"featureUsages"`
	LastUpdatedDate    time.Time          `json:"lastUpdatedDate"`
	ProviderName       db.CloudProvider   `json:"providerName"`
	ServicePrincipalID *string            `json:"servicePrincipalId"`
	TenantID           *string            `json:"tenantId"`
}

type gcpRoleBody struct {
	CreatedDate               time.Time          `json:"createdDate"`
	FeatureUsages             []featureUsageBody `json:"featureUsages"`
	GCPServiceAccountForAtlas *string            `json:"gcpServiceAccountForAtlas"`
	ProviderName              db.CloudProvider   `json:"providerName"`
	RoleID                    objectid.ID        `json:"roleId"`
	Status                    *db.GCPRoleStatus  `json:"status"`
}

// featureUsageBody says that an export bucket uses a role.
type featureUsageBody struct {
	FeatureID   exportBucketRef `json:"featureId"`
	FeatureType string          `json:"featureType"`
}

type exportBucketRef struct {
	ExportBucketID string      `json:"exportBucketId"`
	GroupID        objectid.ID `json:"groupId"`
}

// accessRolesBody is the list of a project's roles. Atlas does not page it.
type accessRolesBody struct {
	AWSIAMRoles            []awsRoleBody   `json:"awsIamRoles"`
	AzureServicePrincipals []azureRoleBody `json:"azureServicePrincipals"`
	GCPServiceAccounts     []gcpRoleBody   `json:"gcpServiceAccounts"`
}

// newAccessRoleBody returns the body of the role's cloud provider.
func (s *Server) newAccessRoleBody(role backup.AccessRole) any {
	usages := make([]featureUsageBody, len(role.ExportBucketIDs))
	for i, id := range role.ExportBucketIDs {
		usages[i] = featureUsageBody{
			FeatureID:   exportBucketRef{ExportBucketID: id, GroupID: role.ProjectID},
			FeatureType: "EXPORT_SNAPSHOT",
		}
	}
	switch role.CloudProvider {
	case db.CloudProviderAWS:
		return awsRoleBody{
			AtlasAWSAccountARN:         s.cfg.AWSAccountARN,
			AtlasAssumedRoleExternalID: role.AssumedRoleExternalID,
			AuthorizedDate:             wholeSecondsOrNil(role.AuthorizedAt),
			CreatedDate:                wholeSeconds(role.CreatedAt),
			FeatureUsages:              usages,
			IAMAssumedRoleARN:          role.IAMAssumedRoleARN,
			ProviderName:               role.CloudProvider,
			RoleID:                     role.ID,
		}
	case db.CloudProviderAZURE:
		return azureRoleBody{
			ID:                 role.ID,
			AtlasAzureAppID:    role.AzureAppID,
			CreatedDate:        wholeSeconds(role.CreatedAt),
			FeatureUsages:      usages,
			LastUpdatedDate:    wholeSeconds(role.UpdatedAt),
			ProviderName:       role.CloudProvider,
			ServicePrincipalID: role.ServicePrincipalID,
			TenantID:           role.TenantID,
		}
	default:
		return gcpRoleBody{
			CreatedDate:               wholeSeconds(role.CreatedAt),
			FeatureUsages:             usages,
			GCPServiceAccountForAtlas: role.GCPServiceAccount,
			ProviderName:              role.CloudProvider,
			RoleID:                    role.ID,
			Status:                    role.GCPStatus,
		}
	}
}

// wholeSeconds is a time as Atlas writes it: in UTC, without a fraction.
func wholeSeconds(t time.Time) time.Time {
	return t.UTC().Truncate(time.Second)
}

func wholeSecondsOrNil(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	whole := wholeSeconds(*t)
	return &whole
}

func (s *Server) createAccessRole(
	ctx context.Context, project atlas.ProjectOwner, _ *call, req backup.AccessRoleRequest,
) (any, error) {
	role, err := s.backup.CreateAccessRole(ctx, project, req)
	return s.newAccessRoleBody(role), err
}

func (s *Server) listAccessRoles(
	ctx context.Context, project atlas.ProjectReader, c *call,
) (body accessRolesBody, err error) {
	if err := c.work.takeItems(maxPageSize); err != nil {
		return body, err
	}
	roles, err := s.backup.ListAccessRoles(ctx, project)
	for _, role := range roles {
		switch one := s.newAccessRoleBody(role).(type) {
		case awsRoleBody:
			body.AWSIAMRoles = append(body.AWSIAMRoles, one)
		case azureRoleBody:
			body.AzureServicePrincipals = append(body.AzureServicePrincipals, one)
		case gcpRoleBody:
			body.GCPServiceAccounts = append(body.GCPServiceAccounts, one)
		}
	}
	return body, err
}

func (s *Server) getAccessRole(ctx context.Context, project atlas.ProjectReader, c *call) (any, error) {
	role, err := s.backup.GetAccessRole(ctx, project, c.id("roleId"))
	return s.newAccessRoleBody(role), err
}

func (s *Server) updateAccessRole(
	ctx context.Context, project atlas.ProjectOwner, c *call, req backup.AccessRoleRequest,
) (any, error) {
	role, err := s.backup.UpdateAccessRole(ctx, project, c.id("roleId"), req)
	return s.newAccessRoleBody(role), err
}

func (s *Server) deleteAccessRole(ctx context.Context, project atlas.ProjectOwner, c *call) (noContent, error) {
	return noContent{}, s.backup.DeleteAccessRole(ctx, project, c.param("cloudProvider"), c.id("roleId"))
}
