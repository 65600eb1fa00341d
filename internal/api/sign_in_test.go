package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// failure is what the log tells of a failed sign-in.
type failure struct {
	Credential string `json:"credential"`
	Reason     string `json:"reason"`
	Address    string `json:"address"`
	Total      int    `json:"total"`
}

// failures returns the failed sign-ins in the log.
func (b *bundle) failures(t *testing.T) []failure {
	t.Helper()
	var all []failure
	for line := range strings.Lines(b.log.String()) {
		var event struct {
			Msg   string `json:"msg"`
			Level string `json:"level"`
			failure
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatal(err)
		}
		if event.Msg == "failed sign-in" {
			if event.Level != "WARN" {
				t.Errorf("got %s, want a warning", line)
			}
			all = append(all, event.failure)
		}
	}
	return all
}

func TestFailedSignInsAreInTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	nonce := b.nonce(t)
	demoKey := privateKeys["demoownr"]
	signed := func(publicKey, privateKey, nonce string) request {
		return request{bare: true, header: http.Header{
			"Authorization": {digestHeader(publicKey, privateKey, nonce, http.MethodGet, demoBuckets)},
		}}
	}
	withHeader := func(value string) request {
		return request{bare: true, header: http.Header{"Authorization": {value}}}
	}
	var want []failure
	send := func(r request, status int, credential, reason string) {
		t.Helper()
		if got := b.do(t, r); got.status != status {
			t.Errorf("%s: got %d %s, want %d", reason, got.status, got.body, status)
		}
		total := 1
		for _, before := range want {
			if before.Reason == reason {
				total++
			}
		}
		want = append(want, failure{credential, reason, "127.0.0.1", total})
	}
	send(signed("demoownr", demoKey[1:], nonce), 401, "demoownr", "wrong private key")
	send(signed("nobodyis", demoKey, nonce), 401, "nobodyis", "unknown public key")
	send(signed("demoproj", demoKey, nonce), 401, "demoproj", "wrong private key")
	send(signed("demoownr", demoKey, "bm9uY2U="), 401, "demoownr", "not a nonce of this server")
	send(signed(demoKey, demoKey, nonce), 401, "", "not a public key")
	elsewhere := signed("demoownr", demoKey, nonce)
	elsewhere.path = demoBuckets + "/6a7900010203040506000001"
	send(elsewhere, 401, "demoownr", "signed for another path")
	send(signed("farawayk", privateKeys["farawayk"], nonce), 403, "farawayk", "IP_ADDRESS_NOT_ON_ACCESS_LIST")
	send(withHeader("Basic "+demoKey), 401, "", "credentials that can't be read")
	send(withHeader("Bearer "+demoKey), 401, "", "not an access token, or not any more")
	b.clock.advance(6 * time.Minute)
	send(signed("demoread", demoKey, nonce), 401, "demoread", "wrong private key") // and an expired nonce

	unnamed := strings.Repeat("x", 100) + "\nlevel=INFO"
	for _, c := range []struct{ id, credential, reason string }{
		{demoClientID, demoClientID, "wrong client secret"},
		{"mdb_sa_id_5f0000000000000000000cff", "mdb_sa_id_5f0000000000000000000cff", "unknown client id, or without a valid secret"},
		{unnamed, "", "not a client id"},
	} {
		for path, form := range map[string]url.Values{"/api/oauth/token": grant, "/api/oauth/revoke": {"token": {"x"}}} {
			if got := b.post(t, path, form, basic(url.QueryEscape(c.id), demoKey)); got.status != http.StatusUnauthorized {
				t.Errorf("%s, %s: got %d %s, want 401", path, c.reason, got.status, got.body)
			}
		}
		want = append(want,
			failure{c.credential, c.reason, "127.0.0.1", 1}, failure{c.credential, c.reason, "127.0.0.1", 2})
	}
	if diff := cmp.Diff(want, b.failures(t)); diff != "" {
		t.Errorf("failed sign-ins (-want +got):\n%s", diff)
	}
	if log := b.log.String(); strings.Contains(log, demoKey) || strings.Contains(log, "xxx") {
		t.Errorf("got a log with what the credentials are not, want only what they may be:\n%s", log)
	}
}

func TestAChallengeIsNoFailedSignIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	nonce := b.nonce(t)
	stale := request{bare: true, header: http.Header{"Authorization": {
		digestHeader("demoownr", privateKeys["demoownr"], nonce, http.MethodGet, demoBuckets),
	}}}
	if got := b.do(t, stale); got.status != http.StatusOK {
		t.Errorf("a fresh nonce: got %d %s, want 200", got.status, got.body)
	}
	b.clock.advance(6 * time.Minute)
	checkChallenge(t, "a nonce that is too old", b.do(t, stale), "true")
	b.do(t, request{key: "demoownr"})
	b.do(t, request{key: "demoread", body: awsBody}) // may not
	b.do(t, request{bare: true, path: "/api/atlas/v2/nowhere"})
	b.post(t, "/api/oauth/token", nil, basic(demoClientID, demoClientSecret))
	b.post(t, "/api/oauth/token", grant, nil)
	if got := b.failures(t); len(got) > 0 {
		t.Errorf("got %+v, want no failed sign-in", got)
	}
}
