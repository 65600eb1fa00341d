package api

import (
	"context"
	"net/netip"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
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

func (s *Server) createServiceAccountNetworks(
	ctx context.Context, owner atlas.CredentialOwner, c *call,
) (list, error) {
	return createNetworks(ctx, s, owner, c, serviceAccountName(c), newServiceAccountNetworkBody)
}

func (s *Server) listServiceAccountNetworks(
	ctx context.Context, reader atlas.CredentialReader, c *call, page atlas.Page,
) (atlas.List[serviceAccountNetworkBody], error) {
	entries, err := s.iam.ListAccessListEntries(ctx, reader, serviceAccountName(c), page)
	return atlas.MapList(entries, newServiceAccountNetworkBody), err
}

func (s *Server) deleteServiceAccountNetwork(
	ctx context.Context, owner atlas.CredentialOwner, c *call,
) (noContent, error) {
	return noContent{}, s.deleteNetwork(ctx, owner, c, serviceAccountName(c))
}
