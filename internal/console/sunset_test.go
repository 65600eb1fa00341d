package console_test

import (
	"net/http"
	"net/url"
	"testing"

	"exportbuckets/staging"
)

const sunsetPath = demoPath + "/sunset"

func TestVersionsThatEndAreOnATimeLine(t *testing.T) {
	t.Parallel()
	b := setup(t)
	team := b.browser(t, readToken)
	team.get(t, sunsetPath).want(t, "none", http.StatusOK, "The journal has no request to a versioned operation yet")
	for _, entry := range []staging.JournalEntry{
		{UserAgent: "tf/1", Operation: "a", Version: &staging.Version{
			Asked: "2023-02-01", Served: "2023-01-01", Successor: "2024-05-30", Sunset: "2027-07-01",
		}},
		{UserAgent: "cli/2", Operation: "b", Version: &staging.Version{Asked: "2025-03-12", Served: "2024-05-30"}},
		{UserAgent: markup, Operation: markup, Version: &staging.Version{
			Asked: markup, Served: markup, Successor: markup, Sunset: "2027-01-01",
		}},
	} {
		b.ask(demo, entry)
	}
	got := team.get(t, sunsetPath+"?at=2027-06-01")
	got.want(t, "report", http.StatusOK, "tf/1", "30 days", "<td class=\"dates\">2023-02-01</td>", "next is 2024-05-30", "no end is set",
		"gone: 410, for 151 days", `<time datetime="2027-01-01T00:00:00Z">`, `<time datetime="2027-07-01T00:00:00Z">`,
		`<rect class="end" x="100"`, `<rect class="end" x="0"`, "&lt;b onclick",
		`<input id="at" name="at" value="2027-06-01"`)
	got.wantNone(t, "report", unescaped, "style=")
	team.get(t, sunsetPath+"?at=2027-07-01T00:00:00Z").want(t, "gone", http.StatusOK, "gone: 410, for 0 days")
	for _, at := range []string{"soon", markup, "2027-13-01"} {
		wrong := team.get(t, sunsetPath+"?at="+url.QueryEscape(at))
		wrong.want(t, at, http.StatusBadRequest, "This is no time", `aria-invalid="true"`)
		wrong.wantNone(t, at, unescaped)
	}
}
