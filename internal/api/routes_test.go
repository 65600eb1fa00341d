package api_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRoutesThatAreNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{
		apiRoot + "/nothing", apiRoot + "/nothing/", demoBuckets + "//", "/api/private/nothing", "/nothing", "/",
		apiRoot + "/groups/" + demoProject + "//backup/exportBuckets",
	} {
		want := refusal(404, "RESOURCE_NOT_FOUND", "Cannot find resource "+path+".", path)
		if got := b.do(t, request{path: path + "?x=y"}); got.status != 404 || got.body != want {
			t.Errorf("%s: got %d %s, want %s", path, got.status, got.body, want)
		}
	}
	if got := b.do(t, request{path: "/nothing", bare: true}); got.status != http.StatusNotFound {
		t.Errorf("outside the API without credentials: got %d, want 404", got.status)
	}
}

func TestMethodsThatAreNotOffered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one := demoBuckets + "/6a7900010203040506000001"
	for _, tt := range []struct {
		method, path string
		bare         bool
		status       int
		allow        string
	}{
		{http.MethodPut, demoBuckets, false, 405, "POST,GET,OPTIONS"},
		{http.MethodDelete, demoBuckets, false, 405, "POST,GET,OPTIONS"},
		{"PROPFIND", demoBuckets, false, 405, "POST,GET,OPTIONS"},
		{http.MethodPost, one, false, 405, "PATCH,GET,DELETE,OPTIONS"},
		{http.MethodOptions, demoBuckets, false, 200, "POST,GET,OPTIONS"},
		{http.MethodGet, "/api/oauth/token", true, 405, "POST,OPTIONS"},
	} {
		got := b.do(t, request{method: tt.method, path: tt.path, bare: tt.bare})
		if got.status != tt.status || got.body != "" || got.header.Get("Allow") != tt.allow {
			t.Errorf("%s %s: got %d %q, Allow %q; want %d, an empty body, Allow %q",
				tt.method, tt.path, got.status, got.body, got.header.Get("Allow"), tt.status, tt.allow)
		}
		if got.header.Get("Content-Length") != "0" || got.header.Get("Content-Type") != "" {
			t.Errorf("%s %s: got Content-Length %q and Content-Type %q, want 0 and none",
				tt.method, tt.path, got.header.Get("Content-Length"), got.header.Get("Content-Type"))
		}
	}
}

func TestHeadIsGetWithoutTheBody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, awsBody)
	for _, path := range []string{demoBuckets, demoBuckets + "/6a7900010203040506000001", demoBuckets + "/x"} {
		get := b.do(t, request{path: path})
		head := b.do(t, request{path: path, method: http.MethodHead})
		for _, name := range []string{"Date", "X-Request-Id", "Ratelimit-Remaining"} {
			get.header.Del(name)
			head.header.Del(name)
		}
		get.body = ""
		if diff := cmp.Diff(get, head, cmp.AllowUnexported(answer{})); diff != "" {
			t.Errorf("%s (-GET +HEAD):\n%s", path, diff)
		}
	}
}
