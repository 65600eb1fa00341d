package atlas

import (
	"cmp"
	"fmt"
	"regexp"
)

// Tag is a key and a value that a project or a cluster is marked with.
type Tag struct {
	Key   *string `json:"key"`   // 1 to MaxTagText characters
	Value *string `json:"value"` // the same
}

// tagText is which characters keys and values have. Atlas, "Resource Tags"; letters of
// which script, it does not say.
var tagText = regexp.MustCompile(`^[\p{L}\p{N} ;@_\-.+]*$`)

// CheckTags returns MISSING_ATTRIBUTE for a tag that is not whole, and
// VALIDATION_ERROR for the first rule that any of them breaks: number, lengths,
// characters, repeated keys.
func CheckTags(tags []Tag) error {
	if len(tags) > MaxTags {
		return NewError(CodeValidation, fmt.Sprintf("A resource can have at most %d tags.", MaxTags))
	}
	for _, tag := range tags {
		switch {
		case tag.Key == nil:
			return NewError(CodeMissingAttribute, "key")
		case tag.Value == nil:
			return NewError(CodeMissingAttribute, "value")
		}
	}
	for _, problem := range []func(part, text string) string{lengthProblem, characterProblem} {
		for _, tag := range tags {
			if found := cmp.Or(problem("key", *tag.Key), problem("value", *tag.Value)); found != "" {
				return NewError(CodeValidation, found)
			}
		}
	}
	keys := make(map[string]bool, len(tags))
	for _, tag := range tags {
		if keys[*tag.Key] {
			return NewError(CodeValidation, fmt.Sprintf(`Tag key "%s" is specified more than once.`, *tag.Key))
		}
		keys[*tag.Key] = true
	}
	return nil
}

// lengthProblem says what is wrong with the length of a part of a tag, if anything is.
func lengthProblem(part, text string) string {
	switch {
	case text == "":
		return fmt.Sprintf("Tag %s must not be empty.", part)
	case !HasLength(text, 1, MaxTagText):
		return fmt.Sprintf(`Tag %s "%s" exceeded the maximum allowed length of %d characters.`, part, text, MaxTagText)
	}
	return ""
}

// characterProblem says that a part of a tag has other characters than it may.
func characterProblem(part, text string) string {
	if tagText.MatchString(text) {
		return ""
	}
	return fmt.Sprintf(`Tag %s "%s" contains invalid characters. Allowable characters include letters, numbers, `+
		`spaces, and the following special characters: ; @ _ - . +.`, part, text)
}
