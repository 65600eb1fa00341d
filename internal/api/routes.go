package api

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"exportbuckets/internal/atlas"
)

const (
	docsRoot  = "/docs"
	oauthRoot = "/api/oauth"

	apiRoot      = "/api/atlas/v2"
	orgsRoot     = apiRoot + "/orgs"
	orgRoot      = orgsRoot + "/:orgId"
	projectsRoot = apiRoot + "/groups"
	projectRoot  = projectsRoot + "/:groupId"
)

// The methods of operations, and their statuses but for 200.
const (
	get   = http.MethodGet
	post  = http.MethodPost
	patch = http.MethodPatch
	del   = http.MethodDelete

	created  = http.StatusCreated
	accepted = http.StatusAccepted
)

// operation is one operation of the Administration API: a route, what the checks
// before it need to know, what it asks of its caller, and what it does.
type operation struct {
	method   string
	path     string    // may end in a custom method
	versions []version // oldest first
	limit    rateLimit
	endpoint endpoint
}

// operations returns all operations.
func (s *Server) operations() []operation {
	return slices.Concat(
		s.orgOperations(),
		s.projectOperations(),
		s.securityOperations(),
		s.accessOperations(),
		s.eventOperations(),
		s.absentOperations(),
		s.backupOperations(),
		s.clusterOperations(),
		s.serviceAccountOperations(orgRoot, orgCredentialLimit),
		s.serviceAccountOperations(projectRoot, credentialLimit),
	)
}

// orgOperations are on organizations and their API keys.
func (s *Server) orgOperations() []operation {
	const (
		key     = orgRoot + "/apiKeys/:apiUserId"
		account = orgRoot + "/serviceAccounts/:clientId"
	)
	return []operation{
		{get, apiRoot, v2023, rootLimit, with(anyCaller, s.getRoot)},
		{get, orgsRoot, v2023, orgListLimit, withPage(anyCaller, s.listOrgs)},
		{get, orgRoot, v2023, orgLimit, with(orgReader, s.getOrg)},
		{patch, orgRoot, v2023, orgLimit, withBody(orgOwner, s.updateOrg)},
		{post, orgRoot + "/apiKeys", v2023, orgCredentialLimit, withBody(credentialOwner, s.createAPIKey)},
		{get, orgRoot + "/apiKeys", v2023, orgCredentialLimit, withPage(credentialReader, large(s.listAPIKeys))},
		{get, key, v2023, orgCredentialLimit, with(credentialReader, s.getAPIKey)},
		{patch, key, v2023, orgCredentialLimit, withBody(credentialOwner, s.updateAPIKey)},
		{del, key, v2023, orgCredentialLimit, with(credentialOwner, s.deleteAPIKey)},
		{post, key + "/accessList", v2023, orgCredentialLimit, with(credentialReader, s.createAPIKeyNetworks)},
		{get, key + "/accessList", v2023, orgCredentialLimit, withPage(credentialReader, s.listAPIKeyNetworks)},
		{get, key + "/accessList/:ipAddress", v2023, orgCredentialLimit, with(credentialReader, s.getAPIKeyNetwork)},
		{del, key + "/accessList/:ipAddress", v2023, orgCredentialLimit, with(credentialReader, s.deleteAPIKeyNetwork)},
		{get, orgRoot + "/groups", v2023, orgLimit, withPage(orgReader, large(s.listOrgProjects))},
		{get, account + "/groups", v2024Aug, orgCredentialLimit, withPage(credentialReader, s.listServiceAccountProjects)},
		{get, orgRoot + "/settings", v2023, orgSettingsLimit, with(orgReader, s.getOrgSettings)},
		{patch, orgRoot + "/settings", v2023, orgSettingsLimit, withBody(orgOwner, s.updateOrgSettings)},
		{get, orgRoot + "/teams", v2023, teamLimit, with(orgReader, nothing)},
		{get, orgRoot + "/users", userVersions, orgUserLimit, with(orgReader, nothing)},
	}
}

