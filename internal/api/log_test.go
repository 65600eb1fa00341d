package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode"
)

func TestOneEventIsLoggedForARequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t)
	got := b.do(t, request{token: token, header: http.Header{"X-Request-Id": {"my-id.1"}}, path: demoBuckets + "?x=secret"})
	if got.header.Get("X-Request-Id") != "my-id.1" {
		t.Errorf("got X-Request-Id %q, want the client's", got.header.Get("X-Request-Id"))
	}
	var event map[string]any
	if err := json.Unmarshal([]byte(b.log.String()), &event); err != nil {
		t.Fatalf("got log %s, want one event: %v", b.log, err)
	}
	for key, want := range map[string]any{
		"msg": "request", "level": "INFO", "request_id": "my-id.1", "method": "GET", "path": demoBuckets,
		"status": 200.0, "principal": "5f0000000000000000000c01", "address": "127.0.0.1",
	} {
		if event[key] != want {
			t.Errorf("got %s %v, want %v", key, event[key], want)
		}
	}
	for _, id := range []string{"", "has blank", strings.Repeat("a", 129), "a\tb"} {
		got := b.do(t, request{token: token, header: http.Header{"X-Request-Id": {id}}})
		if given := got.header.Get("X-Request-Id"); len(given) != 32 || given == id {
			t.Errorf("%q: got X-Request-Id %q, want one of ours", id, given)
		}
	}
}

func TestTheTraceOfARequestIsLogged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for sent, logged := range map[string]bool{
		parent: true, "": false, parent + "-s3cret": false, "s3cret": false, strings.ToUpper(parent): false,
	} {
		b.log.Reset()
		b.do(t, request{key: "demoownr", header: http.Header{"Traceparent": {sent}}})
		has := strings.Contains(b.log.String(), `"traceparent":"`+parent+`"`)
		if has != logged || strings.Contains(b.log.String(), "s3cret") {
			t.Errorf("%q: got log %s, want the trace in it: %t", sent, b.log, logged)
		}
	}
}

func TestNoSecretIsLogged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t)
	b.do(t, request{token: token, body: awsBody})
	b.do(t, request{token: token, body: `{"cloudProvider":"s3cret-value"}`})
	b.do(t, request{key: "demoownr"})
	b.do(t, request{token: "s3cret-token"})
	b.post(t, "/api/oauth/token", grant, basic(demoClientID, demoClientSecret))
	b.post(t, "/api/oauth/token", grant, basic(demoClientID, "s3cret-secret"))
	b.do(t, request{token: token, path: demoBuckets + "?access_token=s3cret-query"})
	for _, secret := range []string{token, privateKeys["demoownr"], demoClientSecret, "s3cret", "Digest ", "Bearer ", "response="} {
		if strings.Contains(b.log.String(), secret) {
			t.Errorf("got %q in the log:\n%s", secret, b.log)
		}
	}
}

// A heredoc ends in a newline, and what is pasted has anything in it.
func TestControlCharactersAreKeptAndEscapedWhereverTheyAreShown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const odd = "CI\x1b[2J\x7f\u009b\u2028\r\t\n"
	for _, tt := range []struct{ method, path, name, value string }{
		{http.MethodPatch, orgKeys + "/" + spareKey, "desc", odd},
		{http.MethodPatch, apiRoot + "/orgs/" + demoOrg, "name", odd + "end"}, // which has no blank at its end
	} {
		sent, err := json.Marshal(map[string]string{tt.name: tt.value})
		if err != nil {
			t.Fatal(err)
		}
		got := b.do(t, request{method: tt.method, path: tt.path, body: string(sent), header: http.Header{"Accept": {v2025}}})
		var body map[string]any
		if err := json.Unmarshal([]byte(got.body), &body); err != nil || body[tt.name] != tt.value {
			t.Errorf("%s %s: got %d %s, %v, want it as in %s", tt.method, tt.path, got.status, got.body, err, sent)
		}
		if strings.ContainsFunc(got.body, func(r rune) bool { return r < ' ' }) {
			t.Errorf("%s %s: got %q, want it escaped as JSON escapes", tt.method, tt.path, got.body)
		}
	}
	b.do(t, request{path: apiRoot + "/groups/byName/" + url.PathEscape(odd)})
	b.do(t, request{path: apiRoot + "/nowhere/" + url.PathEscape(odd)})
	b.do(t, request{bare: true, header: http.Header{"Authorization": {"Digest username=\"\u009b\t\""}}})
	for line := range strings.Lines(b.log.String()) {
		if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("got %q in the log, want it escaped", line)
		}
	}
}
