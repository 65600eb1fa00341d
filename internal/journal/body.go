package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/url"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"exportbuckets/staging"
)

// MaxBody is how many bytes a body has at most that is kept.
const MaxBody = 16 << 10

// Fields are the names of fields in bodies, and of parameters in queries, that may be
// shown. All others could be anything, such as a secret under a name that is misspelt.
type Fields map[string]bool

// LeftOut stands for a name and a value that are not shown.
const LeftOut = "(left out)"

// Body is a body as it was sent.
type Body struct {
	Type string // media type
	Size int    // in bytes
	Data []byte // nil if it is larger than MaxBody
}

// message returns a copy of what is to be shown of m, with the body b.
func (f Fields) message(m *staging.Message, b Body) *staging.Message {
	if m == nil {
		return nil
	}
	shown := *m
	if len(m.Query) > 0 {
		shown.Query = f.values(m.Query)
	}
	mediaType, _, _ := mime.ParseMediaType(b.Type)
	var err error
	switch {
	case b.Size == 0:
	case b.Size > MaxBody:
		shown.Left = "it is larger than 16 KiB"
	case mediaType == "application/x-www-form-urlencoded":
		var form url.Values
		if form, err = url.ParseQuery(string(b.Data)); err == nil {
			shown.Body, err = json.Marshal(f.values(form))
		}
	case strings.HasSuffix(mediaType, "json"):
		shown.Body, err = f.object(b.Data)
	default:
		shown.Left = "it is neither JSON nor a form"
	}
	if err != nil {
		shown.Body, shown.Left = nil, "it can't be read"
	}
	return &shown
}

// values returns those of a form or a query, but for what is not shown.
func (f Fields) values(all url.Values) url.Values {
	shown := make(url.Values, len(all))
	others := 0
	for name, values := range all {
		if f[name] {
			shown[name] = values
		} else {
			others++
		}
	}
	for range others {
		shown.Add(LeftOut, LeftOut) // the name could be a secret as well
	}
	return shown
}

var errNoObject = errors.New("neither an object nor an array")

// object returns a JSON object or array, but for what is not shown.
func (f Fields) object(data []byte) ([]byte, error) {
	var shown bytes.Buffer
	options := []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
	from, to := jsontext.NewDecoder(bytes.NewReader(data), options...), jsontext.NewEncoder(&shown, options...)
	if kind := from.PeekKind(); kind != jsontext.KindBeginObject && kind != jsontext.KindBeginArray {
		return nil, errNoObject
	}
	for {
		token, err := from.ReadToken()
		if errors.Is(err, io.EOF) {
			return bytes.TrimSpace(shown.Bytes()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("read body: %w", err)
		}
		around, read := from.StackIndex(from.StackDepth())
		isName := around == jsontext.KindBeginObject && read%2 == 1
		if isName && !f[token.String()] {
			err = errors.Join(from.SkipValue(), to.WriteToken(jsontext.String(LeftOut)))
			token = jsontext.String(LeftOut)
		}
		if err := errors.Join(err, to.WriteToken(token)); err != nil {
			return nil, fmt.Errorf("copy body: %w", err)
		}
	}
}

// escape is a character of a text in JSON that is escaped.
var escape = regexp.MustCompile(`\\(u0000|.)`)

// withoutZero returns JSON with another character in the place of U+0000, which PostgreSQL
// keeps but does not read.
func withoutZero(data []byte) []byte {
	if !bytes.Contains(data, []byte(`\u0000`)) {
		return data
	}
	return escape.ReplaceAllFunc(data, func(escaped []byte) []byte {
		if string(escaped) == `\u0000` {
			return []byte(`\ufffd`)
		}
		return escaped
	})
}
