package admin

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"exportbuckets/internal/journal"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

// Record is what the log and the journal are told of a request.
type Record struct {
	// Changed is the id of the organization whose journal tells of the change; empty for none.
	Changed string
	// Copied is that of the one that was copied, whose journal tells of it, too; empty for none.
	Copied string

	request *http.Request
	began   time.Time
	token   string // its name; empty if nobody has signed in
	noted   []slog.Attr
}

// NewRecord returns the record of a request that begins. Its path names the organization
// that it changes, if it does.
func NewRecord(r *http.Request) Record {
	return Record{Changed: r.PathValue("org"), request: r, began: time.Now()}
}

// SignedIn says whose request it is.
func (r *Record) SignedIn(caller tenantstate.Caller) {
	r.token = caller.Name()
	r.Note("token", r.token)
}

// Note adds something to the request's event in the log. Numbers, which are int64, are told
// to the journal, too.
func (r *Record) Note(key string, value any) { r.noted = append(r.noted, slog.Any(key, value)) }

// NoteChanges notes which state the organization was given, and how many rows that changed.
func (r *Record) NoteChanges(to string, changes staging.Changes) {
	sum := changes.Sum()
	r.Note("state", to)
	r.Note("added", sum.Added)
	r.Note("removed", sum.Removed)
	r.Note("updated", sum.Updated)
}

// NoteClock notes what the clock of the organization shows from then on.
func (r *Record) NoteClock(clock staging.Clock) {
	r.Note("clock", clock.Now)
	r.Note("frozen", clock.Frozen)
}

// NoteCreated notes a throw-away organization that was made, and the id of the one that it is
// a copy of; empty for none. Both are told.
func (r *Record) NoteCreated(created staging.CreatedOrganization, source string) {
	r.Changed, r.Copied = created.Organization.ID, source
	r.Note("organization", r.Changed)
	r.Note("ids", int64(len(created.IDs)))
}

// Log writes one event for the request. It has neither the query nor a header nor a body in
// it: secrets may be there.
func (r *Record) Log(log *slog.Logger, status int, err error) {
	attrs := append([]slog.Attr{
		slog.String("method", r.request.Method),
		slog.String("path", r.request.URL.EscapedPath()),
		slog.Int("status", status),
		slog.Duration("duration", time.Since(r.began)),
	}, r.noted...)
	level := slog.LevelInfo
	if problem, ok := errors.AsType[*staging.Problem](err); ok {
		attrs = append(attrs, slog.String("error_code", string(problem.Code)))
	} else if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
		level = slog.LevelError
		if status == http.StatusServiceUnavailable {
			level = slog.LevelWarn
		}
	}
	log.LogAttrs(r.request.Context(), level, "admin request", attrs...)
}

// Tell tells the journals of the organizations that were changed and copied of the change,
// and of the numbers that have been noted. The action is method and path.
func (r *Record) Tell(kept *journal.Journal, action string) {
	if kept == nil || r.request.Method == http.MethodGet || r.request.Method == http.MethodHead {
		return
	}
	change := staging.AdminChange{Token: r.token, Action: action, Counts: make(map[string]int64)}
	for _, noted := range r.noted {
		if noted.Key == "dry_run" && noted.Value.Kind() == slog.KindBool && noted.Value.Bool() {
			return // nothing has changed
		}
		if noted.Value.Kind() == slog.KindInt64 {
			change.Counts[noted.Key] = noted.Value.Int64()
		}
	}
	for _, id := range []string{r.Changed, r.Copied} {
		if org, err := objectid.Parse(id); err == nil {
			kept.Admin(org, change)
		}
	}
}
