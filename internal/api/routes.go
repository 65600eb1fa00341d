package api

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

const (
	apiRoot      = "/api/atlas/v2"
	projectsRoot = apiRoot + "/groups"
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

var operations = []operation{
	{
		http.MethodPost, projectsRoot + "/:groupId/backup/exportBuckets",
		exportBucketVersions, cloudBackups, (*Server).createExportBucket,
	},
	{
		http.MethodGet, projectsRoot + "/:groupId/backup/exportBuckets",
		exportBucketVersions, cloudBackups, (*Server).listExportBuckets,
	},
	{
		http.MethodGet, projectsRoot + "/:groupId/backup/exportBuckets/:exportBucketId",
		exportBucketVersions, cloudBackups, (*Server).getExportBucket,
	},
	{
		http.MethodPatch, projectsRoot + "/:groupId/backup/exportBuckets/:exportBucketId",
		exportBucketUpdateVersions, cloudBackups, (*Server).updateExportBucket,
	},
	{
		http.MethodDelete, projectsRoot + "/:groupId/backup/exportBuckets/:exportBucketId",
		firstVersion, cloudBackups, (*Server).deleteExportBucket,
	},
	{
		http.MethodPost, projectsRoot + "/:groupId/cloudProviderAccess",
		firstVersion, cloudProviderAccess, (*Server).createAccessRole,
	},
	{
		http.MethodGet, projectsRoot + "/:groupId/cloudProviderAccess",
		firstVersion, cloudProviderAccess, (*Server).listAccessRoles,
	},
	{
		http.MethodGet, projectsRoot + "/:groupId/cloudProviderAccess/:roleId",
		firstVersion, cloudProviderAccess, (*Server).getAccessRole,
	},
	{
		http.MethodPatch, projectsRoot + "/:groupId/cloudProviderAccess/:roleId",
		firstVersion, cloudProviderAccess, (*Server).updateAccessRole,
	},
	{
		http.MethodDelete, projectsRoot + "/:groupId/cloudProviderAccess/:cloudProvider/:roleId",
		firstVersion, cloudProviderAccess, (*Server).deleteAccessRole,
	},
}

func (s *Server) route(engine *gin.Engine) {
	// Probes come several times a minute and are not logged.
	engine.GET("/healthz", s.healthz)
	engine.GET("/readyz", s.readyz)

	engine.Use(s.logRequest, s.recover)
	engine.POST("/api/oauth/token", s.oauth((*Server).createAccessToken))
	engine.POST("/api/oauth/revoke", s.oauth((*Server).revokeAccessToken))
	for _, op := range operations {
		engine.Handle(op.method, op.path, s.operation(op))
		if op.method == http.MethodGet {
			engine.HEAD(op.path, s.operation(op))
		}
	}
	engine.NoRoute(s.noRoute)
	engine.NoMethod(s.noMethod)
}
