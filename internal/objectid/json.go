package objectid

import (
	"encoding/json"
	"regexp"
	"strings"
)

var quoted = regexp.MustCompile(`"[a-f0-9]{24}"`)

// InJSON returns the ids in a value of that name, in JSON, and in what it has: the texts
// that a name like id, roleId or policy_item_ids says to be ids. Others are none, whatever
// they look like: somebody may have written them.
func InJSON(name string, text []byte) []ID {
	var value any
	if !quoted.Match(text) || json.Unmarshal(text, &value) != nil {
		return nil
	}
	var found []ID
	var walk func(name string, value any)
	walk = func(name string, value any) {
		switch value := value.(type) {
		case string:
			if id, err := Parse(value); err == nil && isNameOfID(name) {
				found = append(found, id)
			}
		case []any:
			for _, element := range value {
				walk(name, element)
			}
		case map[string]any:
			for name, member := range value {
				walk(name, member)
			}
		}
	}
	walk(name, value)
	return found
}

func isNameOfID(name string) bool {
	name = strings.TrimSuffix(name, "s")
	return name == "id" || strings.HasSuffix(name, "Id") || strings.HasSuffix(name, "_id")
}
