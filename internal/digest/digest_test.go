package digest_test

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"exportbuckets/internal/digest"
)

const apiRealm = "MMS Public API"

// respond computes a response as a client does, straight from the definition.
func respond(ha1 []byte, method string, c digest.Credentials) string {
	ha2 := md5.Sum([]byte(method + ":" + c.URI))
	response := md5.Sum(fmt.Appendf(nil, "%x:%s:%s:%s:auth:%x", ha1, c.Nonce, c.NonceCount, c.CNonce, ha2))
	return hex.EncodeToString(response[:])
}

// rfc7616 is the answer of section 3.9.1 to the MD5 challenge.
func rfc7616() digest.Credentials {
	return digest.Credentials{
		Username:   "Mufasa",
		Realm:      "http-auth@example.org",
		Nonce:      "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
		URI:        "/dir/index.html",
		NonceCount: "00000001",
		CNonce:     "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
		Response:   "8ca523f5e9506fed4657c9700eebdbec",
	}
}

func rfc7616HA1() []byte {
	return digest.HA1("Mufasa", "http-auth@example.org", "Circle of Life")
}

func TestHA1(t *testing.T) {
	t.Parallel()
	got := hex.EncodeToString(digest.HA1("Mufasa", "testrealm@host.com", "Circle Of Life"))
	if want := "939e7578ed9e3c518a452acee763bce9"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestVerifyVectors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		ha1         []byte
		method      string
		credentials digest.Credentials
	}{
		{"RFC 7616 section 3.9.1", rfc7616HA1(), "GET", rfc7616()},
		{
			"RFC 2617 section 3.5",
			digest.HA1("Mufasa", "testrealm@host.com", "Circle Of Life"), "GET",
			digest.Credentials{
				Username:   "Mufasa",
				Realm:      "testrealm@host.com",
				Nonce:      "dcd98b7102dd2f0e8b11d0f600bfb0c093",
				URI:        "/dir/index.html",
				NonceCount: "00000001",
				CNonce:     "0a4f113b",
				Response:   "6629fae49393a05397450978507c4ef1",
			},
		},
		{
			"curl",
			digest.HA1(curlUsername, apiRealm, curlPassword), "GET",
			digest.Credentials{
				Username:   curlUsername,
				Realm:      apiRealm,
				Nonce:      "q1W2e3R4t5Y6u7I8o9P0a+S/d1F2g3H4",
				URI:        "/api/atlas/v2/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets?pretty=true",
				NonceCount: "00000001",
				CNonce:     "ZWY5YmI3MjllMGVlNTRhZjBmNjA4M2JmMWViMjg5Nzk=",
				Response:   "ba02a6d8e437d4fc4ed17dcdfffdae86",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.credentials.Verify(tt.ha1, tt.method); !got {
				t.Errorf("got %t, want true", got)
			}
			upper := tt.credentials
			upper.Response = strings.ToUpper(upper.Response)
			if got := upper.Verify(tt.ha1, tt.method); !got {
				t.Errorf("response in upper case: got %t, want true", got)
			}
		})
	}
}

func TestVerifyRefusesWhatWasNotSigned(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(c *digest.Credentials, ha1 *[]byte, method *string)
	}{
		{"another password", func(_ *digest.Credentials, ha1 *[]byte, _ *string) {
			*ha1 = digest.HA1("Mufasa", "http-auth@example.org", "circle of life")
		}},
		{"another realm", func(_ *digest.Credentials, ha1 *[]byte, _ *string) {
			*ha1 = digest.HA1("Mufasa", apiRealm, "Circle of Life")
		}},
		{"another method", func(_ *digest.Credentials, _ *[]byte, method *string) { *method = "POST" }},
		{"the method in lower case", func(_ *digest.Credentials, _ *[]byte, method *string) { *method = "get" }},
		{"another target", func(c *digest.Credentials, _ *[]byte, _ *string) { c.URI += "?pretty=true" }},
		{"another nonce", func(c *digest.Credentials, _ *[]byte, _ *string) { c.Nonce = "8" + c.Nonce[1:] }},
		{"another count", func(c *digest.Credentials, _ *[]byte, _ *string) { c.NonceCount = "00000002" }},
		{"another client nonce", func(c *digest.Credentials, _ *[]byte, _ *string) { c.CNonce = "" }},
		{"no response", func(c *digest.Credentials, _ *[]byte, _ *string) { c.Response = "" }},
		{"half a response", func(c *digest.Credentials, _ *[]byte, _ *string) { c.Response = c.Response[:16] }},
		{"a response that goes on", func(c *digest.Credentials, _ *[]byte, _ *string) { c.Response += "00" }},
		{"a response that is not hex", func(c *digest.Credentials, _ *[]byte, _ *string) {
			c.Response = "g" + c.Response[1:]
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			credentials, ha1, method := rfc7616(), rfc7616HA1(), "GET"
			tt.change(&credentials, &ha1, &method)
			if got := credentials.Verify(ha1, method); got {
				t.Errorf("got %t, want false", got)
			}
		})
	}
}

