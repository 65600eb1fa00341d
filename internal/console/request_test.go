package console_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"exportbuckets/internal/journal"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// refused is the entry of a request for a role that is not there.
func refused(text string) journal.Record {
	sent, answered := `{"bucketName":"`+text+`","iamRoleId":"x"}`, `{"parameters":["`+text+`"]}`
	body := func(text string) journal.Body {
		return journal.Body{Type: "application/json", Size: len(text), Data: []byte(text)}
	}
	return journal.Record{
		OrgID: objectid.MustParse(demo), Request: body(sent), Response: body(answered),
		Entry: staging.JournalEntry{
			Kind: staging.EntryRequest, At: time.Now(), Method: "POST", Path: "/api/atlas/v2/groups/" + text,
			Operation: "createGroupBackupExportBucket", Status: 404, ErrorCode: "CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND",
			Project: absent, Principal: "demoownr", UserAgent: text, RequestID: text, Fault: text, Address: text,
			Version: &staging.Version{Asked: text, Served: text, Sunset: text},
			Request: &staging.Message{
				Query: map[string][]string{text: {text}}, Headers: map[string]string{"Accept": text, "Traceparent": text},
			},
			Response: &staging.Message{Headers: map[string]string{"Content-Type": text}},
			Steps: []staging.Step{
				{Name: "authenticate", OK: true, Facts: []staging.Fact{{Name: text, Value: text, Needs: text}}},
				{Name: "rows", OK: true, Rows: []staging.Row{
					{Table: "export_buckets", ID: absent, Change: "insert", Count: 1},
					{Table: text, ID: text, Change: text, Count: 2},
				}},
				{Name: "rule", Rule: "the role is there: " + text},
			},
		},
	}
}

// entryPath returns the address of the newest entry.
func (w *browser) entryPath(t *testing.T) string {
	t.Helper()
	found := regexp.MustCompile(journalPath + `/[0-9a-f]{24}`).FindString(w.get(t, journalPath).body)
	if found == "" {
		t.Fatal("got no link to an entry")
	}
	return found
}

func TestARequestSaysWhyItWasAnsweredSo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.journal.Add(refused("a'b"))
	team := b.browser(t, writeToken)
	got := team.get(t, team.entryPath(t))
	got.body = html.UnescapeString(got.body)
	got.want(t, "request", http.StatusOK, "<h1>Request: createGroupBackupExportBucket</h1>",
		`<span aria-hidden="true">✓</span> authenticate`,
		`<strong class="bad"><span aria-hidden="true">✕</span> rule refused the request.</strong> What does not hold: the role`,
		"needed: <code>a'b</code>", `<h2 id="Request">`, `"bucketName": "a'b"`, `<h2 id="Response">`,
		`href="/organizations/`+demo+`#r`+absent+`"`, "insert of 1 in export_buckets", "What may help",
		`/faults?errorCode=CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND&kind=error&name=CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND`+
			`&operations=createGroupBackupExportBucket&parameters=%5B%22a%27b%22%5D&projectId=`+absent,
		`curl --request 'POST' \
  --digest --user "$PUBLIC_KEY:$PRIVATE_KEY" \
  --header 'Accept: a'\''b' \
  --data '{"bucketName":"a'\''b"}' \
  'https://atlas.example.com/api/atlas/v2/groups/a'\''b'`)
	team.get(t, demoPath).want(t, "places", http.StatusOK,
		`id="p5f0000000000000000000b03"`, `id="r5f0000000000000000000d10"`, `id="r5f0000000000000000000f01"`)
	reader := b.browser(t, readToken)
	read := reader.get(t, reader.entryPath(t))
	read.want(t, "reader", http.StatusOK, "refused the request")
	read.wantNone(t, "reader", "Make a fault", "<form method=\"post\" action=\"/organizations")
	team.get(t, journalPath+"/"+absent).want(t, "absent", http.StatusNotFound, "There is no such entry")
	b.browser(t, neighborToken).get(t, team.entryPath(t)).want(t, "another's", http.StatusNotFound)
}

