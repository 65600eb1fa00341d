package staging

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// The names of states that nobody saves under: what is there, and what the organization's
// file declares.
const (
	Live     = "live"
	Declared = "declared"
)

// The bounds of states.
const (
	MaxStates      = 50      // of an organization, the declared one among them
	MaxStateRows   = 100_000 // of a state
	MaxChangedRows = 100     // of a kind
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
	// Rows are those that differ, at most MaxChangedRows. Diff alone names them.
	Rows []ChangedRow `json:"rows,omitempty"`
}

// ChangedRow is a row in which one state differs from another.
type ChangedRow struct {
	// ID is the id of what the row is of; of several, with slashes between.
	ID        string `json:"id"`
	ProjectID string `json:"projectId,omitempty"` // that it belongs to
	Name      string `json:"name,omitempty"`      // what it is called, if it has a name
	Change    string `json:"change"`              // added, removed or updated
	// Fields are those in which a row that was updated differs.
	Fields []string `json:"fields,omitempty"`
}

// Changes are how one state differs from another: the kinds that do.
type Changes struct {
	Changes []Change `json:"changes"`
}

// Sum returns how many rows of all kinds differ. Its kind is empty.
func (c Changes) Sum() (sum Change) {
	for _, change := range c.Changes {
		sum.Added += change.Added
		sum.Removed += change.Removed
		sum.Updated += change.Updated
	}
	return sum
}

// Count returns how many rows of the kind differ.
func (c Change) Count() int64 { return c.Added + c.Removed + c.Updated }

// Mode is what a file is to do.
type Mode string

// The modes of files.
const (
	Replace Mode = "replace" // declare the state, and make what is there equal to it
	Add     Mode = "add"     // add what is missing, and leave what is there
)

// Reset says which state an organization is to have.
type Reset struct {
	To string `json:"to"` // Declared, or the name of a saved state
	// ProjectID is the one project that is reset; empty for all that the organization has.
	ProjectID string `json:"projectId,omitempty"`
}

// Declare applies a file in the form of seed files, with the organization in it and no
// other, and returns what that changes. A dry run changes nothing.
func (c *Client) Declare(
	ctx context.Context, organization string, file []byte, mode Mode, dryRun bool,
) (changes Changes, err error) {
	query := url.Values{"mode": {string(mode)}, "dryRun": {strconv.FormatBool(dryRun)}}
	path := organizationPath(organization) + "/state?" + query.Encode()
	received, err := c.send(ctx, http.MethodPut, path, "application/yaml", file)
	if err != nil {
		return changes, err
	}
	if err := json.Unmarshal(received, &changes); err != nil {
		return changes, fmt.Errorf("decode changes: %w", err)
	}
	return changes, nil
}

// Export returns the file that declares a state of an organization, in YAML and without
// secrets. The state may be Live or Declared.
func (c *Client) Export(ctx context.Context, organization, of string) ([]byte, error) {
	query := url.Values{"of": {of}}
	return c.send(ctx, http.MethodGet, organizationPath(organization)+"/state?"+query.Encode(), "", nil)
}

// States returns the saved states of an organization, by name.
func (c *Client) States(ctx context.Context, organization string) ([]State, error) {
	return all[State](ctx, c, organizationPath(organization)+"/snapshots")
}

// State returns a saved state of an organization.
func (c *Client) State(ctx context.Context, organization, name string) (State, error) {
	return call[State](ctx, c, http.MethodGet, statePath(organization, name), nil)
}

// SaveState saves what an organization has under a name that is not taken.
func (c *Client) SaveState(ctx context.Context, organization, name string) (State, error) {
	return call[State](ctx, c, http.MethodPut, statePath(organization, name), nil)
}

// DeleteState deletes a saved state.
func (c *Client) DeleteState(ctx context.Context, organization, name string) error {
	_, err := call[none](ctx, c, http.MethodDelete, statePath(organization, name), nil)
	return err
}

// Restore makes what an organization has equal to a saved state.
func (c *Client) Restore(ctx context.Context, organization, name string) (Changes, error) {
	return call[Changes](ctx, c, http.MethodPost, statePath(organization, name)+"/restore", nil)
}

// Reset makes what an organization has equal to what it declares, or to a saved state.
func (c *Client) Reset(ctx context.Context, organization string, reset Reset) (Changes, error) {
	return call[Changes](ctx, c, http.MethodPost, organizationPath(organization)+"/reset", reset)
}

// Diff returns how one state differs from another. Either may be Live or Declared.
func (c *Client) Diff(ctx context.Context, organization, from, to string) (Changes, error) {
	query := url.Values{"from": {from}, "to": {to}}
	return call[Changes](ctx, c, http.MethodGet, organizationPath(organization)+"/diff?"+query.Encode(), nil)
}

func statePath(organization, name string) string {
	return organizationPath(organization) + "/snapshots/" + url.PathEscape(name)
}
