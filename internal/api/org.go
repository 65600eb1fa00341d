package api

import (
	"context"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/tenant"
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
func (c *call) newOrgItem(org db.Org) orgBody {
	return orgBody{
		ID:    org.ID,
		Links: []link{{Href: c.orgURL(org.ID), Rel: "self"}},
		Name:  org.Name,
	}
}

func (c *call) orgURL(id objectid.ID) string {
	return c.apiURL() + "/orgs/" + id.String()
}

// newOrgBody is an organization as it is shown alone, with links to what it has.
func (c *call) newOrgBody(org db.Org) orgBody {
	body := c.newOrgItem(org)
	for _, part := range []string{"groups", "teams", "users"} {
		body.Links = append(body.Links, link{
			Href: c.orgURL(org.ID) + "/" + part,
			Rel:  "https://cloud.mongodb.com/" + part,
		})
	}
	return body
}

func (s *Server) listOrgs(
	ctx context.Context, p *atlas.Principal, c *call, page atlas.Page,
) (atlas.List[orgBody], error) {
	orgs, err := s.tenant.ListOrgs(ctx, p, c.query("name"), page)
	return atlas.MapList(orgs, c.newOrgItem), err
}

func (s *Server) getOrg(ctx context.Context, org atlas.OrgReader, c *call) (orgBody, error) {
	row, err := s.tenant.GetOrg(ctx, org)
	return c.newOrgBody(row), err
}

func (s *Server) updateOrg(
	ctx context.Context, org atlas.OrgOwner, c *call, update tenant.OrgUpdate,
) (orgBody, error) {
	row, err := s.tenant.UpdateOrg(ctx, org, update)
	return c.newOrgBody(row), err
}

func (s *Server) getOrgSettings(ctx context.Context, org atlas.OrgReader, _ *call) (tenant.OrgSettings, error) {
	return s.tenant.GetOrgSettings(ctx, org)
}

func (s *Server) updateOrgSettings(
	ctx context.Context, org atlas.OrgOwner, _ *call, changes tenant.OrgSettings,
) (tenant.OrgSettings, error) {
	return s.tenant.UpdateOrgSettings(ctx, org, changes)
}

// listOrgProjects lists what listProjects does: a caller sees the projects of
// its own organization alone.
func (s *Server) listOrgProjects(
	ctx context.Context, org atlas.OrgReader, c *call, page atlas.Page,
) (atlas.List[projectBody], error) {
	return s.listProjects(ctx, org.Caller(), c, page)
}
