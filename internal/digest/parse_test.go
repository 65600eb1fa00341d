package digest_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/digest"
)

// What curl 7.88.1 sends with --digest, and what it was told to send it as.
const (
	curlUsername = "abcdefgh"
	curlPassword = "0e2a5f6b-9d3c-4f1e-8a7b-6c5d4e3f2a1b"
	curlHeader   = `Digest username="abcdefgh", realm="MMS Public API", nonce="q1W2e3R4t5Y6u7I8o9P0a+S/d1F2g3H4", ` +
		`uri="/api/atlas/v2/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets?pretty=true", ` +
		`cnonce="ZWY5YmI3MjllMGVlNTRhZjBmNjA4M2JmMWViMjg5Nzk=", nc=00000001, qop=auth, ` +
		`response="ba02a6d8e437d4fc4ed17dcdfffdae86", algorithm=MD5`
)

// What MongoDB's client for Go sends: algorithm is quoted and comes late.
const goHeader = `Digest username="abcdefgh", realm="MMS Public API", nonce="q1W2e3R4t5Y6u7I8o9P0a+S/d1F2g3H4", ` +
	`uri="/api/atlas/v2/groups", response="0123456789abcdef0123456789abcdef", algorithm="MD5", ` +
	`qop=auth, nc=00000001, cnonce="8f3a1b2c4d5e6f70"`

// The header of RFC 7616 section 3.9.1, which has an opaque as well.
const rfc7616Header = `Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=MD5, ` +
	`nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, ` +
	`cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, ` +
	`response="8ca523f5e9506fed4657c9700eebdbec", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`

// shortHeader has nothing but what is required, so that a test can put a
// parameter behind it or replace one.
const shortHeader = `Digest username=u, realm=r, nonce=n, uri="/", response=0123456789abcdef0123456789abcdef, ` +
	`qop=auth, nc=00000001, cnonce=c`

func shortCredentials() digest.Credentials {
	return digest.Credentials{
		Username:   "u",
		Realm:      "r",
		Nonce:      "n",
		URI:        "/",
		NonceCount: "00000001",
		CNonce:     "c",
		Response:   "0123456789abcdef0123456789abcdef",
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		header string
		want   digest.Credentials
	}{
		{
			"as curl sends it", curlHeader,
			digest.Credentials{
				Username:   "abcdefgh",
				Realm:      "MMS Public API",
				Nonce:      "q1W2e3R4t5Y6u7I8o9P0a+S/d1F2g3H4",
				URI:        "/api/atlas/v2/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets?pretty=true",
				NonceCount: "00000001",
				CNonce:     "ZWY5YmI3MjllMGVlNTRhZjBmNjA4M2JmMWViMjg5Nzk=",
				Response:   "ba02a6d8e437d4fc4ed17dcdfffdae86",
			},
		},
		{
			"as MongoDB's client for Go sends it", goHeader,
			digest.Credentials{
				Username:   "abcdefgh",
				Realm:      "MMS Public API",
				Nonce:      "q1W2e3R4t5Y6u7I8o9P0a+S/d1F2g3H4",
				URI:        "/api/atlas/v2/groups",
				NonceCount: "00000001",
				CNonce:     "8f3a1b2c4d5e6f70",
				Response:   "0123456789abcdef0123456789abcdef",
			},
		},
		{"as RFC 7616 shows it", rfc7616Header, rfc7616()},
		{"tokens wherever the grammar has room for them", shortHeader, shortCredentials()},
		{
			"every value quoted",
			`Digest username="u", realm="r", nonce="n", uri="/", response="0123456789abcdef0123456789abcdef", ` +
				`qop="auth", nc="00000001", cnonce="c", algorithm="MD5"`,
			shortCredentials(),
		},
		{"the scheme in upper case", "DIGEST" + strings.TrimPrefix(shortHeader, "Digest"), shortCredentials()},
		{"the scheme in lower case", "digest" + strings.TrimPrefix(shortHeader, "Digest"), shortCredentials()},
		{"names in upper case", strings.ReplaceAll(shortHeader, "nonce", "NONCE"), shortCredentials()},
		{"the algorithm in lower case", shortHeader + ", algorithm=md5", shortCredentials()},
		{"no blanks behind commas", strings.ReplaceAll(shortHeader, ", ", ","), shortCredentials()},
		{"tabs around commas", strings.ReplaceAll(shortHeader, ", ", "\t,\t"), shortCredentials()},
		{"blanks around equals signs", strings.ReplaceAll(shortHeader, "=", " =\t "), shortCredentials()},
		{"many blanks behind the scheme", strings.Replace(shortHeader, " ", " \t ", 1), shortCredentials()},
		{"empty elements", strings.ReplaceAll(shortHeader, ", ", ",, ,") + " , ,", shortCredentials()},
		{"an empty element in front", strings.Replace(shortHeader, " ", " ,", 1), shortCredentials()},
		{"parameters nobody knows", shortHeader + `, opaque="x", token=y, auth-param="a, b=c"`, shortCredentials()},
		{"a parameter nobody knows, twice", shortHeader + ", token=y, token=z", shortCredentials()},
		{
			"a comma and an equals sign in quotes",
			strings.Replace(shortHeader, `uri="/"`, `uri="/a?b=c, nonce=d"`, 1),
			with(func(c *digest.Credentials) { c.URI = "/a?b=c, nonce=d" }),
		},
		{
			"escapes",
			strings.Replace(shortHeader, "username=u", `username="\"a\\b\c"`, 1),
			with(func(c *digest.Credentials) { c.Username = `"a\bc` }),
		},
		{
			"empty values",
			strings.NewReplacer("username=u", `username=""`, "cnonce=c", `cnonce=""`).Replace(shortHeader),
			with(func(c *digest.Credentials) { c.Username, c.CNonce = "", "" }),
		},
		{
			"bytes that are not ASCII",
			strings.Replace(shortHeader, "username=u", "username=\"Jäsøn\xff\"", 1),
			with(func(c *digest.Credentials) { c.Username = "Jäsøn\xff" }),
		},
		{
			"hex digits in upper case",
			strings.NewReplacer("abcdef", "ABCDEF", "nc=00000001", "nc=0000000A").Replace(shortHeader),
			with(func(c *digest.Credentials) {
				c.Response, c.NonceCount = "0123456789ABCDEF0123456789ABCDEF", "0000000A"
			}),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := digest.Parse(tt.header)
			if err != nil {
				t.Fatalf("got error %v, want none", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("credentials (-want +got):\n%s", diff)
			}
		})
	}
}

