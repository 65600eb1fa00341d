package console_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/console"
	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

// session returns the id of the session that a browser has, or nothing.
func (w *browser) session(t *testing.T) string {
	t.Helper()
	at, err := url.Parse(w.url)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range w.client.Jar.Cookies(at) {
		if cookie.Name == "exportbuckets_session" {
			return cookie.Value
		}
	}
	return ""
}

// wantEnded fails the test unless the session of a browser has ended.
func (w *browser) wantEnded(t *testing.T) {
	t.Helper()
	w.get(t, demoPath).want(t, "ended", http.StatusUnauthorized, "The session has ended", `name="token"`)
	if got := w.session(t); got != "" {
		t.Errorf("got %q, want the cookie ended", got)
	}
}

func (b *bundle) sessions(t *testing.T) (count int) {
	t.Helper()
	if err := b.pool.QueryRow(t.Context(), "SELECT count(*) FROM staging_sessions").Scan(&count); err != nil {
		t.Fatal(err)
	}
	return count
}

func TestASessionIsKeptHashed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, token := range []string{operatorToken, writeToken} {
		id := b.browser(t, token).session(t)
		hash := sha256.Sum256([]byte(id))
		var row string
		var stored []byte
		err := b.pool.QueryRow(t.Context(), "SELECT id_hash, s::text FROM staging_sessions AS s WHERE id_hash = $1", hash[:]).
			Scan(&stored, &row)
		if err != nil || !bytes.Equal(stored, hash[:]) {
			t.Errorf("got %x, %v, want the hash of the id", stored, err)
		}
		if len(id) < 43 || strings.Contains(row, id) || strings.Contains(row, token) || strings.Contains(b.log.String(), id) {
			t.Errorf("got %q in %s, want 256 bits that nobody keeps", id, row)
		}
	}
}

func TestASessionLastsTwelveHours(t *testing.T) {
	t.Parallel()
	b := setup(t)
	team := b.browser(t, writeToken)
	later := time.Duration(0)
	b.serve(t, operatorToken, func() time.Time { return time.Now().Add(later) })
	later = 12*time.Hour - time.Minute
	team.get(t, demoPath).want(t, "before", http.StatusOK)
	later = 12 * time.Hour
	team.wantEnded(t)
	if _, err := b.states.Sweep(t.Context()); err != nil || b.sessions(t) != 0 {
		t.Errorf("got %d sessions, %v, want them swept", b.sessions(t), err)
	}
}

func TestASessionEndsWithItsToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	caller, err := b.states.Authenticate(t.Context(), operatorToken)
	if err != nil {
		t.Fatal(err)
	}
	writer, err := caller.Writer(t.Context(), demo)
	if err != nil {
		t.Fatal(err)
	}
	made, err := b.states.CreateToken(t.Context(), writer, staging.NewToken{Role: staging.RoleRead})
	if err != nil {
		t.Fatal(err)
	}
	team, other := b.browser(t, made.Secret), b.browser(t, writeToken)
	team.get(t, demoPath).want(t, "before", http.StatusOK)
	if err := b.states.RevokeToken(t.Context(), writer, made.ID); err != nil {
		t.Fatal(err)
	}
	team.wantEnded(t)
	other.get(t, demoPath).want(t, "another token", http.StatusOK)
	if got := b.sessions(t); got != 1 {
		t.Errorf("got %d sessions, want that of the other token", got)
	}
}

func TestASessionEndsWhenTheOperatorsTokenChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator, team := b.browser(t, operatorToken), b.browser(t, writeToken)
	b.serve(t, "another-operator-token-of-the-tests-of-console", time.Now)
	operator.wantEnded(t)
	team.get(t, demoPath).want(t, "team", http.StatusOK)
}

func TestSigningOutEndsASession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	team := b.browser(t, writeToken)
	id := team.session(t)
	team.send(t, "/sign-out", nil).want(t, "after", http.StatusOK, `name="token"`)
	if got := team.session(t); got != "" {
		t.Errorf("got %q, want no session", got)
	}
	again := team.do(t, http.MethodGet, demoPath, nil, func(r *http.Request) {
		r.AddCookie(&http.Cookie{Name: "exportbuckets_session", Value: id})
	})
	again.want(t, "the id again", http.StatusUnauthorized, "The session has ended")
	team.post(t, "/sign-out", nil).want(t, "twice", http.StatusSeeOther)
}

