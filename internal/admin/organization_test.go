package admin_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/admin"
	"exportbuckets/staging"
)

func TestATeamSeesItsOwnOrganizationAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	names := func(token string) []string {
		organizations, err := b.as(token).Organizations(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, organization := range organizations {
			names = append(names, organization.Name)
		}
		return names
	}
	for token, want := range map[string][]string{
		operatorToken: {"Demo Organization", "Neighbor"},
		writeToken:    {"Demo Organization"},
		readToken:     {"Demo Organization"},
		neighborToken: {"Neighbor"},
	} {
		if diff := cmp.Diff(want, names(token)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", token, diff)
		}
	}
}

// A stranger's organization and one that is not there can't be told apart.
func TestTheOrganizationOfAnotherIsAsOneThatIsNotThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, rest := range []string{"", "/tokens"} {
		path := func(org string) string { return staging.Root + "/organizations/" + org + rest }
		foreign := b.do(t, http.MethodGet, path(neighbor), writeToken, "")
		absent := b.do(t, http.MethodGet, path("5f0000000000000000000aff"), writeToken, "")
		foreign.header.Del("Date")
		absent.header.Del("Date")
		if foreign.status != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path(neighbor), foreign.status)
		}
		if foreign.body != absent.body || cmp.Diff(foreign.header, absent.header) != "" {
			t.Errorf("got %+v of a stranger's, %+v of one that is not there", foreign, absent)
		}
	}
}

func TestWhoeverHasNoTokenLearnsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator := b.as(operatorToken)
	token, err := operator.CreateToken(t.Context(), demo, staging.NewToken{Role: staging.RoleRead})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.as(token.Secret).Organization(t.Context(), demo); err != nil {
		t.Errorf("got %v with a new token", err)
	}
	if err := operator.RevokeToken(t.Context(), demo, token.ID); err != nil {
		t.Fatal(err)
	}
	isProblem(t, operator.RevokeToken(t.Context(), demo, token.ID), staging.CodeNotFound)
	for _, wrong := range []string{
		"", "x", operatorToken + "x", strings.ToUpper(operatorToken), token.Secret,
		strings.Replace(readToken, demo, neighbor, 1),
		"ebt_" + demo + "_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	} {
		for _, path := range []string{"/organizations", "/organizations/" + demo, "/nothing", "/openapi.yaml"} {
			got := b.do(t, http.MethodGet, staging.Root+path, wrong, "")
			if got.status != http.StatusUnauthorized || strings.Contains(got.body, demo) ||
				got.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%q, %s: got %+v, want 401 and nothing else", wrong, path, got)
			}
		}
	}
}

func TestWhoMayChangeWhat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	no := false
	for token, want := range map[string]struct{ token, update staging.Code }{
		operatorToken: {"", ""},
		writeToken:    {"", staging.CodeReadOnlyToken},
		readToken:     {staging.CodeReadOnlyToken, staging.CodeReadOnlyToken},
		neighborToken: {staging.CodeNotFound, staging.CodeNotFound},
	} {
		client := b.as(token)
		_, created := client.CreateToken(t.Context(), demo, staging.NewToken{Role: staging.RoleRead})
		_, updated := client.UpdateOrganization(t.Context(), demo, staging.OrganizationUpdate{Protected: &no})
		for _, one := range []struct {
			err  error
			want staging.Code
		}{{created, want.token}, {updated, want.update}} {
			if one.want != "" {
				isProblem(t, one.err, one.want)
			} else if one.err != nil {
				t.Errorf("%s: got %v", token, one.err)
			}
		}
	}
}

func TestTheOperatorProtectsAnOrganization(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator := b.as(operatorToken)
	before, err := operator.Organization(t.Context(), demo)
	if err != nil {
		t.Fatal(err)
	}
	if before.Protected {
		t.Error("an organization with staging in its seed is protected")
	}
	for _, want := range []bool{true, false} {
		got, err := operator.UpdateOrganization(t.Context(), demo, staging.OrganizationUpdate{Protected: &want})
		if err != nil || got.Protected != want {
			t.Errorf("got %+v, %v, want protected %t", got, err, want)
		}
	}
}