// TestVerifyRefusesHA1OfAnotherLength gives a response that is right for such
// an HA1, as a client could send that knows of a key without one.
func TestVerifyRefusesHA1OfAnotherLength(t *testing.T) {
	t.Parallel()
	for _, ha1 := range [][]byte{nil, {}, make([]byte, 15), make([]byte, 17), make([]byte, 32)} {
		credentials := rfc7616()
		credentials.Response = respond(ha1, "GET", credentials)
		if got := credentials.Verify(ha1, "GET"); got {
			t.Errorf("%d bytes: got %t, want false", len(ha1), got)
		}
	}
}

func TestVerifyRefusesEveryOtherResponse(t *testing.T) {
	t.Parallel()
	response, err := hex.DecodeString(rfc7616().Response)
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
	for bit := range 8 * len(response) {
		changed := []byte(string(response))
		changed[bit/8] ^= 1 << (bit % 8)
		credentials := rfc7616()
		credentials.Response = hex.EncodeToString(changed)
		if got := credentials.Verify(rfc7616HA1(), "GET"); got {
			t.Errorf("bit %d changed: got %t, want false", bit, got)
		}
	}
}

// TestVerifyAgreesWithTheDefinition also covers texts longer than any buffer.
func TestVerifyAgreesWithTheDefinition(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 400, 1000)
		credentials := digest.Credentials{
			Nonce:      text.Draw(t, "nonce"),
			URI:        text.Draw(t, "uri"),
			NonceCount: rapid.StringMatching(`[0-9a-fA-F]{8}`).Draw(t, "nc"),
			CNonce:     text.Draw(t, "cnonce"),
		}
		ha1 := digest.HA1(text.Draw(t, "username"), text.Draw(t, "realm"), text.Draw(t, "password"))
		method := rapid.StringMatching(`[A-Z]{1,10}`).Draw(t, "method")
		credentials.Response = respond(ha1, method, credentials)
		if got := credentials.Verify(ha1, method); !got {
			t.Errorf("got %t, want true", got)
		}
	})
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	const nonce = "q1W2e3R4t5Y6u7I8o9P0a+S/d1F2g3H4"
	tests := []struct {
		name  string
		stale bool
		want  string
	}{
		{
			"for a request without credentials", false,
			`Digest realm="MMS Public API", domain="", nonce="q1W2e3R4t5Y6u7I8o9P0a+S/d1F2g3H4", algorithm=MD5, qop="auth", stale=false`,
		},
		{
			"for a request with an old nonce", true,
			`Digest realm="MMS Public API", domain="", nonce="q1W2e3R4t5Y6u7I8o9P0a+S/d1F2g3H4", algorithm=MD5, qop="auth", stale=true`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := digest.Challenge(apiRealm, nonce, tt.stale); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	credentials, err := digest.Parse(curlHeader)
	if err != nil {
		b.Fatalf("got error %v, want none", err)
	}
	ha1 := digest.HA1(curlUsername, apiRealm, curlPassword)
	b.ReportAllocs()
	for b.Loop() {
		if !credentials.Verify(ha1, "GET") {
			b.Fatal("got false, want true")
		}
	}
}
