package digest

import (
	"errors"
	"fmt"
	"strings"
)

const (
	scheme     = "Digest"
	ncSize     = 8
	blanks     = " \t"
	separators = blanks + ","
)

// parameter is one that Parse knows.
type parameter int

const (
	paramUsername parameter = iota
	paramRealm
	paramNonce
	paramURI
	paramResponse
	paramQOP
	paramNC
	paramCNonce
	// All before this line are required.
	paramAlgorithm
	paramUserhash
	paramUsernameExt
	paramCount
)

const requiredCount = paramAlgorithm

func (p parameter) String() string {
	return [...]string{
		paramUsername:    "username",
		paramRealm:       "realm",
		paramNonce:       "nonce",
		paramURI:         "uri",
		paramResponse:    "response",
		paramQOP:         "qop",
		paramNC:          "nc",
		paramCNonce:      "cnonce",
		paramAlgorithm:   "algorithm",
		paramUserhash:    "userhash",
		paramUsernameExt: "username*",
	}[p]
}

// parameters is a list of parameters that has been read but not judged.
type parameters struct {
	values  [paramCount]string
	present [paramCount]bool
}

// Parse reads the whole value of an Authorization header. The scheme and the
// names of parameters may be in any letter case, and each value may be a token
// or a quoted string, whichever RFC 7616 asks for: clients differ in this.
// Parameters that are not known are skipped.
//
// It is an error if the scheme is not Digest, the list is malformed, a known
// parameter is repeated, a required one is missing, the quality of protection
// is not auth, the algorithm is given and not MD5, nc or response has the
// wrong form, or the username is hashed or encoded, which no challenge of this
// package allows. The text of an error names the parameter and holds no value,
// so it may be logged.
func Parse(header string) (Credentials, error) {
	list, ok := cutScheme(header)
	if !ok {
		return Credentials{}, errors.New("digest credentials: the scheme is not Digest")
	}
	var p parameters
	if err := p.read(list); err != nil {
		return Credentials{}, err
	}
	if err := p.check(); err != nil {
		return Credentials{}, err
	}
	return Credentials{
		Username:   p.values[paramUsername],
		Realm:      p.values[paramRealm],
		Nonce:      p.values[paramNonce],
		URI:        p.values[paramURI],
		NonceCount: p.values[paramNC],
		CNonce:     p.values[paramCNonce],
		Response:   p.values[paramResponse],
	}, nil
}

// read fills p from the list behind the scheme.
func (p *parameters) read(list string) error {
	// RFC 9110 section 5.6.1.2 wants empty elements of a list to be ignored.
	list = strings.TrimLeft(list, separators)
	for list != "" {
		name, rest := cutToken(list)
		param, known := parameterNamed(name)
		value, rest, ok := cutValue(rest)
		switch {
		case known && !ok:
			return refuse(param, "is malformed")
		case name == "" || !ok:
			return errors.New("digest credentials: the parameter list is malformed")
		case known && p.present[param]:
			return refuse(param, "is repeated")
		case known:
			p.values[param], p.present[param] = value, true
		}
		list = strings.TrimLeft(rest, separators)
	}
	return nil
}

// check returns the first thing that is wrong with p as a whole.
func (p *parameters) check() error {
	switch {
	case p.present[paramUserhash] && !strings.EqualFold(p.values[paramUserhash], "false"):
		return refuse(paramUserhash, "is not false")
	case p.present[paramUsernameExt]:
		return refuse(paramUsernameExt, "is not supported")
	}
	for param := range requiredCount {
		if !p.present[param] {
			return refuse(param, "is missing")
		}
	}
	switch {
	case p.present[paramAlgorithm] && !strings.EqualFold(p.values[paramAlgorithm], algorithmMD5):
		return refuse(paramAlgorithm, "is not MD5")
	case p.values[paramQOP] != qopAuth:
		return refuse(paramQOP, "is not auth")
	case !isHex(p.values[paramNC], ncSize):
		return refuse(paramNC, "is not 8 hex digits")
	case !isHex(p.values[paramResponse], responseSize):
		return refuse(paramResponse, "is not 32 hex digits")
	}
	return nil
}

// refuse takes a parameter and not a name from the header: a client that
// mixes up names and values must not see its secret end in a log.
func refuse(p parameter, problem string) error {
	return fmt.Errorf("digest credentials: parameter %v %s", p, problem)
}

func parameterNamed(name string) (parameter, bool) {
	for p := range paramCount {
		if strings.EqualFold(name, p.String()) {
			return p, true
		}
	}
	return 0, false
}

// cutScheme returns what follows the scheme and the blank after it.
func cutScheme(header string) (string, bool) {
	name, rest := cutToken(header)
	if !strings.EqualFold(name, scheme) {
		return "", false
	}
	if rest != "" && rest[0] != ' ' {
		return "", false
	}
	return rest, true
}

// cutValue reads the equals sign and the value that follow the name of a
// parameter, up to the comma or the end of the list, by the grammar of RFC
// 9110 section 11.2.
func cutValue(s string) (value, rest string, ok bool) {
	s, ok = strings.CutPrefix(strings.TrimLeft(s, blanks), "=")
	if !ok {
		return "", "", false
	}
	s = strings.TrimLeft(s, blanks)
	if strings.HasPrefix(s, `"`) {
		value, rest, ok = cutQuoted(s)
	} else {
		value, rest = cutToken(s)
		ok = value != ""
	}
	rest = strings.TrimLeft(rest, blanks)
	return value, rest, ok && (rest == "" || rest[0] == ',')
}

// cutToken returns the longest token at the start of s, which may be empty.
func cutToken(s string) (token, rest string) {
	i := 0
	for i < len(s) && isTokenByte(s[i]) {
		i++
	}
	return s[:i], s[i:]
}

// cutQuoted returns the content of the quoted string at the start of s.
func cutQuoted(s string) (value, rest string, ok bool) {
	escaped := false
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			value = s[1:i]
			if escaped {
				value = unescape(value)
			}
			return value, s[i+1:], true
		case '\\':
			escaped = true
			i++
		}
		if i == len(s) || !isTextByte(s[i]) {
			return "", "", false
		}
	}
	return "", "", false
}

// unescape drops the backslash of each quoted pair. The last byte of s is not
// a backslash on its own.
func unescape(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		}
		b = append(b, s[i])
	}
	return string(b)
}

// isTokenByte tells tchar of RFC 9110 section 5.6.2.
func isTokenByte(b byte) bool {
	switch {
	case '0' <= b && b <= '9', 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z':
		return true
	default:
		return strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0
	}
}

// isTextByte tells what may stand in a quoted string, escaped or, quote and
// backslash apart, plain: RFC 9110 section 5.6.4.
func isTextByte(b byte) bool {
	return b == '\t' || b >= ' ' && b != 0x7f
}

func isHex(s string, size int) bool {
	if len(s) != size {
		return false
	}
	for i := range len(s) {
		switch b := s[i]; {
		case '0' <= b && b <= '9', 'a' <= b && b <= 'f', 'A' <= b && b <= 'F':
		default:
			return false
		}
	}
	return true
}
