package api

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/tenant"
)

// projectBody is a project on the wire. Atlas, "Projects".
type projectBody struct {
	ClusterCount              int64          `json:"clusterCount"`
	Created                   time.Time      `json:"created"`
	ID                        objectid.ID    `json:"id"`
	Links                     []link         `json:"links"`
	Name                      string         `json:"name"`
	OrgID                     objectid.ID    `json:"orgId"`
	Tags                      jsontext.Value `json:"tags,omitzero"`
	WithDefaultAlertsSettings bool           `json:"withDefaultAlertsSettings"`
}

// newProjectItem is a project as lists show it, with a link to itself alone.
func (c *call) newProjectItem(project tenant.Project) projectBody {
	return projectBody{
		ClusterCount:              project.ClusterCount,
		Created:                   wholeSeconds(project.CreatedAt),
		ID:                        project.ID,
		Links:                     []link{{Href: c.projectURL(project.ID), Rel: "self"}},
		Name:                      project.Name,
		OrgID:                     project.OrgID,
		Tags:                      project.Tags,
		WithDefaultAlertsSettings: project.WithDefaultAlertsSettings,
	}
}

// newProjectBody is a project as it is shown alone, with links to what it has.
func (c *call) newProjectBody(project tenant.Project) projectBody {
	body := c.newProjectItem(project)
	for _, part := range []string{"containers", "clusters", "databaseUsers", "peers", "processes", "whitelist"} {
		body.Links = append(body.Links, link{
			Href: c.projectURL(project.ID) + "/" + part,
			Rel:  "https://cloud.mongodb.com/" + part,
		})
	}
	return body
}

func (c *call) projectURL(id objectid.ID) string {
	return c.apiURL() + "/groups/" + id.String()
}

// setOddLocation sets the Location that Atlas sends with some answers about
// projects. It leads nowhere.
func (s *Server) setOddLocation(c *call) {
	c.gin.Header("Location", s.cfg.BaseURL+"//api/atlas/v1.0")
}

func (s *Server) createProject(
	ctx context.Context, p *atlas.Principal, c *call, req tenant.ProjectRequest,
) (projectBody, error) {
	project, err := s.tenant.CreateProject(ctx, p, req)
	if err != nil {
		return projectBody{}, err
	}
	body := c.newProjectBody(project)
	if len(req.Tags) == 0 {
		body.Tags = nil // in this answer alone
	}
	s.setOddLocation(c)
	return body, nil
}

func (s *Server) listProjects(
	ctx context.Context, p *atlas.Principal, c *call, page atlas.Page,
) (atlas.List[projectBody], error) {
	projects, err := s.tenant.ListProjects(ctx, p, c.query("name"), page)
	return atlas.MapList(projects, c.newProjectItem), err
}

func (s *Server) getProject(ctx context.Context, project atlas.ProjectReader, c *call) (projectBody, error) {
	row, err := s.tenant.GetProject(ctx, project)
	return c.newProjectBody(row), err
}

func (s *Server) getProjectByName(ctx context.Context, p *atlas.Principal, c *call) (projectBody, error) {
	row, err := s.tenant.GetProjectByName(ctx, p, c.param("groupName"))
	return c.newProjectBody(row), err
}

func (s *Server) updateProject(
	ctx context.Context, project atlas.ProjectOwner, c *call, update tenant.ProjectUpdate,
) (projectBody, error) {
	row, err := s.tenant.UpdateProject(ctx, project, update)
	return c.newProjectBody(row), err
}

func (s *Server) deleteProject(ctx context.Context, project atlas.ProjectOwner, _ *call) (struct{}, error) {
	return struct{}{}, s.tenant.DeleteProject(ctx, project)
}
