package api

import (
	"net/http"

	"exportbuckets/internal/atlas"
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

func newRoleBodies(key atlas.APIKey) []roleBody {
	roles := make([]roleBody, len(key.Roles))
	for i, role := range key.Roles {
		roles[i] = roleBody{GroupID: role.ProjectID, RoleName: role.Name}
		if role.ProjectID == nil {
			roles[i].OrgID = &key.OrgID
		}
	}
	return roles
}

func (s *Server) newAPIKeyBody(key atlas.APIKey) apiKeyBody {
	return apiKeyBody{
		Desc:       key.Description,
		ID:         key.ID,
		Links:      []link{{Href: s.orgURL(key.OrgID) + "/apiKeys/" + key.ID.String(), Rel: "self"}},
		PrivateKey: key.PrivateKey,
		PublicKey:  key.PublicKey,
		Roles:      newRoleBodies(key),
	}
}

// namedAPIKey is the API key that the path names.
func namedAPIKey(c *call) atlas.Credential {
	return atlas.NamedAPIKey(c.Param("apiUserId"))
}

func (s *Server) createAPIKey(c *call) error {
	owner, err := s.atlas.CredentialOwner(c.principal)
	if err != nil {
		return err
	}
	var req atlas.APIKeyRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	key, err := s.atlas.CreateAPIKey(c.Request.Context(), owner, req)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, s.newAPIKeyBody(key))
}

func (s *Server) listAPIKeys(c *call) error {
	reader, err := s.atlas.CredentialReader(c.principal)
	if err != nil {
		return err
	}
	page, err := queryPage(c)
	if err != nil {
		return err
	}
	keys, err := s.atlas.ListAPIKeys(c.Request.Context(), reader, page)
	if err != nil {
		return err
	}
	return respondList(s, c, page, keys, s.newAPIKeyBody)
}

func (s *Server) getAPIKey(c *call) error {
	reader, err := s.atlas.CredentialReader(c.principal)
	if err != nil {
		return err
	}
	key, err := s.atlas.GetAPIKey(c.Request.Context(), reader, namedAPIKey(c))
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, s.newAPIKeyBody(key))
}

func (s *Server) updateAPIKey(c *call) error {
	owner, err := s.atlas.CredentialOwner(c.principal)
	if err != nil {
		return err
	}
	var req atlas.APIKeyRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	key, err := s.atlas.UpdateAPIKey(c.Request.Context(), owner, namedAPIKey(c), req)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, s.newAPIKeyBody(key))
}

func (s *Server) assignAPIKey(c *call) error {
	owner, err := s.atlas.CredentialOwner(c.principal)
	if err != nil {
		return err
	}
	var assignments []atlas.APIKeyAssignment
	if err := decodeArray(c, &assignments); err != nil {
		return err
	}
	if err := s.atlas.AssignAPIKey(c.Request.Context(), owner, namedAPIKey(c), assignments); err != nil {
		return err
	}
	respondNoContent(c)
	return nil
}

func (s *Server) deleteAPIKey(c *call) error {
	owner, err := s.atlas.CredentialOwner(c.principal)
	if err != nil {
		return err
	}
	if err := s.atlas.DeleteAPIKey(c.Request.Context(), owner, namedAPIKey(c)); err != nil {
		return err
	}
	respondNoContent(c)
	return nil
}
