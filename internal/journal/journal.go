package journal

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"exportbuckets/db"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// The bounds of the journal.
const (
	MaxEntries = 2000           // of an organization
	MaxAge     = 24 * time.Hour // of an entry
)

const (
	writeInterval = 250 * time.Millisecond
	orgInterval   = 2 * time.Second
	trimInterval  = 10 * time.Second
	trimShare     = 16 // so many parts of MaxBytes
	writeTimeout  = 5 * time.Second

	// buffered is how many bytes may wait to be written, and bufferedOfOrg how many of
	// them may be one organization's: some 1,000 entries a second, as it keeps 2,000.
	buffered      = 4 << 20
	bufferedOfOrg = 384 << 10
	// overhead is what every entry has, about, in bytes.
	overhead = 1 << 10
)

// Config is what an installation decides.
type Config struct {
	// MaxBytes is how large all entries together may be.
	MaxBytes int64
	// Fields returns those of bodies that may be shown. It may take a while at first.
	Fields func() Fields
	// Operations are the method and the path of each operation, with a colon before each
	// parameter.
	Operations []string
	// Log is told of entries that are dropped. Required.
	Log *slog.Logger
}

// Journal keeps entries. Its methods are safe for concurrent use.
type Journal struct {
	pool *dbpool.Pool
	cfg  Config

	writing sync.Mutex // held by the one who writes, before mu

	mu      sync.Mutex
	waiting []Record
	size    int                  // of what waits, in bytes
	sizes   map[objectid.ID]int  // the same of each organization
	grown   map[objectid.ID]bool // organizations that may have too many entries
	written int64
	dropped int64
	added   int64 // bytes that were written since the oldest entries were deleted
}

// Record is what is to become an entry.
type Record struct {
	OrgID    objectid.ID
	Entry    staging.JournalEntry
	Request  Body
	Response Body
}

// size is how much of the memory the record has, about, in bytes.
func (r *Record) size() int {
	size := overhead + len(r.Request.Data) + len(r.Response.Data) + len(r.Entry.Path) + len(r.Entry.UserAgent)
	for _, message := range []*staging.Message{r.Entry.Request, r.Entry.Response} {
		if message == nil {
			continue
		}
		for name, values := range message.Query {
			size += len(name)
			for _, value := range values {
				size += len(value)
			}
		}
		for name, value := range message.Headers {
			size += len(name) + len(value)
		}
	}
	for _, step := range r.Entry.Steps {
		for _, fact := range step.Facts {
			size += len(fact.Name) + len(fact.Value) + len(fact.Needs)
		}
	}
	return size
}

// New returns a journal on a migrated database. Run writes it.
func New(pool *dbpool.Pool, cfg Config) *Journal {
	return &Journal{
		pool: pool, cfg: cfg, sizes: make(map[objectid.ID]int), grown: make(map[objectid.ID]bool),
		added: cfg.MaxBytes, // whatever is there
	}
}

// HasRoom reports whether an entry of the organization could be added now. If not, it
// counts one as dropped: nobody need make it.
func (j *Journal) HasRoom(orgID objectid.ID) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.room(orgID, overhead)
}

// room reports whether there is room for so many bytes of the organization, and counts an
// entry as dropped if not.
func (j *Journal) room(orgID objectid.ID, size int) bool {
	if j.size+size > buffered || j.sizes[orgID]+size > bufferedOfOrg {
		j.dropped++
		return false
	}
	return true
}

// Add adds a record, or drops it if too many wait to be written.
func (j *Journal) Add(r Record) {
	size := r.size()
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.room(r.OrgID, size) {
		return
	}
	j.size += size
	j.sizes[r.OrgID] += size
	j.waiting = append(j.waiting, r)
}

// Admin adds a change that somebody made with a token of the staging plane.
func (j *Journal) Admin(orgID objectid.ID, change staging.AdminChange) {
	j.Add(Record{OrgID: orgID, Entry: staging.JournalEntry{Kind: staging.EntryAdmin, At: time.Now(), Admin: &change}})
}

// Stats returns how many entries were written since the start, and how many dropped.
func (j *Journal) Stats() (written, dropped int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.written, j.dropped
}

// Run writes what is added until ctx ends, and then what is left.
func (j *Journal) Run(ctx context.Context) {
	work := context.WithoutCancel(ctx)
	write, trim := time.NewTicker(writeInterval), time.NewTicker(trimInterval)
	org := time.NewTicker(orgInterval)
	defer write.Stop()
	defer trim.Stop()
	defer org.Stop()
	reported := int64(0)
	for {
		select {
		case <-ctx.Done():
			j.Flush(work)
			return
		case <-write.C:
			j.Flush(work)
		case <-org.C:
			if err := j.trimOrgs(work); err != nil {
				j.cfg.Log.Warn("the journals of organizations are not trimmed", "error", err)
			}
		case <-trim.C:
			if err := j.trim(work, time.Now()); err != nil {
				j.cfg.Log.Warn("the journal is not trimmed", "error", err)
			}
			if _, dropped := j.Stats(); dropped > reported {
				j.cfg.Log.Warn("entries of the journal were dropped", "count", dropped-reported, "total", dropped)
				reported = dropped
			}
		}
	}
}

