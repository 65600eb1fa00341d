package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"exportbuckets/staging"
)

const demoPath = "/organizations/" + demo

func TestAnOperatorSeesAllOrganizationsAndATeamItsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator := b.browser(t, operatorToken)
	operator.get(t, "/").want(t, "operator", http.StatusOK, "Demo Organization", "Neighbor", "Locked", "protected")
	team := b.browser(t, writeToken)
	got := team.get(t, "/")
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/organizations/"+demo {
		t.Errorf("team: got %+v, want to be led to its organization", got)
	}
	team.get(t, "/organizations/"+demo).want(t, "team", http.StatusOK, "<h1>Demo Organization</h1>")
}

func TestAStateIsSaved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	team := b.browser(t, writeToken)
	path := "/organizations/" + demo
	team.send(t, path+"/save", url.Values{"name": {"before"}}).want(t, "save", http.StatusOK, "rows as before.")
	if got := team.get(t, path); strings.Contains(got.body, "Saved") {
		t.Errorf("got %s, want it told once", got.body)
	}
	team.post(t, path+"/save", url.Values{"name": {"before"}}).want(t, "again", http.StatusConflict, "CONFLICT")
	team.post(t, path+"/save", url.Values{"name": {"../"}}).want(t, "no name", http.StatusBadRequest, "/name")
	reader := b.browser(t, readToken)
	reader.post(t, path+"/save", url.Values{"name": {"a"}}).want(t, "reader", http.StatusForbidden, "READ_ONLY_TOKEN")
	if got := reader.get(t, path); strings.Contains(got.body, "/save") {
		t.Errorf("got %s for who may read, want nothing that changes", got.body)
	}
}

// Who uses what: an access role is used by an export bucket, which a schedule and a job use.
func TestAnOrganizationSaysWhoUsesWhat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.browser(t, readToken).get(t, demoPath)
	got.want(t, "organization", http.StatusOK,
		"Demo Project", `<span aria-hidden="true">✓</span> authorized`, "not authorized", "AZURE", "GCP",
		"used by 1 export bucket", "demo-backups", "the backup schedule of cluster <strong>Cluster0</strong>",
		"of cluster <strong>Cluster0</strong>: Successful", "IDLE", "demoownr", "ORG_OWNER",
		"<code>GROUP_OWNER</code> on Demo Project", "mdb_sa_id_5f0000000000000000000c01", "2099-12-31 00:00:00 UTC",
		"never used", "is what is declared")
	order := []string{"<h3 id=\"p5f0000000000000000000b03\"", "5f0000000000000000000d10", "5f0000000000000000000f01",
		"the backup schedule", "5f0000000000000000000f04"}
	rest := got.body
	for _, text := range order {
		_, after, ok := strings.Cut(rest, text)
		if !ok {
			t.Errorf("got no %s after those before it, want %v", text, order)
		}
		rest = after
	}
}

func TestSecretsSayWhenTheyExpiredAndKeysWhenTheyWereUsed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(t, "UPDATE service_account_secrets SET expires_at = '2020-01-02', last_used_at = '2020-01-01'",
		`INSERT INTO access_list_entries VALUES
			('`+demo+`', '5f0000000000000000000e01', '192.0.2.0/24', now(), 1, '2020-01-03', '192.0.2.1')`)
	b.browser(t, readToken).get(t, demoPath).want(t, "organization", http.StatusOK,
		"expired <time datetime=\"2020-01-02T00:00:00Z\">", "last used <time datetime=\"2020-01-01T00:00:00Z\">",
		"<td><time datetime=\"2020-01-03T00:00:00Z\">")
}

// A long list says how much of it is left out.
func TestALongListIsCut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(t, `INSERT INTO projects SELECT lpad(to_hex(n), 24, '0'), '`+demo+`', 'Many ' || n, now(), true, true, '[]', '{}', '{}'
		FROM generate_series(1, 108) AS n`)
	got := b.browser(t, readToken).get(t, demoPath)
	got.want(t, "organization", http.StatusOK, "and 11 more")
	if count := strings.Count(got.body, "<section"); count != 100 {
		t.Errorf("got %d projects, want 100", count)
	}
}

