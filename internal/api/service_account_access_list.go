package api

import (
	"net/netip"
	"time"

	"exportbuckets/db"
)

// serviceAccountNetworkBody is an entry of a service account's access list.
type serviceAccountNetworkBody struct {
	CIDRBlock       string      `json:"cidrBlock"`
	CreatedAt       time.Time   `json:"createdAt"`
	IPAddress       *netip.Addr `json:"ipAddress,omitzero"` // if the network is one address
	LastUsedAddress *netip.Addr `json:"lastUsedAddress,omitzero"`
	LastUsedAt      *time.Time  `json:"lastUsedAt,omitzero"`
	RequestCount    int64       `json:"requestCount"`
}

func newServiceAccountNetworkBody(entry db.AccessListEntry) serviceAccountNetworkBody {
	body := serviceAccountNetworkBody{
		CIDRBlock:       entry.CIDRBlock.String(),
		CreatedAt:       wholeSeconds(entry.CreatedAt),
		LastUsedAddress: entry.LastUsedAddress,
		LastUsedAt:      wholeSecondsOrNil(entry.LastUsedAt),
	}
	if entry.CIDRBlock.IsSingleIP() {
		body.IPAddress = new(entry.CIDRBlock.Addr())
	}
	if entry.RequestCount != nil {
		body.RequestCount = *entry.RequestCount
	}
	return body
}

func (s *Server) createServiceAccountNetworks(c *call) error {
	return createNetworks(s, c, namedServiceAccount(c), newServiceAccountNetworkBody)
}

func (s *Server) listServiceAccountNetworks(c *call) error {
	return listNetworks(s, c, namedServiceAccount(c), newServiceAccountNetworkBody)
}

func (s *Server) deleteServiceAccountNetwork(c *call) error {
	return s.deleteNetwork(c, namedServiceAccount(c))
}