// Flush writes what has been added. What can't be written is dropped. It goes on when ctx
// ends: what waits is that of others, too.
func (j *Journal) Flush(ctx context.Context) {
	j.writing.Lock()
	defer j.writing.Unlock()
	j.mu.Lock()
	records := j.waiting
	j.waiting, j.size = nil, 0
	clear(j.sizes)
	j.mu.Unlock()
	if len(records) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	err := j.write(ctx, records)
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil {
		j.dropped += int64(len(records))
		j.cfg.Log.Warn("entries of the journal are not written", "count", len(records), "error", err)
		return
	}
	j.written += int64(len(records))
	for _, record := range records {
		j.grown[record.OrgID] = true
		j.added += int64(record.size())
	}
}

func (j *Journal) write(ctx context.Context, records []Record) error {
	rows := make([]db.InsertJournalEntriesParams, len(records))
	for i, record := range records {
		var err error
		if rows[i], err = j.row(record); err != nil {
			return err
		}
	}
	if _, err := db.New().InsertJournalEntries(ctx, j.pool, rows); err != nil {
		return fmt.Errorf("copy entries: %w", err)
	}
	return nil
}

// trimOrgs leaves the newest entries of the organizations that have got more.
func (j *Journal) trimOrgs(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	j.mu.Lock()
	grown := j.grown
	j.grown = make(map[objectid.ID]bool)
	j.mu.Unlock()
	for org := range grown {
		_, err := db.New().DeleteJournalEntriesOfOrgPast(ctx, j.pool,
			db.DeleteJournalEntriesOfOrgPastParams{OrgID: org, Kept: MaxEntries})
		if err != nil {
			j.mu.Lock()
			maps.Copy(j.grown, grown) // for the next time
			j.mu.Unlock()
			return fmt.Errorf("trim entries of organization: %w", err)
		}
		delete(grown, org)
	}
	return nil
}

// row returns what is stored of a record, without what is secret in it.
func (j *Journal) row(r Record) (db.InsertJournalEntriesParams, error) {
	e := r.Entry
	id := newID(e.At)
	e.ID = id.String()
	e.At = e.At.UTC().Truncate(time.Microsecond)
	e.Request = j.cfg.Fields().message(e.Request, r.Request)
	e.Response = j.cfg.Fields().message(e.Response, r.Response)
	encoded, err := json.Marshal(e, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	if err != nil {
		return db.InsertJournalEntriesParams{}, fmt.Errorf("encode entry: %w", err)
	}
	encoded = withoutZero(encoded)
	text := func(s string) string { return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD") }
	return db.InsertJournalEntriesParams{
		OrgID:     r.OrgID,
		ID:        id,
		At:        e.At,
		Kind:      string(e.Kind),
		Operation: text(e.Operation),
		Status:    int32(e.Status), //nolint:gosec // It has three digits.
		ErrorCode: text(e.ErrorCode),
		Fault:     text(e.Fault),
		Project:   text(e.Project),
		Principal: text(e.Principal),
		UserAgent: text(e.UserAgent),
		RequestID: text(e.RequestID),
		Size:      int32(len(encoded)), //nolint:gosec // Bodies are bounded.
		Entry:     encoded,
	}, nil
}

// newID returns an id whose order is that of time, by the microsecond.
func newID(at time.Time) (id objectid.ID) {
	binary.BigEndian.PutUint64(id[:], uint64(at.UnixMicro()))
	binary.BigEndian.PutUint32(id[8:], rand.Uint32()) //nolint:gosec // It need not be hard to guess.
	return id
}

// trim deletes what is too old, and the oldest of what is too much.
func (j *Journal) trim(ctx context.Context, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	q := db.New()
	if _, err := q.DeleteJournalEntriesBefore(ctx, j.pool, now.Add(-MaxAge)); err != nil {
		return fmt.Errorf("delete old entries: %w", err)
	}
	// The size of the table takes no time to tell, and is never less than that of its rows.
	// It doesn't shrink, and to add up the rows takes long: that waits until there is a share
	// of them that is new.
	size, err := q.GetJournalSize(ctx, j.pool)
	if err != nil {
		return fmt.Errorf("get size: %w", err)
	}
	j.mu.Lock()
	added := j.added
	j.mu.Unlock()
	if size <= j.cfg.MaxBytes || added < j.cfg.MaxBytes/trimShare {
		return nil
	}
	if _, err := q.DeleteJournalEntriesPast(ctx, j.pool, j.cfg.MaxBytes); err != nil {
		return fmt.Errorf("delete oldest entries: %w", err)
	}
	j.mu.Lock()
	j.added -= added
	j.mu.Unlock()
	return nil
}
