// Package staging speaks to the staging plane of exportbuckets: the second listener of
// a server, where teams see, save and reset their organizations. It needs nothing but
// the standard library.
//
// A Client has one token. That of an organization sees this one alone; the operator's
// sees all. Every error that the server answers with is a *Problem.
package staging
