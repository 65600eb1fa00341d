package api

import (
	"net/http"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
)

// orgBody is an organization on the wire. Atlas, "Organizations".
type orgBody struct {
	ID                        objectid.ID `json:"id"`
	IsDeleted                 bool        `json:"isDeleted"`
	Links                     []link      `json:"links"`
	Name                      string      `json:"name"`
	SkipDefaultAlertsSettings bool        `json:"skipDefaultAlertsSettings"`
}

// newOrgItem is an organization as lists show it, with a link to itself alone.
func (s *Server) newOrgItem(org db.Org) orgBody {
	return orgBody{
		ID:    org.ID,
		Links: []link{{Href: s.orgURL(org.ID), Rel: "self"}},
		Name:  org.Name,
	}
}

func (s *Server) orgURL(id objectid.ID) string {
	return s.cfg.BaseURL + orgsRoot + "/" + id.String()
}

func (s *Server) listOrgs(c *call) error {
	page, err := queryPage(c)
	if err != nil {
		return err
	}
	orgs, err := s.atlas.ListOrgs(c.Request.Context(), c.principal, c.Query("name"))
	if err != nil {
		return err
	}
	body := list{Links: s.pageLinks(c, page, false)}
	if page.Count {
		body.TotalCount = new(int64(len(orgs)))
	}
	results := []orgBody{}
	for _, org := range orgs {
		if page.Number == 1 {
			results = append(results, s.newOrgItem(org))
		}
	}
	body.Results = results
	return respond(c, http.StatusOK, body)
}

func (s *Server) getOrg(c *call) error {
	org, err := s.atlas.OrgReader(c.principal)
	if err != nil {
		return err
	}
	row, err := s.atlas.GetOrg(c.Request.Context(), org)
	if err != nil {
		return err
	}
	body := s.newOrgItem(row)
	for _, part := range []string{"groups", "teams", "users"} {
		body.Links = append(body.Links, link{
			Href: s.orgURL(row.ID) + "/" + part,
			Rel:  "https://cloud.mongodb.com/" + part,
		})
	}
	return respond(c, http.StatusOK, body)
}

// listOrgProjects lists what listProjects does: a caller sees the projects of
// its own organization alone.
func (s *Server) listOrgProjects(c *call) error {
	if _, err := s.atlas.OrgReader(c.principal); err != nil {
		return err
	}
	return s.listProjects(c)
}
