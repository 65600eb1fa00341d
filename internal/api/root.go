package api

import (
	"net/http"

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
	AccessList []struct{}  `json:"accessList"`
	ID         objectid.ID `json:"id"`
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
	var roles []roleBody
	for _, role := range key.OrgRoles {
		roles = append(roles, roleBody{OrgID: &key.OrgID, RoleName: string(role)})
	}
	for _, grant := range key.ProjectRoles {
		roles = append(roles, roleBody{GroupID: &grant.ProjectID, RoleName: string(grant.Role)})
	}
	return roles
}

// build stands for the revision that Atlas was built from; ours says nothing to
// its clients.
const build = "0000000000000000000000000000000000000000"

func (s *Server) getRoot(c *call) error {
	key, ok, err := s.atlas.GetOwnAPIKey(c.Request.Context(), c.principal)
	if err != nil {
		return err
	}
	body := rootBody{
		AppName: "MongoDB Atlas",
		Build:   build,
		Links:   []link{{Href: s.cfg.BaseURL + apiRoot, Rel: "self"}},
	}
	if ok {
		body.APIKey = &ownKeyBody{ID: key.ID, PublicKey: key.PublicKey, Roles: newRoleBodies(key)}
	}
	return respond(c, http.StatusOK, body)
}
