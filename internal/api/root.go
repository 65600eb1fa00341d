package api

import (
	"context"
	"net/netip"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// rootBody is what Atlas says of itself and of the API key that asks. Atlas,
// "Root".
type rootBody struct {
	APIKey     *ownKeyBody `json:"apiKey,omitzero"` // none for a service account
	AppName    string      `json:"appName"`
	Build      string      `json:"build"`
	Links      []link      `json:"links"`
	Throttling bool        `json:"throttling"`
}

type ownKeyBody struct {
	AccessList []ownNetworkBody `json:"accessList"`
	ID         objectid.ID      `json:"id"`
	PublicKey  string           `json:"publicKey"`
	Roles      []roleBody       `json:"roles"`
}

type ownNetworkBody struct {
	CIDRBlock netip.Prefix `json:"cidrBlock"`
	IPAddress netip.Addr   `json:"ipAddress"` // the first of the network
}

// build stands for the revision that Atlas was built from; ours says nothing to
// its clients.
const build = "0000000000000000000000000000000000000000"

func (s *Server) getRoot(ctx context.Context, p *atlas.Principal, c *call) (rootBody, error) {
	key, accessList, ok, err := s.iam.GetOwnAPIKey(ctx, p)
	if err != nil {
		return rootBody{}, err
	}
	body := rootBody{
		AppName: "MongoDB Atlas",
		Build:   build,
		Links:   []link{{Href: c.apiURL(), Rel: "self"}},
	}
	if ok {
		networks := make([]ownNetworkBody, len(accessList))
		for i, entry := range accessList {
			networks[i] = ownNetworkBody{CIDRBlock: entry.CIDRBlock, IPAddress: entry.CIDRBlock.Addr()}
		}
		body.APIKey = &ownKeyBody{
			AccessList: networks, ID: key.ID, PublicKey: key.PublicKey, Roles: newRoleBodies(key),
		}
	}
	return body, nil
}
