package api_test

import (
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"exportbuckets/internal/api"
	"exportbuckets/internal/journal"
	"exportbuckets/staging"
)

// journalKeeper is the journal of all tests. It fails a test in which something is refused and
// the entry does not say by which rule, or changed and it does not say in which rows.
type journalKeeper struct {
	*journal.Journal

	t       testing.TB
	mu      sync.Mutex
	entries []staging.JournalEntry
}

// keepJournal has the journal keep all that is asked of the bundle.
func (b *bundle) keepJournal(t testing.TB) {
	t.Helper()
	if _, err := b.pool.Exec(t.Context(), "UPDATE orgs SET journal_mode = 'full'"); err != nil {
		t.Fatal(err)
	}
	b.journal = &journalKeeper{t: t, Journal: journal.New(b.pool, journal.Config{
		Fields: api.JournalFields, Operations: api.Operations(), MaxBytes: 1 << 30, Log: slog.New(slog.DiscardHandler),
	})}
	b.services.Journal = b.journal
}

// Add implements api.Journal.
func (r *journalKeeper) Add(record journal.Record) {
	r.Journal.Add(record)
	e := record.Entry
	r.mu.Lock()
	r.entries = append(r.entries, e)
	r.mu.Unlock()
	changes := e.Method != http.MethodGet && e.Method != http.MethodHead && e.Method != http.MethodOptions
	if e.Status < 300 && changes && len(e.Steps) > 0 && unchanging[e.Operation] == "" &&
		e.Steps[len(e.Steps)-1].OK && e.Steps[len(e.Steps)-1].Name != "rows" {
		r.t.Errorf("%s %s %s: got steps %+v, want the rows that changed", e.Operation, e.Method, e.Path, e.Steps)
	}
	if e.Status < 400 {
		return
	}
	if len(e.Steps) == 0 || e.Steps[len(e.Steps)-1].OK || e.Steps[len(e.Steps)-1].Rule == "" {
		r.t.Errorf("%s %s, %d %s: got steps %+v, want the last with the rule that is broken",
			e.Method, e.Path, e.Status, e.ErrorCode, e.Steps)
	}
}

// last returns the newest entry.
func (r *journalKeeper) last() staging.JournalEntry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.entries[len(r.entries)-1]
}

// unchanging are the operations whose entry can be without rows, each with the reason.
var unchanging = map[string]string{
	"addGroupTeams":                         "there are no teams",
	"authorizeGroupCloudProviderAccessRole": "a role of Google Cloud stays as it is",
	"createAccessToken":                     "whose it is, is known when the row is there",
	"createGroupCloudProviderAccess":        "a project has one role of Google Cloud",
	"revokeAccessToken":                     "as createAccessToken",
}

// A secret that a client puts in any header, parameter, field or body, is nowhere in the
// journal or the log: every operation is sent each.
func TestSecretsOfRequestsAreNotInJournalOrLog(t *testing.T) {
	t.Parallel()
	const canary = "c4n4ry-s3cr3t"
	b := setup(t, func(s *settings) { s.api.RateLimits = false })
	b.serveUnchecked(t)
	secrets := map[string]any{
		"password": canary, "privateKey": canary, "secret": canary, "access_token": canary, "client_secret": canary,
		"token": canary, "pasword": canary, canary: canary, "list": []any{canary, map[string]any{canary: canary}},
	}
	fields := map[string]any{"pasword": canary}
	for name := range api.JournalFields() {
		fields[name] = secrets
	}
	maps.Copy(fields, secrets)
	whole, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	params := strings.NewReplacer(":groupId", demoProject, ":orgId", demoOrg, ":clusterName", "Cluster0")
	token := b.token(t)
	asked := 0
	for _, operation := range api.Operations() {
		method, path, _ := strings.Cut(operation, " ")
		if !strings.HasPrefix(path, apiRoot) || strings.Contains(path, "/unauth/") {
			continue // nothing is kept of nobody known
		}
		if method == http.MethodDelete && strings.HasSuffix(path, "/groups/:groupId") {
			continue // others need the project
		}
		path = regexp.MustCompile(`:\w+`).ReplaceAllString(params.Replace(path), noObject)
		for contentType, body := range map[string]string{
			"application/json":                      string(whole),
			"application/json;charset=utf-8":        `{"name":"` + canary,
			"application/vnd.atlas.2023-01-01+json": `[` + string(whole) + `]`,
			"text/plain":                            canary,
			"application/x-www-form-urlencoded":     "password=" + canary + "&" + canary + "=" + canary,
		} {
			b.do(t, request{
				method: method, path: path + "?password=" + canary + "&" + canary + "=1", body: body, token: token,
				header: http.Header{
					"Accept": {"application/vnd.atlas.2025-03-12+json"}, "Content-Type": {contentType},
					"Cookie": {"a=" + canary}, "Proxy-Authorization": {canary}, "X-Api-Key": {canary}, "Referer": {canary},
				},
			})
			asked++
		}
		b.journal.Flush(t.Context()) // before there is no room
		b.do(t, request{method: method, path: path, bare: true, header: http.Header{"Authorization": {"Bearer " + canary}}})
	}
	form := url.Values{"client_id": {demoClientID}, "client_secret": {canary}, "token": {canary}, canary: {canary}}
	b.post(t, "/api/oauth/token", form, nil)
	b.post(t, "/api/oauth/revoke", form, nil)
	form.Set("grant_type", "client_credentials")
	b.post(t, "/api/oauth/token", form, nil)
	b.journal.Flush(t.Context())
	var entries, shown int
	if err := b.pool.QueryRow(t.Context(), `SELECT count(*), count(*) FILTER (WHERE entry::text LIKE '%' || $1 || '%')
		FROM journal_entries`, canary).Scan(&entries, &shown); err != nil {
		t.Fatal(err)
	}
	if entries < asked || shown > 0 {
		t.Errorf("got %d entries for %d requests, %d with the secret; want one for each, and none with it", entries, asked, shown)
	}
	if strings.Contains(b.log.String(), canary) {
		t.Error("got the secret in the log, want it nowhere")
	}
}

