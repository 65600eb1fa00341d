// Package admin is the second listener: health, metrics and profiles of the server, and
// the staging plane over HTTP (../../docs/staging.md). It has credentials of its own and
// serves nothing of the Atlas API, so that no fault, clock or access list can lock a team
// out of taking it back.
//
// An operation is one line of the table in routes.go: method, path, status, and the
// endpoint, which says what it asks of its caller. The endpoint is a function of the
// context, the proof and the call that returns an answer or an error.
package admin
