package api

import (
	"context"
	"net/netip"
	"net/url"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbaccess"
	"exportbuckets/internal/objectid"
)

// projectNetworkBody is an entry of a project's access list.
type projectNetworkBody struct {
	CIDRBlock       string      `json:"cidrBlock"`
	Comment         string      `json:"comment,omitzero"`
	DeleteAfterDate *time.Time  `json:"deleteAfterDate,omitzero"`
	GroupID         objectid.ID `json:"groupId"`
	IPAddress       *netip.Addr `json:"ipAddress,omitzero"` // if the network is one address
	Links           []link      `json:"links"`
}

func (c *call) newProjectNetworkBody(entry db.ProjectAccessListEntry) projectNetworkBody {
	body := projectNetworkBody{
		CIDRBlock:       entry.CIDRBlock.String(),
		Comment:         entry.Comment,
		DeleteAfterDate: wholeSecondsOrNil(entry.DeleteAfter),
		GroupID:         entry.ProjectID,
	}
	if entry.CIDRBlock.IsSingleIP() {
		body.IPAddress = new(entry.CIDRBlock.Addr())
	}
	self := c.projectURL(entry.ProjectID) + "/accessList/" + url.PathEscape(body.CIDRBlock)
	body.Links = []link{{Href: self, Rel: "self"}}
	return body
}

// createProjectNetworks answers with a page of the access list.
func (s *Server) createProjectNetworks(ctx context.Context, owner atlas.ProjectOwner, c *call) (list, error) {
	page, err := queryPage(c)
	if err != nil {
		return list{}, err
	}
	var reqs []dbaccess.AccessListEntryRequest
	if err := decode(c, jsontext.KindBeginArray, &reqs); err != nil {
		return list{}, err
	}
	entries, err := s.dbaccess.CreateAccessListEntries(ctx, owner, reqs, page)
	return newList(c, page, atlas.MapList(entries, c.newProjectNetworkBody)), err
}

func (s *Server) listProjectNetworks(
	ctx context.Context, project atlas.ProjectReader, c *call, page atlas.Page,
) (atlas.List[projectNetworkBody], error) {
	entries, err := s.dbaccess.ListAccessList(ctx, project, page)
	return atlas.MapList(entries, c.newProjectNetworkBody), err
}

func (s *Server) getProjectNetwork(
	ctx context.Context, project atlas.ProjectReader, c *call,
) (projectNetworkBody, error) {
	entry, err := s.dbaccess.GetAccessListEntry(ctx, project, c.param("entryValue"))
	return c.newProjectNetworkBody(entry), err
}

// networkStatusBody says whether an entry is in force. Each is at once.
type networkStatusBody struct {
	Status string `json:"STATUS"`
}

func (s *Server) getProjectNetworkStatus(
	ctx context.Context, project atlas.ProjectReader, c *call,
) (networkStatusBody, error) {
	_, err := s.dbaccess.GetAccessListEntry(ctx, project, c.param("entryValue"))
	return networkStatusBody{"ACTIVE"}, err
}

func (s *Server) deleteProjectNetwork(ctx context.Context, project atlas.ProjectOwner, c *call) (noContent, error) {
	return noContent{}, s.dbaccess.DeleteAccessListEntry(ctx, project, c.param("entryValue"))
}
