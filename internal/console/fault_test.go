package console_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"exportbuckets/staging"
)

const faultsPath = demoPath + "/faults"

func TestFaultsAreAddedAndRemoved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	team := b.browser(t, writeToken)
	team.get(t, faultsPath).want(t, "none", http.StatusOK, "There is no fault", "Add a fault",
		`<input id="name" name="name" value=""`, `<select id="kind" name="kind">`)
	got := team.send(t, faultsPath, url.Values{
		"name": {"gone"}, "kind": {"error"}, "errorCode": {"GROUP_NOT_FOUND"}, "parameters": {`["a"]`}, "status": {""},
		"retryAfter": {""}, "at": {""}, "ms": {"5"}, "operations": {"getGroup  listGroups"}, "projectId": {absent},
		"principal": {"demoownr"}, "skip": {"1"}, "count": {"3"},
	})
	got.body = html.UnescapeString(got.body)
	got.want(t, "form", http.StatusOK, "Stored the fault gone.", "error GROUP_NOT_FOUND",
		`{"kind":"error","errorCode":"GROUP_NOT_FOUND","parameters":["a"],"ms":5}`,
		`{"operations":["getGroup","listGroups"],"projectId":"`+absent+`","principal":"demoownr"}`,
		`<td class="number">1</td>`, `<td class="number">3</td>`, `<a href="`+journalPath+`?fault=gone">0<`)
	b.exec(t, "UPDATE staging_faults SET seen = 7, applied = 2")
	team.get(t, faultsPath).want(t, "counted", http.StatusOK, `<td class="number">7</td>`, ">2<span", `<td class="number">1</td>`)
	team.send(t, faultsPath, url.Values{"json": {`{"name": "cut", "fault": {"kind": "truncate", "bytes": 3}}`}}).
		want(t, "JSON", http.StatusOK, "Stored the fault cut.", "truncate", `<td class="number">all</td>`)
	removed := team.send(t, faultsPath+"/remove", url.Values{"name": {"gone"}})
	removed.want(t, "remove", http.StatusOK, "Removed the fault gone.", "truncate")
	removed.wantNone(t, "remove", "GROUP_NOT_FOUND</td>", `?fault=gone`)
	team.post(t, faultsPath+"/remove", url.Values{"name": {"gone"}}).want(t, "again", http.StatusNotFound, "no such fault")
	team.send(t, faultsPath+"/clear", nil).want(t, "clear", http.StatusOK, "Removed all faults.", "There is no fault")
}

func TestAFaultThatCannotBeIsShownAsItWasSent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	team := b.browser(t, writeToken)
	for name, tt := range map[string]struct {
		field, value, says string
	}{
		"name":       {"name", markup, "A name has up to"},
		"error code": {"errorCode", markup, "There is no such error code"},
		"parameters": {"parameters", markup, "This is no array in JSON."},
		"status":     {"status", markup, "This is no whole number."},
		"count":      {"count", "0", "This is less than 1."},
		"operations": {"operations", markup, "There is no such operation"},
		"project":    {"projectId", markup, "This is no id of a project."},
		"another's":  {"at", "commit", "A fault of the kind error has no such thing."},
	} {
		form := url.Values{
			"name": {"a"}, "kind": {"error"}, "errorCode": {"GROUP_NOT_FOUND"}, "parameters": {`["kept"]`}, "skip": {"77"},
		}
		form.Set(tt.field, tt.value)
		got := team.post(t, faultsPath, form)
		got.want(t, name, http.StatusBadRequest, tt.says, `value="77"`, `aria-invalid="true"`)
		got.wantNone(t, name, unescaped)
		if !strings.Contains(html.UnescapeString(got.body), tt.value) {
			t.Errorf("%s: got %s, want what was sent in it", name, got.body)
		}
	}
	for sent, says := range map[string]string{
		`{"name": "a"` + markup:                        "is not JSON",
		`{"name": "a", "x": "` + "<b onclick>" + `"}`:  "There is no such key.",
		`{"name": "a", "fault": {"kind": "flood"}}`:    "There is no such kind of fault.",
		`{"name": "<b onclick>", "fault": {"kind": 1}`: "not of the kind",
		``: "is not JSON",
	} {
		got := team.post(t, faultsPath, url.Values{"json": {sent}})
		got.want(t, sent, http.StatusBadRequest, says)
		got.wantNone(t, sent, unescaped)
		if !strings.Contains(html.UnescapeString(got.body), sent) {
			t.Errorf("%s: got %s, want what was sent in it", sent, got.body)
		}
	}
	team.get(t, faultsPath).want(t, "none", http.StatusOK, "There is no fault")
}

func TestAFormOfAFaultIsFilledInByItsAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.browser(t, writeToken).get(t, faultsPath+"?kind=reset&at=commit&operations=getGroup&projectId="+url.QueryEscape(markup))
	got.want(t, "filled", http.StatusOK, `<option value="reset" selected>`, `<option value="commit" selected>`,
		`value="getGroup"`, "&lt;b onclick")
	got.wantNone(t, "filled", unescaped)
}

func TestWhoReadsChangesNoFaults(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.browser(t, writeToken).send(t, faultsPath, url.Values{"name": {"slow"}, "kind": {"latency"}, "ms": {"5"}})
	reader := b.browser(t, readToken)
	got := reader.get(t, faultsPath)
	got.want(t, "list", http.StatusOK, "slow")
	got.wantNone(t, "list", `action="`+faultsPath)
	for _, path := range []string{"", "/remove", "/clear"} {
		reader.post(t, faultsPath+path, url.Values{"name": {"slow"}}).
			want(t, path, http.StatusForbidden, string(staging.CodeReadOnlyToken))
	}
	operator := b.browser(t, operatorToken)
	operator.get(t, "/organizations/"+locked+"/faults").want(t, "protected", http.StatusOK, "The organization is protected")
	operator.post(t, "/organizations/"+locked+"/faults", url.Values{"name": {"slow"}, "kind": {"latency"}, "ms": {"5"}}).
		want(t, "protected", http.StatusConflict, string(staging.CodeProtected))
}
