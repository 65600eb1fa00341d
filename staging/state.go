package staging

import "time"

// The names of states that nobody saves under: what is there, and what the organization's
// file declares.
const (
	Live     = "live"
	Declared = "declared"
)

// The bounds of states.
const (
	MaxStates    = 50      // of an organization, the declared one among them
	MaxStateRows = 100_000 // of a state
)

// State is a saved state.
type State struct {
	Name    string    `json:"name"`
	SavedAt time.Time `json:"savedAt"`
	Rows    int64     `json:"rows"`
}

// Change is how one state differs from another in rows of a kind.
type Change struct {
	Kind    string `json:"kind"` // such as exportBuckets
	Added   int64  `json:"added"`
	Removed int64  `json:"removed"`
	Updated int64  `json:"updated"`
}

// Changes are how one state differs from another: the kinds that do.
type Changes struct {
	Changes []Change `json:"changes"`
}

// Reset says which state an organization is to have.
type Reset struct {
	To string `json:"to"` // Declared, or the name of a saved state
	// ProjectID is the one project that is reset; empty for all that the organization has.
	ProjectID string `json:"projectId,omitempty"`
}
