package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"exportbuckets/internal/journal"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

const (
	journalPath = demoPath + "/journal"
	markup      = `<b onclick="x">&'`
)

// unescaped is what an answer has of markup if that is not escaped.
const unescaped = "<b onclick"

// ask adds an entry of an organization to the journal.
func (b *bundle) ask(org string, entry staging.JournalEntry) {
	entry.Kind = staging.EntryRequest
	if entry.At.IsZero() {
		entry.At = time.Now()
	}
	b.journal.Add(journal.Record{OrgID: objectid.MustParse(org), Entry: entry})
}

// wantNone fails the test if the answer has one of the texts in it.
func (a answer) wantNone(t *testing.T, what string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			t.Errorf("%s: got %s, want it to have no %q", what, a.body, text)
		}
	}
}

func TestTheJournalIsFiltered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	team := b.browser(t, readToken)
	team.get(t, journalPath).want(t, "empty", http.StatusOK, "There is no entry yet.")
	b.ask(demo, staging.JournalEntry{Operation: "getGroup", Status: 404, ErrorCode: "GROUP_NOT_FOUND"})
	b.ask(demo, staging.JournalEntry{Operation: "listGroups", Status: 200, Principal: "aaaaaaaa"})
	b.ask(neighbor, staging.JournalEntry{Operation: "deleteGroup", Status: 200})
	all := team.get(t, journalPath)
	all.want(t, "all", http.StatusOK, "getGroup", "listGroups", "GROUP_NOT_FOUND", `id="live"`, "Newer entries",
		"of all organizations: 0")
	all.wantNone(t, "all", "deleteGroup", "clear")
	if strings.Index(all.body, "listGroups") > strings.Index(all.body, "getGroup") {
		t.Errorf("got %s, want the newest first", all.body)
	}
	formed := team.get(t, journalPath+"?status=4xx&errorCode=&operation=&project=&since=")
	if to := formed.header.Get("Location"); to != journalPath+"?status=4xx" {
		t.Errorf("got %q, want an address of what was filled in", to)
	}
	refused := team.get(t, journalPath+"?status=4xx")
	refused.want(t, "4xx", http.StatusOK, "getGroup", `<input id="status" name="status" value="4xx"`, "<details open>")
	refused.wantNone(t, "4xx", "listGroups")
	team.get(t, journalPath+"?operation=createGroup").want(t, "none", http.StatusOK, "No entry matches.")
	team.get(t, "/organizations/"+neighbor+"/journal").want(t, "another's", http.StatusNotFound)
}

func TestAFilterThatMakesNoSenseIsShownAsItWasSent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	team := b.browser(t, readToken)
	for query, place := range map[string]string{
		"status=" + url.QueryEscape(markup): "/status", "since=yesterday": "/since", "before=x": "/before",
	} {
		name := strings.TrimPrefix(place, "/")
		got := team.get(t, journalPath+"?principal=aaaaaaaa&"+query)
		got.want(t, query, http.StatusBadRequest, "<code>"+place+"</code>", `name="principal" value="aaaaaaaa"`)
		got.wantNone(t, query, unescaped)
		if name != "before" {
			got.want(t, query, http.StatusBadRequest, `aria-invalid="true" aria-describedby="`+name+`-form problem"`)
		}
	}
	team.get(t, journalPath+"?error=x").want(t, "unknown", http.StatusBadRequest, "There is no such parameter.")
}

func TestOldEntriesAreFoundPageByPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const entries = 250
	start := time.Now().Add(-time.Hour)
	for i := range entries {
		b.ask(demo, staging.JournalEntry{
			Operation: fmt.Sprintf("op%03d.", i), Status: 200, At: start.Add(time.Duration(i) * time.Second),
		})
	}
	b.ask(demo, staging.JournalEntry{Operation: "failed", Status: 500, At: start.Add(-time.Second)})
	team := b.browser(t, readToken)
	path, next := journalPath+"?status=200", entries-1
	for pages := 1; ; pages++ {
		got := team.get(t, path)
		for range min(100, next+1) {
			got.want(t, path, http.StatusOK, fmt.Sprintf("op%03d.", next))
			next--
		}
		got.wantNone(t, path, fmt.Sprintf("op%03d.", next), "failed")
		_, rest, more := strings.Cut(got.body, `<p><a href="`+journalPath+`?before=`)
		if !more {
			if pages != 3 || next != -1 {
				t.Errorf("got %d pages, and %d entries not shown", pages, next+1)
			}
			got.want(t, path, http.StatusOK, `<a href="`+journalPath+`?status=200">Newest entries`)
			got.wantNone(t, path, `id="live"`)
			return
		}
		before, _, _ := strings.Cut(rest, `"`)
		path = journalPath + "?before=" + strings.ReplaceAll(before, "&amp;", "&")
	}
}

func TestTheJournalIsCleared(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ask(demo, staging.JournalEntry{Operation: "getGroup", Status: 404})
	b.browser(t, readToken).post(t, journalPath+"/clear", nil).
		want(t, "reader", http.StatusForbidden, "READ_ONLY_TOKEN")
	team := b.browser(t, writeToken)
	team.post(t, journalPath+"/clear", url.Values{"x": {"y"}}).want(t, "unknown", http.StatusBadRequest)
	got := team.send(t, journalPath+"/clear", nil)
	got.want(t, "clear", http.StatusOK, "Deleted 1 entries.", "POST /organizations/{org}/journal/clear")
	got.wantNone(t, "clear", "getGroup")
}

func TestMarkupInTheJournalIsEscaped(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(t, "UPDATE orgs SET name = '<b onclick=x>'")
	b.ask(demo, staging.JournalEntry{
		Operation: markup, Method: markup, Path: markup, Status: 404, ErrorCode: markup, Fault: markup, Principal: markup,
	})
	got := b.browser(t, readToken).get(t, journalPath)
	got.want(t, "markup", http.StatusOK, "&lt;b onclick")
	got.wantNone(t, "markup", unescaped)
}

func TestAnEntryWithoutAnAnswerSaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ask(demo, staging.JournalEntry{Operation: "a", Status: 200, AnswerLost: true, Fault: "lost"})
	b.ask(demo, staging.JournalEntry{Operation: "b"})
	b.browser(t, readToken).get(t, journalPath).want(t, "lost", http.StatusOK, "200, answer lost", "no answer")
}
