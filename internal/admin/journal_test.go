package admin_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"exportbuckets/internal/journal"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/waittest"
	"exportbuckets/staging"
)

// ask adds an entry of an organization to the journal.
func (b *bundle) ask(org string, entry staging.JournalEntry) {
	entry.Kind, entry.At = staging.EntryRequest, time.Now()
	b.services.Journal.Add(journal.Record{OrgID: objectid.MustParse(org), Entry: entry})
}

func TestTheJournalOfAnotherIsAsOneThatIsNotThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ask(neighbor, staging.JournalEntry{Operation: "getProject", Status: 404, ErrorCode: "GROUP_NOT_FOUND"})
	theirs, err := b.as(neighborToken).Journal(t.Context(), neighbor, staging.JournalQuery{})
	if err != nil || len(theirs) != 1 {
		t.Fatalf("got %+v, %v; want one entry", theirs, err)
	}
	mine, err := b.as(readToken).Journal(t.Context(), demo, staging.JournalQuery{})
	if err != nil || len(mine) != 0 {
		t.Errorf("got %+v, %v; want no entry of another organization", mine, err)
	}
	_, err = b.as(readToken).JournalEntry(t.Context(), demo, theirs[0].ID)
	isProblem(t, err, staging.CodeNotFound)
	_, err = b.as(readToken).Journal(t.Context(), neighbor, staging.JournalQuery{})
	isProblem(t, err, staging.CodeNotFound)
	isProblem(t, b.as(writeToken).ClearJournal(t.Context(), neighbor), staging.CodeNotFound)
	isProblem(t, b.as(readToken).ClearJournal(t.Context(), demo), staging.CodeReadOnlyToken)
	if err := b.as(writeToken).ClearJournal(t.Context(), demo); err != nil {
		t.Fatal(err)
	}
	if theirs, err = b.as(neighborToken).Journal(t.Context(), neighbor, staging.JournalQuery{}); len(theirs) != 1 {
		t.Errorf("got %+v, %v; want the entry of the neighbor still there", theirs, err)
	}
}