// projectOperations are on projects, and on their part of API keys and service accounts.
func (s *Server) projectOperations() []operation {
	const (
		key     = projectRoot + "/apiKeys/:apiUserId"
		limit   = projectRoot + "/limits/:limitName"
		slowMs  = projectRoot + "/managedSlowMs"
		account = projectRoot + "/serviceAccounts/:clientId"
	)
	return []operation{
		{post, projectsRoot, v2023, projectLimit, withBody(anyCaller, s.createProject).answers(created)},
		{get, projectsRoot, v2023, projectLimit, withPage(anyCaller, large(s.listProjects))},
		{get, projectsRoot + "/byName/:groupName", v2023, projectLimit, with(anyCaller, s.getProjectByName)},
		{get, projectRoot, v2023, projectLimit, with(projectReader, s.getProject)},
		{patch, projectRoot, v2023, projectLimit, withBody(projectOwner, s.updateProject)},
		{del, projectRoot, v2023, projectLimit, with(projectOwner, s.deleteProject).answers(accepted).settled()},
		{post, projectRoot + "/apiKeys", v2023, credentialLimit, withBody(credentialOwner, s.createAPIKey)},
		{get, projectRoot + "/apiKeys", v2023, credentialLimit, withPage(credentialReader, large(s.listAPIKeys))},
		{post, key, v2023, credentialLimit, withBody(credentialOwner, s.assignAPIKey)},
		{patch, key, v2023, credentialLimit, withBody(credentialOwner, s.updateAPIKey)},
		{del, key, v2023, credentialLimit, with(credentialOwner, s.deleteAPIKey)},
		{get, projectRoot + "/limits", v2023, projectLimit, with(projectReader, s.listProjectLimits)},
		{get, limit, v2023, projectLimit, with(projectReader, s.getProjectLimit)},
		{patch, limit, v2023, projectLimit, withBody(projectOwner, s.setProjectLimit)},
		{del, limit, v2023, projectLimit, with(projectOwner, s.resetProjectLimit)},
		{get, slowMs, v2023, performanceAdvisorLimit, with(projectReader, s.getManagedSlowMs)},
		{del, slowMs + "/disable", v2023, performanceAdvisorLimit, with(projectOwner, s.disableManagedSlowMs)},
		{post, slowMs + "/enable", v2023, performanceAdvisorLimit, with(projectOwner, s.enableManagedSlowMs)},
		{post, account + ":invite", v2024Aug, credentialLimit, with(serviceAccountInviter, s.inviteServiceAccount)},
		{get, projectRoot + "/settings", v2023, projectLimit, with(projectReader, s.getProjectSettings)},
		{patch, projectRoot + "/settings", v2023, projectLimit, withBody(projectOwner, s.updateProjectSettings)},
		{post, projectRoot + "/teams", v2023, teamLimit, withBody(projectOwner, s.assignTeams)},
		{get, projectRoot + "/teams", v2023, teamLimit, with(projectReader, nothing)},
		{get, projectRoot + "/users", userVersions, projectUserLimit, with(projectReader, nothing)},
	}
}

// securityOperations are on what a project can have for its clusters: networks and keys.
func (s *Server) securityOperations() []operation {
	return []operation{
		{get, projectRoot + "/auditLog", v2023, auditingLimit, with(projectOwner, s.getAuditLog)},
		{get, projectRoot + "/containers", v2023, networkPeeringLimit, withPage(projectReader, s.listContainers)},
		{get, projectRoot + "/containers/all", v2023, networkPeeringLimit, withPage(projectReader, s.listAllContainers)},
		{get, projectRoot + "/customDBRoles/roles", v2023, databaseRoleLimit, with(projectReader, bareNothing)},
		{get, projectRoot + "/customDBRoles/roles/:roleName", v2023, databaseRoleLimit,
			noSuch(projectReader, atlas.CodeCustomRoleNotFound, "roleName")},
		{get, projectRoot + "/encryptionAtRest", v2023, encryptionLimit, with(projectReader, s.getEncryption)},
		{get, projectRoot + "/integrations", v2023, integrationLimit, with(projectOwner, nothing)},
		{get, projectRoot + "/integrations/:integrationType", v2023, integrationLimit,
			noSuch(projectOwner, atlas.CodeIntegrationNotConfigured, "integrationType")},
		{get, projectRoot + "/ipAddresses", v2023, projectAddressLimit, with(projectReader, s.listProjectAddresses)},
		{get, projectRoot + "/peers", v2023, networkPeeringLimit, with(projectReader, s.listPeers)},
		{get, projectRoot + "/peers/:peerId", v2023, networkPeeringLimit,
			noSuch(projectReader, atlas.CodePeerNotFound, "peerId", "groupId")},
		{get, projectRoot + "/privateEndpoint/regionalMode", v2023, endpointLimit, with(projectReader, switchedOff)},
		{get, projectRoot + "/privateEndpoint/:cloudProvider/endpointService", v2023, endpointLimit,
			with(projectReader, s.listEndpointServices)},
		{get, projectRoot + "/privateEndpoint/:cloudProvider/endpointService/:endpointServiceId", v2023, endpointLimit,
			with(projectReader, s.getEndpointService)},
		{get, projectRoot + "/processes", v2023, monitoringLimit, with(projectReader, nothing)},
	}
}

