package api

import (
	"net/http"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// What a project of Atlas can have and one of this server never has: clusters,
// teams, users. Clients ask for it on the way, and are told that there is none.

var (
	clusterVersions = []version{
		{date: "2023-01-01", successor: "2023-02-01"},
		{date: "2023-02-01", successor: "2024-08-05"},
		{date: "2024-08-05"},
	}
	userVersions = []version{{date: "2023-01-01", successor: "2025-02-19"}, {date: "2025-02-19"}}
)

// addressesBody is the IP addresses of a project's services.
type addressesBody struct {
	GroupID  objectid.ID        `json:"groupId"`
	Services addressServiceBody `json:"services"`
}

type addressServiceBody struct {
	Clusters []struct{} `json:"clusters"`
}

func (s *Server) listProjectAddresses(c *call) error {
	if _, err := s.atlas.ProjectReader(c.principal); err != nil {
		return err
	}
	projectID, _ := c.principal.Project()
	return respond(c, http.StatusOK, addressesBody{GroupID: projectID})
}

// listNothing lists what no project of this server has.
func (s *Server) listNothing(c *call) error {
	if _, err := s.atlas.ProjectReader(c.principal); err != nil {
		return err
	}
	page, err := queryPage(c)
	if err != nil {
		return err
	}
	body := list{Links: s.pageLinks(c, page, false), Results: []struct{}{}}
	if page.Count {
		body.TotalCount = new(int64)
	}
	return respond(c, http.StatusOK, body)
}

// getCluster answers for a cluster, and what it has: there is none. The code is
// in Atlas' public list; its sentence is not recorded.
func (s *Server) getCluster(c *call) error {
	if _, err := s.atlas.ProjectReader(c.principal); err != nil {
		return err
	}
	return atlas.NewError(atlas.CodeClusterNotFound, c.Param("clusterName"), c.Param("groupId"))
}
