package api

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

const (
	apiRoot      = "/api/atlas/v2"
	orgsRoot     = apiRoot + "/orgs"
	projectsRoot = apiRoot + "/groups"
	projectRoot  = projectsRoot + "/:groupId"
	bucketsRoot  = projectRoot + "/backup/exportBuckets"
)

// operation is one operation of the Administration API: a route and what the
// checks before its handler need to know.
type operation struct {
	method   string
	path     string
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
	{http.MethodPost, bucketsRoot, exportBucketVersions, cloudBackups, (*Server).createExportBucket},
	{http.MethodGet, bucketsRoot, exportBucketVersions, cloudBackups, (*Server).listExportBuckets},
	{http.MethodGet, bucketsRoot + "/:exportBucketId", exportBucketVersions, cloudBackups, (*Server).getExportBucket},
	{http.MethodPatch, bucketsRoot + "/:exportBucketId", exportBucketUpdateVersions, cloudBackups, (*Server).updateExportBucket},
	{http.MethodDelete, bucketsRoot + "/:exportBucketId", firstVersion, cloudBackups, (*Server).deleteExportBucket},
	{http.MethodPost, projectRoot + "/cloudProviderAccess", firstVersion, cloudProviderAccess, (*Server).createAccessRole},
	{http.MethodGet, projectRoot + "/cloudProviderAccess", firstVersion, cloudProviderAccess, (*Server).listAccessRoles},
	{http.MethodGet, projectRoot + "/cloudProviderAccess/:roleId", firstVersion, cloudProviderAccess, (*Server).getAccessRole},
	{http.MethodPatch, projectRoot + "/cloudProviderAccess/:roleId", firstVersion, cloudProviderAccess, (*Server).updateAccessRole},
	{
		http.MethodDelete, projectRoot + "/cloudProviderAccess/:cloudProvider/:roleId",
		firstVersion, cloudProviderAccess, (*Server).deleteAccessRole,
	},
	{http.MethodGet, projectRoot + "/clusters", clusterVersions, clusters, (*Server).listNothing},
	{http.MethodGet, projectRoot + "/clusters/:clusterName", clusterVersions, clusters, (*Server).getCluster},
	{http.MethodGet, projectRoot + "/clusters/:clusterName/status", firstVersion, clusters, (*Server).getCluster},
	{http.MethodGet, projectRoot + "/ipAddresses", firstVersion, projectAddresses, (*Server).listProjectAddresses},
	{http.MethodGet, projectRoot + "/limits", firstVersion, projects, (*Server).listProjectLimits},
	{http.MethodGet, projectRoot + "/limits/:limitName", firstVersion, projects, (*Server).getProjectLimit},
	{http.MethodPatch, projectRoot + "/limits/:limitName", firstVersion, projects, (*Server).setProjectLimit},
	{http.MethodDelete, projectRoot + "/limits/:limitName", firstVersion, projects, (*Server).resetProjectLimit},
	{http.MethodGet, projectRoot + "/managedSlowMs", firstVersion, performanceAdvisor, (*Server).getManagedSlowMs},
	{http.MethodDelete, projectRoot + "/managedSlowMs/disable", firstVersion, performanceAdvisor, (*Server).disableManagedSlowMs},
	{http.MethodPost, projectRoot + "/managedSlowMs/enable", firstVersion, performanceAdvisor, (*Server).enableManagedSlowMs},
	{http.MethodGet, projectRoot + "/settings", firstVersion, projects, (*Server).getProjectSettings},
	{http.MethodPatch, projectRoot + "/settings", firstVersion, projects, (*Server).updateProjectSettings},
	{http.MethodGet, projectRoot + "/teams", firstVersion, teams, (*Server).listNothing},
	{http.MethodGet, projectRoot + "/users", userVersions, projects, (*Server).listNothing},
	{http.MethodGet, orgsRoot, firstVersion, orgList, (*Server).listOrgs},
	{http.MethodGet, orgsRoot + "/:orgId", firstVersion, orgs, (*Server).getOrg},
	{http.MethodGet, orgsRoot + "/:orgId/groups", firstVersion, orgs, (*Server).listOrgProjects},
}

func (s *Server) route(engine *gin.Engine) {
	// Probes come several times a minute and are not logged.
	engine.GET("/healthz", s.healthz)
	engine.GET("/readyz", s.readyz)

	engine.Use(s.logRequest, s.recover)
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
		engine.Handle(op.method, op.path, s.operation(op))
		if op.method == http.MethodGet {
			engine.HEAD(op.path, s.operation(op))
		}
	}
	engine.NoRoute(s.noRoute)
	engine.NoMethod(s.noMethod)
}