// accessOperations are on who may connect to the clusters of a project.
func (s *Server) accessOperations() []operation {
	const (
		networks = projectRoot + "/accessList"
		network  = networks + "/:entryValue"
		users    = projectRoot + "/databaseUsers"
		user     = users + "/:databaseName/:username"
	)
	return settled([]operation{
		{post, networks, v2023, projectAccessListLimit, with(projectOwner, s.createProjectNetworks).answers(created)},
		{get, networks, v2023, projectAccessListLimit, withPage(projectReader, s.listProjectNetworks)},
		{get, network, v2023, projectAccessListLimit, with(projectReader, s.getProjectNetwork)},
		{del, network, v2023, projectAccessListLimit, with(projectOwner, s.deleteProjectNetwork)},
		{get, network + "/status", v2023, projectAccessListLimit, with(projectReader, s.getProjectNetworkStatus)},
		{post, users, v2023, databaseUserLimit, withBody(databaseUserWriter, s.createDatabaseUser).answers(created)},
		{get, users, v2023, databaseUserLimit, withPage(projectReader, large(s.listDatabaseUsers))},
		{get, user, v2023, databaseUserLimit, with(projectReader, s.getDatabaseUser)},
		{patch, user, v2023, databaseUserLimit, withBody(databaseUserWriter, s.updateDatabaseUser)},
		{del, user, v2023, databaseUserLimit, with(databaseUserWriter, s.deleteDatabaseUser)},
	})
}

// absentOperations are on what no organization and no project here has.
func (s *Server) absentOperations() []operation {
	const (
		alertConfig = projectRoot + "/alertConfigs/:alertConfigId"
		streams     = projectRoot + "/streams"
	)
	noAlertConfig := noSuch(projectReader, atlas.CodeAlertConfigNotFound, "alertConfigId", "groupId")
	return []operation{
		{get, apiRoot + "/alertConfigs/matchers/fieldNames", v2023, alertMatcherLimit,
			with(anyCaller, s.listAlertMatcherFields)},
		{get, orgRoot + "/federationSettings", v2023, federationLimit, nowhere(orgOwner)},
		{get, orgRoot + "/invites", orgInviteVersions, orgLimit, with(orgOwner, bareNothing)},
		{get, orgRoot + "/invites/:invitationId", orgInviteVersions, orgLimit, nowhere(orgOwner)},
		{get, orgRoot + "/resourcePolicies", resourcePolicyVersions, resourcePolicyLimit, with(orgReader, bareNothing)},
		{get, orgRoot + "/resourcePolicies/:resourcePolicyId", resourcePolicyVersions, resourcePolicyLimit,
			nowhere(orgReader)},
		{get, projectRoot + "/alertConfigs", v2023, alertConfigLimit, with(projectReader, nothing)},
		{get, alertConfig, v2023, alertConfigLimit, noAlertConfig},
		{get, alertConfig + "/alerts", v2023, alertLimit, noAlertConfig},
		{get, projectRoot + "/alerts", v2023, alertLimit, with(projectReader, nothing)},
		{get, projectRoot + "/alerts/:alertId", v2023, alertLimit,
			noSuch(projectReader, atlas.CodeAlertNotFound, "alertId", "groupId")},
		{get, projectRoot + "/awsCustomDNS", v2023, dnsLimit, with(projectReader, switchedOff)},
		{get, projectRoot + "/dataFederation", v2023, dataFederationLimit, with(projectReader, bareNothing)},
		{get, projectRoot + "/dataFederation/:tenantName", v2023, dataFederationLimit,
			noSuch(projectReader, atlas.CodeDataFederationNotFound, "groupId", "tenantName")},
		{get, projectRoot + "/invites", inviteVersions, projectLimit, with(projectOwner, bareNothing)},
		{get, projectRoot + "/invites/:invitationId", inviteVersions, projectLimit, nowhere(projectOwner)},
		{get, projectRoot + "/logIntegrations", logIntegrationVersions, logExportLimit, with(projectOwner, nothing)},
		{get, projectRoot + "/logIntegrations/:id", logIntegrationVersions, logExportLimit, nowhere(projectOwner)},
		{get, projectRoot + "/maintenanceWindow", maintenanceVersions, maintenanceLimit,
			with(projectReader, s.getMaintenanceWindow)},
		{get, projectRoot + "/privateIpMode", v2023, networkPeeringLimit, with(projectReader, switchedOff)},
		{get, projectRoot + "/pushBasedLogExport", logExportVersions, logExportLimit, with(projectOwner, s.getLogExport)},
		{get, projectRoot + "/serverless", serverlessVersions, flexLimit, with(projectReader, nothing)},
		{get, projectRoot + "/serverless/:name", serverlessVersions, flexLimit,
			noSuch(projectReader, atlas.CodeServerlessNotFound, "name", "groupId")},
		{get, streams, streamVersions, streamLimit, with(projectReader, nothing)},
		{get, streams + "/:tenantName", streamVersions, streamLimit,
			noSuch(projectReader, atlas.CodeStreamsNotFound, "groupId", "tenantName")},
		{get, streams + "/privateLinkConnections", streamVersions, streamLimit, with(projectReader, nothing)},
		{get, apiRoot + "/unauth/controlPlaneIPAddresses", controlPlaneVersions, addressLimit,
			anyone(s.listControlPlaneAddresses)},
		{get, projectRoot + "/userSecurity", v2023, ldapLimit, with(projectOwner, s.getUserSecurity)},
		{get, projectRoot + "/userSecurity/ldap/verify/:requestId", v2023, ldapLimit,
			noSuch(projectOwner, atlas.CodeLDAPVerificationNotFound, "requestId", "groupId")},
	}
}

