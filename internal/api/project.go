package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// projectBody is a project on the wire. Atlas, "Projects".
type projectBody struct {
	ClusterCount              int            `json:"clusterCount"` // there are none here
	Created                   time.Time      `json:"created"`
	ID                        objectid.ID    `json:"id"`
	Links                     []link         `json:"links"`
	Name                      string         `json:"name"`
	OrgID                     objectid.ID    `json:"orgId"`
	Tags                      jsontext.Value `json:"tags,omitzero"`
	WithDefaultAlertsSettings bool           `json:"withDefaultAlertsSettings"`
}

// newProjectItem is a project as lists show it, with a link to itself alone.
func (s *Server) newProjectItem(project db.Project) (projectBody, error) {
	tags := jsontext.Value(project.Tags)
	if err := tags.Compact(); err != nil { // Postgres puts blanks between
		return projectBody{}, fmt.Errorf("tags of project %s: %w", project.ID, err)
	}
	return projectBody{
		Created:                   wholeSeconds(project.CreatedAt),
		ID:                        project.ID,
		Links:                     []link{{Href: s.projectURL(project.ID), Rel: "self"}},
		Name:                      project.Name,
		OrgID:                     project.OrgID,
		Tags:                      tags,
		WithDefaultAlertsSettings: project.WithDefaultAlertsSettings,
	}, nil
}

// newProjectBody is a project as it is shown alone, with links to what it has.
func (s *Server) newProjectBody(project db.Project) (projectBody, error) {
	body, err := s.newProjectItem(project)
	for _, part := range []string{"containers", "clusters", "databaseUsers", "peers", "processes", "whitelist"} {
		body.Links = append(body.Links, link{
			Href: s.projectURL(project.ID) + "/" + part,
			Rel:  "https://cloud.mongodb.com/" + part,
		})
	}
	return body, err
}

func (s *Server) projectURL(id objectid.ID) string {
	return s.cfg.BaseURL + projectsRoot + "/" + id.String()
}

// setOddLocation sets the Location that Atlas sends with some answers about
// projects. It leads nowhere.
func (s *Server) setOddLocation(c *call) {
	c.Header("Location", s.cfg.BaseURL+"//api/atlas/v1.0")
}

func (s *Server) createProject(c *call) error {
	var req atlas.ProjectRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	project, err := s.atlas.CreateProject(c.Request.Context(), c.principal, req)
	if err != nil {
		return err
	}
	body, err := s.newProjectBody(project)
	if err != nil {
		return err
	}
	if len(req.Tags) == 0 {
		body.Tags = nil // in this answer alone
	}
	s.setOddLocation(c)
	return respond(c, http.StatusCreated, body)
}

func (s *Server) listProjects(c *call) error {
	page, err := queryPage(c)
	if err != nil {
		return err
	}
	projects, err := s.atlas.ListProjects(c.Request.Context(), c.principal, c.Query("name"), page)
	if err != nil {
		return err
	}
	results := make([]projectBody, len(projects.Items))
	for i, project := range projects.Items {
		if results[i], err = s.newProjectItem(project); err != nil {
			return err
		}
	}
	return respond(c, http.StatusOK, list{
		Links:      s.pageLinks(c, page, projects.More),
		Results:    results,
		TotalCount: projects.TotalCount,
	})
}

func (s *Server) getProject(c *call) error {
	project, err := s.atlas.ProjectReader(c.principal)
	if err != nil {
		return err
	}
	row, err := s.atlas.GetProject(c.Request.Context(), project)
	if err != nil {
		return err
	}
	return s.respondProject(c, row)
}

func (s *Server) getProjectByName(c *call) error {
	row, err := s.atlas.GetProjectByName(c.Request.Context(), c.principal, c.Param("groupName"))
	if err != nil {
		return err
	}
	return s.respondProject(c, row)
}

func (s *Server) updateProject(c *call) error {
	project, err := s.atlas.ProjectOwner(c.principal)
	if err != nil {
		return err
	}
	var update atlas.ProjectUpdate
	if err := decode(c, &update); err != nil {
		return err
	}
	row, err := s.atlas.UpdateProject(c.Request.Context(), project, update)
	if err != nil {
		return err
	}
	return s.respondProject(c, row)
}

func (s *Server) respondProject(c *call, project db.Project) error {
	body, err := s.newProjectBody(project)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, body)
}

func (s *Server) deleteProject(c *call) error {
	project, err := s.atlas.ProjectOwner(c.principal)
	if err != nil {
		return err
	}
	if err := s.atlas.DeleteProject(c.Request.Context(), project); err != nil {
		return err
	}
	return respond(c, http.StatusAccepted, struct{}{})
}
