// Package journal keeps what organizations asked of the API, and why they were answered as
// they were.
//
// A request is added to a buffer when it has been answered, and never waits for the
// journal or fails by it: what the buffer has no room for is dropped and counted. One
// goroutine writes the buffer four times a second, and keeps the table within its bounds.
// Secrets are left out before an entry is written: of a body, the fields that the OpenAPI
// document marks as secret, and those that it does not know.
//
// An entry belongs to the organization of the credential that the request was sent with,
// even if its secret was wrong. What the path names makes no difference.
package journal
