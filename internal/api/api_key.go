package api

import (
	"context"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
)

// apiKeyBody is an API key on the wire. Atlas, "Programmatic API Keys".
type apiKeyBody struct {
	Desc       string      `json:"desc"`
	ID         objectid.ID `json:"id"`
	Links      []link      `json:"links"` // to the organization's key, from a project, too
	PrivateKey string      `json:"privateKey"`
	PublicKey  string      `json:"publicKey"`
	Roles      []roleBody  `json:"roles"`
}

// roleBody is a role in an organization or on a project.
type roleBody struct {
	GroupID  *objectid.ID `json:"groupId,omitzero"`
	OrgID    *objectid.ID `json:"orgId,omitzero"`
	RoleName string       `json:"roleName"`
}

func newRoleBodies(key iam.APIKey) []roleBody {
	roles := make([]roleBody, len(key.Roles))
	for i, role := range key.Roles {
		roles[i] = roleBody{GroupID: role.ProjectID, RoleName: role.Name}
		if role.ProjectID == nil {
			roles[i].OrgID = &key.OrgID
		}
	}
	return roles
}

func (c *call) newAPIKeyBody(key iam.APIKey) apiKeyBody {
	return apiKeyBody{
		Desc:       key.Description,
		ID:         key.ID,
		Links:      []link{{Href: c.orgURL(key.OrgID) + "/apiKeys/" + key.ID.String(), Rel: "self"}},
		PrivateKey: key.PrivateKey,
		PublicKey:  key.PublicKey,
		Roles:      newRoleBodies(key),
	}
}

// apiKeyName is the API key that the path names.
func apiKeyName(c *call) iam.CredentialName {
	return iam.APIKeyName(c.id("apiUserId"))
}

func (s *Server) createAPIKey(
	ctx context.Context, owner atlas.CredentialOwner, c *call, req iam.APIKeyRequest,
) (apiKeyBody, error) {
	noStore(c.gin)
	key, err := s.iam.CreateAPIKey(ctx, owner, req)
	return c.newAPIKeyBody(key), err
}

func (s *Server) listAPIKeys(
	ctx context.Context, reader atlas.CredentialReader, c *call, page atlas.Page,
) (atlas.List[apiKeyBody], error) {
	keys, err := s.iam.ListAPIKeys(ctx, reader, page)
	return atlas.MapList(keys, c.newAPIKeyBody), err
}

func (s *Server) getAPIKey(ctx context.Context, reader atlas.CredentialReader, c *call) (apiKeyBody, error) {
	key, err := s.iam.GetAPIKey(ctx, reader, apiKeyName(c))
	return c.newAPIKeyBody(key), err
}

func (s *Server) updateAPIKey(
	ctx context.Context, owner atlas.CredentialOwner, c *call, req iam.APIKeyRequest,
) (apiKeyBody, error) {
	key, err := s.iam.UpdateAPIKey(ctx, owner, apiKeyName(c), req)
	return c.newAPIKeyBody(key), err
}

func (s *Server) assignAPIKey(
	ctx context.Context, owner atlas.CredentialOwner, c *call, assignments []iam.APIKeyAssignment,
) (noContent, error) {
	return noContent{}, s.iam.AssignAPIKey(ctx, owner, apiKeyName(c), assignments)
}

func (s *Server) deleteAPIKey(ctx context.Context, owner atlas.CredentialOwner, c *call) (noContent, error) {
	return noContent{}, s.iam.DeleteAPIKey(ctx, owner, apiKeyName(c))
}
