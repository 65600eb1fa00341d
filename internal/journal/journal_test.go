package journal_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/journal"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/waittest"
	"exportbuckets/staging"
)

var (
	ours   = objectid.MustParse("5f0000000000000000000a01")
	theirs = objectid.MustParse("5f0000000000000000000a02")
)

func setup(t *testing.T) (*journal.Journal, *dbpool.Pool) {
	t.Helper()
	pool := dbtest.New(t)
	for _, org := range []objectid.ID{ours, theirs} {
		_, err := db.New().InsertOrg(t.Context(), pool, db.InsertOrgParams{ID: org, Name: "Test", CreatedAt: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
	}
	return journal.New(pool, journal.Config{
		MaxBytes: 1 << 30,
		Fields:   func() journal.Fields { return journal.Fields{"name": true, "tags": true} },
		Log:      slog.New(slog.DiscardHandler),
	}), pool
}

func count(t *testing.T, pool *dbpool.Pool, org objectid.ID) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM journal_entries WHERE org_id = $1", org).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func record(org objectid.ID) journal.Record {
	return journal.Record{OrgID: org, Entry: staging.JournalEntry{Kind: staging.EntryRequest, At: time.Now()}}
}

// What a stranger asks for takes none of the room that others have, and what is too much
// for the room is counted.
func TestWhatIsTooMuchIsDroppedAndCounted(t *testing.T) {
	t.Parallel()
	j, pool := setup(t)
	const many = 3000 // more than an organization's part of the buffer
	for range many {
		j.Add(record(ours))
	}
	j.Add(record(theirs))
	j.Flush(t.Context())
	written, dropped := j.Stats()
	if dropped == 0 || written+dropped != many+1 {
		t.Errorf("got %d written and %d dropped, want all of %d, and some dropped", written, dropped, many+1)
	}
	if count(t, pool, theirs) != 1 {
		t.Error("got no entry of the other organization, want it")
	}
}

// What was under way when its organization ended is written afterwards.
func TestNoEntryOfAnOrganizationThatIsGoneStays(t *testing.T) {
	t.Parallel()
	j, pool := setup(t)
	gone := objectid.MustParse("5f0000000000000000000a03")
	for _, org := range []objectid.ID{ours, gone} {
		j.Add(record(org))
	}
	j.Flush(t.Context())
	if err := j.Trim(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if got, kept := count(t, pool, gone), count(t, pool, ours); got != 0 || kept != 1 {
		t.Errorf("got %d entries of one that is gone and %d of another, want 0 and 1", got, kept)
	}
}

func TestTheNewestEntriesStay(t *testing.T) {
	t.Parallel()
	j, pool := setup(t)
	var last time.Time
	for range 9 {
		for range 300 {
			r := record(ours)
			last = r.Entry.At
			j.Add(r)
		}
		j.Flush(t.Context())
	}
	if err := j.Trim(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	var newest time.Time
	if err := pool.QueryRow(t.Context(), "SELECT max(at) FROM journal_entries").Scan(&newest); err != nil {
		t.Fatal(err)
	}
	if got := count(t, pool, ours); got != journal.MaxEntries || newest.Before(last.Truncate(time.Millisecond)) {
		t.Errorf("got %d entries, the newest of %v; want %d, the newest of %v", got, newest, journal.MaxEntries, last)
	}
}

// A database that takes nothing makes nobody wait, and what is lost is counted.
func TestNobodyWaitsForADatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	j, pool := setup(t)
	if _, err := pool.Exec(t.Context(), "ALTER TABLE journal_entries RENAME TO gone"); err != nil {
		t.Fatal(err)
	}
	j.Add(record(ours))
	j.Flush(t.Context())
	if written, dropped := j.Stats(); written != 0 || dropped != 1 {
		t.Errorf("got %d written, %d dropped; want the one dropped", written, dropped)
	}
}

// Whoever reads writes what waits first. If they leave meanwhile, it is there all the same:
// it is that of others, too.
func TestAReaderWhoLeavesTakesNothingWithThem(t *testing.T) {
	t.Parallel()
	j, pool := setup(t)
	j.Add(record(ours))
	j.Add(record(theirs))
	ctx, leave := context.WithCancel(t.Context())
	leave()
	j.Flush(ctx)
	if _, dropped := j.Stats(); dropped != 0 || count(t, pool, ours) != 1 || count(t, pool, theirs) != 1 {
		t.Errorf("got %d dropped, %d and %d entries; want both entries", dropped, count(t, pool, ours), count(t, pool, theirs))
	}
}

// An organization that could not be trimmed is trimmed the next time.
func TestWhatCouldNotBeTrimmedIsTrimmedLater(t *testing.T) {
	t.Parallel()
	j, pool := setup(t)
	for range 8 {
		for range 300 {
			j.Add(record(ours))
		}
		j.Flush(t.Context())
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := j.Trim(gone, time.Now()); err == nil {
		t.Error("got no error of a trim that can't be")
	}
	if err := j.Trim(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if got := count(t, pool, ours); got != journal.MaxEntries {
		t.Errorf("got %d entries, want %d", got, journal.MaxEntries)
	}
}

func TestTheEndWritesWhatIsLeft(t *testing.T) {
	t.Parallel()
	j, pool := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		j.Run(ctx)
	}()
	j.Add(record(ours))
	cancel()
	<-done
	if got := count(t, pool, ours); got != 1 {
		t.Errorf("got %d entries, want the one that was left", got)
	}
}

func TestWhatIsOldOrTooMuchOfAllGoes(t *testing.T) {
	t.Parallel()
	_, pool := setup(t)
	small := journal.New(pool, journal.Config{
		MaxBytes: 64 << 10, Fields: func() journal.Fields { return nil }, Log: slog.New(slog.NewTextHandler(new(waittest.Log), nil)),
	})
	old := record(theirs)
	old.Entry.At = time.Now().Add(-journal.MaxAge - time.Minute)
	small.Add(old)
	small.Flush(t.Context())
	if err := small.Trim(t.Context(), time.Now()); err != nil || count(t, pool, theirs) != 0 {
		t.Errorf("got %v and %d entries, want none that is too old", err, count(t, pool, theirs))
	}
	for range 200 {
		r := record(ours)
		r.Entry.Path = strings.Repeat("p", 1000)
		small.Add(r)
	}
	small.Flush(t.Context())
	if err := small.Trim(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	var size int
	if err := pool.QueryRow(t.Context(), "SELECT coalesce(sum(size), 0) FROM journal_entries").Scan(&size); err != nil {
		t.Fatal(err)
	}
	if size > 64<<10 || size < 32<<10 {
		t.Errorf("got %d bytes, want what the bound of %d takes", size, 64<<10)
	}
}

// Only what is known to hold no secret is shown of a body.
func TestBodiesAreShownWithoutSecrets(t *testing.T) {
	t.Parallel()
	j, pool := setup(t)
	const secret = "canary"
	for name, tt := range map[string]struct {
		body journal.Body
		want string
	}{
		"a field that is known": {journal.Body{Type: "application/json", Data: []byte(`{"name":"n"}`)}, `"body":{"name":"n"}`},
		"a field that is not": {
			journal.Body{Type: "application/json", Data: []byte(`{"pasword":"canary","tags":[{"key":"canary","name":1}]}`)},
			`"body":{"(left out)":"(left out)","tags":[{"(left out)":"(left out)","name":1}]}`,
		},
		"a key that is a secret": {
			journal.Body{Type: "application/json", Data: []byte(`{"canary":{"canary":["canary"]},"name":"n"}`)},
			`"body":{"(left out)":"(left out)","name":"n"}`,
		},
		"what is cut off":   {journal.Body{Type: "application/json", Data: []byte(`{"name":"canary`)}, `"bodyLeftOut"`},
		"what is no object": {journal.Body{Type: "application/json", Data: []byte(`"canary"`)}, `"bodyLeftOut"`},
		"two values":        {journal.Body{Type: "application/json", Data: []byte(`{"name":"n"} canary`)}, `"bodyLeftOut"`},
		"text":              {journal.Body{Type: "text/plain", Data: []byte("canary")}, `"bodyLeftOut"`},
		"a form": {
			journal.Body{Type: "application/x-www-form-urlencoded", Data: []byte("name=n&canary=canary")},
			`"body":{"(left out)":["(left out)"],"name":["n"]}`,
		},
		"what is large": {journal.Body{Type: "application/json", Size: journal.MaxBody + 1}, `"bodyLeftOut"`},
	} {
		r := record(ours)
		if tt.body.Size == 0 {
			tt.body.Size = len(tt.body.Data)
		}
		r.Request, r.Entry.Request = tt.body, &staging.Message{Query: map[string][]string{"canary": {"canary"}, "name": {"q"}}}
		j.Add(r)
		j.Flush(t.Context())
		var got string
		if err := pool.QueryRow(t.Context(), "SELECT entry::text FROM journal_entries ORDER BY id DESC LIMIT 1").Scan(&got); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(got, secret) || !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %s, want %s in it, and no %s", name, got, tt.want, secret)
		}
	}
}

// What a client sends keeps nobody from reading what the journal has of others, or of it.
func TestWhatPostgreSQLDoesNotReadIsKeptOtherwise(t *testing.T) {
	t.Parallel()
	j, pool := setup(t)
	bodies := []string{`{"name":"a\u0000b\\u0000"}`, `{"name":"\ud800"}`}
	for _, body := range bodies {
		r := record(ours)
		r.Entry.Version = &staging.Version{Asked: "none", Served: "2023-01-01"}
		r.Entry.Request = &staging.Message{Query: map[string][]string{"name": {"\x00"}}}
		r.Request = journal.Body{Type: "application/json", Size: len(body), Data: []byte(body)}
		j.Add(r)
	}
	j.Flush(t.Context())
	versions, err := db.New().ListJournalVersions(t.Context(), pool, db.ListJournalVersionsParams{OrgID: ours, RowLimit: 10})
	if err != nil || len(versions) != 1 || versions[0].Requests != int64(len(bodies)) {
		t.Errorf("got %+v, %v; want the version of %d requests", versions, err, len(bodies))
	}
	var kept int
	err = pool.QueryRow(t.Context(), `SELECT count(*) FROM journal_entries WHERE entry::text LIKE $1`,
		`%a\\ufffdb\\\\u0000%`).Scan(&kept)
	if err != nil || kept != 1 {
		t.Errorf("got %d, %v; want the name without U+0000, and with what only looks like it", kept, err)
	}
}