// eventOperations are on what has happened.
func (s *Server) eventOperations() []operation {
	const (
		ofProject = projectRoot + "/events"
		ofOrg     = orgRoot + "/events"
	)
	return []operation{
		{get, apiRoot + "/eventTypes", v2023, eventTypeLimit, withPage(anyCaller, s.listEventTypes)},
		{get, ofProject, v2023, eventLimit, with(projectReader, s.listProjectEvents).settled()},
		{get, ofProject + "/:eventId", v2023, eventLimit, with(projectReader, s.getProjectEvent).settled()},
		{get, ofOrg, v2023, orgEventLimit, with(orgReader, s.listOrgEvents)},
		{get, ofOrg + "/:eventId", v2023, orgEventLimit, with(orgReader, s.getOrgEvent)},
	}
}

// backupOperations are on access roles, export buckets and private endpoints for them.
func (s *Server) backupOperations() []operation {
	const (
		roles     = projectRoot + "/cloudProviderAccess"
		buckets   = projectRoot + "/backup/exportBuckets"
		bucket    = buckets + "/:exportBucketId"
		endpoints = projectRoot + "/backup/:cloudProvider/privateEndpoints"
		endpoint  = endpoints + "/:endpointId"
	)
	return []operation{
		{post, buckets, exportBucketVersions, backupLimit, withBody(backupWriter, s.createExportBucket)},
		{get, buckets, exportBucketVersions, backupLimit, withPage(projectReader, s.listExportBuckets)},
		{get, bucket, exportBucketVersions, backupLimit, with(projectReader, s.getExportBucket)},
		{patch, bucket, exportBucketUpdateVersions, backupLimit, withBody(backupWriter, s.updateExportBucket)},
		{del, bucket, v2023, backupLimit, with(backupWriter, s.deleteExportBucket).settled()},
		{post, endpoints, privateEndpointVersions, backupLimit,
			withBody(projectOwner, s.createPrivateEndpoint).answers(created)},
		{get, endpoints, privateEndpointVersions, backupLimit, withPage(projectOwner, s.listPrivateEndpoints)},
		{get, endpoint, privateEndpointVersions, backupLimit, with(projectOwner, s.getPrivateEndpoint)},
		{del, endpoint, privateEndpointVersions, backupLimit, with(projectOwner, s.deletePrivateEndpoint)},
		{get, projectRoot + "/backupCompliancePolicy", policyVersions, backupLimit,
			with(projectOwner, s.getCompliancePolicy)},
		{post, roles, v2023, accessRoleLimit, withBody(projectOwner, s.createAccessRole)},
		{get, roles, v2023, accessRoleLimit, with(projectReader, s.listAccessRoles)},
		{get, roles + "/:roleId", v2023, accessRoleLimit, with(projectReader, s.getAccessRole)},
		{patch, roles + "/:roleId", v2023, accessRoleLimit, withBody(projectOwner, s.updateAccessRole)},
		{del, roles + "/:cloudProvider/:roleId", v2023, accessRoleLimit, with(projectOwner, s.deleteAccessRole)},
	}
}