// An entry is of the organization of the credential, whatever the path names.
func TestAnEntryIsOfWhoeverTheCredentialIs(t *testing.T) {
	t.Parallel()
	const strangerOrg = "5f0000000000000000000a02"
	b := setup(t)
	entries := func(org string) (n int) {
		t.Helper()
		b.journal.Flush(t.Context())
		if err := b.pool.QueryRow(t.Context(), "SELECT count(*) FROM journal_entries WHERE org_id = $1", org).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	wrong := func(key string) request {
		return request{bare: true, header: http.Header{"Authorization": {
			digestHeader(key, "wrong", b.nonce(t), "GET", demoBuckets),
		}}}
	}
	token := b.token(t)
	for name, tt := range map[string]struct {
		r              request
		ours, stranger int
	}{
		"ours":                                 {request{token: token}, 1, 0},
		"a stranger on our project":            {request{key: "stranger"}, 0, 1},
		"us on a stranger's project":           {request{token: token, path: projects + "/5f0000000000000000000b13"}, 1, 0},
		"our key with a wrong secret":          {wrong("demoproj"), 1, 0},
		"a stranger's key with a wrong secret": {wrong("stranger"), 0, 1},
		"a key that is nobody's":               {wrong("nobodyat"), 0, 0},
		"a token that is nobody's":             {request{token: "x"}, 0, 0},
		"no credentials":                       {request{bare: true}, 0, 0},
	} {
		ours, stranger := entries(demoOrg), entries(strangerOrg)
		b.do(t, tt.r)
		if got := entries(demoOrg) - ours; got != tt.ours {
			t.Errorf("%s: got %d entries of ours, want %d", name, got, tt.ours)
		}
		if got := entries(strangerOrg) - stranger; got != tt.stranger {
			t.Errorf("%s: got %d entries of the stranger, want %d", name, got, tt.stranger)
		}
	}
	before := entries(demoOrg)
	b.post(t, "/api/oauth/token", grant, basic(demoClientID, "wrong"))
	b.post(t, "/api/oauth/token", grant, basic(demoClientID, demoClientSecret))
	b.post(t, "/api/oauth/token", grant, basic("mdb_sa_id_"+noObject, "wrong"))
	if got := entries(demoOrg) - before; got != 2 {
		t.Errorf("token endpoint: got %d entries, want those of our client id alone", got)
	}
	b.clock.advance(time.Hour)
	if got := b.do(t, request{token: token}); got.status != http.StatusUnauthorized {
		t.Errorf("an expired token: got %d, want 401", got.status)
	}
	if got := entries(demoOrg) - before; got != 3 {
		t.Errorf("an expired token: got %d entries, want it, too", got)
	}
	b.clock.advance(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).Sub(b.clock.Now()))
	if got := b.post(t, "/api/oauth/token", grant, basic(demoClientID, demoClientSecret)); got.status != http.StatusUnauthorized {
		t.Errorf("an expired secret: got %d %s, want 401", got.status, got.body)
	}
	if got := entries(demoOrg) - before; got != 4 {
		t.Errorf("an expired secret: got %d entries, want it, too", got)
	}
}

// What is off keeps nothing, and lines have neither bodies nor steps. It holds from the next
// request on.
func TestTheModeSaysHowMuchIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t)
	for _, mode := range []staging.JournalMode{staging.JournalOff, staging.JournalLines, staging.JournalFull} {
		if _, err := b.pool.Exec(t.Context(), "UPDATE orgs SET journal_mode = $1", mode); err != nil {
			t.Fatal(err)
		}
		before := len(b.journal.entries)
		b.do(t, request{token: token, body: awsBody})
		if got := len(b.journal.entries) - before; (got == 1) != (mode != staging.JournalOff) {
			t.Errorf("%s: got %d entries", mode, got)
			continue
		}
		if mode == staging.JournalOff {
			continue
		}
		last := b.journal.last()
		full := last.Request != nil && last.Response != nil && len(last.Steps) > 0
		if full != (mode == staging.JournalFull) || last.Operation != "createGroupBackupExportBucket" ||
			last.Status != http.StatusOK || last.Version == nil {
			t.Errorf("%s: got %+v", mode, last)
		}
	}
	steps := b.journal.last().Steps
	var names []string
	for _, step := range steps {
		names = append(names, step.Name)
	}
	if got, want := strings.Join(names, " "), "route authenticate address rateLimit version authorize rule rows"; got != want {
		t.Errorf("got steps %s, want %s", got, want)
	}
	want := staging.Row{Table: "export_buckets", ID: "6a7900010203040506000003", Change: "insert", Count: 1}
	if got := steps[len(steps)-1].Rows; len(got) != 1 || got[0] != want {
		t.Errorf("got rows %+v, want %+v", got, want)
	}
}