func TestATokenHasAHundredSessions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, token := range []string{operatorToken, writeToken} {
		first := b.browser(t, token)
		b.exec(t, "UPDATE staging_sessions SET expires_at = expires_at - interval '1 minute'",
			`INSERT INTO staging_sessions SELECT sha256((s.expires_at::text || n)::bytea), org_id, token_id, operator_hash, expires_at
				FROM staging_sessions AS s, generate_series(1, 98) AS n`)
		first.get(t, "/").want(t, "99 sessions", map[string]int{operatorToken: 200, writeToken: 303}[token])
		b.browser(t, token)
		b.exec(t, "UPDATE staging_sessions SET expires_at = expires_at + interval '1 minute' WHERE expires_at < "+
			"(SELECT max(expires_at) FROM staging_sessions) AND id_hash <> sha256('"+first.session(t)+"')")
		b.browser(t, token)
		if got := b.sessions(t); got != 100 {
			t.Errorf("got %d sessions, want 100", got)
		}
		first.get(t, "/").want(t, "the oldest", http.StatusUnauthorized)
		b.exec(t, "DELETE FROM staging_sessions")
	}
}

func TestATokenThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	nobody := b.browser(t, "")
	for _, token := range []string{"", "nonsense", writeToken[:len(writeToken)-1] + "x", operatorToken + "x"} {
		got := nobody.post(t, "/sign-in", url.Values{"token": {token}, "next": {demoPath}})
		got.want(t, token, http.StatusUnauthorized, "This is not a token of this server", `value="`+demoPath+`"`,
			`aria-invalid="true"`)
		if token != "" && strings.Contains(got.body, token) {
			t.Errorf("got %s, want the token not repeated", got.body)
		}
	}
	if got := b.sessions(t); got != 0 {
		t.Errorf("got %d sessions, want none", got)
	}
	nobody.post(t, "/sign-in", url.Values{"token": {" " + writeToken + "\n"}}).want(t, "pasted", http.StatusSeeOther)
	nobody.post(t, "/sign-in", url.Values{"tokens": {writeToken}}).want(t, "misspelt", http.StatusBadRequest, "/tokens")
}

func TestWhoSignsInGoesOnWhereItWasMeant(t *testing.T) {
	t.Parallel()
	b := setup(t)
	nobody := b.browser(t, "")
	nobody.get(t, demoPath+"/reset?to=a").want(t, "meant", http.StatusUnauthorized,
		`name="next" value="`+demoPath+`/reset?to=a"`)
	for next, want := range map[string]string{
		demoPath + "/reset?to=a": demoPath + "/reset?to=a",
		"":                       "/",
		"//evil.example":         "/",
		`/\evil.example`:         "/",
		"/\t/evil.example":       "/",
		"https://evil.example":   "/",
		"javascript:alert(1)":    "/",
	} {
		got := nobody.post(t, "/sign-in", url.Values{"token": {writeToken}, "next": {next}})
		if location := got.header.Get("Location"); location != want {
			t.Errorf("%q: got %q, want %q", next, location, want)
		}
	}
	strange := b.browser(t, "").do(t, http.MethodGet, demoPath, nil, func(r *http.Request) {
		r.Header.Set("Sec-Fetch-Site", "cross-site")
	})
	strange.want(t, "a link of another site", http.StatusUnauthorized, `<a href="`+demoPath+`">go on</a>`)
}

// cookies returns what an answer has the browser keep.
func (a answer) cookie(t *testing.T, name string) *http.Cookie {
	t.Helper()
	for _, cookie := range (&http.Response{Header: a.header}).Cookies() {
		if cookie.Name == name {
			return cookie
		}
	}
	t.Fatalf("got no cookie %s", name)
	return nil
}

func TestTheCookieOfASession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	form := url.Values{"token": {writeToken}}
	sign := func(change func(*http.Request)) *http.Cookie {
		return b.browser(t, "").do(t, http.MethodPost, "/sign-in", form, change).cookie(t, "exportbuckets_session")
	}
	plain := sign(func(*http.Request) {})
	if !plain.HttpOnly || plain.SameSite != http.SameSiteStrictMode || plain.Path != "/" || plain.Domain != "" ||
		plain.MaxAge != int((12*time.Hour).Seconds()) || plain.Secure {
		t.Errorf("got %v, want HttpOnly, SameSite=Strict, of this host, for 12 hours", plain)
	}
	// A browser tells where a request comes from over TLS and to loopback addresses alone.
	behind := func(r *http.Request) { r.Host = "atlas.example.com" }
	if cookie := sign(behind); !cookie.Secure {
		t.Errorf("got %v, want Secure behind a proxy with TLS", cookie)
	}
	without := func(r *http.Request) { r.Host = "atlas.example.com"; r.Header.Del("Sec-Fetch-Site") }
	if cookie := sign(without); cookie.Secure {
		t.Errorf("got %v, want a cookie that a browser without TLS keeps", cookie)
	}
	secure := httptest.NewTLSServer(b.handler)
	defer secure.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := secure.Client()
	client.Jar, client.CheckRedirect = jar, func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	over := &browser{&bundle{url: secure.URL}, client}
	if cookie := over.post(t, "/sign-in", form).cookie(t, "exportbuckets_session"); !cookie.Secure {
		t.Errorf("got %v, want Secure over TLS", cookie)
	}
}

