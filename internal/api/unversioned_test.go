package api_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/api"
)

// twice makes each request as one of version 2023-01-01 and, of a server that is in the
// same state, as one of the unversioned API, and compares the answers.
type twice struct{ versioned, unversioned *bundle }

// eventLink is a link to an event.
var eventLink = regexp.MustCompile(`"https://cloud\.example\.com` + v1Root + `(/groups/\w+/events/)`)

func (b twice) check(t *testing.T, r request) {
	t.Helper()
	r.header = http.Header{"Accept": {v2023}}
	want := b.versioned.do(t, r)
	r.path = strings.Replace(r.path, apiRoot, v1Root, 1)
	r.header = http.Header{"Accept": {"*/*"}, "Content-Type": {""}}
	if r.body != "" {
		r.header.Set("Content-Type", "application/json")
	}
	got := b.unversioned.do(t, r)

	// Links and the paths in errors begin with the same root, but for links to events.
	want.body = maskExternalID(strings.ReplaceAll(want.body, apiRoot, v1Root))
	want.body = eventLink.ReplaceAllString(want.body, `"https://cloud.example.com`+apiRoot+"$1")
	got.body = maskExternalID(got.body)
	if got.status != want.status || got.body != want.body {
		t.Errorf("%s %s: got %d %s, want %d %s", r.method, r.path, got.status, got.body, want.status, want.body)
	}
	if want.header.Get("Content-Type") != "" {
		want.header.Set("Content-Type", "application/json")
	}
	for _, name := range []string{"Ratelimit-Limit", "Ratelimit-Remaining", "Deprecation", "Sunset"} {
		want.header.Del(name)
	}
	for _, name := range []string{"Date", "X-Request-Id", "Content-Length"} {
		want.header.Del(name)
		got.header.Del(name)
	}
	if diff := cmp.Diff(want.header, got.header); diff != "" {
		t.Errorf("%s %s, header (-versioned +unversioned):\n%s", r.method, r.path, diff)
	}
}

func TestTheUnversionedAPIIsTheFirstVersion(t *testing.T) {
	t.Parallel()
	for _, caller := range []string{"organization owner", "project reader"} {
		t.Run(caller, func(t *testing.T) {
			t.Parallel()
			b := twice{setup(t), setup(t)}
			b.versioned.create(t, awsBody)
			b.unversioned.create(t, awsBody)
			first := firstVersions()
			asked := make(map[string]bool)
			for _, a := range accesses() {
				if !first[a.route] {
					continue
				}
				asked[a.route] = true
				method, path := a.methodAndPath()
				b.check(t, request{method: method, path: path, body: a.body, key: callers[caller].key})
				b.check(t, request{method: method, path: path + "?envelope=true", body: a.body, key: callers[caller].key})
			}
			for route := range first {
				if !asked[route] {
					t.Errorf("%s: got no request, want one", route)
				}
			}
		})
	}
}

// firstVersions are the routes that have version 2023-01-01.
func firstVersions() map[string]bool {
	first := make(map[string]bool)
	for route, versions := range api.Versions() {
		if versions[0].Date == "2023-01-01" {
			first[route] = true
		}
	}
	return first
}

func TestTheUnversionedAPIDoesNotLookAtAccept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := v1Root + strings.TrimPrefix(demoBuckets, apiRoot)
	for _, accept := range []string{"", "*/*", "text/html", "application/json", v2024, "application/vnd.atlas.2020-01-01+json"} {
		got := b.do(t, request{path: path, header: http.Header{"Accept": {accept}}})
		if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%q: got %d %s %s, want 200 and JSON", accept, got.status, got.header.Get("Content-Type"), got.body)
		}
	}
}

