// Package iam is about who calls: API keys and service accounts with their
// secrets, tokens, roles and access lists.
//
// AuthenticateDigest and AuthenticateBearer find the caller of a request, with all
// that decides what it may do, in one query, which requests that come at the same
// moment share (package batch). Nothing of a caller is kept from one request to
// the next: a key that was deleted is refused at once, by every replica.
//
// What always holds:
//
//   - Of a private key, a secret or a token only what verifies it is kept, with the
//     last characters, which are shown. The answer that creates it alone shows it.
//   - Whoever changes a credential does so in write.BeginOn, which locks its row in
//     principals first and says in which order.
package iam
