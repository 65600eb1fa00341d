package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/seed"
)

var adminEvent = regexp.MustCompile(`msg="serving admin" address=([0-9.:[\]]+)`)

// admin returns the URL of the program's admin listener.
func (p *program) admin(t *testing.T) string {
	t.Helper()
	return "http://" + p.waitLog(t, adminEvent)[1]
}

// withAdmin are the settings of a server with an admin listener on a port of its own.
func withAdmin(flags ...string) settings {
	return settings{flags: append([]string{"--admin-listen=127.0.0.1:0"}, flags...)}
}

func TestTheOperatorsTokenIsMadeAtTheFirstStart(t *testing.T) {
	t.Parallel()
	dir := newStateDir(t)
	p := serve(t, withAdmin("--state-dir", dir))
	file := filepath.Join(dir, "operator-token")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want a file of its owner", info, err)
	}
	if !strings.Contains(p.log.String(), file) {
		t.Errorf("got log %s, want it to name %s", p.log, file)
	}
	env := []string{"EXPORTBUCKETS_SERVER=" + p.admin(t), "EXPORTBUCKETS_TOKEN_FILE=" + file}
	got := runProgram(t, env, "tenant", "list")
	if got.code != 0 || !strings.Contains(got.out, "5f0000000000000000000a01  Demo Organization  false") {
		t.Errorf("got %+v, want the demo organization", got)
	}
	p.stop(t)
	again := serve(t, withAdmin("--state-dir", dir))
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, before) {
		t.Errorf("got another token after the second start, %v", err)
	}
	if strings.Contains(again.log.String(), strings.TrimSpace(string(before))) {
		t.Error("the token is in the log")
	}
}

func TestTokensAreMadeListedAndEndedByCommands(t *testing.T) {
	t.Parallel()
	dir := newStateDir(t)
	p := serve(t, withAdmin("--state-dir", dir))
	operator := []string{
		"EXPORTBUCKETS_SERVER=" + p.admin(t), "EXPORTBUCKETS_TOKEN_FILE=" + filepath.Join(dir, "operator-token"),
	}
	wantRefusal(t, runProgram(t, operator, "token", "create"), "--org")
	operator = append(operator, "EXPORTBUCKETS_ORG=5f0000000000000000000a01")
	made := runProgram(t, operator, "token", "create", "--role", "read")
	if made.code != 0 || !strings.HasPrefix(made.out, "ebt_5f0000000000000000000a01_") {
		t.Fatalf("got %+v, want a token", made)
	}
	file := filepath.Join(dir, "team-token")
	if err := os.WriteFile(file, []byte(made.out), 0o600); err != nil {
		t.Fatal(err)
	}
	team := []string{operator[0], "EXPORTBUCKETS_TOKEN_FILE=" + file}
	listed := runProgram(t, team, "token", "list", "-o", "json")
	id := regexp.MustCompile(`"id": "([a-f0-9]{24})"`).FindStringSubmatch(listed.out)
	if listed.code != 0 || id == nil || strings.Contains(listed.out, strings.TrimSpace(made.out)) {
		t.Fatalf("got %+v, want the token without what it is sent as", listed)
	}
	wantRefusal(t, runProgram(t, team, "token", "revoke", id[1]), "READ_ONLY_TOKEN")
	wantRefusal(t, runProgram(t, team, "tenant", "protect"), "READ_ONLY_TOKEN")
	if got := runProgram(t, operator, "token", "revoke", id[1]); got.code != 0 {
		t.Errorf("got %+v, want the token ended", got)
	}
	wantRefusal(t, runProgram(t, team, "tenant", "list"), "UNAUTHENTICATED")
	for want, flags := range map[string][]string{"true": nil, "false": {"--off"}} {
		got := runProgram(t, operator, append([]string{"tenant", "protect", "-o", "yaml"}, flags...)...)
		if got.code != 0 || !strings.Contains(got.out, "protected: "+want) {
			t.Errorf("%v: got %+v, want protected: %s", flags, got, want)
		}
	}
}

func TestAnAdminPortThatIsTaken(t *testing.T) {
	t.Parallel()
	url := "DATABASE_URL=" + dbtest.NewURL(t)
	p := serve(t, settings{flags: []string{"--admin-listen=127.0.0.1:0"}, env: []string{url}})
	taken := strings.TrimPrefix(p.admin(t), "http://")
	got := launchServer(t, settings{flags: []string{"--admin-listen", taken}, env: []string{url}}).wait(t)
	if got.code != exitFailed || !strings.Contains(got.log, "--admin-listen") {
		t.Errorf("got %+v, want a refusal that names --admin-listen", got)
	}
}

func TestStagingThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	url := []string{"DATABASE_URL=" + dbtest.NewURL(t)}
	short := filepath.Join(t.TempDir(), "short")
	public := filepath.Join(t.TempDir(), "public")
	for file, text := range map[string]string{short: "too-short\n", public: string(seed.DemoOperatorToken)} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		flags []string
		names []string
	}{
		{[]string{"--staging"}, []string{"--staging", "--admin-listen"}},
		{[]string{"--admin-listen=8081"}, []string{"--admin-listen", "HOST:PORT"}},
		{[]string{"--admin-listen=127.0.0.1:0", "--admin-token-file", short}, []string{"--admin-token-file", short, "32"}},
		{[]string{"--admin-listen=127.0.0.1:0", "--admin-token-file=/none"}, []string{"--admin-token-file", "/none"}},
		{[]string{"--admin-listen=:0", "--admin-token-file", public}, []string{"--admin-listen", "public", "--demo"}},
	}
	for _, tt := range tests {
		got := launchServer(t, settings{flags: tt.flags, env: url}).wait(t)
		if got.code == 0 {
			t.Errorf("%v: got exit code 0, want a refusal", tt.flags)
		}
		for _, name := range tt.names {
			if !strings.Contains(got.log, name) {
				t.Errorf("%v: got log %s, want it to name %s", tt.flags, got.log, name)
			}
		}
	}
}

func TestWithoutStagingTheAdminListenerHasHealthAndMetrics(t *testing.T) {
	t.Parallel()
	p := serve(t, settings{
		flags: []string{"--admin-listen=127.0.0.1:0"}, env: []string{"DATABASE_URL=" + dbtest.NewURL(t)},
	})
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/healthz":                {http.StatusOK, `"ok"`},
		"/readyz?verbose":         {http.StatusOK, `"ok"`},
		"/metrics":                {http.StatusOK, "exportbuckets_build_info"},
		"/admin/v1/organizations": {http.StatusConflict, "STAGING_OFF"},
		"/debug/pprof/heap":       {http.StatusUnauthorized, "UNAUTHENTICATED"},
	} {
		resp, err := http.Get(p.admin(t) + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != want.status || !strings.Contains(string(body), want.text) {
			t.Errorf("%s: got %d %.200s, %v, want %d with %s", path, resp.StatusCode, body, err, want.status, want.text)
		}
	}
	if got := strconv.FormatBool(p.hasExited()); got != "false" {
		t.Error("the server has ended")
	}
}