// withIDs puts ids in place of the names of parameters.
func withIDs(path string) string {
	path = strings.ReplaceAll(strings.ReplaceAll(path, "{org}", demo), "{$}", "")
	return regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, "5f00000000000000000000ff")
}

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// forbidden matches what the policy forbids in a page: styles and scripts that stand in it.
var forbidden = regexp.MustCompile(`<style|<script>|<\w+(\s+[\w-]+(="[^"]*")?)*\s+(style|on\w+)=`)

func (a answer) wantPolicy(t *testing.T, what string) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Security-Policy":    policy,
		"X-Content-Type-Options":     "nosniff",
		"Referrer-Policy":            "no-referrer",
		"Cross-Origin-Opener-Policy": "same-origin",
		"Cache-Control":              "no-store",
	} {
		if got := a.header.Values(name); cmp.Diff([]string{want}, got) != "" {
			t.Errorf("%s: %s: got %q, want %q", what, name, got, want)
		}
	}
	if forbidden.MatchString(a.body) {
		t.Errorf("%s: got %s, want nothing that the policy forbids", what, a.body)
	}
}

func TestEveryAnswerHasThePolicy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for who, w := range map[string]*browser{"operator": b.browser(t, operatorToken), "nobody": b.browser(t, "")} {
		for _, route := range console.Routes(withIDs) {
			if route[1] == "/sign-out" {
				continue // it comes last
			}
			w.do(t, route[0], route[1], nil).wantPolicy(t, who+" "+route[0]+" "+route[1])
		}
		for _, path := range []string{
			"/none", "/static/console.css", "/static/console.js", "/static/none", "/static/", "//organizations", "/sign-in/",
			"/organizations/" + absent, demoPath + "/?a=%zz", "/favicon.ico",
		} {
			w.get(t, path).wantPolicy(t, who+" "+path)
		}
		elsewhere := func(r *http.Request) { r.Host = "a.example" }
		w.do(t, http.MethodGet, "/", nil, elsewhere).wantPolicy(t, who+" by another name")
		w.do(t, http.MethodPut, "/", nil).wantPolicy(t, who+" PUT")
		w.do(t, http.MethodPost, "/sign-out", nil).wantPolicy(t, who+" POST /sign-out")
	}
}

// Whoever comes from elsewhere changes nothing, by no form.
func TestWhoComesFromElsewhereIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	team := b.browser(t, writeToken)
	for name, change := range map[string]func(*http.Request){
		"another site":   func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"another port":   func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
		"another origin": func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Set("Origin", "http://a.example") },
		"no origin":      func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Set("Origin", "null") },
		"another name":   func(r *http.Request) { r.Host = "a.example" },
	} {
		for _, route := range console.Routes(withIDs) {
			if route[0] == http.MethodPost {
				team.do(t, http.MethodPost, route[1], nil, change).
					want(t, name+" "+route[1], http.StatusForbidden, "<h1>Forbidden</h1>", "ORIGIN_REFUSED", "Nothing was changed")
			}
		}
	}
	team.get(t, demoPath).want(t, "still signed in", http.StatusOK)
}

// A browser that does not say where requests come from has an origin, unless the page keeps
// it to itself.
func TestPagesLetBrowsersWithoutFetchMetadataTellTheirOrigin(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const tells = `<meta name="referrer" content="same-origin">`
	nobody := b.browser(t, "")
	nobody.get(t, "/sign-in").want(t, "old", http.StatusOK, tells)
	got := nobody.do(t, http.MethodGet, "/sign-in", nil, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "none") })
	if strings.Contains(got.body, tells) {
		t.Errorf("got %s, want no referrer at all", got.body)
	}
}