// settled returns the operations, each of which settles its project first.
func settled(operations []operation) []operation {
	for i, op := range operations {
		operations[i].endpoint = op.endpoint.settled()
	}
	return operations
}

// clusterOperations are on clusters, and on flex clusters, of which there are none.
func (s *Server) clusterOperations() []operation {
	const (
		clusters    = projectRoot + "/clusters"
		cluster     = clusters + "/:clusterName"
		processArgs = cluster + "/processArgs"
		flex        = projectRoot + "/flexClusters"
		flexCluster = flex + "/:clusterName"
		restores    = flexCluster + "/backup/restoreJobs"
		flexSnaps   = flexCluster + "/backup/snapshots"

		exports         = cluster + "/backup/exports"
		schedule        = cluster + "/backup/schedule"
		snapshots       = cluster + "/backup/snapshots"
		snapshot        = snapshots + "/:snapshotId"
		shardedSnapshot = snapshots + "/shardedCluster/:snapshotId"
	)
	readFlex := with(projectReader, notFlex[atlas.ProjectReader](s))
	writeFlex := with(projectOwner, notFlex[atlas.ProjectOwner](s))
	// Of many projects the states of clusters are shown, which need no settling.
	overview := operation{
		get, apiRoot + "/clusters", v2023, clusterOverviewLimit, withPage(anyCaller, large(s.listClusterOverviews)),
	}
	return append(settled([]operation{
		{post, clusters, clusterWriteVersions, clusterLimit,
			withBodyOf(clusterWriter, clusterChange, s.createCluster).answers(created)},
		{get, clusters, clusterVersions, clusterLimit, withPage(projectReader, s.listClusters)},
		{get, clusters + "/provider/regions", v2023, clusterLimit, withPage(projectReader, s.listRegions)},
		{get, cluster, clusterVersions, clusterLimit, with(projectReader, s.getCluster)},
		{patch, cluster, clusterWriteVersions, clusterLimit, withBodyOf(clusterWriter, clusterChange, s.updateCluster)},
		{del, cluster, clusterDeleteVersions, clusterLimit, with(projectOwner, s.deleteCluster).answers(accepted)},
		{get, cluster + "/autoScalingConfiguration", scalingModeVersions, clusterLimit,
			with(projectReader, s.getScalingMode)},
		{get, cluster + "/backup/restoreJobs", v2023, backupLimit, with(projectReader, s.listRestoreJobs)},
		{post, exports, v2023, backupLimit, withBody(scheduleWriter, s.createExportJob)},
		{get, exports, v2023, backupLimit, withPage(snapshotWriter, s.listExportJobs)},
		{get, exports + "/:exportId", v2023, backupLimit, with(snapshotWriter, s.getExportJob)},
		{get, schedule, scheduleVersions, backupLimit, with(projectReader, s.getSchedule)},
		{patch, schedule, scheduleVersions, backupLimit, withBody(scheduleWriter, s.updateSchedule)},
		{del, schedule, scheduleVersions, backupLimit, with(scheduleWriter, s.deleteSchedule)},
		{post, snapshots, v2023, backupLimit, withBody(snapshotWriter, s.createSnapshot)},
		{get, snapshots, v2023, backupLimit, withPage(projectReader, s.listSnapshots(false))},
		{get, snapshots + "/shardedClusters", v2023, backupLimit, withPage(projectReader, s.listSnapshots(true))},
		{get, shardedSnapshot, v2023, backupLimit, with(projectReader, s.getShardedSnapshot)},
		{del, shardedSnapshot, v2023, backupLimit, with(snapshotWriter, s.deleteSnapshot)},
		{get, snapshot, v2023, backupLimit, with(projectReader, s.getSnapshot)},
		{patch, snapshot, v2023, backupLimit, withBody(snapshotWriter, s.updateSnapshot)},
		{del, snapshot, v2023, backupLimit, with(snapshotWriter, s.deleteSnapshot)},
		{get, cluster + "/globalWrites", clusterVersions, clusterLimit, with(projectReader, s.getGlobalWrites)},
		{get, processArgs, processArgsVersions, clusterLimit, with(projectReader, s.getProcessArgs)},
		{patch, processArgs, processArgsVersions, clusterLimit,
			withBodyOf(clusterWriter, processArgsChange, s.updateProcessArgs)},
		{get, cluster + "/search/deployment", searchNodeVersions, clusterLimit, with(projectReader, s.getSearchNodes)},
		{get, cluster + "/status", v2023, clusterLimit, with(projectReader, s.getClusterStatus)},

		{get, flex, flexVersions, flexLimit, with(projectReader, nothing)},
		{get, flexCluster, flexVersions, flexLimit, readFlex},
		{patch, flexCluster, flexVersions, flexLimit, writeFlex},
		{del, flexCluster, flexVersions, flexLimit, writeFlex},
		{post, flexCluster + "/backup/download", flexVersions, flexLimit, writeFlex},
		{post, restores, flexVersions, flexLimit, writeFlex},
		{get, restores, flexVersions, flexLimit, readFlex},
		{get, restores + "/:restoreJobId", flexVersions, flexLimit, readFlex},
		{get, flexSnaps, flexVersions, flexLimit, readFlex},
		{get, flexSnaps + "/:snapshotId", flexVersions, flexLimit, readFlex},
	}), overview)
}

