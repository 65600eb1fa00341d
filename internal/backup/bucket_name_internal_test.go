package backup

import (
	"strings"
	"testing"
)

func FuzzServiceURLContainer(f *testing.F) {
	for _, seed := range []string{
		testServiceURL, "https://acct.blob.core.windows.net", "https://acct.blob.core.windows.net/",
		"https://acct.blob.core.windows.net/a/b", "http://acct.blob.core.windows.net/a", "https://evil.com/?.blob.core.windows.net",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, url string) {
		container, ok := serviceURLContainer(url)
		if !ok {
			if container != "" {
				t.Errorf("%q: got container %q of what is no service URL", url, container)
			}
			return
		}
		rest, isHTTPS := strings.CutPrefix(url, "https://")
		host, path, hasPath := strings.Cut(rest, "/")
		switch {
		case !isHTTPS || !strings.HasSuffix(host, ".blob.core.windows.net"):
			t.Errorf("%q: accepted with host %q", url, host)
		case len(url) < 33 || len(url) > 2048:
			t.Errorf("%q: accepted with %d bytes", url, len(url))
		case hasPath && path != container || !hasPath && container != "":
			t.Errorf("%q: got container %q, want %q", url, container, path)
		case strings.ContainsAny(container, "/?#"):
			t.Errorf("%q: got container %q with more than a name in it", url, container)
		}
	})
}
