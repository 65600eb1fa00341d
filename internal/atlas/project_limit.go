package atlas

import (
	"encoding/json"
	"fmt"
)

// ProjectLimit is how much of something a project may have, unless its owner has set
// another number.
type ProjectLimit struct {
	Name    string
	Default int64
	Maximum int64
}

// The limits of a new project that this server holds. Atlas, "Atlas limits".
var (
	LimitDatabaseUsers = ProjectLimit{
		Name: "atlas.project.security.databaseAccess.users", Default: 100, Maximum: 900,
	}
	LimitNetworks = ProjectLimit{
		Name: "atlas.project.security.networkAccess.entries", Default: 200, Maximum: 220,
	}
)

// Of returns the number that counts, from the limits that a project keeps.
func (l ProjectLimit) Of(kept []byte) (int64, error) {
	values := make(map[string]int64)
	if err := json.Unmarshal(kept, &values); err != nil {
		return 0, fmt.Errorf("decode project limits: %w", err)
	}
	if value, ok := values[l.Name]; ok {
		return value, nil
	}
	return l.Default, nil
}
