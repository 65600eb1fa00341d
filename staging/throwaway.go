package staging

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"
)

// How long throw-away organizations last.
const (
	DefaultTTL = 2 * time.Hour
	MaxTTL     = 7 * 24 * time.Hour
)

// NewOrganization is what a throw-away organization is made of: a state of another, or a
// file. It has ids and secrets of its own in any case.
type NewOrganization struct {
	// From is the id of an organization, a slash and a state: Live, Declared or the name of
	// a saved one.
	From string `json:"from,omitempty"`
	// File is a file in the form of seed files, with one organization in it: an object, or
	// the text of one in YAML or JSON as a string. FileText makes the latter.
	File json.RawMessage `json:"file,omitempty"`
	Name string          `json:"name"`
	// TTL is how long the organization lasts, such as 90m; DefaultTTL if it is empty, MaxTTL
	// at most.
	TTL string `json:"ttl,omitempty"`
}

// FileText returns the text of a file as NewOrganization has it.
func FileText(text []byte) json.RawMessage {
	encoded, err := json.Marshal(string(text))
	if err != nil {
		panic(err) // a text is never refused
	}
	return encoded
}

// CreatedOrganization is a throw-away organization that has just been made. Its secrets are
// not shown again.
type CreatedOrganization struct {
	Organization Organization `json:"organization"`
	// BaseURL is what clients call the API.
	BaseURL string `json:"baseUrl"`
	// Token may change the organization, and end it.
	Token Token `json:"token"`
	// IDs are those of the source, and which of the organization's stand in their place.
	IDs map[string]string `json:"ids"`
	// Names are the ids of what has a name, by kind and name, such as projects. Of two of a
	// kind that have the same name it is none.
	Names           map[string]map[string]string `json:"names"`
	APIKeys         []APIKey                     `json:"apiKeys"`
	ServiceAccounts []ServiceAccount             `json:"serviceAccounts"`
}

// APIKey is an API key of a throw-away organization.
type APIKey struct {
	ID          string   `json:"id"`
	Description string   `json:"description"`
	OrgRoles    []string `json:"orgRoles"`
	PublicKey   string   `json:"publicKey"`
	PrivateKey  string   `json:"privateKey"`
}

// ServiceAccount is a service account of a throw-away organization.
type ServiceAccount struct {
	ClientID string   `json:"clientId"`
	Name     string   `json:"name"`
	OrgRoles []string `json:"orgRoles"`
	// Secrets are good until the time when those of the source are.
	Secrets []ClientSecret `json:"secrets"`
}

// ClientSecret is a secret of a service account.
type ClientSecret struct {
	ID        string    `json:"id"`
	Secret    string    `json:"secret"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// Env returns the environment in which the Atlas CLI, Terraform and SDKs use the
// organization: as the first API key that owns it, or else the first there is, or as a
// service account if there is no key; and in its first project.
func (c CreatedOrganization) Env() map[string]string {
	env := map[string]string{
		"MONGODB_ATLAS_BASE_URL": c.BaseURL, "MONGODB_ATLAS_OPS_MANAGER_URL": c.BaseURL,
		"MONGODB_ATLAS_ORG_ID": c.Organization.ID,
	}
	if projects := slices.Sorted(maps.Values(c.Names["projects"])); len(projects) > 0 {
		env["MONGODB_ATLAS_PROJECT_ID"] = projects[0]
	}
	if len(c.APIKeys) > 0 {
		key := c.APIKeys[owner(c.APIKeys, func(k APIKey) []string { return k.OrgRoles })]
		env["MONGODB_ATLAS_PUBLIC_API_KEY"], env["MONGODB_ATLAS_PRIVATE_API_KEY"] = key.PublicKey, key.PrivateKey
	} else if len(c.ServiceAccounts) > 0 {
		account := c.ServiceAccounts[owner(c.ServiceAccounts, func(a ServiceAccount) []string { return a.OrgRoles })]
		if len(account.Secrets) > 0 {
			env["MONGODB_ATLAS_CLIENT_ID"], env["MONGODB_ATLAS_CLIENT_SECRET"] = account.ClientID, account.Secrets[0].Secret
		}
	}
	return env
}

// owner returns the index of the first that owns the organization, or 0.
func owner[T any](all []T, roles func(T) []string) int {
	return max(0, slices.IndexFunc(all, func(one T) bool { return slices.Contains(roles(one), "ORG_OWNER") }))
}

// CreateOrganization makes a throw-away organization.
func (c *Client) CreateOrganization(ctx context.Context, asked NewOrganization) (CreatedOrganization, error) {
	return call[CreatedOrganization](ctx, c, http.MethodPost, "/organizations", asked)
}

// DeleteOrganization ends an organization with all that it has. It takes the operator's
// token and the name of the organization, or a token of a throw-away one, which needs no name.
func (c *Client) DeleteOrganization(ctx context.Context, id, name string) error {
	_, err := c.sendWith(ctx, http.Header{"If-Match": {name}}, http.MethodDelete, organizationPath(id), nil)
	return err
}