// What a reset will change is what it changes.
func TestAResetSaysFirstWhatItChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	team := b.browser(t, writeToken)
	b.exec(t, "DELETE FROM database_users", "UPDATE projects SET name = 'Changed' WHERE name = 'Other Project'",
		`INSERT INTO projects VALUES ('5f0000000000000000000bff', '`+demo+`', 'More', now(), true, true, '[]', '{}', '{}')`)
	team.get(t, demoPath).want(t, "organization", http.StatusOK, "differs from declared: 3", demoPath+"/reset")
	team.get(t, demoPath+"/reset").want(t, "before", http.StatusOK, "This is what the reset will change",
		`<th scope="row">databaseUsers</th><td class="number">+1</td><td class="number">−0</td><td class="number">~0</td>`,
		`<th scope="row">projects</th><td class="number">+0</td><td class="number">−1</td><td class="number">~1</td>`,
		"<li>removed: More <code>5f0000000000000000000bff</code></li>",
		"<li>updated: Other Project <code>5f0000000000000000000b02</code> (name)</li>")
	team.send(t, demoPath+"/reset", url.Values{"to": {staging.Declared}}).want(t, "after", http.StatusOK,
		"Reset to declared: 1 rows were added, 1 removed and 1 updated.", "is what is declared")
	team.get(t, demoPath+"/reset").want(t, "again", http.StatusOK, "No row differs")
	team.get(t, demoPath+"/reset?to=nothing").want(t, "no state", http.StatusNotFound, "no such state")
	team.post(t, demoPath+"/reset", url.Values{"to": {"nothing"}}).want(t, "no state", http.StatusNotFound)
	operator := b.browser(t, operatorToken)
	if got := operator.get(t, "/organizations/"+locked); strings.Contains(got.body, "/reset") {
		t.Errorf("got %s, want no reset of what is protected", got.body)
	}
	b.browser(t, operatorToken).post(t, "/organizations/"+locked+"/reset", url.Values{"to": {staging.Declared}}).
		want(t, "protected", http.StatusConflict, "ORGANIZATION_PROTECTED", "tenant protect --off")
}

func TestAnOrganizationIsExported(t *testing.T) {
	t.Parallel()
	b := setup(t)
	reader := b.browser(t, readToken)
	got := reader.get(t, demoPath+"/export")
	got.want(t, "export", http.StatusOK, "name: Demo Organization", "bucketName: demo-backups")
	if got, want := got.header.Get("Content-Disposition"), `attachment; filename="`+demo+`-live.yaml"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	reader.get(t, demoPath+"/export?of=nothing").want(t, "no state", http.StatusNotFound, "no such state")
}

var privateKey = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)

// The secrets of a throw-away organization are on the answer to the form, and nowhere else.
func TestAThrowawayIsMadeWithItsSecretsShownOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	team := b.browser(t, writeToken)
	team.get(t, demoPath+"/copy").want(t, "form", http.StatusOK, `<option value="live">`, `<option value="declared">`)
	form := url.Values{"state": {"live"}, "name": {"pr-42"}, "ttl": {"90m"}}
	made := team.post(t, demoPath+"/copy", form)
	made.want(t, "made", http.StatusOK, "<h1>Made pr-42</h1>", "not shown again", "https://atlas.example.com",
		"export MONGODB_ATLAS_PRIVATE_API_KEY=", "mdb_sa_sk_", "Demo Backups")
	token := regexp.MustCompile(`ebt_[a-f0-9]{24}_[A-Za-z0-9_-]{43}`).FindString(made.body)
	secret := privateKey.FindString(made.body)
	own := b.browser(t, token)
	path := own.get(t, "/").header.Get("Location")
	page := own.get(t, path)
	page.want(t, "own", http.StatusOK, "<h1>pr-42</h1>", "throw-away, until", path+"/delete")
	if secret == "" || strings.Contains(page.body, secret) || strings.Contains(page.body, token) {
		t.Errorf("got %s, want none of the secrets", page.body)
	}
	if logged := b.log.String(); strings.Contains(logged, secret) || strings.Contains(logged, token) {
		t.Errorf("got log %s, want none of the secrets", logged)
	}
	own.get(t, path+"/delete").want(t, "delete", http.StatusOK, "Nothing brings it back")
	own.send(t, path+"/delete", nil).want(t, "deleted", http.StatusOK, "<h1>Sign in</h1>")
	b.browser(t, operatorToken).get(t, path).want(t, "gone", http.StatusNotFound)
	form.Set("ttl", "1y")
	team.post(t, demoPath+"/copy", form).want(t, "a year", http.StatusBadRequest, "<code>/ttl</code>")
	form.Set("state", "nothing")
	team.post(t, demoPath+"/copy", form).want(t, "nothing", http.StatusBadRequest)
}

func TestAnOrganizationThatStaysIsDeletedByTheOperatorWhoSaysItsName(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator := b.browser(t, operatorToken)
	name := func(text string) url.Values { return url.Values{"name": {text}} }
	operator.get(t, demoPath+"/delete").want(t, "form", http.StatusOK, `name="name"`)
	operator.post(t, demoPath+"/delete", name("")).want(t, "no name", http.StatusBadRequest, "INVALID")
	operator.post(t, demoPath+"/delete", name("Neighbor")).want(t, "another", http.StatusConflict, "CONFLICT")
	b.browser(t, writeToken).post(t, demoPath+"/delete", name("Demo Organization")).
		want(t, "team", http.StatusForbidden, "READ_ONLY_TOKEN")
	got := operator.send(t, demoPath+"/delete", name("Demo Organization"))
	got.want(t, "deleted", http.StatusOK, "Deleted Demo Organization with all that it had.", "Neighbor")
	if strings.Contains(got.body, demoPath) {
		t.Errorf("got %s, want the organization gone", got.body)
	}
}
