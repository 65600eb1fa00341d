package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"exportbuckets/staging"
)

func TestVersionIsNegotiatedByAccept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, awsBody)
	const first, second = "2023-01-01", "2024-05-30"
	vnd := func(s string) string { return "application/vnd.atlas." + s }
	tests := []struct {
		accept []string
		want   string // empty for 406
	}{
		{[]string{vnd("2023-01-01+json")}, first},
		{[]string{vnd("2024-05-29+json")}, first},
		{[]string{vnd("2024-05-30+json")}, second},
		{[]string{vnd("2025-03-12+json")}, second},
		{[]string{vnd("2099-01-01+json")}, second},
		{[]string{vnd("2024-05-30+json;charset=utf-8")}, second},
		{[]string{vnd("2024-05-30+json; q=0.5")}, second},
		{[]string{"Application/VND.Atlas.2024-05-30+JSON"}, second},
		{[]string{"text/html, " + vnd("2023-02-01+json") + ", " + vnd("2024-05-30+json")}, first},
		{[]string{"*/*", vnd("2024-05-30+json")}, second},
		{[]string{vnd("2022-12-31+json")}, ""},
		{[]string{vnd("2024-13-45+json")}, ""},
		{[]string{vnd("2024-02-30+json")}, ""},
		{[]string{vnd("v2+json")}, ""},
		{[]string{vnd("preview+json")}, ""},
		{[]string{vnd("upcoming+json")}, ""},
		{[]string{vnd("2024-05-30+csv")}, ""},
		{[]string{vnd("2024-05-30")}, ""},
		{[]string{"application/json"}, ""},
		{[]string{"*/*"}, ""},
		{[]string{""}, ""},
	}
	for _, tt := range tests {
		for _, path := range []string{demoBuckets, demoBuckets + "/6a7900010203040506000001"} {
			got := b.do(t, request{path: path, header: http.Header{"Accept": tt.accept}})
			if tt.want == "" {
				want := refusal(406, "INVALID_VERSION_DATE", "Invalid accept header or version date.")
				if got.status != 406 || got.body != want {
					t.Errorf("%q: got %d %s, want %s", tt.accept, got.status, got.body, want)
				}
				continue
			}
			want := "application/vnd.atlas." + tt.want + "+json;charset=utf-8"
			if got.status != 200 || got.header.Get("Content-Type") != want {
				t.Errorf("%q: got %d %q, want 200 %q", tt.accept, got.status, got.header.Get("Content-Type"), want)
			}
			if deprecated := got.header.Get("Deprecation") != ""; deprecated != (tt.want == first) {
				t.Errorf("%q: got Deprecation %q for version %s", tt.accept, got.header.Get("Deprecation"), tt.want)
			}
		}
	}
}

func TestVersionIsGoneAfterItsSunset(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := http.Header{"Accept": {"application/vnd.atlas.2023-06-01+json"}}
	b.clock.advance(time.Date(2027, 6, 30, 23, 59, 59, 0, time.UTC).Sub(b.clock.Now()))
	if got := b.do(t, request{header: first}); got.status != http.StatusOK {
		t.Errorf("the day before: got %d %s, want 200", got.status, got.body)
	}
	b.clock.advance(time.Second)
	path := strings.TrimPrefix(demoBuckets, "/")
	want := refusal(410, "VERSION_GONE", "Version 2023-01-01 of "+path+" is no longer available.", "2023-01-01", path)
	if got := b.do(t, request{header: first}); got.status != http.StatusGone || got.body != want {
		t.Errorf("the day: got %d %s, want %s", got.status, got.body, want)
	}
	// What the report of sunsets is made from.
	asked := staging.Version{
		Asked: "2023-06-01", Served: "2023-01-01", Successor: "2024-05-30", Sunset: "2027-07-01",
	}
	if got := b.journal.last().Version; got == nil || *got != asked {
		t.Errorf("got version %+v in the journal, want %+v", got, asked)
	}
	if got := b.do(t, request{}); got.status != http.StatusOK {
		t.Errorf("the next version: got %d %s, want 200", got.status, got.body)
	}
}
