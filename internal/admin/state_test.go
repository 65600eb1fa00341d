package admin_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

// addProject gives the demo organization a project, behind the back of the server.
func (b *bundle) addProject(t *testing.T, id string) {
	t.Helper()
	_, err := b.pool.Exec(t.Context(), `INSERT INTO projects (id, org_id, name, created_at,
		with_default_alerts_settings, managed_slow_ms, tags, settings, limits)
		VALUES ($1, $2, 'New', now(), true, true, '[]', '{}', '{}')`, id, demo)
	if err != nil {
		t.Fatal(err)
	}
}

func TestADiffIsOfWhatIsDeclaredAndWhatIsThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	diff := staging.Root + "/organizations/" + demo + "/diff"
	if got := b.do(t, http.MethodGet, diff, readToken, ""); got.status != http.StatusNotFound {
		t.Errorf("got %d %s, want 404: nothing is declared", got.status, got.body)
	}
	file := []byte("organizations: [{id: " + demo + ", name: Demo Organization}]")
	if _, err := b.as(writeToken).Declare(t.Context(), demo, file, staging.Replace, false); err != nil {
		t.Fatal(err)
	}
	b.addProject(t, "5f0000000000000000000b01")
	for query, part := range map[string]string{
		"": `"added": 1`, "?from=live": `"changes": []`, "?to=declared": `"changes": []`,
		"?from=live&to=declared": `"removed": 1`,
	} {
		got := b.do(t, http.MethodGet, diff+query, readToken, "")
		if got.status != http.StatusOK || !strings.Contains(got.body, part) {
			t.Errorf("%q: got %d %s, want 200 with %s", query, got.status, got.body, part)
		}
	}
}

func TestATeamSavesAndRestoresStates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	team := b.as(writeToken)
	saved, err := team.SaveState(t.Context(), demo, "before")
	if err != nil {
		t.Fatal(err)
	}
	b.addProject(t, "5f0000000000000000000b01")
	want := staging.Changes{Changes: []staging.Change{{
		Kind: "projects", Added: 1,
		Rows: []staging.ChangedRow{{ID: "5f0000000000000000000b01", Name: "New", Change: "added"}},
	}}}
	got, err := b.as(readToken).Diff(t.Context(), demo, "before", staging.Live)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("diff: got %v (-want +got):\n%s", err, diff)
	}
	want = staging.Changes{Changes: []staging.Change{{Kind: "projects", Removed: 1}}}
	got, err = team.Restore(t.Context(), demo, "before")
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("restore: got %v (-want +got):\n%s", err, diff)
	}
	for _, part := range []string{`"state":"before"`, `"removed":1`, `/restore"`, `"token":"`} {
		if !strings.Contains(b.log.String(), part) {
			t.Errorf("log: got %s, want %s in it", b.log, part)
		}
	}
	got, err = team.Reset(t.Context(), demo, staging.Reset{To: "before"})
	if diff := cmp.Diff(staging.Changes{Changes: []staging.Change{}}, got); err != nil || diff != "" {
		t.Errorf("reset: got %v (-want +got):\n%s", err, diff)
	}
	states, err := team.States(t.Context(), demo)
	if diff := cmp.Diff([]staging.State{saved}, states); err != nil || diff != "" {
		t.Errorf("states: got %v (-want +got):\n%s", err, diff)
	}
	one, err := team.State(t.Context(), demo, "before")
	if diff := cmp.Diff(saved, one); err != nil || diff != "" {
		t.Errorf("state: got %v (-want +got):\n%s", err, diff)
	}
	if err := team.DeleteState(t.Context(), demo, "before"); err != nil {
		t.Error(err)
	}
	_, err = team.State(t.Context(), demo, "before")
	isProblem(t, err, staging.CodeNotFound)
}

func TestWhoMayChangeStates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.as(writeToken).SaveState(t.Context(), demo, "a"); err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]struct{ read, write staging.Code }{
		operatorToken: {"", ""},
		readToken:     {"", staging.CodeReadOnlyToken},
		neighborToken: {staging.CodeNotFound, staging.CodeNotFound},
	} {
		client := b.as(token)
		reads := func() error {
			_, err := client.Diff(t.Context(), demo, "a", staging.Live)
			return err
		}
		writes := []func() error{
			func() error { _, err := client.Restore(t.Context(), demo, "a"); return err },
			func() error { _, err := client.Reset(t.Context(), demo, staging.Reset{To: "a"}); return err },
			func() error { _, err := client.SaveState(t.Context(), demo, "b"); return err },
			func() error { return client.DeleteState(t.Context(), demo, "b") },
		}
		check := func(err error, want staging.Code) {
			t.Helper()
			if want != "" {
				isProblem(t, err, want)
			} else if err != nil {
				t.Errorf("%s: got %v", token, err)
			}
		}
		check(reads(), want.read)
		for _, write := range writes {
			check(write(), want.write)
		}
	}
}

func TestRequestsForStatesThatCannotBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.as(writeToken).SaveState(t.Context(), demo, "taken"); err != nil {
		t.Fatal(err)
	}
	org := staging.Root + "/organizations/" + demo
	for _, tt := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"PUT", "/snapshots/taken", ``, 409, "CONFLICT"},
		{"PUT", "/snapshots/a%20b", ``, 400, `"at": "/name"`},
		{"PUT", "/snapshots/live", ``, 400, `"at": "/name"`},
		{"DELETE", "/snapshots/declared", ``, 400, `"at": "/name"`},
		{"GET", "/snapshots/x", ``, 404, "no such state"},
		{"DELETE", "/snapshots/x", ``, 404, "no such state"},
		{"POST", "/snapshots/x/restore", ``, 404, "no such state"},
		{"POST", "/reset", `{"to":"x"}`, 404, "no such state"},
		{"POST", "/reset", `{"to":1}`, 400, `"at": "/to"`},
		{"POST", "/reset", `{"too":"a"}`, 400, `"at": "/too"`},
		{"POST", "/reset", `{"to":"taken","projectId":"x"}`, 400, `"at": "/projectId"`},
		{"POST", "/reset", `{"to":"taken","projectId":"5f0000000000000000000b0f"}`, 404, "no such project"},
		{"GET", "/diff?from=live&to=x", ``, 404, "no such state"},
		{"GET", "/diff", ``, 404, "no such state"},
		{"PUT", "/state?dryrun=true", `{}`, 400, `"at": "/dryrun"`},
		{"PUT", "/state?dryRun=true&dryRun=false", `{}`, 400, `"at": "/dryRun"`},
		{"PUT", "/state?dryRun=true;mode=add", `{}`, 400, "INVALID"},
		{"GET", "/state?of=%00", ``, 400, `"at": "/of"`},
		{"GET", "/diff?from=%ff&to=live", ``, 400, `"at": "/from"`},
		{"GET", "/journal?project=%00", ``, 400, `"at": "/project"`},
		{"POST", "/snapshots/%00/restore", ``, 400, "INVALID"},
		{"POST", "/reset", `{"to":"a\u0000"}`, 400, `"at": "/to"`},
		{"PUT", "/faults/a", `{"match":{"header":{"X":"\u0000"}},"fault":{"kind":"reset"}}`, 400, `"at": "/match/header/X"`},
	} {
		got := b.do(t, tt.method, org+tt.path, writeToken, tt.body)
		if got.status != tt.status || !strings.Contains(got.body, tt.want) {
			t.Errorf("%s %s %s: got %d %s, want %d with %s", tt.method, tt.path, tt.body, got.status, got.body, tt.status, tt.want)
		}
	}
	yes := true
	_, err := b.as(operatorToken).UpdateOrganization(t.Context(), demo, staging.OrganizationUpdate{Protected: &yes})
	if err != nil {
		t.Fatal(err)
	}
	got := b.do(t, http.MethodPost, org+"/snapshots/taken/restore", writeToken, "")
	if got.status != http.StatusConflict || !strings.Contains(got.body, "ORGANIZATION_PROTECTED") {
		t.Errorf("restore of a protected organization: got %+v, want 409", got)
	}
}

func TestATeamDeclaresItsOrganization(t *testing.T) {
	t.Parallel()
	b := setup(t)
	team := b.as(writeToken)
	const file = "organizations: [{id: " + demo + ", name: Demo Organization, projects: [{id: 5f0000000000000000000b01, name: P}]}]"
	want := staging.Changes{Changes: []staging.Change{{Kind: "projects", Added: 1}}}
	for _, dryRun := range []bool{true, false} {
		got, err := team.Declare(t.Context(), demo, []byte(file), staging.Replace, dryRun)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("declare, dry run %t: got %v (-want +got):\n%s", dryRun, err, diff)
		}
	}
	got, err := team.Declare(t.Context(), demo, []byte(file), staging.Add, false)
	if diff := cmp.Diff(staging.Changes{Changes: []staging.Change{}}, got); err != nil || diff != "" {
		t.Errorf("add: got %v (-want +got):\n%s", err, diff)
	}
	if !strings.Contains(b.log.String(), `"dry_run":false`) {
		t.Errorf("log: got %s, want that it was no dry run", b.log)
	}
	_, err = b.as(readToken).Declare(t.Context(), demo, []byte(file), staging.Replace, true)
	isProblem(t, err, staging.CodeReadOnlyToken)
	path := staging.Root + "/organizations/" + demo + "/state"
	for query, want := range map[string]string{
		"?mode=x": `"at": "/mode"`, "?dryRun=x": `"at": "/dryRun"`, "": `"at": "/organizations"`,
	} {
		got := b.do(t, http.MethodPut, path+query, writeToken, `{"organizations":[]}`)
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, want) {
			t.Errorf("%s: got %+v, want 400 with %s", query, got, want)
		}
	}
	large := b.do(t, http.MethodPut, path, writeToken, strings.Repeat("#", staging.MaxBody+1))
	if large.status != http.StatusRequestEntityTooLarge {
		t.Errorf("too large a file: got %d, want 413", large.status)
	}
}

