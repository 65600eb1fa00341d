// Package digest is the server side of HTTP Digest access authentication as
// RFC 7616 defines it and RFC 2617 did before, in the one form that API keys
// use: algorithm MD5 and qop "auth".
//
// A request without usable credentials is answered with Challenge over
// NewNonce. The client then sends its request again with an Authorization
// header. Parse reads that header, the caller finds the HA1 that belongs to
// the username, and three questions decide, each asked of every request:
//
//   - Is Credentials.URI the target of the request line, byte for byte? Only
//     the caller can tell. Without this, credentials for one resource would
//     open all others.
//   - Does Verify find the response right? If not, the client does not know
//     the password.
//   - Was the nonce made here (NonceTime), and is it still NonceFresh? If it is
//     too old, a client whose response is right gets a challenge that is stale,
//     and repeats without asking its user.
//
// Every function depends on its arguments alone, random bytes of NewNonce
// apart; nothing is kept between two calls. No error text holds anything of
// the header but the names of parameters this package knows. All that an
// attacker may learn from, the response and the code in the nonce, is compared
// in constant time.
package digest

import (
	"crypto/md5"
	"crypto/subtle"
	"encoding/hex"
	"strconv"
)

const (
	qopAuth      = "auth"
	algorithmMD5 = "MD5"
	responseSize = 2 * md5.Size
)

// HA1 returns what a server keeps instead of the password: the 16 bytes of
// MD5 over username, realm and password, as RFC 7616 section 3.4.2 joins
// them. Whoever has it can answer any challenge of the realm, so it is as
// secret as the password.
func HA1(username, realm, password string) []byte {
	sum := md5.Sum([]byte(username + ":" + realm + ":" + password))
	return sum[:]
}

// Credentials is an Authorization header that Parse accepted, each value with
// its quotes and escapes removed. Algorithm and qop are not kept, as they can
// only be MD5 and auth.
//
// All values come from the client. Parse has checked the form of NonceCount
// and Response; the others may be empty, and may hold bytes that are not
// UTF-8, but no control characters except tabs.
type Credentials struct {
	Username   string
	Realm      string
	Nonce      string
	URI        string
	NonceCount string // as sent, because the response covers its letter case
	CNonce     string
	Response   string
}

// Verify reports whether the response proves knowledge of ha1 for a request
// with this method. It looks neither at the age of the nonce nor at the
// target of the request. Realm needs no check, since ha1 belongs to one. An
// ha1 that is not 16 bytes long verifies nothing.
func (c Credentials) Verify(ha1 []byte, method string) bool {
	if len(ha1) != md5.Size || len(c.Response) != responseSize {
		return false
	}
	var sent [md5.Size]byte
	if _, err := hex.Decode(sent[:], []byte(c.Response)); err != nil {
		return false
	}

	// RFC 7616 section 3.4.1. The buffer is large enough for the headers of
	// usual clients to need no heap; a longer one grows.
	var stack [256]byte
	buf := append(stack[:0], method...)
	buf = append(buf, ':')
	buf = append(buf, c.URI...)
	ha2 := md5.Sum(buf)

	buf = hex.AppendEncode(buf[:0], ha1)
	for _, part := range [...]string{c.Nonce, c.NonceCount, c.CNonce, qopAuth} {
		buf = append(buf, ':')
		buf = append(buf, part...)
	}
	buf = append(buf, ':')
	buf = hex.AppendEncode(buf, ha2[:])
	want := md5.Sum(buf)
	return subtle.ConstantTimeCompare(want[:], sent[:]) == 1
}

// Challenge returns the value of the WWW-Authenticate header. Its order, its
// blanks and its quotes are fixed, because MongoDB's client for Go splits the
// text at these places and refuses parameters it does not know.
//
// Stale tells the client that only its nonce was wrong. Realm and nonce must
// not hold quotes or backslashes: that client does not undo escapes.
func Challenge(realm, nonce string, stale bool) string {
	return `Digest realm="` + realm + `", domain="", nonce="` + nonce +
		`", algorithm=` + algorithmMD5 + `, qop="` + qopAuth +
		`", stale=` + strconv.FormatBool(stale)
}
