// Package api serves the Atlas Administration API v2 over HTTP.
//
// routes.go lists every route. A request of the API goes through
// Server.serve, which makes the checks that all operations share, in the order
// in which Atlas makes them, and then calls the operation's handler. A handler
// asks the service for the proof that the caller may act, decodes the request,
// calls the service and writes the answer with respond. Whatever goes wrong on
// the way is returned as an error and written in one place, writeError.
package api