// serviceAccountOperations are on the service accounts of an organization or a project.
func (s *Server) serviceAccountOperations(root string, limit rateLimit) []operation {
	accounts := root + "/serviceAccounts"
	account := accounts + "/:clientId"
	return []operation{
		{post, accounts, v2024Aug, limit, withBody(credentialOwner, s.createServiceAccount).answers(created)},
		{get, accounts, v2024Aug, limit, withPage(credentialReader, s.listServiceAccounts)},
		{get, account, v2024Aug, limit, with(credentialReader, s.getServiceAccount)},
		{patch, account, v2024Aug, limit, withBody(credentialOwner, s.updateServiceAccount)},
		{del, account, v2024Aug, limit, with(credentialOwner, s.deleteServiceAccount)},
		{post, account + "/accessList", v2024Aug, limit, with(credentialOwner, s.createServiceAccountNetworks)},
		{get, account + "/accessList", v2024Aug, limit, withPage(credentialReader, s.listServiceAccountNetworks)},
		{del, account + "/accessList/:ipAddress", v2024Aug, limit, with(credentialOwner, s.deleteServiceAccountNetwork)},
		{post, account + "/secrets", v2024Aug, limit,
			withBody(credentialOwner, s.createServiceAccountSecret).answers(created)},
		{del, account + "/secrets/:secretId", v2024Aug, limit, with(credentialOwner, s.deleteServiceAccountSecret)},
	}
}

// probes come several times a minute and are not logged. Whether there is a place for a
// request says nothing about them.
func (s *Server) probes(engine *gin.Engine) {
	engine.GET("/healthz", s.healthz)
	engine.GET("/readyz", s.readyz)
}

func (s *Server) route(engine *gin.Engine) {
	s.probes(engine)
	engine.Use(s.logRequest, s.recover, s.limitWork, readParams)
	engine.POST(oauthRoot+"/token", s.oauth((*Server).createAccessToken))
	engine.POST(oauthRoot+"/revoke", s.oauth((*Server).revokeAccessToken))
	engine.GET("/api/private/ipinfo", s.ipInfo)
	engine.POST("/api/private/unauth/telemetry/events", s.dropTelemetry)
	engine.POST("/api/private/v1.0/telemetry/events", s.dropTelemetry)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		engine.Handle(method, "/openapi.json", s.openAPIAsJSON)
		engine.Handle(method, "/openapi.yaml", s.openAPIAsYAML)
		if s.cfg.Docs != nil {
			engine.Handle(method, docsRoot, s.docsPage)
			engine.Handle(method, docsRoot+"/openapi.json", s.docsDocument)
			engine.Handle(method, docsRoot+"/redoc.standalone.js", s.docsScript)
		}
	}
	for _, versioned := range s.operations() {
		for _, op := range append(versioned.unversioned(), versioned) {
			path, _ := cutCustomMethod(op.path)
			engine.Handle(op.method, path, s.operation(op))
			if op.method == http.MethodGet {
				engine.HEAD(path, s.operation(op))
			}
		}
	}
	engine.NoRoute(s.noRoute)
	engine.NoMethod(s.noRoute)
}
