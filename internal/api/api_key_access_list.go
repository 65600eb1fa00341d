package api

import (
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"exportbuckets/db"
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

func (s *Server) createAPIKeyNetworks(c *call) error {
	return createNetworks(s, c, namedAPIKey(c), s.newAPIKeyNetworkBody)
}

func (s *Server) listAPIKeyNetworks(c *call) error {
	return listNetworks(s, c, namedAPIKey(c), s.newAPIKeyNetworkBody)
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
	return s.deleteNetwork(c, namedAPIKey(c))
}
