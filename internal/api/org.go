package api

import (
	"net/http"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
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
	return s.respondOrg(c, row)
}

func (s *Server) respondOrg(c *call, org db.Org) error {
	body := s.newOrgItem(org)
	for _, part := range []string{"groups", "teams", "users"} {
		body.Links = append(body.Links, link{
			Href: s.orgURL(org.ID) + "/" + part,
			Rel:  "https://cloud.mongodb.com/" + part,
		})
	}
	return respond(c, http.StatusOK, body)
}

func (s *Server) updateOrg(c *call) error {
	org, err := s.atlas.OrgOwner(c.principal)
	if err != nil {
		return err
	}
	var update atlas.OrgUpdate
	if err := decode(c, &update); err != nil {
		return err
	}
	row, err := s.atlas.UpdateOrg(c.Request.Context(), org, update)
	if err != nil {
		return err
	}
	return s.respondOrg(c, row)
}

func (s *Server) getOrgSettings(c *call) error {
	org, err := s.atlas.OrgReader(c.principal)
	if err != nil {
		return err
	}
	settings, err := s.atlas.GetOrgSettings(c.Request.Context(), org)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, settings)
}

func (s *Server) updateOrgSettings(c *call) error {
	org, err := s.atlas.OrgOwner(c.principal)
	if err != nil {
		return err
	}
	var changes atlas.OrgSettings
	if err := decode(c, &changes); err != nil {
		return err
	}
	settings, err := s.atlas.UpdateOrgSettings(c.Request.Context(), org, changes)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, settings)
}

// listOrgProjects lists what listProjects does: a caller sees the projects of
// its own organization alone.
func (s *Server) listOrgProjects(c *call) error {
	if _, err := s.atlas.OrgReader(c.principal); err != nil {
		return err
	}
	return s.listProjects(c)
}
