package api

import (
	"regexp"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"exportbuckets/internal/atlas"
)

// unversionedAPIs are the API of Atlas from before it had versions. Each is one version
// of the operations, under a root of its own: Accept is not looked at, and no header
// tells of a version or of a rate limit.
var unversionedAPIs = []struct {
	root, date string
	paths      *regexp.Regexp // of the operations that it has; nil for all
}{
	{"/api/atlas/v1.0", "2023-01-01", nil},
	{"/api/atlas/v1.5", "2023-02-01", regexp.MustCompile("^" + projectsRoot + "/[^/]+/clusters(/[^/]+)?$")},
}

// unversioned returns the operation as the unversioned APIs have it that do.
func (o operation) unversioned() []operation {
	var operations []operation
	for _, api := range unversionedAPIs {
		has := slices.ContainsFunc(o.versions, func(v version) bool { return v.date == api.date })
		if !has || api.paths != nil && !api.paths.MatchString(o.path) {
			continue
		}
		same := o
		same.path = api.root + strings.TrimPrefix(o.path, apiRoot)
		same.versions = []version{{date: api.date, root: api.root}}
		operations = append(operations, same)
	}
	return operations
}

// opsManagerProjects is where Ops Manager, which Atlas is made from, has its projects.
const opsManagerProjects = "/api/public/v1.0/groups/"

// refuseOpsManager tells who asks there for a project of Atlas where it is. It returns
// RESOURCE_NOT_FOUND to those who can't see the project.
func (s *Server) refuseOpsManager(c *gin.Context, project string) error {
	id, _, _ := strings.Cut(project, "/")
	c.Params = gin.Params{{Key: "groupId", Value: id}}
	principal, err := s.authenticate(c)
	if err != nil {
		return err
	}
	if _, err := principal.ProjectReader(); err != nil {
		return resourceNotFound(c)
	}
	return atlas.NewError(atlas.CodeAtlasProject, id)
}