func TestEntriesAreFoundByWhatTheyTell(t *testing.T) {
	t.Parallel()
	b := setup(t)
	all := []staging.JournalEntry{
		{Operation: "getProject", Status: 404, ErrorCode: "GROUP_NOT_FOUND", Principal: "aaaaaaaa", UserAgent: "tf/1.2", RequestID: "r1"},
		{Operation: "createExportBucket", Status: 200, Project: noProject, Principal: "bbbbbbbb", UserAgent: "cli/3", RequestID: "r2"},
		{Operation: "createExportBucket", Status: 503, Principal: "bbbbbbbb", UserAgent: "tf/1.3", RequestID: "r3", Fault: "away"},
	}
	for _, entry := range all {
		b.ask(demo, entry)
	}
	for name, tt := range map[string]struct {
		query staging.JournalQuery
		want  []string
	}{
		"all, the newest first": {staging.JournalQuery{}, []string{"r3", "r2", "r1"}},
		"the newest":            {staging.JournalQuery{Limit: 1}, []string{"r3"}},
		"operation":             {staging.JournalQuery{Operation: "createExportBucket"}, []string{"r3", "r2"}},
		"status":                {staging.JournalQuery{Status: "404"}, []string{"r1"}},
		"class of status":       {staging.JournalQuery{Status: "5xx"}, []string{"r3"}},
		"error code":            {staging.JournalQuery{ErrorCode: "GROUP_NOT_FOUND"}, []string{"r1"}},
		"project":               {staging.JournalQuery{Project: noProject}, []string{"r2"}},
		"principal":             {staging.JournalQuery{Principal: "bbbbbbbb"}, []string{"r3", "r2"}},
		"user agent":            {staging.JournalQuery{UserAgent: "tf/*"}, []string{"r3", "r1"}},
		"fault":                 {staging.JournalQuery{Fault: "away"}, []string{"r3"}},
		"request id":            {staging.JournalQuery{RequestID: "r2"}, []string{"r2"}},
		"none since":            {staging.JournalQuery{Since: time.Now().Add(time.Hour)}, nil},
	} {
		got, err := b.as(readToken).Journal(t.Context(), demo, tt.query)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for i, entry := range got {
			if i >= len(tt.want) || entry.RequestID != tt.want[i] {
				t.Errorf("%s: got %s at %d, want %v", name, entry.RequestID, i, tt.want)
			}
		}
		if len(got) != len(tt.want) {
			t.Errorf("%s: got %d entries, want %d", name, len(got), len(tt.want))
		}
	}
	newest, err := b.as(readToken).Journal(t.Context(), demo, staging.JournalQuery{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	older, err := b.as(readToken).Journal(t.Context(), demo, staging.JournalQuery{Before: newest[0].ID})
	if err != nil || len(older) != 2 || older[0].RequestID != "r2" {
		t.Errorf("before the newest: got %+v, %v; want the others", older, err)
	}
}

const noProject = "5f0000000000000000000bff"

func TestAListWaitsForEntries(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := make(chan []staging.JournalEntry, 1)
	go func() {
		entries, err := b.as(readToken).Journal(t.Context(), demo, staging.JournalQuery{AtLeast: 2, Wait: 50 * time.Second})
		if err != nil {
			t.Error(err)
		}
		got <- entries
	}()
	for range 2 {
		b.ask(demo, staging.JournalEntry{Status: 200})
		b.services.Journal.Flush(t.Context())
	}
	if entries := <-got; len(entries) != 2 {
		t.Errorf("got %d entries, want 2", len(entries))
	}
	entries, err := b.as(readToken).Journal(t.Context(), demo, staging.JournalQuery{AtLeast: 3, Wait: time.Millisecond})
	if err != nil || len(entries) != 2 {
		t.Errorf("after the time: got %d entries, %v; want the 2 that there are", len(entries), err)
	}
}

// Each list that waits asks the database time and again. Those of one organization are
// bounded, and take nothing from another's.
func TestListsThatWaitAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	wait := func(token, org string, d time.Duration) ([]staging.JournalEntry, error) {
		return b.as(token).Journal(t.Context(), org, staging.JournalQuery{AtLeast: 1, Wait: d})
	}
	busy := func(err error) bool {
		problem, ok := errors.AsType[*staging.Problem](err)
		return ok && problem.Code == staging.CodeBusy
	}
	var waiting sync.WaitGroup
	for range 20 {
		waiting.Go(func() {
			entries, err := wait(readToken, demo, 50*time.Second)
			for busy(err) { // isBusy has the last place
				entries, err = wait(readToken, demo, 50*time.Second)
			}
			if err != nil || len(entries) != 1 {
				t.Errorf("got %+v, %v; want the entry that was waited for", entries, err)
			}
		})
	}
	isBusy := func() bool {
		_, err := wait(readToken, demo, time.Millisecond)
		return busy(err)
	}
	waittest.Until(t, "no more lists may wait", isBusy)
	got := b.do(t, http.MethodGet, staging.Root+"/organizations/"+demo+"/journal?atLeast=1&wait=1s", readToken, "")
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" ||
		!strings.Contains(got.body, "20 lists") {
		t.Errorf("got %+v, want 503 that says when to come again and how many may wait", got)
	}
	if _, err := wait(neighborToken, neighbor, time.Millisecond); err != nil {
		t.Errorf("got %v of the neighbor, want an answer", err)
	}
	if _, err := b.as(readToken).Journal(t.Context(), demo, staging.JournalQuery{AtLeast: 1}); err != nil {
		t.Errorf("got %v of a list that does not wait, want an answer", err)
	}
	b.ask(demo, staging.JournalEntry{Status: 200})
	b.services.Journal.Flush(t.Context())
	waiting.Wait()
	if isBusy() {
		t.Error("got BUSY when nobody waits any more")
	}
}

func TestAChangeByATokenIsInTheJournal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.as(operatorToken).CreateToken(t.Context(), demo, staging.NewToken{Role: staging.RoleRead}); err != nil {
		t.Fatal(err)
	}
	entries, err := b.as(readToken).Journal(t.Context(), demo, staging.JournalQuery{})
	if err != nil || len(entries) != 1 || entries[0].Admin == nil {
		t.Fatalf("got %+v, %v; want one change", entries, err)
	}
	if got := *entries[0].Admin; got.Token != "operator" || got.Action != "POST /organizations/{org}/tokens" {
		t.Errorf("got %+v, want the operator's POST of a token", got)
	}
	if err := b.as(writeToken).ClearJournal(t.Context(), demo); err != nil {
		t.Fatal(err)
	}
	entries, err = b.as(readToken).Journal(t.Context(), demo, staging.JournalQuery{})
	if err != nil || len(entries) != 1 || entries[0].Admin.Counts["entries"] != 1 {
		t.Errorf("got %+v, %v; want who emptied the journal, and of how much", entries, err)
	}
}

func TestTheModeOfAJournalIsSet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, mode := range []staging.JournalMode{staging.JournalLines, staging.JournalOff, staging.JournalFull} {
		if _, err := b.as(writeToken).SetJournal(t.Context(), demo, staging.JournalSettings{Mode: mode}); err != nil {
			t.Fatal(err)
		}
		var got string
		err := b.pool.QueryRow(t.Context(), "SELECT journal_mode FROM orgs WHERE id = $1", demo).Scan(&got)
		if err != nil || got != string(mode) {
			t.Errorf("got %s, %v; want %s", got, err, mode)
		}
	}
	_, err := b.as(readToken).SetJournal(t.Context(), demo, staging.JournalSettings{Mode: staging.JournalOff})
	isProblem(t, err, staging.CodeReadOnlyToken)
}

func TestAQueryThatAsksForNothingIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for query, at := range map[string]string{
		"status=abc": "/status", "status=9xx": "/status", "limit=0x": "/limit", "limit=1001": "/limit",
		"atLeast=101": "/atLeast", "wait=2m": "/wait", "since=today": "/since", "before=x": "/before", "error=x": "/error",
	} {
		path := staging.Root + "/organizations/" + demo + "/journal?" + query
		got := b.do(t, http.MethodGet, path, readToken, "")
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, `"at": "`+at+`"`) {
			t.Errorf("%s: got %d %s, want INVALID at %s", query, got.status, got.body, at)
		}
	}
	got := b.do(t, http.MethodPut, staging.Root+"/organizations/"+demo+"/journal/settings", writeToken, `{"mode":"some"}`)
	if got.status != http.StatusBadRequest || !strings.Contains(got.body, `"at": "/mode"`) {
		t.Errorf("got %d %s, want INVALID at /mode", got.status, got.body)
	}
}
