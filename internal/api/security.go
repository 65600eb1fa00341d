package api

import (
	"context"

	"exportbuckets/internal/atlas"
)

// What Atlas can do to secure a project's clusters, all of it off.

// auditLogBody is the auditing of a project's databases.
type auditLogBody struct {
	AuditAuthorizationSuccess bool   `json:"auditAuthorizationSuccess"`
	ConfigurationType         string `json:"configurationType"`
	Enabled                   bool   `json:"enabled"`
}

func (s *Server) getAuditLog(context.Context, atlas.ProjectOwner, *call) (auditLogBody, error) {
	return auditLogBody{ConfigurationType: "NONE"}, nil
}

var policyVersions = []version{
	{date: "2023-01-01", successor: "2023-10-01", sunset: "2027-07-01"},
	{date: "2023-10-01"},
}

// getCompliancePolicy answers for a policy that nobody made: with a document
// that has no members, by which clients tell.
func (s *Server) getCompliancePolicy(context.Context, atlas.ProjectOwner, *call) (struct{}, error) {
	return struct{}{}, nil
}

// encryptionBody is the encryption of a project's clusters with keys of its own.
// Texts that nobody set are null, by Atlas' way.
type encryptionBody struct {
	AWSKMS struct {
		CustomerMasterKeyID *string `json:"customerMasterKeyID"`
		Enabled             bool    `json:"enabled"`
		Region              *string `json:"region"`
		Valid               bool    `json:"valid"`
	} `json:"awsKms"`
	AzureKeyVault struct {
		AzureEnvironment  *string `json:"azureEnvironment"`
		ClientID          *string `json:"clientID"`
		Enabled           bool    `json:"enabled"`
		KeyIdentifier     *string `json:"keyIdentifier"`
		KeyVaultName      *string `json:"keyVaultName"`
		ResourceGroupName *string `json:"resourceGroupName"`
		SubscriptionID    *string `json:"subscriptionID"`
		TenantID          *string `json:"tenantID"`
		Valid             bool    `json:"valid"`
	} `json:"azureKeyVault"`
	GoogleCloudKMS struct {
		Enabled              bool    `json:"enabled"`
		KeyVersionResourceID *string `json:"keyVersionResourceID"`
		Valid                bool    `json:"valid"`
	} `json:"googleCloudKms"`
}

func (s *Server) getEncryption(context.Context, atlas.ProjectReader, *call) (encryptionBody, error) {
	return encryptionBody{}, nil
}