// A stranger's organization and one that is not there can't be told apart.
func TestTheOrganizationOfAnotherIsAsOneThatIsNotThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	team := b.browser(t, writeToken)
	of := func(org string) func(string) string {
		return func(path string) string { return withIDs(strings.ReplaceAll(path, "{org}", org)) }
	}
	foreign, absentRoutes := console.Routes(of(neighbor)), console.Routes(of(absent))
	for i, route := range foreign {
		if !strings.Contains(route[1], neighbor) {
			continue
		}
		got, want := team.do(t, route[0], route[1], nil), team.do(t, route[0], absentRoutes[i][1], nil)
		got.header.Del("Date")
		want.header.Del("Date")
		got.want(t, route[1], http.StatusNotFound, "There is no such organization.")
		if got.body != want.body || cmp.Diff(got.header, want.header) != "" {
			t.Errorf("%s: got %+v of a stranger's, %+v of one that is not there", route[1], got, want)
		}
	}
}

// A token that may only read sees pages, and nothing on them changes anything.
func TestWhoMayReadSeesNoActs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	reader, writer := b.browser(t, readToken), b.browser(t, writeToken)
	seen := 0
	for _, route := range console.Routes(withIDs) {
		if !strings.Contains(route[1], demo) {
			continue
		}
		got := reader.do(t, route[0], route[1], nil)
		switch {
		case route[0] == http.MethodPost:
			got.want(t, route[1], http.StatusForbidden, "READ_ONLY_TOKEN")
		case got.status == http.StatusOK:
			seen++
			if posts := strings.Count(got.body, `method="post"`); posts > 1 && !strings.Contains(route[1], "/export") {
				t.Errorf("%s: got %d forms, want that to sign out alone: %s", route[1], posts, got.body)
			}
		case got.status != http.StatusNotFound: // of an id that is not there
			got.want(t, route[1], http.StatusForbidden, "READ_ONLY_TOKEN")
		}
	}
	if seen < 3 {
		t.Errorf("got %d pages, want some", seen)
	}
	if got := writer.get(t, demoPath); strings.Count(got.body, `method="post"`) < 2 {
		t.Errorf("got %s of who may write, want forms", got.body)
	}
}

func TestEachProblemHasAPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	source, err := os.ReadFile("../../staging/problem.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := regexp.MustCompile(`Code = "([A-Z_]+)"`).FindAllSubmatch(source, -1)
	if len(codes) < 10 {
		t.Fatalf("got %d codes, want all", len(codes))
	}
	for _, match := range codes {
		code := staging.Code(match[1])
		if code == staging.CodeStagingOff {
			continue // then there is no console
		}
		problem := staging.NewProblem(code, "What is wrong.")
		problem.At = "/name"
		request := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		recorder := httptest.NewRecorder()
		b.console.Refuse(recorder, request, problem)
		got := answer{recorder.Code, recorder.Header(), recorder.Body.String()}
		got.wantPolicy(t, string(code))
		got.want(t, string(code), code.Status(), "What is wrong.")
		if code == staging.CodeUnauthenticated {
			got.want(t, string(code), code.Status(), `name="token"`)
			continue
		}
		got.want(t, string(code), code.Status(), "<h1>"+http.StatusText(code.Status())+"</h1>", "<code>"+string(code)+"</code>",
			"<code>/name</code>", `<p class="advice">`)
	}
	recorder := httptest.NewRecorder()
	b.console.Refuse(recorder, httptest.NewRequest(http.MethodGet, "/", http.NoBody), os.ErrClosed)
	got := answer{recorder.Code, recorder.Header(), recorder.Body.String()}
	got.want(t, "a fault", http.StatusInternalServerError, "its log says which")
	if strings.Contains(got.body, os.ErrClosed.Error()) || !strings.Contains(b.log.String(), os.ErrClosed.Error()) {
		t.Errorf("got %s, want the cause in the log alone", got.body)
	}
}

func TestAFilterThatMakesNoSense(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator := b.browser(t, operatorToken)
	for path, at := range map[string]string{
		"/?after=x": "/after", "/?colour=red": "/colour", demoPath + "?a=b": "/a", "/?after=" + demo + "&after=" + demo: "/after",
		demoPath + "/reset?to=%00": "/to",
	} {
		operator.get(t, path).want(t, path, http.StatusBadRequest, "<code>"+at+"</code>")
	}
	operator.get(t, "/?after=%zz").want(t, "no query", http.StatusBadRequest, "can&#39;t be read")
}

