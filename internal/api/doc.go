// Package api serves the Atlas Administration API v2 over HTTP.
//
// What a client can make the server wait for, and hold, is bounded from the connection
// (connections.go) to the body (body.go), the work (work.go) and the answer (answer.go).
//
// routes.go lists every route. A request of the API goes through Server.serve,
// which makes the checks that all operations share, in the order in which Atlas
// makes them, and then the operation's endpoint (endpoint.go): it asks the
// principal for the proof that the operation takes, reads the page or the body, and
// calls the handler. A handler calls a service and returns the answer, which
// respond writes in the version and the form that was asked for. Whatever goes
// wrong on the way is returned as an error and written in one place, writeError.
package api
