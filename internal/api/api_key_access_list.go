package api

import (
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
)

// apiKeyNetworkBody is an entry of an API key's access list.
type apiKeyNetworkBody struct {
	CIDRBlock       string      `json:"cidrBlock"`
	Count           int64       `json:"count"` // of requests
	Created         time.Time   `json:"created"`
	IPAddress       *netip.Addr `json:"ipAddress,omitzero"` // if the network is one address
	LastUsed        *time.Time  `json:"lastUsed,omitzero"`
	LastUsedAddress *netip.Addr `json:"lastUsedAddress,omitzero"`
	Links           []link      `json:"links"`
}

func (s *Server) newAPIKeyNetworkBody(entry db.AccessListEntry) apiKeyNetworkBody {
	body := apiKeyNetworkBody{
		CIDRBlock:       entry.CIDRBlock.String(),
		Created:         wholeSeconds(entry.CreatedAt),
		LastUsed:        wholeSecondsOrNil(entry.LastUsedAt),
		LastUsedAddress: entry.LastUsedAddress,
	}
	if entry.RequestCount != nil {
		body.Count = *entry.RequestCount
	}
	name := body.CIDRBlock
	if entry.CIDRBlock.IsSingleIP() {
		body.IPAddress = new(entry.CIDRBlock.Addr())
		name = body.IPAddress.String()
	}
	self := s.orgURL(entry.OrgID) + "/apiKeys/" + entry.PrincipalID.String() + "/accessList/" + url.PathEscape(name)
	body.Links = []link{{Href: self, Rel: "self"}}
	return body
}

func (s *Server) respondAPIKeyNetworks(c *call, page atlas.Page, accessList atlas.AccessList) error {
	results := make([]apiKeyNetworkBody, len(accessList.Entries))
	for i, entry := range accessList.Entries {
		results[i] = s.newAPIKeyNetworkBody(entry)
	}
	return respond(c, http.StatusOK, list{
		Links:      s.pageLinks(c, page, accessList.More),
		Results:    results,
		TotalCount: accessList.TotalCount,
	})
}

func (s *Server) createAPIKeyNetworks(c *call) error {
	owner, err := s.atlas.CredentialOwner(c.principal)
	if err != nil {
		return err
	}
	page, err := queryPage(c)
	if err != nil {
		return err
	}
	var reqs []atlas.AccessListEntryRequest
	if err := decodeArray(c.Context, &reqs); err != nil {
		return err
	}
	accessList, err := s.atlas.CreateAccessListEntries(c.Request.Context(), owner, namedAPIKey(c), reqs, page)
	if err != nil {
		return err
	}
	return s.respondAPIKeyNetworks(c, page, accessList)
}

func (s *Server) listAPIKeyNetworks(c *call) error {
	reader, err := s.atlas.CredentialReader(c.principal)
	if err != nil {
		return err
	}
	page, err := queryPage(c)
	if err != nil {
		return err
	}
	accessList, err := s.atlas.ListAccessListEntries(c.Request.Context(), reader, namedAPIKey(c), page)
	if err != nil {
		return err
	}
	return s.respondAPIKeyNetworks(c, page, accessList)
}

func (s *Server) getAPIKeyNetwork(c *call) error {
	reader, err := s.atlas.CredentialReader(c.principal)
	if err != nil {
		return err
	}
	entry, err := s.atlas.GetAccessListEntry(c.Request.Context(), reader, namedAPIKey(c), c.Param("ipAddress"))
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, s.newAPIKeyNetworkBody(entry))
}

func (s *Server) deleteAPIKeyNetwork(c *call) error {
	owner, err := s.atlas.CredentialOwner(c.principal)
	if err != nil {
		return err
	}
	err = s.atlas.DeleteAccessListEntry(c.Request.Context(), owner, namedAPIKey(c), c.Param("ipAddress"))
	if err != nil {
		return err
	}
	respondNoContent(c)
	return nil
}
