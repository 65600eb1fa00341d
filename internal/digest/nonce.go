package digest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// A nonce is three parts, 24 bytes together, so its text needs no padding.
const (
	timeSize     = 6 // Unix milliseconds, big-endian.
	randomSize   = 4
	codeSize     = 14 // HMAC-SHA-256 over the parts before it, cut.
	contentSize  = timeSize + randomSize
	nonceSize    = contentSize + codeSize
	nonceTextLen = nonceSize / 3 * 4
)

// clockSkew is how far the clock of another replica may run ahead of ours.
const clockSkew = 5 * time.Second

// NewNonce returns a nonce that NonceTime knows under the same key, on every
// replica and after every restart. The key is random, at least 32 bytes
// long, and has no other use. The year of now is between 1970 and 10889.
//
// A nonce carries its own time and a code that only holders of the key can
// make. That is all a server has to know: that the nonce is one of its own,
// and how old it is. So nothing is stored per nonce or shared per request, and
// there is nothing an attacker could fill by asking for challenges. A code of
// 112 bits cannot be guessed. The random part makes two challenges of the same
// millisecond differ, as RFC 7616 section 3.3 wants them to.
//
// The price is that whoever sees a request may send it again until its nonce
// is too old. This is by design: clients may use one nonce for many requests,
// counting nc up, and to notice a count that was there before would take
// memory that all replicas share. The response covers method and target, so
// those cannot be changed, but not the body. TLS is what keeps requests from
// being seen.
func NewNonce(key []byte, now time.Time) string {
	var b [nonceSize]byte
	// The two bytes in front are zero for all years of the range, and the time
	// must not take them from the random part.
	var milliseconds [8]byte
	binary.BigEndian.PutUint64(milliseconds[:], uint64(now.UnixMilli()))
	copy(b[:timeSize], milliseconds[8-timeSize:])
	rand.Read(b[timeSize:contentSize])
	copy(b[contentSize:], nonceCode(key, b[:contentSize]))
	return base64.StdEncoding.EncodeToString(b[:])
}

// NonceTime returns when NewNonce made the nonce under this key, to the
// millisecond, and false if it never did.
func NonceTime(key []byte, nonce string) (time.Time, bool) {
	// The decoder skips line ends, so it is the length of both forms that
	// makes sure that no second text stands for the same nonce.
	if len(nonce) != nonceTextLen {
		return time.Time{}, false
	}
	var b [nonceSize]byte
	n, err := base64.StdEncoding.Decode(b[:], []byte(nonce))
	if err != nil || n != nonceSize {
		return time.Time{}, false
	}
	if !hmac.Equal(b[contentSize:], nonceCode(key, b[:contentSize])) {
		return time.Time{}, false
	}
	var milliseconds [8]byte
	copy(milliseconds[8-timeSize:], b[:timeSize])
	return time.UnixMilli(int64(binary.BigEndian.Uint64(milliseconds[:]))), true //nolint:gosec // 48 bits.
}

// NonceFresh reports whether a nonce that was made at a time is not older than
// lifetime. A nonce from the future is fresh only within the few seconds by which
// the clocks of replicas may differ.
func NonceFresh(made, now time.Time, lifetime time.Duration) bool {
	// The nonce has lost the part of its time below a millisecond. Without
	// cutting now as well it would seem older than it is.
	age := now.Truncate(time.Millisecond).Sub(made)
	return -clockSkew <= age && age <= lifetime
}

func nonceCode(key, content []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(content)
	return mac.Sum(nil)[:codeSize]
}
