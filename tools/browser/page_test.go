package browser

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// site is a page of the console, as the operator sees it.
type site struct {
	name, path, heading string
	refused             bool // the page says that something is wrong, with a status that does, too
}

// sites returns the pages.
func sites() []site {
	const org = "/organizations/" + demoOrg
	return []site{
		{name: "organizations", path: "/", heading: "Organizations"},
		{name: "system", path: "/system", heading: "System"},
		{name: "organization", path: org, heading: markup},
		{name: "reset", path: org + "/reset", heading: "Reset to declared"},
		{name: "copy", path: org + "/copy", heading: "Make a throw-away copy"},
		{name: "delete", path: org + "/delete", heading: "Delete " + markup},
		{name: "journal", path: org + "/journal", heading: "Journal"},
		{name: "filter", path: org + "/journal?errorCode=EXPORT_BUCKET_NOT_FOUND", heading: "Journal"},
		{name: "request", path: org + "/journal/" + theServer.refused["EXPORT_BUCKET_NOT_FOUND"],
			heading: "Request: getGroupBackupExportBucket"},
		{name: "strange request", path: org + "/journal/" + theServer.refused["INVALID_GROUP_ID"],
			heading: "Request: getGroup"},
		{name: "faults", path: org + "/faults", heading: "Faults"},
		{name: "clock", path: org + "/clock", heading: "Clock"},
		{name: "snapshots", path: org + "/snapshots", heading: "Snapshots"},
		{name: "diff", path: org + "/snapshots/diff?from=before&to=live", heading: "From before to live"},
		{name: "sunset", path: org + "/sunset", heading: "Sunset"},
		{name: "no organization", path: "/organizations/5f0000000000000000000fff", heading: "Not Found", refused: true},
		{name: "no filter", path: org + "/journal?status=" + url.QueryEscape(markup), heading: "Journal", refused: true},
	}
}

// views are the ways that each page is looked at.
var views = []view{
	desktop,
	{name: "dark", width: 1280, scale: 1, dark: true, script: true},
	{name: "narrow", width: 320, scale: 1, script: true},
	{name: "zoomed", width: 640, scale: 2, script: true}, // 1280 at 200 %
	{name: "without scripts", width: 1280, scale: 1},
}

func TestPages(t *testing.T) {
	t.Parallel()
	for _, site := range sites() {
		t.Run(site.name, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			for _, v := range views {
				b.look(t, v)
				b.visit(t, site.path)
				b.check(t, site, v)
			}
		})
	}
}

func TestSignInPage(t *testing.T) {
	t.Parallel()
	b := open(t, chromedp.WithNewBrowserContext())
	for _, v := range views {
		b.look(t, v)
		b.visit(t, "/sign-in")
		b.check(t, site{name: "sign-in", heading: "Sign in"}, v)
	}
}

// check looks at what each page is to have, in every view.
func (b *tab) check(t *testing.T, s site, v view) {
	t.Helper()
	at := s.name + ", " + v.name
	if got := b.heading(t); got != s.heading {
		t.Errorf("%s: got the heading %q, want %q", at, got, s.heading)
	}
	b.shoot(t, s.name, v)
	if wide := value[int64](t, b, "document.documentElement.scrollWidth"); wide > v.width {
		t.Errorf("%s: got a page of %d pixels in a window of %d, want none that scrolls sideways; the last too wide is %s",
			at, wide, v.width, value[string](t, b, `[...document.querySelectorAll("*")].filter(
				e => e.getBoundingClientRect().right > innerWidth && !e.closest(".scroll")).pop()?.outerHTML.slice(0, 300) ?? ""`))
	}
	if ran := value[bool](t, b, "typeof ran != 'undefined'"); ran {
		t.Errorf("%s: the markup of a field ran", at)
	}
	for _, landmark := range []string{"header", "main", "footer"} {
		if n := value[int](t, b, fmt.Sprintf("document.querySelectorAll(%q).length", landmark)); n != 1 {
			t.Errorf("%s: got %d of %s, want one", at, n, landmark)
		}
	}
	if v.script {
		for _, found := range b.audit(t) {
			t.Errorf("%s: axe: %s", at, found)
		}
	}
	if s.refused {
		b.wantQuiet(t, at, "Failed to load resource: the server responded with a status of 4")
	} else {
		b.wantQuiet(t, at)
	}
}

// wantQuiet reports what the console of the browser, policies and the network have to say.
func (b *tab) wantQuiet(t *testing.T, at string, expected ...string) {
	t.Helper()
	forbidden := value[[]string](t, b, "window.violations ?? []")
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, complaint := range slices.Concat(forbidden, b.complaints, b.elsewhere) {
		if !slices.ContainsFunc(expected, func(part string) bool { return strings.Contains(complaint, part) }) {
			t.Errorf("%s: %s", at, complaint)
		}
	}
	b.complaints, b.elsewhere = nil, nil
}

// The API reference is drawn once for all views with scripts: that takes seconds.
func TestDocs(t *testing.T) {
	t.Parallel()
	b := open(t, chromedp.WithNewBrowserContext())
	visit := func() {
		t.Helper()
		b.do(t, "docs", chromedp.Navigate(theServer.api+"/docs"))
	}
	began := time.Now()
	visit()
	for b.heading(t) == "" {
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("it was drawn after %s", time.Since(began).Round(time.Millisecond))
	for _, v := range views {
		b.look(t, v)
		if !v.script {
			visit()
		}
		at := "docs, " + v.name
		if got := b.heading(t); !strings.Contains(got, "exportbuckets") {
			t.Errorf("%s: got the heading %q, want the name in it", at, got)
		}
		b.shoot(t, "docs", v)
		if wide := value[int64](t, b, "document.documentElement.scrollWidth"); wide > v.width {
			t.Errorf("%s: got a page of %d pixels in a window of %d", at, wide, v.width)
		}
		b.wantQuiet(t, at, "https://cdn.redoc.ly/redoc/logo-mini.svg") // which the policy keeps out
	}
}

func TestDocsAreAccessible(t *testing.T) {
	t.Parallel()
	b := open(t, chromedp.WithNewBrowserContext())
	b.do(t, "docs", chromedp.Navigate(theServer.api+"/docs"))
	for b.heading(t) == "" {
		time.Sleep(50 * time.Millisecond)
	}
	for _, found := range b.audit(t) {
		t.Errorf("axe: %s", found)
	}
}
