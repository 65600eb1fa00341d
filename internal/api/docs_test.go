package api_test

import (
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// docsPaths are those of the API reference.
var docsPaths = []string{"/docs", "/docs/openapi.json", "/docs/redoc.standalone.js"}

// nonce is what a policy lets scripts and styles run by.
var nonce = regexp.MustCompile(`'nonce-([A-Z0-9]{26})'`)

func TestTheReferenceRunsWhatHasItsNonceAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	seen := make(map[string]bool)
	for range 2 {
		got := b.do(t, request{path: "/docs", bare: true})
		policy := got.header.Get("Content-Security-Policy")
		match := nonce.FindStringSubmatch(policy)
		if got.status != http.StatusOK || got.header.Get("Content-Type") != "text/html; charset=utf-8" || match == nil {
			t.Fatalf("got %d %v, want a page with a policy and its nonce", got.status, got.header)
		}
		if seen[match[1]] {
			t.Errorf("got the nonce %s again, want another", match[1])
		}
		seen[match[1]] = true
		for _, has := range []string{
			"default-src 'none'", "connect-src 'self'", "img-src 'self' data:", "form-action 'none'", "base-uri 'none'",
			"frame-ancestors 'none'", "script-src 'nonce-" + match[1] + "';",
		} {
			if !strings.Contains(policy, has) {
				t.Errorf("got the policy %s, want %s in it", policy, has)
			}
		}
		for tag, want := range map[string]int{"<script": 2, "<style": 1} {
			with := strings.Count(got.body, tag+` nonce="`+match[1]+`"`)
			if all := strings.Count(got.body, tag); all != want || with != want {
				t.Errorf("got %d of %s, %d of them with the nonce, want %d", all, tag, with, want)
			}
		}
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "Cross-Origin-Opener-Policy": "same-origin", "Referrer-Policy": "no-referrer",
			"X-Content-Type-Options": "nosniff",
		} {
			if got.header.Get(name) != want {
				t.Errorf("%s: got %q, want %q", name, got.header.Get(name), want)
			}
		}
		if outside := regexp.MustCompile(`(src|href)="(https?:)?//`).FindString(got.body); outside != "" {
			t.Errorf("got %s in the page, want nothing from elsewhere", outside)
		}
	}
}

// What npm has of Redoc is what its page says that it is.
func TestTheScriptOfTheReferenceIsTheOneThatThePageNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	plain := b.do(t, request{path: "/docs/redoc.standalone.js", bare: true, header: http.Header{"Accept-Encoding": {"identity"}}})
	sum := sha512.Sum384([]byte(plain.body))
	want := `integrity="sha384-` + base64.StdEncoding.EncodeToString(sum[:]) + `"`
	if page := b.do(t, request{path: "/docs", bare: true}); !strings.Contains(page.body, want) {
		t.Errorf("got %s, want %s in it", page.body, want)
	}
	if !strings.Contains(plain.body, `"2.5.4"`) {
		t.Error("got another version than 2.5.4 of Redoc")
	}
}

func TestWhatIsLargeOfTheReferenceIsCompressedForWhoTakesThat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.serveUnchecked(t) // what checks answers reads none that are compressed
	for _, path := range docsPaths[1:] {
		ask := func(accept string) answer {
			return b.do(t, request{path: path, bare: true, header: http.Header{"Accept-Encoding": {accept}}})
		}
		packed, plain := ask("br, gzip"), ask("br")
		if packed.header.Get("Content-Encoding") != "gzip" || plain.header.Get("Content-Encoding") != "" {
			t.Errorf("%s: got %q and %q, want gzip and none",
				path, packed.header.Get("Content-Encoding"), plain.header.Get("Content-Encoding"))
		}
		from, err := gzip.NewReader(strings.NewReader(packed.body))
		if err != nil {
			t.Fatal(err)
		}
		unpacked, err := io.ReadAll(from)
		if err != nil || string(unpacked) != plain.body || len(packed.body)*3 > len(plain.body) {
			t.Errorf("%s: got %d bytes for %d, %v, want a third of the same at most", path, len(packed.body), len(plain.body), err)
		}
	}
}

func TestTheReferenceHasTheDocumentAndItsSamples(t *testing.T) {
	t.Parallel()
	b := setup(t)
	read := func(path string) map[string]any {
		var document map[string]any
		got := b.do(t, request{path: path, bare: true, header: http.Header{"Accept-Encoding": {"identity"}}})
		if err := json.Unmarshal([]byte(got.body), &document); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return document
	}
	want, got := read("/openapi.json"), read("/docs/openapi.json")
	paths, _ := got["paths"].(map[string]any)
	for path, item := range paths {
		item, _ := item.(map[string]any)
		for method, operation := range item {
			if operation, ok := operation.(map[string]any); ok {
				if operation["x-codeSamples"] == nil {
					t.Errorf("%s %s: got no sample, want some", method, path)
				}
				delete(operation, "x-codeSamples")
			}
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("but for the samples (-openapi.json +docs):\n%s", diff)
	}
}

func TestWhereThereIsNoReferenceItsPathsAreNone(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.Docs = nil })
	b.serveUnchecked(t)
	for _, path := range append(docsPaths, "/docs/", "/docs/x") {
		want := refusal(404, "RESOURCE_NOT_FOUND", "Cannot find resource "+path+".", path)
		if got := b.do(t, request{path: path, bare: true}); got.status != http.StatusNotFound || got.body != want {
			t.Errorf("%s: got %d %s, want %s", path, got.status, got.body, want)
		}
	}
}

// A proxy may serve the server below a path.
func TestTheReferenceIsBelowTheBaseURL(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.BaseURL = "https://example.com/atlas" })
	got := b.do(t, request{path: "/docs", bare: true}).body
	for _, want := range []string{`src="/atlas/docs/redoc.standalone.js"`, `"/atlas" + "/docs/openapi.json"`} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s, want %s in it", got, want)
		}
	}
}
