package staging

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Organization is an organization of the server.
type Organization struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Protected says that it is not marked for staging: nothing resets it.
	Protected bool `json:"protected"`
	// Clock is nil if it shows the real time.
	Clock *Clock `json:"clock,omitempty"`
	// ExpiresAt is when a throw-away organization ends; nil of one that stays.
	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
	// LastRequestAt is when the last request came in that the journal has; nil if it has none.
	LastRequestAt *time.Time `json:"lastRequestAt,omitempty"`
	Staged        Staged     `json:"staged"`
	Counts        Counts     `json:"counts"`
}

// Staged is what is staged in an organization.
type Staged struct {
	Declared bool        `json:"declared"` // whether it has the state Declared
	Faults   int64       `json:"faults"`   // that have not ended
	Journal  JournalMode `json:"journal"`
}

// Counts is how much an organization has of what it is made of.
type Counts struct {
	Projects        int64 `json:"projects"`
	APIKeys         int64 `json:"apiKeys"`
	ServiceAccounts int64 `json:"serviceAccounts"`
	ExportBuckets   int64 `json:"exportBuckets"`
	Clusters        int64 `json:"clusters"`
}

// OrganizationUpdate is what changes of an organization. What is nil stays.
type OrganizationUpdate struct {
	Protected *bool `json:"protected,omitempty"`
}

// List is the answer of a request for a list. Next is what the next request gives as
// after; it is empty at the end.
type List[T any] struct {
	Results []T    `json:"results"`
	Next    string `json:"next,omitempty"`
}

// Organizations returns all organizations that the token sees.
func (c *Client) Organizations(ctx context.Context) ([]Organization, error) {
	return all[Organization](ctx, c, "/organizations")
}

// Organization returns an organization.
func (c *Client) Organization(ctx context.Context, id string) (Organization, error) {
	return call[Organization](ctx, c, http.MethodGet, organizationPath(id), nil)
}

// UpdateOrganization changes an organization. It takes the operator's token.
func (c *Client) UpdateOrganization(
	ctx context.Context, id string, update OrganizationUpdate,
) (Organization, error) {
	return call[Organization](ctx, c, http.MethodPatch, organizationPath(id), update)
}

func organizationPath(id string) string { return "/organizations/" + url.PathEscape(id) }

// Role is what a token may do.
type Role string

// The roles of tokens.
const (
	RoleRead  Role = "read"
	RoleWrite Role = "write"
)

// Token is a token of an organization.
type Token struct {
	ID        string    `json:"id"`
	Role      Role      `json:"role"`
	CreatedAt time.Time `json:"createdAt"`
	// Secret is what requests are sent with. It is shown once, when the token is made.
	Secret string `json:"token,omitempty"`
}

// NewToken is what a token is made of.
type NewToken struct {
	Role Role `json:"role"`
}

// Tokens returns the tokens of an organization, without what they are sent as.
func (c *Client) Tokens(ctx context.Context, organization string) ([]Token, error) {
	return all[Token](ctx, c, organizationPath(organization)+"/tokens")
}

// CreateToken makes a token of an organization.
func (c *Client) CreateToken(ctx context.Context, organization string, token NewToken) (Token, error) {
	return call[Token](ctx, c, http.MethodPost, organizationPath(organization)+"/tokens", token)
}

// RevokeToken ends a token at once.
func (c *Client) RevokeToken(ctx context.Context, organization, id string) error {
	path := organizationPath(organization) + "/tokens/" + url.PathEscape(id)
	_, err := call[none](ctx, c, http.MethodDelete, path, nil)
	return err
}