func TestAFileDeclaresNoMoreTokensThanThereMayBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tokens := make([]string, tenantstate.MaxTokens-1) // beside the two that there are
	for i := range tokens {
		tokens[i] = fmt.Sprintf("{role: read, token: ebt_%s_%043d}", demo, i)
	}
	file := "organizations: [{id: " + demo + ", name: Demo Organization, staging: {tokens: [" +
		strings.Join(tokens, ", ") + "]}}]"
	for _, mode := range []staging.Mode{staging.Add, staging.Replace} {
		_, err := b.as(writeToken).Declare(t.Context(), demo, []byte(file), mode, false)
		isProblem(t, err, staging.CodeLimit)
	}
	there, err := b.as(writeToken).Tokens(t.Context(), demo)
	if err != nil || len(there) != 2 {
		t.Errorf("got %d tokens, %v; want the 2 that there were", len(there), err)
	}
}

func TestATeamExportsItsOrganization(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file, err := b.as(readToken).Export(t.Context(), demo, staging.Live)
	if err != nil {
		t.Fatal(err)
	}
	want := "organizations:\n  - id: " + demo + "\n    name: Demo Organization\n    staging: {}\n"
	if string(file) != want {
		t.Errorf("export: got %s, want %s", file, want)
	}
	path := staging.Root + "/organizations/" + demo + "/state"
	got := b.do(t, http.MethodGet, path, readToken, "", func(r *http.Request) { r.Header.Set("Accept", "application/json") })
	if !strings.Contains(got.body, `{"organizations": [{"id": "`+demo+`"`) || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("export in JSON: got %+v", got)
	}
	applied := b.do(t, http.MethodPut, path, writeToken, got.body)
	if applied.status != http.StatusOK || !strings.Contains(applied.body, `"changes": []`) {
		t.Errorf("apply what was exported: got %+v, want no change", applied)
	}
	_, err = b.as(readToken).Export(t.Context(), demo, staging.Declared+"x")
	isProblem(t, err, staging.CodeNotFound)
	_, err = b.as(neighborToken).Export(t.Context(), demo, staging.Live)
	isProblem(t, err, staging.CodeNotFound)
}

func TestTheOperatorMakesAnOrganizationOfAFile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const id = "7f0000000000000000000a01"
	token := "ebt_" + id + "_" + strings.Repeat("t", 43)
	file := []byte("organizations: [{id: " + id + ", name: New, staging: {tokens: [{role: write, token: " + token +
		"}]}, projects: [{id: 7f0000000000000000000b01, name: First}]}]")
	for _, other := range []string{writeToken, readToken} {
		_, err := b.as(other).Declare(t.Context(), id, file, staging.Add, false)
		isProblem(t, err, staging.CodeNotFound)
	}
	operator := b.as(operatorToken)
	want := staging.Changes{Changes: []staging.Change{{Kind: "projects", Added: 1}}}
	for _, dryRun := range []bool{true, false} {
		_, err := operator.Organization(t.Context(), id)
		isProblem(t, err, staging.CodeNotFound)
		got, err := operator.Declare(t.Context(), id, file, staging.Replace, dryRun)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("dry run %t: got %v (-want +got):\n%s", dryRun, err, diff)
		}
	}
	made, err := b.as(token).Organization(t.Context(), id)
	if err != nil || made.Name != "New" || made.Protected || !made.Staged.Declared || made.ExpiresAt != nil {
		t.Errorf("got %+v, %v; want it declared and marked for staging, for good", made, err)
	}
	got, err := b.as(token).Diff(t.Context(), id, staging.Declared, staging.Live)
	if diff := cmp.Diff(staging.Changes{Changes: []staging.Change{}}, got); err != nil || diff != "" {
		t.Errorf("diff: got %v (-want +got):\n%s", err, diff)
	}
	_, err = operator.Declare(t.Context(), "7f0000000000000000000a02", file, staging.Add, false)
	isProblem(t, err, staging.CodeInvalid)

	// Without a mark it is protected, as one of a seed file is.
	file = []byte("organizations: [{id: 7f0000000000000000000a02, name: Protected}]")
	if _, err := operator.Declare(t.Context(), "7f0000000000000000000a02", file, staging.Replace, false); err != nil {
		t.Fatal(err)
	}
	made, err = operator.Organization(t.Context(), "7f0000000000000000000a02")
	if err != nil || !made.Protected || made.Staged.Declared {
		t.Errorf("got %+v, %v; want it protected", made, err)
	}
}
