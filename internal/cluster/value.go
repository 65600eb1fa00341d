package cluster

import (
	"encoding/json"
	"slices"
	"strings"

	"exportbuckets/internal/atlas"
)

// What is set by a body that leaves it out, or says null, stays as it is.

// set replaces a word by one of those that are allowed, or returns INVALID_ENUM_VALUE.
func set(kept, value *string, allowed ...string) error {
	if value == nil {
		return nil
	}
	if !slices.Contains(allowed, *value) {
		return atlas.NewError(atlas.CodeInvalidEnumValue, *value).
			Fact("allowed", *value, strings.Join(allowed, ", "))
	}
	*kept = *value
	return nil
}

func setBool(kept, value *bool) {
	if value != nil {
		*kept = *value
	}
}

func replace[T any](kept **T, value *T) {
	if value != nil {
		*kept = value
	}
}

// Nullable is a value that null takes back.
type Nullable[T any] struct {
	sent  bool
	value *T
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Nullable[T]) UnmarshalJSON(data []byte) error {
	n.sent, n.value = true, nil
	return json.Unmarshal(data, &n.value) //nolint:wrapcheck // The decoder of the body says where.
}

func (n Nullable[T]) apply(kept **T) {
	if n.sent {
		*kept = n.value
	}
}

// checkText returns INVALID_ATTRIBUTE for a text that is empty or longer than that of a
// tag.
func checkText(name string, text *string) error {
	if text != nil && !atlas.HasLength(*text, 1, atlas.MaxTagText) {
		return atlas.NewError(atlas.CodeInvalidAttribute, name)
	}
	return nil
}
