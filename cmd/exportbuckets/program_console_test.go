package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/waittest"
)

// console returns a client that has signed in to the program's console with the token in a
// file.
func (p *program) console(t *testing.T, tokenFile string) *http.Client {
	t.Helper()
	token, err := os.ReadFile(tokenFile)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	resp, err := client.PostForm(p.admin(t)+"/sign-in", url.Values{"token": {string(token)}})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("sign in: got %d, want 200", resp.StatusCode)
	}
	return client
}

func TestAStartSaysWhereTheConsoleIs(t *testing.T) {
	t.Parallel()
	dir := newStateDir(t)
	p := serve(t, withAdmin("--state-dir", dir))
	address, file := p.admin(t)+"/", filepath.Join(dir, "operator-token")
	p.waitLog(t, regexp.MustCompile(`msg="serving admin" .*console=`+regexp.QuoteMeta(address)+` operator_token_file=`+
		regexp.QuoteMeta(file)))
	waittest.Until(t, "the output names the console and the file of the token", func() bool {
		return strings.Contains(p.out.String(), "open "+address+" and sign in with the token in "+file)
	})
}

func TestTheConsoleShowsReplicasAndSettingsWithoutSecrets(t *testing.T) {
	t.Parallel()
	database := dbtest.NewURL(t)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("an-operator-token-of-the-tests-of-the-program"), 0o600); err != nil {
		t.Fatal(err)
	}
	with := withAdmin("--staging", "--admin-token-file", file, "--aws-region", "eu-west-1")
	with.env = []string{"DATABASE_URL=" + database}
	first, second := serve(t, with), serve(t, with)
	_ = second.admin(t) // it has used the database
	resp, err := first.console(t, file).Get(first.admin(t) + "/system")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*program{first, second} {
		want := regexp.MustCompile(`<th scope="row">` + regexp.QuoteMeta(strconv.Itoa(p.cmd.Process.Pid)+" on "+host) + `</th>`)
		if !want.Match(body) {
			t.Errorf("got %s, want it to name %s", body, want)
		}
	}
	for _, want := range []string{
		"<code>--aws-region</code></th><td><code>eu-west-1</code>", "<code>--database-url</code></th><td><code>(a secret)</code>",
		"<code>--base-url</code></th><td>empty", "<code>--max-connections</code></th><td><code>16</code>",
	} {
		if !strings.Contains(string(body), want) {
			t.Errorf("got %s, want it to have %s", body, want)
		}
	}
	if strings.Contains(string(body), database) || strings.Contains(string(body), "an-operator-token") {
		t.Errorf("got %s, want no secret", body)
	}
}
