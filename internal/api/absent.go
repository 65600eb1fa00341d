package api

import (
	"net/http"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// What an organization and a project of Atlas can have and one of this server
// never has. Clients ask for it on the way, and are told that there is none:
// with an empty list, a bare empty array, or a document in which all is off. The
// Kubernetes operator asks for most of it before a project becomes Ready.

var (
	backupScheduleVersions = []version{
		{date: "2023-01-01", successor: "2024-08-05", sunset: "2027-07-01"},
		{date: "2024-08-05"},
	}
	clusterVersions = []version{
		{date: "2023-01-01", successor: "2023-02-01"},
		{date: "2023-02-01", successor: "2024-08-05"},
		{date: "2024-08-05"},
	}
	compliancePolicyVersions = []version{{date: "2023-10-01"}}
	userVersions             = []version{{date: "2023-01-01", successor: "2025-02-19"}, {date: "2025-02-19"}}
)

// handler serves an operation.
type handler = func(*Server, *call) error

// toMembers calls next for who belongs to the organization.
func toMembers(next handler) handler {
	return func(s *Server, c *call) error {
		if _, err := s.atlas.OrgReader(c.principal); err != nil {
			return err
		}
		return next(s, c)
	}
}

// toReaders calls next for who has a role on the project.
func toReaders(next handler) handler {
	return func(s *Server, c *call) error {
		if _, err := s.atlas.ProjectReader(c.principal); err != nil {
			return err
		}
		return next(s, c)
	}
}

// toOwners calls next for who owns the project.
func toOwners(next handler) handler {
	return func(s *Server, c *call) error {
		if _, err := s.atlas.ProjectOwner(c.principal); err != nil {
			return err
		}
		return next(s, c)
	}
}

// always answers with the same body.
func always(body any) handler {
	return func(_ *Server, c *call) error { return respond(c, http.StatusOK, body) }
}

// nothing is a bare array without elements, of which Atlas has some where a list
// has no pages.
var nothing = always([]struct{}{})

// listNothing answers with a list without results.
func (s *Server) listNothing(c *call) error {
	page, err := queryPage(c)
	if err != nil {
		return err
	}
	body := list{Links: s.pageLinks(c, page, false), Results: []struct{}{}}
	if page.Count {
		body.TotalCount = new(int64)
	}
	return respond(c, http.StatusOK, body)
}

// listContainers lists the network containers in one cloud.
func (s *Server) listContainers(c *call) error {
	provider, ok := c.GetQuery("providerName")
	if !ok {
		return atlas.NewError(atlas.CodeMissingQueryParameter, "providerName")
	}
	if err := checkProvider(provider); err != nil {
		return err
	}
	return s.listNothing(c)
}

// listPeers lists the network peerings in one cloud, which is AWS if the query
// names none.
func (s *Server) listPeers(c *call) error {
	if err := checkProvider(c.DefaultQuery("providerName", string(db.CloudProviderAWS))); err != nil {
		return err
	}
	return s.listNothing(c)
}

// listEndpointServices lists the private endpoint services in one cloud.
func (s *Server) listEndpointServices(c *call) error {
	if err := checkProvider(c.Param("cloudProvider")); err != nil {
		return err
	}
	return nothing(s, c)
}

func checkProvider(name string) error {
	if !db.CloudProvider(name).Valid() {
		return atlas.NewError(atlas.CodeInvalidProvider, name)
	}
	return nil
}

// getCluster answers for a cluster, and what it has: there is none. The code is
// in Atlas' public list; its sentence is not recorded.
func (s *Server) getCluster(c *call) error {
	return atlas.NewError(atlas.CodeClusterNotFound, c.Param("clusterName"), c.Param("groupId"))
}

// assignment gives a team roles on a project.
type assignment struct {
	RoleNames []string `json:"roleNames"`
	TeamID    *string  `json:"teamId"`

	Links any `json:"links"` // of any type; ignored
}

// assignTeams refuses the first team: there is none.
func (s *Server) assignTeams(c *call) error {
	var assignments []assignment
	if err := decodeArray(c, &assignments); err != nil {
		return err
	}
	if len(assignments) == 0 {
		return s.listNothing(c)
	}
	team := assignments[0].TeamID
	if team == nil {
		return atlas.NewError(atlas.CodeMissingAttribute, "teamId")
	}
	if _, err := objectid.Parse(*team); err != nil {
		return atlas.NewError(atlas.CodeInvalidTeamID, *team)
	}
	return atlas.NewError(atlas.CodeTeamNotFound, *team)
}

// addressesBody is the IP addresses of a project's services.
type addressesBody struct {
	GroupID  objectid.ID        `json:"groupId"`
	Services addressServiceBody `json:"services"`
}

type addressServiceBody struct {
	Clusters []struct{} `json:"clusters"`
}

func (s *Server) listProjectAddresses(c *call) error {
	projectID, _ := c.principal.Project()
	return respond(c, http.StatusOK, addressesBody{GroupID: projectID})
}

// auditLogBody is the auditing of a project's databases.
type auditLogBody struct {
	AuditAuthorizationSuccess bool   `json:"auditAuthorizationSuccess"`
	ConfigurationType         string `json:"configurationType"`
	Enabled                   bool   `json:"enabled"`
}

var getAuditLog = always(auditLogBody{ConfigurationType: "NONE"})

// switchBody is a setting that is on or off.
type switchBody struct {
	Enabled bool `json:"enabled"`
}

var getRegionalMode = always(switchBody{})

// getCompliancePolicy answers for a policy that nobody made: with a document
// that has no members, by which clients tell.
var getCompliancePolicy = always(struct{}{})

// encryptionBody is the encryption of a project's clusters with keys of its own.
// Texts that nobody set are null, by Atlas' way.
type encryptionBody struct {
	AWSKMS         awsKMSBody         `json:"awsKms"`
	AzureKeyVault  azureKeyVaultBody  `json:"azureKeyVault"`
	GoogleCloudKMS googleCloudKMSBody `json:"googleCloudKms"`
}

type awsKMSBody struct {
	CustomerMasterKeyID *string `json:"customerMasterKeyID"`
	Enabled             bool    `json:"enabled"`
	Region              *string `json:"region"`
	Valid               bool    `json:"valid"`
}

type azureKeyVaultBody struct {
	AzureEnvironment  *string `json:"azureEnvironment"`
	ClientID          *string `json:"clientID"`
	Enabled           bool    `json:"enabled"`
	KeyIdentifier     *string `json:"keyIdentifier"`
	KeyVaultName      *string `json:"keyVaultName"`
	ResourceGroupName *string `json:"resourceGroupName"`
	SubscriptionID    *string `json:"subscriptionID"`
	TenantID          *string `json:"tenantID"`
	Valid             bool    `json:"valid"`
}

type googleCloudKMSBody struct {
	Enabled              bool    `json:"enabled"`
	KeyVersionResourceID *string `json:"keyVersionResourceID"`
	Valid                bool    `json:"valid"`
}

var getEncryption = always(encryptionBody{})