func with(change func(c *digest.Credentials)) digest.Credentials {
	c := shortCredentials()
	change(&c)
	return c
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const listMalformed = "digest credentials: the parameter list is malformed"
	replace := func(old, changed string) string { return strings.Replace(shortHeader, old, changed, 1) }
	tests := []struct {
		name   string
		header string
		want   string
	}{
		{"nothing", "", "digest credentials: the scheme is not Digest"},
		{"another scheme", "Bearer abc", "digest credentials: the scheme is not Digest"},
		{"a scheme that goes on", replace("Digest", "Digests"), "digest credentials: the scheme is not Digest"},
		{"a comma behind the scheme", replace("Digest ", "Digest,"), "digest credentials: the scheme is not Digest"},
		{"a blank before the scheme", " " + shortHeader, "digest credentials: the scheme is not Digest"},
		{"the scheme alone", "Digest", "digest credentials: parameter username is missing"},
		{"no parameter but commas", "Digest ,,", "digest credentials: parameter username is missing"},

		{"a name alone", shortHeader + ", token", listMalformed},
		{"a value alone", shortHeader + ", =y", listMalformed},
		{"one token instead of a list", "Digest YWJjOmRlZg==", listMalformed},
		{"a semicolon between two", strings.Replace(shortHeader, ", ", "; ", 1), "digest credentials: parameter username is malformed"},
		{"a blank between two", strings.Replace(shortHeader, ", ", " ", 1), "digest credentials: parameter username is malformed"},
		{"nothing between two", replace(`uri="/", `, `uri="/"`), "digest credentials: parameter uri is malformed"},
		{"no value", replace("cnonce=c", "cnonce="), "digest credentials: parameter cnonce is malformed"},
		{"a known name alone", replace("cnonce=c", "cnonce"), "digest credentials: parameter cnonce is malformed"},
		{"an unquoted value that is no token", replace(`"/"`, "/"), "digest credentials: parameter uri is malformed"},
		{"a quote that stays open", replace("cnonce=c", `cnonce="c`), "digest credentials: parameter cnonce is malformed"},
		{"a quote that is only escaped", replace("cnonce=c", `cnonce="c\"`), "digest credentials: parameter cnonce is malformed"},
		{"an escape at the end", replace("cnonce=c", `cnonce="c\`), "digest credentials: parameter cnonce is malformed"},
		{"a control character", replace(`"/"`, "\"/\x00\""), "digest credentials: parameter uri is malformed"},
		{"the delete character", replace(`"/"`, "\"/\x7f\""), "digest credentials: parameter uri is malformed"},
		{"an escaped control character", replace(`"/"`, "\"/\\\n\""), "digest credentials: parameter uri is malformed"},
		{"an unknown parameter that is malformed", shortHeader + `, secret="`, listMalformed},

		{"a repeated parameter", shortHeader + ", nonce=n", "digest credentials: parameter nonce is repeated"},
		{"one repeated in upper case", shortHeader + ", URI=x", "digest credentials: parameter uri is repeated"},
		{
			"an optional one repeated", shortHeader + ", algorithm=MD5, algorithm=MD5",
			"digest credentials: parameter algorithm is repeated",
		},

		{"a hashed username", shortHeader + ", userhash=true", "digest credentials: parameter userhash is not false"},
		{
			"an encoded username", replace("username=u", "username*=UTF-8''u"),
			"digest credentials: parameter username* is not supported",
		},
		{
			"another algorithm", shortHeader + ", algorithm=SHA-256",
			"digest credentials: parameter algorithm is not MD5",
		},
		{
			"MD5 with sessions", shortHeader + ", algorithm=MD5-sess",
			"digest credentials: parameter algorithm is not MD5",
		},
		{"an empty algorithm", shortHeader + `, algorithm=""`, "digest credentials: parameter algorithm is not MD5"},
		{"protection of the body", replace("qop=auth", "qop=auth-int"), "digest credentials: parameter qop is not auth"},
		{"both protections", replace("qop=auth", `qop="auth,auth-int"`), "digest credentials: parameter qop is not auth"},
		{"qop in upper case", replace("qop=auth", "qop=AUTH"), "digest credentials: parameter qop is not auth"},
		{"a count of 7 digits", replace("nc=00000001", "nc=0000001"), "digest credentials: parameter nc is not 8 hex digits"},
		{"a count of 9 digits", replace("nc=00000001", "nc=000000001"), "digest credentials: parameter nc is not 8 hex digits"},
		{"a count that is not hex", replace("nc=00000001", "nc=0000000g"), "digest credentials: parameter nc is not 8 hex digits"},
		{"a response of 31 digits", replace("=0123", "=123"), "digest credentials: parameter response is not 32 hex digits"},
		{"a response of 33 digits", replace("=0123", "=00123"), "digest credentials: parameter response is not 32 hex digits"},
		{"a response that is not hex", replace("=0123", "=g123"), "digest credentials: parameter response is not 32 hex digits"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := digest.Parse(tt.header)
			if err == nil || err.Error() != tt.want {
				t.Errorf("error: got %v, want %s", err, tt.want)
			}
			if diff := cmp.Diff(digest.Credentials{}, got); diff != "" {
				t.Errorf("credentials (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseNamesTheMissingParameter(t *testing.T) {
	t.Parallel()
	all := strings.Split(strings.TrimPrefix(shortHeader, "Digest "), ", ")
	for i, param := range all {
		name, _, _ := strings.Cut(param, "=")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := "Digest " + strings.Join(slices.Delete(slices.Clone(all), i, i+1), ", ")
			_, err := digest.Parse(header)
			if want := "digest credentials: parameter " + name + " is missing"; err == nil || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

// judge is a second parser, made of regular expressions and not of a scanner.
type judge struct {
	scheme, param, escape, nc, response *regexp.Regexp
}

func newJudge() judge {
	const (
		token  = "[0-9A-Za-z!#$%&'*+\\-.^_`|~]+"
		quoted = `"(?:[\t \x21\x23-\x5b\x5d-\x7e\x{80}-\x{10ffff}]|\\[\t \x21-\x7e\x{80}-\x{10ffff}])*"`
	)
	return judge{
		scheme:   regexp.MustCompile(`\A(?i:digest)(?: [ \t,]*|\z)`),
		param:    regexp.MustCompile(`\A(` + token + `)[ \t]*=[ \t]*(` + token + `|` + quoted + `)[ \t]*(?:,[ \t,]*|\z)`),
		escape:   regexp.MustCompile(`(?s)\\(.)`),
		nc:       regexp.MustCompile(`\A[0-9A-Fa-f]{8}\z`),
		response: regexp.MustCompile(`\A[0-9A-Fa-f]{32}\z`),
	}
}

func (j judge) parse(header string) (digest.Credentials, bool) {
	scheme := j.scheme.FindString(header)
	if scheme == "" {
		return digest.Credentials{}, false
	}
	values := make(map[string]string)
	for rest := header[len(scheme):]; rest != ""; {
		found := j.param.FindStringSubmatch(rest)
		if found == nil {
			return digest.Credentials{}, false
		}
		name, value := strings.ToLower(found[1]), found[2]
		if value[0] == '"' {
			value = j.escape.ReplaceAllString(value[1:len(value)-1], "$1")
		}
		switch name {
		case "username*":
			return digest.Credentials{}, false
		case "username", "realm", "nonce", "uri", "response", "qop", "nc", "cnonce", "algorithm", "userhash":
			if _, repeated := values[name]; repeated {
				return digest.Credentials{}, false
			}
		}
		values[name] = value
		rest = rest[len(found[0]):]
	}
	for _, name := range []string{"username", "realm", "nonce", "uri", "cnonce"} {
		if _, ok := values[name]; !ok {
			return digest.Credentials{}, false
		}
	}
	if algorithm, ok := values["algorithm"]; ok && !strings.EqualFold(algorithm, "MD5") {
		return digest.Credentials{}, false
	}
	if userhash, ok := values["userhash"]; ok && !strings.EqualFold(userhash, "false") {
		return digest.Credentials{}, false
	}
	if values["qop"] != "auth" || !j.nc.MatchString(values["nc"]) || !j.response.MatchString(values["response"]) {
		return digest.Credentials{}, false
	}
	return digest.Credentials{
		Username:   values["username"],
		Realm:      values["realm"],
		Nonce:      values["nonce"],
		URI:        values["uri"],
		NonceCount: values["nc"],
		CNonce:     values["cnonce"],
		Response:   values["response"],
	}, true
}

// header writes credentials the way a careful client does.
func header(c digest.Credentials) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	quote := func(s string) string { return `"` + escape.Replace(s) + `"` }
	return `Digest username=` + quote(c.Username) + `, realm=` + quote(c.Realm) + `, nonce=` + quote(c.Nonce) +
		`, uri=` + quote(c.URI) + `, response=` + quote(c.Response) + `, algorithm=MD5, qop=auth, nc=` + c.NonceCount +
		`, cnonce=` + quote(c.CNonce)
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		curlHeader, goHeader, rfc7616Header, shortHeader,
		"", "Digest", "Digest ,", "Bearer eyJhbGciOiJIUzI1NiJ9", "Basic dTpw",
		strings.Replace(shortHeader, "username=u", `username="\"a\\b\c"`, 1),
		strings.Replace(shortHeader, "username=u", `username*=UTF-8''J%C3%A4s`, 1),
		shortHeader + `, userhash=false`,
		shortHeader + ` ,, opaque = "x` + "\t\xff" + `" , nc=00000001`,
		strings.ToUpper(shortHeader),
	} {
		f.Add(seed)
	}
	judge := newJudge()
	safeError := regexp.MustCompile(`\Adigest credentials: (the scheme is not Digest|the parameter list is malformed` +
		`|parameter (username|realm|nonce|uri|response|qop|nc|cnonce|algorithm|userhash|username\*)` +
		` is (malformed|repeated|missing|not (supported|false|MD5|auth|8 hex digits|32 hex digits)))\z`)
	ha1 := digest.HA1("abcdefgh", apiRealm, "password")

	f.Fuzz(func(t *testing.T, sent string) {
		got, err := digest.Parse(sent)
		want, ok := judge.parse(sent)
		if (err == nil) != ok {
			t.Fatalf("error: got %v, want one: %t", err, !ok)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("credentials (-want +got):\n%s", diff)
		}
		if err != nil {
			if !safeError.MatchString(err.Error()) {
				t.Errorf("got error %q, want one without values", err)
			}
			return
		}

		again, err := digest.Parse(header(got))
		if err != nil {
			t.Fatalf("written again: got error %v, want none", err)
		}
		if diff := cmp.Diff(got, again); diff != "" {
			t.Errorf("written again (-want +got):\n%s", diff)
		}

		right := respond(ha1, "GET", got)
		if got, want := got.Verify(ha1, "GET"), strings.EqualFold(got.Response, right); got != want {
			t.Errorf("verified: got %t, want %t", got, want)
		}
		got.Response = right
		if verified := got.Verify(ha1, "GET"); !verified {
			t.Errorf("verified the right response: got %t, want true", verified)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := digest.Parse(curlHeader); err != nil {
			b.Fatalf("got error %v, want none", err)
		}
	}
}
