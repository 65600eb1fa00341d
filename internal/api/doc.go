// Package api serves the Atlas Administration API v2 over HTTP.
//
// routes.go lists every route. A request of the API goes through Server.serve,
// which makes the checks that all operations share, in the order in which Atlas
// makes them, and then the operation's endpoint (endpoint.go): it asks the
// principal for the proof that the operation takes, reads the page or the body, and
// calls the handler. A handler calls a service and returns the answer, which
// respond writes in the version and the form that was asked for. Whatever goes
// wrong on the way is returned as an error and written in one place, writeError.
package api