func TestWhatTheUnversionedAPIHasNot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const (
		project = "/groups/" + demoProject
		v15     = v15Root + project
		v1      = v1Root + project
	)
	none := func(path string) string {
		return refusal(404, "RESOURCE_NOT_FOUND", "Cannot find resource "+path+".", path)
	}
	for _, tt := range []struct{ method, path, want, allow string }{
		// These have later versions alone.
		{"GET", v1 + "/flexClusters", none(v1 + "/flexClusters"), ""},
		{"POST", v1 + "/serviceAccounts", none(v1 + "/serviceAccounts"), ""},
		{"GET", v1 + "/streams", none(v1 + "/streams"), ""},
		{"PATCH", v1 + "/backup/exportBuckets/6a7900010203040506000001", "", "GET,DELETE,OPTIONS"},
		{"POST", v1 + "/users", "", "GET,OPTIONS"},
		// It was removed while this was Atlas' only API.
		{"GET", v1 + "/whitelist", none(v1 + "/whitelist"), ""},
		// Clusters alone were changed in the API before versions.
		{"GET", v15, none(v15), ""},
		{"GET", v15 + "/clusters/c/status", none(v15 + "/clusters/c/status"), ""},
		{"GET", v15 + "/clusters/c/processArgs", none(v15 + "/clusters/c/processArgs"), ""},
		{"POST", v1 + "/clusters/tenantUpgrade", notServed("POST", v1Root+"/groups/{groupId}/clusters/tenantUpgrade"), ""},
	} {
		got := b.do(t, request{method: tt.method, path: tt.path, header: http.Header{"Accept": {"*/*"}}})
		if got.body != tt.want || got.header.Get("Allow") != tt.allow {
			t.Errorf("%s %s: got %d %s, Allow %q; want %s, Allow %q",
				tt.method, tt.path, got.status, got.body, got.header.Get("Allow"), tt.want, tt.allow)
		}
	}
}

func TestClustersOfTheUnversionedAPI(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, root := range []string{v1Root, v15Root} {
		path := root + "/groups/" + demoProject + "/clusters"
		got := b.do(t, request{path: path, header: http.Header{"Accept": {"*/*"}}})
		want := `{"links":[{"href":"https://cloud.example.com` + path +
			`?pageNum=1&itemsPerPage=100","rel":"self"}],"results":[],"totalCount":0}`
		if got.status != http.StatusOK || got.body != want {
			t.Errorf("%s: got %d %s, want %s", path, got.status, got.body, want)
		}
		want = refusal(404, "CLUSTER_NOT_FOUND", "No cluster named c exists in group "+demoProject+".", "c", demoProject)
		if got := b.do(t, request{path: path + "/c"}); got.body != want || got.header.Get("Sunset") != "" {
			t.Errorf("%s: got %d %s %s, want %s and no sunset", path+"/c", got.status, got.header, got.body, want)
		}
	}
}

func TestTheUnversionedAPIHasTheSameRateLimits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const settings = "/orgs/" + demoOrg + "/settings"
	unlimited := func(what string, got answer, status int) {
		t.Helper()
		limit := got.header.Get("RateLimit-Limit") + got.header.Get("RateLimit-Remaining")
		if got.status != status || limit != "" {
			t.Errorf("%s: got %d, limits %q; want %d and no limits", what, got.status, limit, status)
		}
	}
	for range 3 {
		unlimited("unversioned", b.do(t, request{path: v1Root + settings}), http.StatusOK)
	}
	if left := b.do(t, request{path: apiRoot + settings}).header.Get("RateLimit-Remaining"); left != "6" {
		t.Errorf("versioned: got %s left of 10, want 6 after 4", left)
	}
	got := b.do(t, request{path: v1Root + settings})
	for tries := 0; got.status == http.StatusOK && tries < 100; tries++ {
		got = b.do(t, request{path: v1Root + settings})
	}
	unlimited("unversioned, without end", got, http.StatusTooManyRequests)
	if got.header.Get("Retry-After") == "" {
		t.Error("got no Retry-After, want one")
	}
}

// Atlas was once a part of Ops Manager, whose API some clients take for that of Atlas.
func TestProjectsUnderThePathsOfOpsManager(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const root = "/api/public/v1.0"
	for _, tt := range []struct{ key, path, want string }{
		{"demoread", root + "/groups/" + demoProject + "/clusters?pretty=false", refusal(404, "ATLAS_GROUP",
			"Group "+demoProject+" is an Atlas group; use the Atlas Public API at /api/atlas/v1.0 to access it.", demoProject)},
		{"demoread", root + "/groups/" + demoProject, refusal(404, "ATLAS_GROUP",
			"Group "+demoProject+" is an Atlas group; use the Atlas Public API at /api/atlas/v1.0 to access it.", demoProject)},
		{"stranger", root + "/groups/" + demoProject, ""},
		{"demoread", root + "/groups/x", ""},
		{"demoread", root + "/groups", ""},
		{"demoread", root, ""},
	} {
		want := tt.want
		if want == "" {
			want = refusal(404, "RESOURCE_NOT_FOUND", "Cannot find resource "+tt.path+".", tt.path)
		}
		if got := b.do(t, request{path: tt.path, key: tt.key}); got.body != want {
			t.Errorf("%s %s: got %d %s, want %s", tt.key, tt.path, got.status, got.body, want)
		}
		checkChallenge(t, tt.path, b.do(t, request{path: tt.path, bare: true}), "false")
	}
}
