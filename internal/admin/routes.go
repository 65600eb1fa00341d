package admin

import (
	"net/http"
	"strings"
)

// Path is a path with the names of its parameters: /organizations/{org}/diff?from&to.
type Path string

// Pattern returns the path alone.
func (p Path) Pattern() string {
	pattern, _, _ := strings.Cut(string(p), "?")
	return pattern
}

// Parameters returns the names of those in the query.
func (p Path) Parameters() []string {
	_, names, _ := strings.Cut(string(p), "?")
	return strings.Split(names, "&")
}

// operation is one operation of the staging plane.
type operation struct {
	method string
	path   Path // below staging.Root
	status int  // of the answer to what went well
	serve  endpoint
}

// operations returns all operations.
func (s *Server) operations() []operation {
	const (
		org    = "/organizations/{org}"
		tokens = org + "/tokens"
		states = org + "/snapshots"
		state  = states + "/{state}"
		faults = org + "/faults"
		clock  = org + "/clock"

		journal = org + "/journal"
	)
	return []operation{
		{http.MethodGet, "/openapi.yaml", http.StatusOK, asCaller(s.getOpenAPI)},
		{http.MethodGet, "/organizations?after", http.StatusOK, asCaller(s.listOrganizations)},
		{http.MethodPost, "/organizations", http.StatusCreated, asCaller(s.createOrganization)},
		{http.MethodGet, org, http.StatusOK, asReader(s.getOrganization)},
		{http.MethodPatch, org, http.StatusOK, asOperator(s.updateOrganization)},
		{http.MethodDelete, org, http.StatusNoContent, asWriter(s.deleteOrganization)},
		{http.MethodGet, tokens, http.StatusOK, asReader(s.listTokens)},
		{http.MethodPost, tokens, http.StatusCreated, asWriter(s.createToken)},
		{http.MethodDelete, tokens + "/{token}", http.StatusNoContent, asWriter(s.revokeToken)},
		{http.MethodGet, org + "/state?of", http.StatusOK, asReader(s.export)},
		{http.MethodPut, org + "/state?mode&dryRun", http.StatusOK, asCaller(s.declare)},
		{http.MethodGet, states, http.StatusOK, asReader(s.listStates)},
		{http.MethodPut, state, http.StatusCreated, asWriter(s.saveState)},
		{http.MethodGet, state, http.StatusOK, asReader(s.getState)},
		{http.MethodDelete, state, http.StatusNoContent, asWriter(s.deleteState)},
		{http.MethodPost, state + "/restore", http.StatusOK, asWriter(s.restoreState)},
		{http.MethodPost, org + "/reset", http.StatusOK, asWriter(s.reset)},
		{http.MethodGet, org + "/diff?from&to", http.StatusOK, asReader(s.diff)},
		{http.MethodGet, faults, http.StatusOK, asReader(s.listFaults)},
		{http.MethodPut, faults, http.StatusOK, asWriter(s.putFaults)},
		{http.MethodPost, faults + "/clear", http.StatusNoContent, asWriter(s.clearFaults)},
		{http.MethodGet, faults + "/{name}", http.StatusOK, asReader(s.getFault)},
		{http.MethodPut, faults + "/{name}", http.StatusOK, asWriter(s.putFault)},
		{http.MethodDelete, faults + "/{name}", http.StatusNoContent, asWriter(s.deleteFault)},
		{http.MethodGet, clock, http.StatusOK, asReader(s.getClock)},
		{http.MethodPost, clock + "/advance", http.StatusOK, asWriter(s.advanceClock)},
		{http.MethodPut, clock, http.StatusOK, asWriter(s.updateClock)},
		{http.MethodDelete, clock, http.StatusNoContent, asWriter(s.releaseClock)},
		{http.MethodGet, journal + journalParameters, http.StatusOK, asReader(s.listJournal)},
		{http.MethodDelete, journal, http.StatusNoContent, asWriter(s.clearJournal)},
		{http.MethodGet, journal + "/{entry}", http.StatusOK, asReader(s.getJournalEntry)},
		{http.MethodPut, journal + "/settings", http.StatusOK, asWriter(s.setJournal)},
		{http.MethodGet, org + "/usage?role&bucket", http.StatusOK, asReader(s.getUsage)},
		{http.MethodGet, org + "/sunset?at", http.StatusOK, asReader(s.getSunset)},
	}
}
