package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestASlashAtTheEndOfAPathIsIgnored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, awsBody)
	one := demoBuckets + "/6a7900010203040506000001"
	for _, path := range []string{apiRoot, "/api/atlas/v1.0", demoBuckets, one, "/openapi.json", "/readyz"} {
		want := b.do(t, request{path: path})
		if got := b.do(t, request{path: path + "/"}); got.status != http.StatusOK || got.body != want.body {
			t.Errorf("%s/: got %d %s, want 200 %s", path, got.status, got.body, want.body)
		}
	}
	if got := b.do(t, request{path: demoBuckets + "/?itemsPerPage=1"}); strings.Contains(got.body, "exportBuckets/?") {
		t.Errorf("links of a list: got %s, want none with a slash before the query", got.body)
	}
	if got := b.do(t, request{path: demoBuckets + "/", body: awsBody}); got.status != http.StatusOK {
		t.Errorf("POST: got %d %s, want 200", got.status, got.body)
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	if got := b.post(t, "/api/oauth/token/", form, basic(demoClientID, demoClientSecret)); got.status != http.StatusOK {
		t.Errorf("token: got %d %s, want 200", got.status, got.body)
	}
	for path, method := range map[string]string{one + "/": http.MethodPut, demoBuckets + "/": http.MethodDelete} {
		if got := b.do(t, request{method: method, path: path}); got.status != http.StatusMethodNotAllowed {
			t.Errorf("%s %s: got %d, want 405", method, path, got.status)
		}
	}
	if got := b.do(t, request{path: demoBuckets + "/x/?pretty=false"}); got.body != malformedPath(demoBuckets+"/x/") {
		t.Errorf("got %s, want the path as it was sent", got.body)
	}
	if got := b.do(t, request{method: http.MethodDelete, path: one + "/"}); got.status != http.StatusNoContent {
		t.Errorf("DELETE: got %d %s, want 204", got.status, got.body)
	}
}

func TestIdsMayBeInUpperCase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	body := strings.Replace(awsBody, awsRole, strings.ToUpper(awsRole), 1)
	want := b.do(t, request{body: body})
	project := apiRoot + "/groups/" + strings.ToUpper(demoProject)
	path := project + "/backup/exportBuckets/" + strings.ToUpper("6a7900010203040506000001")
	if got := b.do(t, request{path: path}); got.status != http.StatusOK || got.body != want.body {
		t.Errorf("got %d %s, want what was created, %s", got.status, got.body, want.body)
	}
	for _, path := range []string{
		apiRoot + "/orgs/" + strings.ToUpper(demoOrg), project,
		project + "/cloudProviderAccess/" + strings.ToUpper(awsRole),
		apiRoot + "/orgs/" + demoOrg + "/apiKeys/" + strings.ToUpper(spareKey),
	} {
		if got := b.do(t, request{path: path, header: http.Header{"Accept": {v2023}}}); got.status != http.StatusOK {
			t.Errorf("%s: got %d %s, want 200", path, got.status, got.body)
		}
	}
	project2 := `{"name":"upper","orgId":"` + strings.ToUpper(demoOrg) + `"}`
	got := b.do(t, request{method: http.MethodPost, path: projects, body: project2, header: http.Header{"Accept": {v2023}}})
	if got.status != http.StatusCreated {
		t.Errorf("a project: got %d %s, want 201", got.status, got.body)
	}
}

// What is wrong in a path is said to those who may alone, and before the body is read.
func TestOnlyThoseWhoMayLearnThatAnIDIsNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	unauthorized := refusal(401, "USER_UNAUTHORIZED", "Current user is not authorized to perform this action.")
	for key, want := range map[string]string{"demoread": unauthorized, "demoproj": malformedPath(demoBuckets + "/x")} {
		got := b.do(t, request{key: key, method: http.MethodPatch, path: demoBuckets + "/x", body: "{"})
		if got.body != want {
			t.Errorf("%s: got %d %s, want %s", key, got.status, got.body, want)
		}
	}
}

func TestDigestIsTakenInTheFormsThatClientsSend(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const query = "?pageNum=1"
	host := strings.TrimPrefix(b.server.URL, "http://")
	for name, tt := range map[string]struct{ uri, more string }{
		"no hash of the username": {demoBuckets + query, ", userhash=false"},
		"the whole URL":           {"http://" + host + demoBuckets + query, ""},
		"no query":                {demoBuckets, ""},
		"an unknown parameter":    {demoBuckets + query, `, opaque="x"`},
	} {
		header := digestHeader("demoownr", privateKeys["demoownr"], b.nonce(t), http.MethodGet, tt.uri) + tt.more
		got := b.do(t, request{path: demoBuckets + query, bare: true, header: http.Header{"Authorization": {header}}})
		if got.status != http.StatusOK {
			t.Errorf("%s: got %d %s, want 200", name, got.status, got.body)
		}
	}
}
