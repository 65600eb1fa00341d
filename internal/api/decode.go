package api

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"exportbuckets/internal/atlas"
)

// decode reads the request's JSON body into dst: an object into a struct, an array
// into a slice of structs. Keys are case-sensitive, of a repeated key the last
// counts, and an unknown key is refused by name. A body that is no JSON at all is
// refused before its fields are looked at; of wrong fields the first in the body is
// named. An array can have no more than atlas.MaxElements elements.
func decode(c *call, kind jsontext.Kind, dst any) error {
	data, err := checkBody(c)
	if err != nil {
		return err
	}
	return decodeData(data, kind, dst)
}

// decodeAs decodes a body that is an object.
func decodeAs[R any](c *call) (R, error) {
	var request R
	err := decode(c, jsontext.KindBeginObject, &request)
	return request, err
}

func decodeData(data []byte, kind jsontext.Kind, dst any) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return atlas.NewError(atlas.CodeInvalidJSON).Fact("body", "empty", "an object or an array, in JSON")
	}
	lastKeyCounts := jsontext.AllowDuplicateNames(true)
	value := jsontext.Value(data)
	if !value.IsValid(lastKeyCounts) {
		return atlas.NewError(atlas.CodeMalformedJSON)
	}
	if value.Kind() != kind {
		return atlas.NewError(atlas.CodeInvalidJSON).Fact("body", value.Kind().String(), kind.String())
	}
	err := json.Unmarshal(data, dst, lastKeyCounts, json.RejectUnknownMembers(true))
	var mismatch *json.SemanticError
	switch {
	case errors.As(err, &mismatch) && errors.Is(err, json.ErrUnknownName):
		return atlas.NewError(atlas.CodeInvalidAttribute, attribute(mismatch.JSONPointer)).
			Fact("known", "no", "a field of the operation; names are case-sensitive")
	case errors.As(err, &mismatch):
		return atlas.NewError(atlas.CodeInvalidJSONAttribute, attribute(mismatch.JSONPointer)).
			Fact("kind", mismatch.JSONKind.String(), "another, as the OpenAPI document says")
	case err != nil:
		return fmt.Errorf("decode body: %w", err)
	case kind == jsontext.KindBeginArray:
		return atlas.CheckElements("the body", reflect.ValueOf(dst).Elem().Len())
	}
	return nil
}

// checkBody returns the body. It refuses a media type other than JSON, which only an
// empty body may leave out.
func checkBody(c *call) ([]byte, error) {
	contentType := c.gin.GetHeader("Content-Type")
	if !isJSON(contentType) && (contentType != "" || c.gin.Request.ContentLength > 0) {
		return nil, emptyError(http.StatusUnsupportedMediaType)
	}
	data, err := c.receive()
	switch {
	case errors.Is(err, errCutOff):
		_ = c.gin.Error(err)
		return nil, atlas.NewError(atlas.CodeMalformedJSON)
	case err == nil && contentType == "" && len(data) > 0:
		return nil, emptyError(http.StatusUnsupportedMediaType)
	}
	return data, err
}

// attribute writes the place of a value as Atlas does: names joined by dots.
func attribute(p jsontext.Pointer) string {
	var names []string
	for name := range p.Tokens() {
		names = append(names, name)
	}
	return strings.Join(names, ".")
}
