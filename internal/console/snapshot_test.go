package console_test

import (
	"net/http"
	"net/url"
	"testing"

	"exportbuckets/staging"
)

const snapshotsPath = demoPath + "/snapshots"

func TestStatesAreComparedAndDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	team := b.browser(t, writeToken)
	team.send(t, demoPath+"/save", url.Values{"name": {"before"}}).
		want(t, "save", http.StatusOK, "rows as before.", "<h1>Snapshots</h1>", `<a href="`+snapshotsPath+`/diff?from=before&amp;to=live">`,
			`<a href="/organizations/`+demo+`/reset?to=before">`, "what the organization")
	team.get(t, snapshotsPath+"/diff?from=before").want(t, "same", http.StatusOK, "No row differs.")
	b.exec(t,
		"UPDATE projects SET name = '"+markup[:10]+"' WHERE id = '5f0000000000000000000b03'",
		"DELETE FROM export_jobs", "DELETE FROM api_keys WHERE public_key = 'demoownr'",
	)
	got := team.get(t, snapshotsPath+"/diff?from=before&to=live")
	got.want(t, "diff", http.StatusOK, "<h1>From before to live</h1>", `<a href="#projects">projects</a>`,
		`>Only in before</th><th scope="col" class="number">Only in live</th>`, "there, and different in <code>name</code>",
		`<h2 id="apiKeys">apiKeys</h2>`, `<span aria-hidden="true">−</span> there</td><td>–`, "&lt;b onclick",
		`<select id="from" name="from">`, `<option value="before" selected>`)
	got.wantNone(t, "diff", unescaped)
	team.get(t, snapshotsPath+"/diff?from=live&to=before").
		want(t, "other way", http.StatusOK, `not there</span></td><td><span aria-hidden="true">+</span> there</td>`)
	team.get(t, snapshotsPath+"/diff?from="+url.QueryEscape(markup)).
		want(t, "no state", http.StatusNotFound, "The organization has no such state.")
	team.send(t, snapshotsPath+"/delete", url.Values{"name": {"before"}}).
		want(t, "delete", http.StatusOK, "Deleted the saved state before.")
	team.post(t, snapshotsPath+"/delete", url.Values{"name": {"before"}}).want(t, "again", http.StatusNotFound)
	team.post(t, snapshotsPath+"/delete", url.Values{"name": {"declared"}}).want(t, "declared", http.StatusBadRequest)
}

func TestWhoReadsSeesStatesAndChangesNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.browser(t, writeToken).send(t, demoPath+"/save", url.Values{"name": {"before"}})
	reader := b.browser(t, readToken)
	got := reader.get(t, snapshotsPath)
	got.want(t, "list", http.StatusOK, ">before<", "Compare")
	got.wantNone(t, "list", "/reset?to=", `method="post" action="/organizations`)
	reader.post(t, snapshotsPath+"/delete", url.Values{"name": {"before"}}).
		want(t, "delete", http.StatusForbidden, string(staging.CodeReadOnlyToken))
	b.browser(t, neighborToken).get(t, "/organizations/"+neighbor+"/snapshots").
		want(t, "neighbor", http.StatusOK, "Saved states")
	b.browser(t, operatorToken).get(t, "/organizations/"+locked+"/snapshots").
		want(t, "none", http.StatusOK, "There is none. Save one below")
}
