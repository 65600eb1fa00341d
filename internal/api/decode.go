package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"exportbuckets/internal/atlas"
)

// maxBody is the size of the largest body that is read, in bytes.
const maxBody = 1 << 20

// decode reads the request's JSON body into dst, a pointer to a struct. Keys are
// case-sensitive, of a repeated key the last counts, and an unknown key is
// refused by name. A body that is no JSON at all is refused before its fields
// are looked at; of wrong fields the first in the body is named.
func decode(c *gin.Context, dst any) error {
	return decodeKind(c, jsontext.KindBeginObject, dst)
}

// decodeArray does the same for dst, a pointer to a slice of structs.
func decodeArray(c *gin.Context, dst any) error {
	return decodeKind(c, jsontext.KindBeginArray, dst)
}

func decodeKind(c *gin.Context, kind jsontext.Kind, dst any) error {
	data, err := readBody(c)
	if err != nil {
		return err
	}
	return decodeData(data, kind, dst)
}

func decodeData(data []byte, kind jsontext.Kind, dst any) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return atlas.NewError(atlas.CodeInvalidJSON)
	}
	lastKeyCounts := jsontext.AllowDuplicateNames(true)
	value := jsontext.Value(data)
	if !value.IsValid(lastKeyCounts) {
		return atlas.NewError(atlas.CodeMalformedJSON)
	}
	if value.Kind() != kind {
		return atlas.NewError(atlas.CodeInvalidJSON)
	}
	err := json.Unmarshal(data, dst, lastKeyCounts, json.RejectUnknownMembers(true))
	var mismatch *json.SemanticError
	switch {
	case errors.As(err, &mismatch) && errors.Is(err, json.ErrUnknownName):
		return atlas.NewError(atlas.CodeInvalidAttribute, attribute(mismatch.JSONPointer))
	case errors.As(err, &mismatch):
		return atlas.NewError(atlas.CodeInvalidJSONAttribute, attribute(mismatch.JSONPointer))
	case err != nil:
		return fmt.Errorf("decode body: %w", err)
	}
	return nil
}

// bodyPatience is how long a body may take before its sender is looked at once
// more.
const bodyPatience = 500 * time.Millisecond

// takeBody waits for the body, which the handler will read, and says whether it
// took long. What went wrong with it is told to the handler.
func (s *Server) takeBody(c *gin.Context) (slow bool) {
	if c.Request.ContentLength == 0 {
		return false
	}
	began := s.cfg.Now()
	data, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	c.Request.Body = takenBody{bytes.NewReader(data), c.Request.Body, err}
	return s.cfg.Now().Sub(began) > bodyPatience
}

// takenBody is a body that has been read, and how that ended.
type takenBody struct {
	data *bytes.Reader
	io.Closer
	err error // nil at the end of the body
}

// Read returns what was read before.
func (b takenBody) Read(p []byte) (int, error) {
	n, err := b.data.Read(p)
	if errors.Is(err, io.EOF) && b.err != nil {
		return n, b.err
	}
	return n, err //nolint:wrapcheck // Readers end with io.EOF itself.
}

// readBody refuses a media type other than JSON, which only an empty body may
// leave out, and a body over maxBody.
func readBody(c *gin.Context) ([]byte, error) {
	data, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	contentType := c.GetHeader("Content-Type")
	if !isJSON(contentType) && (contentType != "" || len(data) > 0) {
		return nil, emptyError(http.StatusUnsupportedMediaType)
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, atlas.NewError(atlas.CodeRequestTooLarge)
	}
	if err != nil { // cut off, too slow, or not what its header promised
		_ = c.Error(err)
		return nil, atlas.NewError(atlas.CodeMalformedJSON)
	}
	return data, nil
}

// attribute writes the place of a value as Atlas does: names joined by dots.
func attribute(p jsontext.Pointer) string {
	var names []string
	for name := range p.Tokens() {
		names = append(names, name)
	}
	return strings.Join(names, ".")
}
