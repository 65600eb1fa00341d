package staging

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// JournalMode is how much the journal keeps of an organization's requests.
type JournalMode string

// The modes of a journal.
const (
	JournalOff   JournalMode = "off"
	JournalLines JournalMode = "lines" // who asked for what, and how it ended
	JournalFull  JournalMode = "full"  // also headers, bodies and the steps
)

// Valid reports whether there is such a mode.
func (m JournalMode) Valid() bool { return m == JournalOff || m == JournalLines || m == JournalFull }

// JournalEntry is a request of an organization and why it was answered as it was, or a
// change that somebody made with a token of this plane.
type JournalEntry struct {
	ID   string    `json:"id"`
	Kind EntryKind `json:"kind"`
	At   time.Time `json:"at"` // when the request came in

	Operation  string  `json:"operation,omitempty"` // as the OpenAPI document names it
	Method     string  `json:"method,omitempty"`
	Path       string  `json:"path,omitempty"`
	Status     int     `json:"status,omitzero"` // 0 if no answer was made
	ErrorCode  string  `json:"errorCode,omitempty"`
	Fault      string  `json:"fault,omitempty"`     // that the request met
	AnswerLost bool    `json:"answerLost,omitzero"` // by the fault: what was answered was not sent
	DurationMS float64 `json:"durationMs,omitempty"`
	RequestID  string  `json:"requestId,omitempty"`
	Project    string  `json:"project,omitempty"`   // that the path names
	Principal  string  `json:"principal,omitempty"` // public key or client id
	Address    string  `json:"address,omitempty"`
	UserAgent  string  `json:"userAgent,omitempty"`

	Version *Version `json:"version,omitempty"` // nil if none was found

	Request  *Message `json:"request,omitempty"`
	Response *Message `json:"response,omitempty"`
	// Steps are what the server did, in order. The last of a refused request is the one
	// that refused it.
	Steps []Step `json:"steps,omitempty"`
	// Hints say what may help. They are found when the entry is read.
	Hints []string `json:"hints,omitempty"`

	Admin *AdminChange `json:"admin,omitempty"`
}

// EntryKind is what an entry tells of.
type EntryKind string

// The kinds of entries.
const (
	EntryRequest EntryKind = "request" // of the Atlas API
	EntryAdmin   EntryKind = "admin"   // a change made with a token of this plane
)

// Message is a request or an answer, without what is secret in it. Of the query and the
// headers it has those that are known to hold no secrets.
type Message struct {
	Query   map[string][]string `json:"query,omitempty"`
	Headers map[string]string   `json:"headers,omitempty"`
	// Body is what the server's OpenAPI document knows of a body, in its form; nil if
	// there was none, or none that could be read. Left says why it is not kept.
	Body json.RawMessage `json:"body,omitempty"`
	Left string          `json:"bodyLeftOut,omitempty"`
}

// Step is something that the server found out or did about a request.
type Step struct {
	Name  string `json:"name"` // such as authenticate or rule
	OK    bool   `json:"ok"`
	Rule  string `json:"rule,omitempty"` // what has to hold; of the step that refused
	Facts []Fact `json:"facts,omitempty"`
	Rows  []Row  `json:"rows,omitempty"` // of the step rows
}

// Fact is something that a step rests on: a name, its value and, if that is not enough,
// what it would have to be.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Needs string `json:"needs,omitempty"`
}

// Row is a row of the database that the request changed.
type Row struct {
	Table  string `json:"table"`
	ID     string `json:"id,omitempty"`
	Change string `json:"change"` // insert, update or delete
	Count  int64  `json:"count"`  // of rows, of which ID names one
}

// AdminChange is a change made with a token of this plane.
type AdminChange struct {
	Token  string           `json:"token"` // its id, or operator
	Action string           `json:"action"`
	Counts map[string]int64 `json:"counts,omitempty"`
}

// JournalSettings are those of a journal.
type JournalSettings struct {
	Mode JournalMode `json:"mode"`
}

// JournalQuery says which entries are asked for. What is empty says nothing.
type JournalQuery struct {
	Operation string
	Status    string // such as 404, or 4xx
	Project   string
	Principal string
	UserAgent string // the beginning, or all of it
	ErrorCode string
	Fault     string // name of the fault that requests met
	RequestID string
	Since     time.Time
	Before    string // id of the entry that they stand after, newest first
	Limit     int    // how many, the newest; 100 if it is 0
	// AtLeast has the answer wait until so many entries match, for as long as Wait.
	AtLeast int
	Wait    time.Duration
}

func (q JournalQuery) values() url.Values {
	values := make(url.Values)
	for name, value := range map[string]string{
		"operation": q.Operation, "status": q.Status, "project": q.Project, "principal": q.Principal,
		"userAgent": q.UserAgent, "errorCode": q.ErrorCode, "fault": q.Fault, "requestId": q.RequestID,
		"before": q.Before,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if !q.Since.IsZero() {
		values.Set("since", q.Since.Format(time.RFC3339Nano))
	}
	for name, value := range map[string]int{"limit": q.Limit, "atLeast": q.AtLeast} {
		if value > 0 {
			values.Set(name, strconv.Itoa(value))
		}
	}
	if q.Wait > 0 {
		values.Set("wait", q.Wait.String())
	}
	return values
}

// Journal returns entries of the organization's journal, newest first, without hints.
func (c *Client) Journal(ctx context.Context, organization string, query JournalQuery) ([]JournalEntry, error) {
	path := journalPath(organization) + "?" + query.values().Encode()
	list, err := call[List[JournalEntry]](ctx, c, http.MethodGet, path, nil)
	return list.Results, err
}

// JournalEntry returns one entry, with hints.
func (c *Client) JournalEntry(ctx context.Context, organization, id string) (JournalEntry, error) {
	return call[JournalEntry](ctx, c, http.MethodGet, journalPath(organization)+"/"+url.PathEscape(id), nil)
}

// LastRefusal returns the newest entry that matches and was refused, with hints. It returns
// NOT_FOUND if there is none.
func (c *Client) LastRefusal(ctx context.Context, organization string, query JournalQuery) (JournalEntry, error) {
	statuses := []string{"4xx", "5xx"}
	if query.Status != "" {
		statuses = []string{query.Status}
	}
	last := ""
	for _, status := range statuses {
		query.Status, query.Limit = status, 1
		entries, err := c.Journal(ctx, organization, query)
		if err != nil {
			return JournalEntry{}, err
		}
		if len(entries) > 0 && entries[0].ID > last {
			last = entries[0].ID
		}
	}
	if last == "" {
		return JournalEntry{}, NewProblem(CodeNotFound, "The journal has no refusal.")
	}
	return c.JournalEntry(ctx, organization, last)
}

// ClearJournal empties the journal of the organization.
func (c *Client) ClearJournal(ctx context.Context, organization string) error {
	_, err := call[none](ctx, c, http.MethodDelete, journalPath(organization), nil)
	return err
}

// SetJournal changes how much the journal of the organization keeps.
func (c *Client) SetJournal(
	ctx context.Context, organization string, settings JournalSettings,
) (JournalSettings, error) {
	return call[JournalSettings](ctx, c, http.MethodPut, journalPath(organization)+"/settings", settings)
}

func journalPath(organization string) string { return organizationPath(organization) + "/journal" }
