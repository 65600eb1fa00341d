package console_test

import (
	"net/http"
	"testing"
)

func TestTheOperatorSeesTheSystem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator, team := b.browser(t, operatorToken), b.browser(t, writeToken)
	operator.get(t, "/system").want(t, "system", http.StatusOK, "<h1>System</h1>", "<dt>Schema</dt><dd>", "of 512.0 MiB",
		`<th scope="row"><code>--listen</code></th><td><code>127.0.0.1:8080</code></td>`,
		`<th scope="row"><code>exportbuckets_resets_total</code></th><td class="number">0</td>`,
		`<code>go_version=`, `href="/system/dashboard"`)
	operator.get(t, "/system/dashboard").want(t, "dashboard", http.StatusOK, `"title": "exportbuckets"`)
	for _, path := range []string{"/system", "/system/dashboard"} {
		team.get(t, path).want(t, path, http.StatusForbidden, "READ_ONLY_TOKEN")
	}
	team.get(t, demoPath).want(t, "team", http.StatusOK)
}
