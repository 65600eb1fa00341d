//go:build linux

package main

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strings"
)

// answerChallenge returns the credentials of a tenant's API key for a request,
// RFC 7616, section 3.4. Each challenge is answered once, so the client's nonce
// and its count stay the same.
func answerChallenge(challenge string, r call) (string, error) {
	nonce, err := challengeNonce(challenge)
	if err != nil {
		return "", err
	}
	const count, cnonce = "00000001", "b3c41000b3c41000"
	ha2 := md5Hex(r.method + ":" + r.path)
	response := md5Hex(r.tenant.ha1() + ":" + nonce + ":" + count + ":" + cnonce + ":auth:" + ha2)
	return fmt.Sprintf(
		`Digest username="%s", realm="%s", nonce="%s", uri="%s", algorithm=MD5, `+
			`qop=auth, nc=%s, cnonce="%s", response="%s"`,
		r.tenant.publicKey(), realm, nonce, r.path, count, cnonce, response), nil
}

// challengeNonce reads the nonce of a digest challenge.
func challengeNonce(challenge string) (string, error) {
	_, rest, ok := strings.Cut(challenge, `nonce="`)
	nonce, _, closed := strings.Cut(rest, `"`)
	if !ok || !closed || !strings.HasPrefix(challenge, "Digest ") {
		return "", fmt.Errorf("not a digest challenge: %q", challenge)
	}
	return nonce, nil
}

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}
