package api

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

const (
	apiRoot      = "/api/atlas/v2"
	orgsRoot     = apiRoot + "/orgs"
	orgRoot      = orgsRoot + "/:orgId"
	orgKey       = orgRoot + "/apiKeys/:apiUserId"
	orgAccount   = orgRoot + "/serviceAccounts/:clientId"
	projectsRoot = apiRoot + "/groups"
	projectRoot  = projectsRoot + "/:groupId"
	bucketsRoot  = projectRoot + "/backup/exportBuckets"

	projectAccount = projectRoot + "/serviceAccounts/:clientId"
)

// operation is one operation of the Administration API: a route and what the
// checks before its handler need to know.
type operation struct {
	method   string
	path     string    // may end in a custom method
	versions []version // oldest first
	limit    endpointSet
	handler  func(*Server, *call) error
}

// operations are in the order of their paths.
var operations = []operation{
	{http.MethodGet, apiRoot, firstVersion, root, (*Server).getRoot},
	{http.MethodPost, projectsRoot, firstVersion, projects, (*Server).createProject},
	{http.MethodGet, projectsRoot, firstVersion, projects, (*Server).listProjects},
	{http.MethodGet, projectsRoot + "/byName/:groupName", firstVersion, projects, (*Server).getProjectByName},
	{http.MethodGet, projectRoot, firstVersion, projects, (*Server).getProject},
	{http.MethodPatch, projectRoot, firstVersion, projects, (*Server).updateProject},
	{http.MethodDelete, projectRoot, firstVersion, projects, (*Server).deleteProject},
	{http.MethodGet, projectRoot + "/accessList", firstVersion, accessLists, toReaders((*Server).listNothing)},
	{http.MethodPost, projectRoot + "/apiKeys", firstVersion, credentials, (*Server).createAPIKey},
	{http.MethodGet, projectRoot + "/apiKeys", firstVersion, credentials, (*Server).listAPIKeys},
	{http.MethodPost, projectRoot + "/apiKeys/:apiUserId", firstVersion, credentials, (*Server).assignAPIKey},
	{http.MethodPatch, projectRoot + "/apiKeys/:apiUserId", firstVersion, credentials, (*Server).updateAPIKey},
	{http.MethodDelete, projectRoot + "/apiKeys/:apiUserId", firstVersion, credentials, (*Server).deleteAPIKey},
	{http.MethodGet, projectRoot + "/auditLog", firstVersion, auditing, toOwners(getAuditLog)},
	{http.MethodPost, bucketsRoot, exportBucketVersions, cloudBackups, (*Server).createExportBucket},
	{http.MethodGet, bucketsRoot, exportBucketVersions, cloudBackups, (*Server).listExportBuckets},
	{http.MethodGet, bucketsRoot + "/:exportBucketId", exportBucketVersions, cloudBackups, (*Server).getExportBucket},
	{http.MethodPatch, bucketsRoot + "/:exportBucketId", exportBucketUpdateVersions, cloudBackups, (*Server).updateExportBucket},
	{http.MethodDelete, bucketsRoot + "/:exportBucketId", firstVersion, cloudBackups, (*Server).deleteExportBucket},
	{http.MethodGet, projectRoot + "/backupCompliancePolicy", compliancePolicyVersions, cloudBackups, toOwners(getCompliancePolicy)},
	{http.MethodPost, projectRoot + "/cloudProviderAccess", firstVersion, cloudProviderAccess, (*Server).createAccessRole},
	{http.MethodGet, projectRoot + "/cloudProviderAccess", firstVersion, cloudProviderAccess, (*Server).listAccessRoles},
	{http.MethodGet, projectRoot + "/cloudProviderAccess/:roleId", firstVersion, cloudProviderAccess, (*Server).getAccessRole},
	{http.MethodPatch, projectRoot + "/cloudProviderAccess/:roleId", firstVersion, cloudProviderAccess, (*Server).updateAccessRole},
	{
		http.MethodDelete, projectRoot + "/cloudProviderAccess/:cloudProvider/:roleId",
		firstVersion, cloudProviderAccess, (*Server).deleteAccessRole,
	},
	{http.MethodGet, projectRoot + "/clusters", clusterVersions, clusters, toReaders((*Server).listNothing)},
	{http.MethodGet, projectRoot + "/clusters/:clusterName", clusterVersions, clusters, toReaders((*Server).getCluster)},
	{
		http.MethodGet, projectRoot + "/clusters/:clusterName/backup/schedule",
		backupScheduleVersions, cloudBackups, toReaders((*Server).getCluster),
	},
	{http.MethodGet, projectRoot + "/clusters/:clusterName/status", firstVersion, clusters, toReaders((*Server).getCluster)},
	{http.MethodGet, projectRoot + "/containers", firstVersion, networkPeering, toReaders((*Server).listContainers)},
	{http.MethodGet, projectRoot + "/containers/all", firstVersion, networkPeering, toReaders((*Server).listNothing)},
	{http.MethodGet, projectRoot + "/customDBRoles/roles", firstVersion, databaseRoles, toReaders(nothing)},
	{http.MethodGet, projectRoot + "/databaseUsers", firstVersion, databaseUsers, toReaders((*Server).listNothing)},
	{http.MethodGet, projectRoot + "/encryptionAtRest", firstVersion, encryption, toReaders(getEncryption)},
	{http.MethodGet, projectRoot + "/integrations", firstVersion, integrations, toOwners((*Server).listNothing)},
	{http.MethodGet, projectRoot + "/ipAddresses", firstVersion, projectAddresses, toReaders((*Server).listProjectAddresses)},
	{http.MethodGet, projectRoot + "/limits", firstVersion, projects, (*Server).listProjectLimits},
	{http.MethodGet, projectRoot + "/limits/:limitName", firstVersion, projects, (*Server).getProjectLimit},
	{http.MethodPatch, projectRoot + "/limits/:limitName", firstVersion, projects, (*Server).setProjectLimit},
	{http.MethodDelete, projectRoot + "/limits/:limitName", firstVersion, projects, (*Server).resetProjectLimit},
	{http.MethodGet, projectRoot + "/managedSlowMs", firstVersion, performanceAdvisor, (*Server).getManagedSlowMs},
	{http.MethodDelete, projectRoot + "/managedSlowMs/disable", firstVersion, performanceAdvisor, (*Server).disableManagedSlowMs},
	{http.MethodPost, projectRoot + "/managedSlowMs/enable", firstVersion, performanceAdvisor, (*Server).enableManagedSlowMs},
	{http.MethodGet, projectRoot + "/peers", firstVersion, networkPeering, toReaders((*Server).listPeers)},
	{http.MethodGet, projectRoot + "/privateEndpoint/regionalMode", firstVersion, privateEndpoints, toReaders(getRegionalMode)},
	{
		http.MethodGet, projectRoot + "/privateEndpoint/:cloudProvider/endpointService",
		firstVersion, privateEndpoints, toReaders((*Server).listEndpointServices),
	},
	{http.MethodGet, projectRoot + "/processes", firstVersion, monitoring, toReaders((*Server).listNothing)},
	{http.MethodPost, projectRoot + "/serviceAccounts", serviceAccountVersions, credentials, (*Server).createServiceAccount},
	{http.MethodGet, projectRoot + "/serviceAccounts", serviceAccountVersions, credentials, (*Server).listServiceAccounts},
	{http.MethodGet, projectAccount, serviceAccountVersions, credentials, (*Server).getServiceAccount},
	{http.MethodPatch, projectAccount, serviceAccountVersions, credentials, (*Server).updateServiceAccount},
	{http.MethodDelete, projectAccount, serviceAccountVersions, credentials, (*Server).deleteServiceAccount},
	{http.MethodPost, projectAccount + ":invite", serviceAccountVersions, credentials, (*Server).inviteServiceAccount},
	{http.MethodPost, projectAccount + "/accessList", serviceAccountVersions, credentials, (*Server).createServiceAccountNetworks},
	{http.MethodGet, projectAccount + "/accessList", serviceAccountVersions, credentials, (*Server).listServiceAccountNetworks},
	{
		http.MethodDelete, projectAccount + "/accessList/:ipAddress",
		serviceAccountVersions, credentials, (*Server).deleteServiceAccountNetwork,
	},
	{http.MethodPost, projectAccount + "/secrets", serviceAccountVersions, credentials, (*Server).createServiceAccountSecret},
	{
		http.MethodDelete, projectAccount + "/secrets/:secretId",
		serviceAccountVersions, credentials, (*Server).deleteServiceAccountSecret,
	},
	{http.MethodGet, projectRoot + "/settings", firstVersion, projects, (*Server).getProjectSettings},
	{http.MethodPatch, projectRoot + "/settings", firstVersion, projects, (*Server).updateProjectSettings},
	{http.MethodPost, projectRoot + "/teams", firstVersion, teams, toOwners((*Server).assignTeams)},
	{http.MethodGet, projectRoot + "/teams", firstVersion, teams, toReaders((*Server).listNothing)},
	{http.MethodGet, projectRoot + "/users", userVersions, projectUsers, toReaders((*Server).listNothing)},
	{http.MethodGet, orgsRoot, firstVersion, orgList, (*Server).listOrgs},
	{http.MethodGet, orgRoot, firstVersion, orgs, (*Server).getOrg},
	{http.MethodPatch, orgRoot, firstVersion, orgs, (*Server).updateOrg},
	{http.MethodPost, orgRoot + "/apiKeys", firstVersion, orgCredentials, (*Server).createAPIKey},
	{http.MethodGet, orgRoot + "/apiKeys", firstVersion, orgCredentials, (*Server).listAPIKeys},
	{http.MethodGet, orgKey, firstVersion, orgCredentials, (*Server).getAPIKey},
	{http.MethodPatch, orgKey, firstVersion, orgCredentials, (*Server).updateAPIKey},
	{http.MethodDelete, orgKey, firstVersion, orgCredentials, (*Server).deleteAPIKey},
	{http.MethodPost, orgKey + "/accessList", firstVersion, orgCredentials, (*Server).createAPIKeyNetworks},
	{http.MethodGet, orgKey + "/accessList", firstVersion, orgCredentials, (*Server).listAPIKeyNetworks},
	{http.MethodGet, orgKey + "/accessList/:ipAddress", firstVersion, orgCredentials, (*Server).getAPIKeyNetwork},
	{http.MethodDelete, orgKey + "/accessList/:ipAddress", firstVersion, orgCredentials, (*Server).deleteAPIKeyNetwork},
	{http.MethodGet, orgRoot + "/groups", firstVersion, orgs, (*Server).listOrgProjects},
	{http.MethodPost, orgRoot + "/serviceAccounts", serviceAccountVersions, orgCredentials, (*Server).createServiceAccount},
	{http.MethodGet, orgRoot + "/serviceAccounts", serviceAccountVersions, orgCredentials, (*Server).listServiceAccounts},
	{http.MethodGet, orgAccount, serviceAccountVersions, orgCredentials, (*Server).getServiceAccount},
	{http.MethodPatch, orgAccount, serviceAccountVersions, orgCredentials, (*Server).updateServiceAccount},
	{http.MethodDelete, orgAccount, serviceAccountVersions, orgCredentials, (*Server).deleteServiceAccount},
	{http.MethodPost, orgAccount + "/accessList", serviceAccountVersions, orgCredentials, (*Server).createServiceAccountNetworks},
	{http.MethodGet, orgAccount + "/accessList", serviceAccountVersions, orgCredentials, (*Server).listServiceAccountNetworks},
	{
		http.MethodDelete, orgAccount + "/accessList/:ipAddress",
		serviceAccountVersions, orgCredentials, (*Server).deleteServiceAccountNetwork,
	},
	{http.MethodGet, orgAccount + "/groups", serviceAccountVersions, orgCredentials, (*Server).listServiceAccountProjects},
	{http.MethodPost, orgAccount + "/secrets", serviceAccountVersions, orgCredentials, (*Server).createServiceAccountSecret},
	{
		http.MethodDelete, orgAccount + "/secrets/:secretId",
		serviceAccountVersions, orgCredentials, (*Server).deleteServiceAccountSecret,
	},
	{http.MethodGet, orgRoot + "/settings", firstVersion, orgSettings, (*Server).getOrgSettings},
	{http.MethodPatch, orgRoot + "/settings", firstVersion, orgSettings, (*Server).updateOrgSettings},
	{http.MethodGet, orgRoot + "/teams", firstVersion, teams, toMembers((*Server).listNothing)},
	{http.MethodGet, orgRoot + "/users", userVersions, orgUsers, toMembers((*Server).listNothing)},
}

func (s *Server) route(engine *gin.Engine) {
	// Probes come several times a minute and are not logged.
	engine.GET("/healthz", s.healthz)
	engine.GET("/readyz", s.readyz)

	engine.Use(s.logRequest, s.recover, unescapeParams)
	engine.POST("/api/oauth/token", s.oauth((*Server).createAccessToken))
	engine.POST("/api/oauth/revoke", s.oauth((*Server).revokeAccessToken))
	engine.GET("/api/private/ipinfo", s.ipInfo)
	engine.POST("/api/private/unauth/telemetry/events", s.dropTelemetry)
	engine.POST("/api/private/v1.0/telemetry/events", s.dropTelemetry)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		engine.Handle(method, "/openapi.json", s.openAPIAsJSON)
		engine.Handle(method, "/openapi.yaml", s.openAPIAsYAML)
	}
	for _, op := range operations {
		path, _ := cutCustomMethod(op.path)
		engine.Handle(op.method, path, s.operation(op))
		if op.method == http.MethodGet {
			engine.HEAD(path, s.operation(op))
		}
	}
	engine.NoRoute(s.noRoute)
	engine.NoMethod(s.noMethod)
}
