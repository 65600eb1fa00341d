package api

import (
	"context"
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

func (c *call) newAPIKeyNetworkBody(entry db.AccessListEntry) apiKeyNetworkBody {
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
	self := c.orgURL(entry.OrgID) + "/apiKeys/" + entry.PrincipalID.String() + "/accessList/" + url.PathEscape(name)
	body.Links = []link{{Href: self, Rel: "self"}}
	return body
}

func (s *Server) createAPIKeyNetworks(ctx context.Context, reader atlas.CredentialReader, c *call) (list, error) {
	return createNetworks(ctx, s, reader, c, apiKeyName(c), c.newAPIKeyNetworkBody)
}

func (s *Server) listAPIKeyNetworks(
	ctx context.Context, reader atlas.CredentialReader, c *call, page atlas.Page,
) (atlas.List[apiKeyNetworkBody], error) {
	entries, err := s.iam.ListAccessListEntries(ctx, reader, apiKeyName(c), page)
	return atlas.MapList(entries, c.newAPIKeyNetworkBody), err
}

func (s *Server) getAPIKeyNetwork(
	ctx context.Context, reader atlas.CredentialReader, c *call,
) (apiKeyNetworkBody, error) {
	entry, err := s.iam.GetAccessListEntry(ctx, reader, apiKeyName(c), c.param("ipAddress"))
	return c.newAPIKeyNetworkBody(entry), err
}

func (s *Server) deleteAPIKeyNetwork(ctx context.Context, reader atlas.CredentialReader, c *call) (noContent, error) {
	return noContent{}, s.deleteNetwork(ctx, reader, c, apiKeyName(c))
}
