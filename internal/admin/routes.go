package admin

import "net/http"

// operation is one operation of the staging plane.
type operation struct {
	method string
	path   string // below staging.Root
	status int    // of the answer to what went well
	serve  endpoint
}

// operations returns all operations.
func (s *Server) operations() []operation {
	const (
		org    = "/organizations/{org}"
		tokens = org + "/tokens"
	)
	return []operation{
		{http.MethodGet, "/openapi.yaml", http.StatusOK, asCaller(s.getOpenAPI)},
		{http.MethodGet, "/organizations", http.StatusOK, asCaller(s.listOrganizations)},
		{http.MethodGet, org, http.StatusOK, asReader(s.getOrganization)},
		{http.MethodPatch, org, http.StatusOK, asOperator(s.updateOrganization)},
		{http.MethodGet, tokens, http.StatusOK, asReader(s.listTokens)},
		{http.MethodPost, tokens, http.StatusCreated, asWriter(s.createToken)},
		{http.MethodDelete, tokens + "/{token}", http.StatusNoContent, asWriter(s.revokeToken)},
	}
}