func TestAnOrganizationTellsWhatIsStagedInIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	staged := func() staging.Staged {
		t.Helper()
		organizations, err := b.as(readToken).Organizations(t.Context())
		if err != nil || len(organizations) != 1 {
			t.Fatalf("got %+v, %v, want the team's organization", organizations, err)
		}
		return organizations[0].Staged
	}
	if got, want := staged(), (staging.Staged{Journal: staging.JournalFull}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	team := b.as(writeToken)
	file := []byte("organizations: [{id: " + demo + ", name: Demo Organization}]")
	if _, err := team.Declare(t.Context(), demo, file, staging.Replace, false); err != nil {
		t.Fatal(err)
	}
	reset := staging.Effect{Kind: staging.KindReset}
	if _, err := team.PutFaults(t.Context(), demo, []staging.Fault{
		{Name: "a", Effect: reset}, {Name: "b", Effect: reset}, {Name: "c", Effect: reset},
	}); err != nil {
		t.Fatal(err)
	}
	_, err := b.pool.Exec(t.Context(), "UPDATE staging_faults SET expires_at = now() - interval '1 s' WHERE name = 'b'")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := team.SetJournal(t.Context(), demo, staging.JournalSettings{Mode: staging.JournalLines}); err != nil {
		t.Fatal(err)
	}
	if got, want := staged(), (staging.Staged{Declared: true, Faults: 2, Journal: staging.JournalLines}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	protected, err := b.as(operatorToken).UpdateOrganization(t.Context(), neighbor,
		staging.OrganizationUpdate{Protected: new(true)})
	if err != nil || protected.Staged != (staging.Staged{Journal: staging.JournalOff}) {
		t.Errorf("got %+v, %v, want nothing staged in a protected one", protected.Staged, err)
	}
}

func TestRequestsThatCannotBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tokens := staging.Root + "/organizations/" + demo + "/tokens"
	tests := []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", tokens, `{"role":"owner"}`, 400, `"at": "/role"`},
		{"POST", tokens, `{"role":1}`, 400, `"at": "/role"`},
		{"POST", tokens, `{"role":"read","x":1}`, 400, `"at": "/x"`},
		{"POST", tokens, `{"role":`, 400, "not JSON"},
		{"POST", tokens, ``, 400, "not JSON"},
		{"POST", tokens, `{"role":"` + strings.Repeat("x", staging.MaxBody) + `"}`, 413, "TOO_LARGE"},
		{"PATCH", staging.Root + "/organizations/" + demo, `{"protected":"yes"}`, 400, `"at": "/protected"`},
		{"GET", staging.Root + "/organizations?after=x", ``, 400, `"at": "/after"`},
		{"DELETE", tokens + "/x", ``, 404, "no such token"},
	}
	for _, tt := range tests {
		got := b.do(t, tt.method, tt.path, operatorToken, tt.body)
		if got.status != tt.status || !strings.Contains(got.body, tt.want) {
			t.Errorf("%s %s %.40s: got %d %s, want %d with %s", tt.method, tt.path, tt.body, got.status, got.body, tt.status, tt.want)
		}
	}
}

func TestRequestsFromElsewhereAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *admin.Config) { c.Hosts = []string{"Staging.Example.org"} })
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:1": 200, "127.0.0.1": 200, "[::1]:8081": 200, "192.0.2.1": 200,
		"atlas.example.com": 200, "staging.example.org:8081": 200,
		"rebound.example.net": 403, "localhost.example.net": 403, "atlas.example.com.evil.net": 403,
	} {
		got := b.do(t, http.MethodGet, "/healthz", "", "", func(r *http.Request) { r.Host = host })
		if got.status != want {
			t.Errorf("%s: got %d %s, want %d", host, got.status, got.body, want)
		}
	}
	got := b.do(t, http.MethodPost, staging.Root+"/organizations/"+demo+"/tokens", operatorToken, `{"role":"read"}`,
		func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
	if got.status != http.StatusForbidden || !strings.Contains(got.body, string(staging.CodeOriginRefused)) {
		t.Errorf("got %d %s of a page of another origin, want 403", got.status, got.body)
	}
}

func TestWithoutStagingThereIsHealthAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *admin.Config) { c.Staging = false })
	if got := b.do(t, http.MethodGet, "/healthz", "", ""); got.status != http.StatusOK {
		t.Errorf("got %d, want health", got.status)
	}
	_, err := b.as(operatorToken).Organizations(t.Context())
	isProblem(t, err, staging.CodeStagingOff)
}