func TestARequestForATokenIsCopiedWithoutItsSecret(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const sent = "grant_type=client_credentials&client_secret=mdb_sa_sk_x"
	b.journal.Add(journal.Record{
		OrgID:   objectid.MustParse(demo),
		Request: journal.Body{Type: "application/x-www-form-urlencoded", Size: len(sent), Data: []byte(sent)},
		Entry: staging.JournalEntry{
			Kind: staging.EntryRequest, At: time.Now(), Method: "POST", Path: "/api/oauth/token", Status: 200,
			Principal: "mdb_sa_id_" + absent, Request: &staging.Message{},
		},
	})
	team := b.browser(t, writeToken)
	got := team.get(t, team.entryPath(t))
	got.body = html.UnescapeString(got.body)
	got.want(t, "token", http.StatusOK, `--user "$CLIENT_ID:$CLIENT_SECRET"`, "grant_type=client_credentials")
	got.wantNone(t, "token", "mdb_sa_sk_x", "left+out")
}

// What the form of a fault is filled in with, makes one that can be.
func TestAFaultOfARequestIsLikeIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	team := b.browser(t, writeToken)
	for name, tt := range map[string]struct {
		change func(*journal.Record)
		want   string // in the link; empty for none
	}{
		"no operation": {func(r *journal.Record) { r.Entry.Operation = "" }, ""},
		"an id of no project": {func(r *journal.Record) { r.Entry.Project = "aaaa" },
			`operations=createGroupBackupExportBucket&parameters=%5B%22x%22%5D"`},
		"an envelope": {func(r *journal.Record) {
			text := `{"content":{"parameters":["y"]}}`
			r.Response = journal.Body{Type: "application/json", Size: len(text), Data: []byte(text)}
		}, "parameters=%5B%22y%22%5D&"},
		"no credentials": {func(r *journal.Record) { r.Entry.Status, r.Entry.ErrorCode = 401, "UNEXPECTED_ERROR" },
			"?kind=unauthenticated&operations=createGroupBackupExportBucket&projectId=" + absent + `"`},
	} {
		record := refused("x")
		tt.change(&record)
		b.journal.Add(record)
		got := team.get(t, team.entryPath(t))
		got.body = html.UnescapeString(got.body)
		if tt.want == "" {
			got.wantNone(t, name, "Make a fault of this")
		} else {
			got.want(t, name, http.StatusOK, tt.want)
		}
	}
}

func TestTheCommandOfAHeadRequestEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	record := refused("x")
	record.Entry.Method = http.MethodHead
	b.journal.Add(record)
	team := b.browser(t, writeToken)
	team.get(t, team.entryPath(t)).want(t, "HEAD", http.StatusOK, "curl --head ")
}

func TestAChangeIsShown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.journal.Admin(objectid.MustParse(demo), staging.AdminChange{
		Token: markup, Action: markup, Counts: map[string]int64{markup: 7},
	})
	team := b.browser(t, writeToken)
	got := team.get(t, team.entryPath(t))
	got.want(t, "change", http.StatusOK, "<h1>Change: &lt;b onclick", "<dd>7</dd>")
	got.wantNone(t, "change", unescaped, "curl")
}

func TestMarkupInARequestIsEscaped(t *testing.T) {
	t.Parallel()
	b := setup(t)
	record := refused(strings.ReplaceAll(markup, `"`, ""))
	record.Entry.Operation, record.Entry.Project, record.Entry.ErrorCode = "", markup, markup
	record.Entry.Principal, record.Entry.Method = markup, markup
	b.journal.Add(record)
	team := b.browser(t, writeToken)
	got := team.get(t, team.entryPath(t))
	got.want(t, "markup", http.StatusOK, "&lt;b onclick", "<h2 id=\"Request\">")
	got.wantNone(t, "markup", unescaped)
}