// Whatever has markup in it is shown as text.
func TestMarkupIsShownAsText(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const markup = `<img src=x onerror=alert(1)>"'&`
	quoted := strings.ReplaceAll(markup, "'", "''")
	b.exec(t,
		"UPDATE orgs SET name = '"+quoted+"'",
		"UPDATE projects SET name = id || '"+quoted+"'",
		"UPDATE api_keys SET description = '"+quoted+"'",
		"UPDATE service_accounts SET name = '"+quoted+"'",
		"ALTER TABLE clusters DROP CONSTRAINT IF EXISTS clusters_name_check",
		"UPDATE clusters SET name = '"+quoted+"'",
		"ALTER TABLE export_buckets DROP CONSTRAINT IF EXISTS export_buckets_bucket_name_check",
		"UPDATE export_buckets SET bucket_name = '"+quoted+"'",
		"ALTER TABLE api_keys DROP CONSTRAINT IF EXISTS api_keys_public_key_check",
		"UPDATE api_keys SET public_key = id || '"+quoted+"'",
		"UPDATE saved_states SET name = name",
	)
	operator := b.browser(t, operatorToken)
	check := func(what string, got answer) {
		t.Helper()
		if strings.Contains(got.body, "<img") || strings.Contains(got.body, "onerror=alert(1)>") {
			t.Errorf("%s: got %s, want markup as text", what, got.body)
		}
		got.wantPolicy(t, what)
	}
	for _, route := range console.Routes(withIDs) {
		if route[0] == http.MethodGet && !strings.Contains(route[1], "/export") {
			check(route[1], operator.get(t, route[1]))
		}
	}
	if got := operator.get(t, demoPath); strings.Count(got.body, "&lt;img src=x onerror=alert(1)&gt;&#34;&#39;&amp;") < 10 {
		t.Errorf("got %s, want what the fields have", got.body)
	}
	made := operator.post(t, demoPath+"/copy", url.Values{"state": {"live"}, "name": {markup}})
	check("created", made)
	made.want(t, "created", http.StatusOK, "Made &lt;img")
	deleted := operator.send(t, demoPath+"/delete", url.Values{"name": {markup}})
	check("deleted", deleted)
	deleted.want(t, "deleted", http.StatusOK, "Deleted &lt;img")
	check("no page", operator.get(t, "/"+url.PathEscape(markup)))
	check("no filter", operator.get(t, "/?"+url.QueryEscape(markup)+"=a"))
	check("next", b.browser(t, "").get(t, "/?"+url.QueryEscape(markup)))
}

// Another server of the host can set a cookie, and have the console say nothing with it.
func TestAnotherServerHasNothingSaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator := b.browser(t, operatorToken)
	for _, text := range []string{"Send your token", strings.Repeat("x", 32) + "Send your token"} {
		got := operator.do(t, http.MethodGet, "/", nil, func(r *http.Request) {
			r.AddCookie(&http.Cookie{
				Name: "exportbuckets_done", Value: base64.RawURLEncoding.EncodeToString([]byte(text)),
			})
		})
		got.want(t, "forged", http.StatusOK, "<h1>Organizations</h1>")
		got.wantNone(t, "forged", "Send your token")
	}
}

// What is done here is told as what is done by the HTTP plane.
func TestTheJournalTellsOfChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator := b.browser(t, operatorToken)
	operator.send(t, demoPath+"/save", url.Values{"name": {"a"}})
	made := operator.post(t, demoPath+"/copy", url.Values{"state": {"live"}, "name": {"pr-42"}})
	created := regexp.MustCompile(`ebt_([a-f0-9]{24})_`).FindStringSubmatch(made.body)
	if created == nil {
		t.Fatalf("got %s, want a token", made.body)
	}
	b.wantChange(t, demo, "POST /organizations/{org}/save", "rows")
	b.wantChange(t, demo, "POST /organizations/{org}/copy", "ids")
	b.wantChange(t, created[1], "POST /organizations/{org}/copy", "ids")
}

// wantChange fails the test unless the journal of an organization tells of what the operator
// has done, with a number.
func (b *bundle) wantChange(t *testing.T, org, action, count string) {
	t.Helper()
	b.journal.Flush(t.Context())
	caller, err := b.states.Authenticate(t.Context(), operatorToken)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := caller.Reader(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	list, err := b.journal.List(t.Context(), reader, staging.JournalQuery{})
	if err != nil {
		t.Fatal(err)
	}
	told := slices.ContainsFunc(list.Results, func(entry staging.JournalEntry) bool {
		return entry.Admin != nil && entry.Admin.Token == tenantstate.OperatorName && entry.Admin.Action == action &&
			entry.Admin.Counts[count] > 0
	})
	if !told {
		t.Errorf("got %+v of %s, want it to tell of %s with %s", list.Results, org, action, count)
	}
}
