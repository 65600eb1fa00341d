// Package tenantstate is the staging plane without HTTP: what a team may see and do with
// its organization as a whole, and the operator with all of them.
//
// Who presents a token is a Caller. Asked whether it may do something, it answers with a
// proof, which carries the organization, or with a refusal: a *staging.Problem, as every
// error is that a client may read. The organization of another is as one that is not
// there.
package tenantstate
