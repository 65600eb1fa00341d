package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	v2024Accounts = "application/vnd.atlas.2024-08-05+json"
	v2025         = "application/vnd.atlas.2025-03-12+json"

	demoAccounts    = apiRoot + "/groups/" + demoProject + "/serviceAccounts"
	otherAccounts   = apiRoot + "/groups/" + otherProject + "/serviceAccounts"
	demoOrgAccounts = apiRoot + "/orgs/" + demoOrg + "/serviceAccounts"

	// spareAccount is a member of the organization that reads the demo project,
	// and freeAccount one that is on no project. Neither calls anything.
	spareAccount = "mdb_sa_id_5f0000000000000000000c04"
	freeAccount  = "mdb_sa_id_5f0000000000000000000c05"

	newOrgAccount = `{"name":"CI of Zoë","description":"runs tests, 2 a day","roles":["ORG_READ_ONLY","ORG_MEMBER"],` +
		`"secretExpiresAfterHours":8760}`
	newProjectAccount = `{"name":"ci","description":"ci","roles":["GROUP_OWNER"],"secretExpiresAfterHours":8}`
)

// call sends a request about service accounts and returns the body of its
// answer, which must come with the status.
func (b *bundle) call(t *testing.T, status int, r request) string {
	t.Helper()
	r.header = http.Header{"Accept": {v2024Accounts}}
	got := b.do(t, r)
	if got.status != status {
		t.Errorf("%s %s %s: got %d %s, want %d", r.method, r.path, r.body, got.status, got.body, status)
	}
	return got.body
}

// account is what the tests read of a service account's body.
type account struct {
	ClientID    string   `json:"clientId"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Roles       []string `json:"roles"`
	Secrets     []secret `json:"secrets"`
}

type secret struct {
	ID                string     `json:"id"`
	ExpiresAt         time.Time  `json:"expiresAt"`
	LastUsedAt        *time.Time `json:"lastUsedAt"`
	MaskedSecretValue string     `json:"maskedSecretValue"`
	Secret            string     `json:"secret"`
}

func parse(t *testing.T, body string, dst any) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), dst); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
}

func parseAccount(t *testing.T, body string) account {
	t.Helper()
	var a account
	parse(t, body, &a)
	return a
}

func parseSecret(t *testing.T, body string) secret {
	t.Helper()
	var s secret
	parse(t, body, &s)
	return s
}

// newAccount makes a service account and returns it with its secret.
func (b *bundle) newAccount(t *testing.T, accounts, body string) account {
	t.Helper()
	return parseAccount(t, b.call(t, 201, request{path: accounts, body: body}))
}

// tokenFor returns an access token for a secret over HTTP.
func (b *bundle) tokenFor(t *testing.T, clientID, clientSecret string) string {
	t.Helper()
	got := b.post(t, "/api/oauth/token", grant, basic(clientID, clientSecret))
	match := tokenBody.FindStringSubmatch(got.body)
	if got.status != http.StatusOK || match == nil {
		t.Fatalf("token: got %d %s, want 200 and a token", got.status, got.body)
	}
	return match[1]
}

// wantToken fails the test unless the token is good, or else gets the empty 401.
func (b *bundle) wantToken(t *testing.T, name, token string, good bool) {
	t.Helper()
	got := b.do(t, request{path: apiRoot + "/orgs", token: token})
	switch {
	case good && got.status != http.StatusOK:
		t.Errorf("%s: got %d %s, want 200", name, got.status, got.body)
	case !good && (got.status != http.StatusUnauthorized || got.body != ""):
		t.Errorf("%s: got %d %q, want 401 and an empty body", name, got.status, got.body)
	}
}

func TestServiceAccountsOfAnOrganization(t *testing.T) {
	t.Parallel()
	b := setup(t)
	golden(t, "account_new", b.call(t, 201, request{path: demoOrgAccounts, body: newOrgAccount}))
	const one = demoOrgAccounts + "/mdb_sa_id_6a7900010203040506000001"
	golden(t, "account", b.call(t, 200, request{path: one}))
	golden(t, "account_envelope_pretty", b.call(t, 200, request{path: one + "?envelope=true&pretty=true"}))
	golden(t, "account_updated", b.call(t, 200, request{
		method: http.MethodPatch, path: one, body: `{"name":"cd","roles":["ORG_GROUP_CREATOR"]}`,
	}))
	golden(t, "account_updated", b.call(t, 200, request{
		method: http.MethodPatch, path: one, body: `{"withoutInitialSecret":true}`,
	}))
	golden(t, "account_projects_none", b.call(t, 200, request{path: one + "/groups"}))
	if got := b.call(t, 204, request{method: http.MethodDelete, path: one}); got != "" {
		t.Errorf("delete: got %s, want an empty body", got)
	}
	want := refusal(404, "SERVICE_ACCOUNT_NOT_FOUND", "No service account with ID mdb_sa_id_6a7900010203040506000001 exists.",
		"mdb_sa_id_6a7900010203040506000001")
	for _, r := range []request{
		{path: one}, {path: one, method: http.MethodDelete}, {path: one, method: http.MethodPatch, body: "{}"},
		{path: one + "/groups"}, {path: one + "/accessList"},
		{path: one + "/accessList", body: `[]`}, {path: one + "/accessList/192.0.2.1", method: http.MethodDelete},
		{path: one + "/secrets", body: `{"secretExpiresAfterHours":8}`},
		{path: one + "/secrets/6a7900010203040506000002", method: http.MethodDelete},
	} {
		if got := b.call(t, 404, r); got != want {
			t.Errorf("%s %s: got %s, want %s", r.method, r.path, got, want)
		}
	}
}

func TestServiceAccountsOfAProjectStayInTheOrganization(t *testing.T) {
	t.Parallel()
	b := setup(t)
	golden(t, "account_of_project_new", b.call(t, 201, request{key: "demoproj", path: demoAccounts, body: newProjectAccount}))
	const clientID = "mdb_sa_id_6a7900010203040506000001"
	const one = demoAccounts + "/" + clientID
	golden(t, "account_of_project", b.call(t, 200, request{path: one}))
	golden(t, "account_of_project_in_org", b.call(t, 200, request{path: demoOrgAccounts + "/" + clientID}))
	golden(t, "account_projects", b.call(t, 200, request{path: demoOrgAccounts + "/" + clientID + "/groups"}))
	golden(t, "account_of_project_updated", b.call(t, 200, request{
		key: "demoproj", method: http.MethodPatch, path: one, body: `{"roles":["GROUP_READ_ONLY","GROUP_BACKUP_MANAGER"]}`,
	}))
	b.call(t, 204, request{key: "demoproj", method: http.MethodDelete, path: one})
	b.call(t, 404, request{path: one})
	b.call(t, 404, request{key: "demoproj", method: http.MethodDelete, path: one})
	stays := parseAccount(t, b.call(t, 200, request{path: demoOrgAccounts + "/" + clientID}))
	if want := []string{"ORG_MEMBER"}; !slices.Equal(stays.Roles, want) || len(stays.Secrets) != 1 {
		t.Errorf("unassigned account: got %+v, want its secret and the roles %q", stays, want)
	}

	invite := one + ":invite"
	golden(t, "account_of_project_invited", b.call(t, 200, request{path: invite, body: `{"roles":["GROUP_BACKUP_MANAGER"]}`}))
	want := refusal(400, "INVALID_ROLE_ASSIGNMENT", "Invalid role assignment: SERVICE_ACCOUNT_ALREADY_IN_GROUP.",
		"SERVICE_ACCOUNT_ALREADY_IN_GROUP")
	if got := b.call(t, 400, request{path: invite, body: `{"roles":["GROUP_OWNER"]}`}); got != want {
		t.Errorf("second invitation: got %s, want %s", got, want)
	}
	// Older clients of the version send an array.
	elsewhere := otherAccounts + "/" + clientID + ":invite"
	got := parseAccount(t, b.call(t, 200, request{path: elsewhere, body: `[{"roles":["GROUP_OWNER"]},{"roles":["GROUP_READ_ONLY"]}]`}))
	if want := []string{"GROUP_OWNER", "GROUP_READ_ONLY"}; !slices.Equal(got.Roles, want) {
		t.Errorf("invitation by an array: got the roles %q, want %q", got.Roles, want)
	}
	golden(t, "account_projects_two", b.call(t, 200, request{path: demoOrgAccounts + "/" + clientID + "/groups"}))
	golden(t, "account_projects_last", b.call(t, 200, request{
		path: demoOrgAccounts + "/" + clientID + "/groups?itemsPerPage=1&pageNum=2",
	}))
}

func TestServiceAccountsAreListedInTheOrderOfTheirCreation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 2 {
		b.clock.advance(time.Second)
		b.newAccount(t, demoOrgAccounts, newOrgAccount)
		b.newAccount(t, demoAccounts, newProjectAccount)
	}
	golden(t, "accounts_of_project", b.call(t, 200, request{
		path: demoAccounts + "?itemsPerPage=2&pageNum=2",
	}))
	golden(t, "accounts_envelope", b.call(t, 200, request{
		path: demoOrgAccounts + "?envelope=true&itemsPerPage=2&pageNum=4",
	}))
	golden(t, "accounts_past_the_end", b.call(t, 200, request{path: demoOrgAccounts + "?pageNum=2"}))
	golden(t, "accounts_none", b.call(t, 200, request{path: otherAccounts}))
}

func TestAServiceAccountMayBeCreatedWithoutASecret(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.newAccount(t, demoOrgAccounts,
		`{"name":"n","description":"d","roles":["ORG_MEMBER"],"withoutInitialSecret":true}`)
	if got.Secrets == nil || len(got.Secrets) != 0 {
		t.Errorf("got the secrets %+v, want an empty list", got.Secrets)
	}
	first := parseSecret(t, b.call(t, 201, request{
		path: demoOrgAccounts + "/" + got.ClientID + "/secrets", body: `{"secretExpiresAfterHours":24}`,
	}))
	b.wantToken(t, "of the first secret", b.tokenFor(t, got.ClientID, first.Secret), true)
}

func TestServiceAccountRequestsAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	create := func(changes ...string) string {
		return strings.NewReplacer(changes...).Replace(newOrgAccount)
	}
	missing := func(name string) string {
		return refusal(400, "MISSING_ATTRIBUTE", "The required attribute "+name+" was not specified.", name)
	}
	invalid := func(text string) string {
		return refusal(400, "VALIDATION_ERROR", "The request content produced the validation error: "+text+".", text)
	}
	attribute := func(name string) string {
		return refusal(400, "INVALID_ATTRIBUTE", "Invalid attribute "+name+" specified.", name)
	}
	const (
		nameRule  = "name must have 1 to 64 characters, which are letters, digits, blanks and -_.,'"
		descRule  = "description must have 1 to 250 characters, which are letters, digits, blanks and -_.,'"
		rolesRule = "roles must have at least one element"
		hoursRule = "secretExpiresAfterHours must be from 8 to 8760"
	)
	spare, invite := demoOrgAccounts+"/"+spareAccount, demoAccounts+"/"+freeAccount+":invite"
	orgRole := refusal(400, "INVALID_ROLE_FOR_ORG", "Role GROUP_OWNER invalid for organization "+demoOrg+".",
		"GROUP_OWNER", demoOrg)
	projectRole := refusal(400, "INVALID_ROLE_FOR_GROUP", "Role ORG_OWNER is invalid for group "+demoProject+".",
		"ORG_OWNER", demoProject)
	malformed := refusal(400, "MALFORMED_JSON", "Received JSON is malformed.")
	format := refusal(400, "INVALID_JSON", "Received JSON does not match expected format.")
	for _, tt := range []struct {
		name string
		r    request
		want string
	}{
		{"nothing", request{path: demoOrgAccounts, body: `{}`}, missing("name")},
		{"no description", request{path: demoOrgAccounts, body: `{"name":"n"}`}, missing("description")},
		{"no roles", request{path: demoOrgAccounts, body: `{"name":"n","description":"d","roles":null}`}, missing("roles")},
		{
			"no validity", request{path: demoOrgAccounts, body: `{"name":"n","description":"d","roles":["ORG_MEMBER"]}`},
			missing("secretExpiresAfterHours"),
		},
		{
			"a validity of nothing", request{path: demoOrgAccounts, body: create("8760", `8,"withoutInitialSecret":true`)},
			invalid("secretExpiresAfterHours must not be set if withoutInitialSecret is true"),
		},
		{"an empty name", request{path: demoOrgAccounts, body: create("CI of Zoë", "")}, invalid(nameRule)},
		{"a long name", request{path: demoOrgAccounts, body: create("CI of Zoë", strings.Repeat("ë", 65))}, invalid(nameRule)},
		{"a name with a slash", request{path: demoOrgAccounts, body: create("CI of", "a/b")}, invalid(nameRule)},
		{"a name of two lines", request{path: demoOrgAccounts, body: create("CI of", `a\n`)}, invalid(nameRule)},
		{"an empty description", request{path: demoOrgAccounts, body: create("runs tests, 2 a day", "")}, invalid(descRule)},
		{
			"a long description", request{path: demoOrgAccounts, body: create("runs tests", strings.Repeat("d", 242))},
			invalid(descRule),
		},
		{"no role", request{path: demoOrgAccounts, body: create(`"ORG_READ_ONLY","ORG_MEMBER"`, "")}, invalid(rolesRule)},
		{"a project's role", request{path: demoOrgAccounts, body: create("ORG_MEMBER", "GROUP_OWNER")}, orgRole},
		{"an organization's role", request{path: demoAccounts, body: strings.Replace(newProjectAccount, "GROUP", "ORG", 1)}, projectRole},
		{"7 hours", request{path: demoOrgAccounts, body: create("8760", "7")}, invalid(hoursRule)},
		{"8761 hours", request{path: demoOrgAccounts, body: create("8760", "8761")}, invalid(hoursRule)},
		{"hours in words", request{path: demoOrgAccounts, body: create("8760", `"8"`)}, refusal(400, "INVALID_JSON_ATTRIBUTE",
			"Received JSON for the secretExpiresAfterHours attribute does not match expected format.", "secretExpiresAfterHours")},
		{"an unknown field", request{path: demoOrgAccounts, body: create(`"name"`, `"x":1,"name"`)}, attribute("x")},

		{"a change to an empty name", request{method: http.MethodPatch, path: spare, body: `{"name":""}`}, invalid(nameRule)},
		{"a change to no role", request{method: http.MethodPatch, path: spare, body: `{"roles":[]}`}, invalid(rolesRule)},
		{"a change to a project's role", request{method: http.MethodPatch, path: spare, body: `{"roles":["GROUP_OWNER"]}`}, orgRole},
		{
			"a change of the validity", request{method: http.MethodPatch, path: spare, body: `{"secretExpiresAfterHours":8}`},
			attribute("secretExpiresAfterHours"),
		},

		{"an invitation without roles", request{path: invite, body: `{}`}, invalid(rolesRule)},
		{"an invitation of nobody", request{path: invite, body: `[]`}, invalid(rolesRule)},
		{"an invitation with an organization's role", request{path: invite, body: `{"roles":["ORG_OWNER"]}`}, projectRole},
		{"an invitation that is empty", request{method: http.MethodPost, path: invite}, format},
		{"an invitation that is a text", request{path: invite, body: `"x"`}, format},
		{"an invitation that is none", request{path: invite, body: `[{`}, malformed},

		{"a secret without a validity", request{path: spare + "/secrets", body: `{}`}, missing("secretExpiresAfterHours")},
		{"a secret of 7 hours", request{path: spare + "/secrets", body: `{"secretExpiresAfterHours":7}`}, invalid(hoursRule)},
		{"a bad page", request{path: demoOrgAccounts + "?itemsPerPage=x"}, refusal(400, "INVALID_QUERY_PARAMETER",
			"Invalid query parameter itemsPerPage specified.", "itemsPerPage")},
	} {
		if got := b.call(t, 400, tt.r); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
	unknown := demoOrgAccounts + "/" + spareAccount + "/secrets/"
	for id, want := range map[string]string{
		"6a7900010203040506999999": refusal(404, "RESOURCE_NOT_FOUND",
			"Cannot find resource "+unknown+"6a7900010203040506999999.", unknown+"6a7900010203040506999999"),
		"x": malformedPath(unknown + "x"),
	} {
		if got := b.do(t, request{
			method: http.MethodDelete, path: unknown + id, header: http.Header{"Accept": {v2024Accounts}},
		}); got.body != want {
			t.Errorf("deletion of secret %s: got %s, want %s", id, got.body, want)
		}
	}
	for _, id := range []string{
		"5f0000000000000000000c04", "mdb_sa_id_x", "mdb_sa_id_" + spareKey, "x:invite", freeAccount + ":other",
	} {
		want := refusal(404, "SERVICE_ACCOUNT_NOT_FOUND", "No service account with ID "+id+" exists.", id)
		if got := b.call(t, 404, request{path: demoOrgAccounts + "/" + id}); got != want {
			t.Errorf("account %s: got %s, want %s", id, got, want)
		}
	}
	want := refusal(404, "SERVICE_ACCOUNT_NOT_FOUND", "No service account with ID "+freeAccount+" exists.", freeAccount)
	if got := b.call(t, 404, request{path: demoAccounts + "/" + freeAccount}); got != want {
		t.Errorf("account that is not on the project: got %s, want %s", got, want)
	}
}

func TestCustomMethodsAreMethodsOfTheirPathAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one := demoAccounts + "/" + spareAccount
	for _, tt := range []struct{ method, path, allow string }{
		{http.MethodPost, one, "PATCH,GET,DELETE,OPTIONS"},
		{http.MethodPut, one, "PATCH,GET,DELETE,OPTIONS"},
		{http.MethodPost, one + ":other", "PATCH,GET,DELETE,OPTIONS"},
		{http.MethodPut, one + ":invite", "POST,PATCH,GET,DELETE,OPTIONS"},
		{http.MethodPost, demoOrgAccounts + "/" + spareAccount, "PATCH,GET,DELETE,OPTIONS"},
		{http.MethodPost, demoOrgAccounts + "/" + spareAccount + ":invite", "PATCH,GET,DELETE,OPTIONS"},
	} {
		got := b.do(t, request{method: tt.method, path: tt.path})
		if got.status != http.StatusMethodNotAllowed || got.body != "" || got.header.Get("Allow") != tt.allow {
			t.Errorf("%s %s: got %d %q, Allow %q; want 405, an empty body, Allow %q",
				tt.method, tt.path, got.status, got.body, got.header.Get("Allow"), tt.allow)
		}
	}
	checkChallenge(t, "no credentials", b.do(t, request{method: http.MethodPost, path: one, bare: true}), "false")
}

func TestServiceAccountsHaveOneVersion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for accept, want := range map[string]int{v2024: 406, v2024Accounts: 200, v2025: 200} {
		got := b.do(t, request{path: demoOrgAccounts, header: http.Header{"Accept": {accept}}})
		if got.status != want {
			t.Errorf("%s: got %d %s, want %d", accept, got.status, got.body, want)
		}
		if served := got.header.Get("Content-Type"); want == 200 && served != v2024Accounts+";charset=utf-8" {
			t.Errorf("%s: got %s, want %s", accept, served, v2024Accounts)
		}
		if limit := got.header.Get("Ratelimit-Limit"); limit != "500" {
			t.Errorf("%s: got a rate limit of %s, want 500", accept, limit)
		}
	}
	got := b.do(t, request{path: demoAccounts, header: http.Header{"Accept": {v2025}}})
	if limit := got.header.Get("Ratelimit-Limit"); limit != "1200" {
		t.Errorf("project: got a rate limit of %s, want 1200", limit)
	}
}

func TestSecretsAreShownOnceAndMaskedEverAfter(t *testing.T) {
	t.Parallel()
	b := setup(t)
	created := b.newAccount(t, demoOrgAccounts, newOrgAccount)
	one := demoOrgAccounts + "/" + created.ClientID
	golden(t, "secret_new", b.call(t, 201, request{path: one + "/secrets", body: `{"secretExpiresAfterHours":8}`}))
	for _, path := range []string{one, demoOrgAccounts} {
		if got := b.call(t, 200, request{path: path}); strings.Contains(got, `"secret":`) {
			t.Errorf("%s: got %s, want no secret", path, got)
		}
	}
	got := parseAccount(t, b.call(t, 200, request{path: one}))
	first := created.Secrets[0].Secret
	if len(first) != len("mdb_sa_sk_")+40 {
		t.Errorf("got the secret %s, want 40 characters after its prefix", first)
	}
	if want := "mdb_sa_sk_..." + first[len(first)-4:]; got.Secrets[0].MaskedSecretValue != want {
		t.Errorf("got the mask %s, want %s", got.Secrets[0].MaskedSecretValue, want)
	}
	// A secret that is older than the column.
	if _, err := b.pool.Exec(t.Context(), "UPDATE service_account_secrets SET suffix = NULL"); err != nil {
		t.Fatal(err)
	}
	got = parseAccount(t, b.call(t, 200, request{path: one}))
	if want := "mdb_sa_sk_..."; got.Secrets[0].MaskedSecretValue != want {
		t.Errorf("got the mask %s, want %s", got.Secrets[0].MaskedSecretValue, want)
	}
	var kept int
	err := b.pool.QueryRow(t.Context(), `SELECT count(*) FROM service_account_secrets AS s
		WHERE position($1 IN s::text) > 0`, first[len("mdb_sa_sk_"):]).Scan(&kept)
	if err != nil || kept != 0 {
		t.Errorf("rows with the secret: got %d, %v, want none", kept, err)
	}
}

func TestAServiceAccountHasTwoSecretsOfWhichTheOldSoonExpires(t *testing.T) {
	t.Parallel()
	b := setup(t)
	created := b.newAccount(t, demoOrgAccounts, newOrgAccount)
	one := demoOrgAccounts + "/" + created.ClientID
	start := b.clock.Now()
	b.clock.advance(time.Hour)
	second := parseSecret(t, b.call(t, 201, request{path: one + "/secrets", body: `{"secretExpiresAfterHours":24}`}))
	expiries := func() []time.Duration {
		var list []time.Duration
		for _, secret := range parseAccount(t, b.call(t, 200, request{path: one})).Secrets {
			list = append(list, secret.ExpiresAt.Sub(start))
		}
		return list
	}
	if diff := cmp.Diff([]time.Duration{169 * time.Hour, 25 * time.Hour}, expiries()); diff != "" {
		t.Errorf("expiries (-want +got):\n%s", diff)
	}
	// Those that have expired count.
	b.clock.advance(200 * time.Hour)
	text := "a service account can have at most 2 secrets"
	want := refusal(400, "VALIDATION_ERROR", "The request content produced the validation error: "+text+".", text)
	third := request{path: one + "/secrets", body: `{"secretExpiresAfterHours":8760}`}
	if got := b.call(t, 400, third); got != want {
		t.Errorf("third secret: got %s, want %s", got, want)
	}
	b.call(t, 204, request{method: http.MethodDelete, path: one + "/secrets/" + created.Secrets[0].ID})
	b.call(t, 404, request{method: http.MethodDelete, path: one + "/secrets/" + created.Secrets[0].ID})
	b.call(t, 201, third)
	if diff := cmp.Diff([]time.Duration{25 * time.Hour, (201 + 8760) * time.Hour}, expiries()); diff != "" {
		t.Errorf("expiries after the third (-want +got):\n%s", diff)
	}
	b.call(t, 404, request{method: http.MethodDelete, path: demoOrgAccounts + "/" + spareAccount + "/secrets/" + second.ID})
}

func TestTheOrganizationMayShortenTheValidityOfSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.send(t, 200, http.MethodPatch, apiRoot+"/orgs/"+demoOrg+"/settings", `{"maxServiceAccountSecretValidityInHours":24}`)
	text := "secretExpiresAfterHours must be from 8 to 24"
	want := refusal(400, "VALIDATION_ERROR", "The request content produced the validation error: "+text+".", text)
	tooLong := strings.Replace(newOrgAccount, "8760", "25", 1)
	if got := b.call(t, 400, request{path: demoOrgAccounts, body: tooLong}); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	b.newAccount(t, demoOrgAccounts, strings.Replace(newOrgAccount, "8760", "24", 1))
	secrets := demoAccounts + "/" + spareAccount + "/secrets"
	if got := b.call(t, 400, request{path: secrets, body: `{"secretExpiresAfterHours":25}`}); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTokensEndWithTheirSecret(t *testing.T) {
	t.Parallel()
	b := setup(t)
	created := b.newAccount(t, demoOrgAccounts, newOrgAccount)
	one := demoOrgAccounts + "/" + created.ClientID
	second := parseSecret(t, b.call(t, 201, request{path: one + "/secrets", body: `{"secretExpiresAfterHours":24}`}))
	ofFirst := b.tokenFor(t, created.ClientID, created.Secrets[0].Secret)
	ofSecond := b.tokenFor(t, created.ClientID, second.Secret)
	b.wantToken(t, "of the first secret", ofFirst, true)

	b.call(t, 204, request{method: http.MethodDelete, path: one + "/secrets/" + created.Secrets[0].ID})
	b.wantToken(t, "of the deleted secret", ofFirst, false)
	b.wantToken(t, "of the other secret", ofSecond, true)
	got := b.post(t, "/api/oauth/token", grant, basic(created.ClientID, created.Secrets[0].Secret))
	if got.status != http.StatusUnauthorized {
		t.Errorf("token for the deleted secret: got %d %s, want 401", got.status, got.body)
	}

	b.call(t, 204, request{method: http.MethodDelete, path: one})
	b.wantToken(t, "of the deleted account", ofSecond, false)
	got = b.post(t, "/api/oauth/token", grant, basic(created.ClientID, second.Secret))
	if got.status != http.StatusUnauthorized {
		t.Errorf("token for the deleted account: got %d %s, want 401", got.status, got.body)
	}
}

func TestNoTokenOutlivesItsSecret(t *testing.T) {
	t.Parallel()
	b := setup(t)
	created := b.newAccount(t, demoAccounts, newProjectAccount) // good for 8 hours
	client := basic(created.ClientID, created.Secrets[0].Secret)
	b.clock.advance(7*time.Hour + 59*time.Minute)
	got := b.post(t, "/api/oauth/token", grant, client)
	var body struct {
		Token   string `json:"access_token"`
		Seconds int    `json:"expires_in"`
	}
	parse(t, got.body, &body)
	if got.status != http.StatusOK || body.Seconds != 60 {
		t.Errorf("got %d %s, want 200 and expires_in 60", got.status, got.body)
	}
	b.clock.advance(59 * time.Second)
	b.wantToken(t, "within the minute", body.Token, true)
	b.clock.advance(time.Second)
	b.wantToken(t, "after the minute", body.Token, false)
	got = b.post(t, "/api/oauth/token", grant, client)
	want := `{"error":"invalid_client","error_description":"Invalid credentials provided."}`
	if got.status != http.StatusUnauthorized || got.body != want {
		t.Errorf("token for the expired secret: got %d %s, want 401 %s", got.status, got.body, want)
	}
}

// The owner of one project could become that of all with a new secret of an
// account that is.
func TestWhoOwnsOneProjectRotatesNoSecretsThatAreGoodForMore(t *testing.T) {
	t.Parallel()
	unauthorized := refusal(401, "USER_UNAUTHORIZED", "Current user is not authorized to perform this action.")
	for name, reach := range map[string]func(*testing.T, *bundle, string){
		"the organization": func(t *testing.T, b *bundle, clientID string) {
			t.Helper()
			b.call(t, 200, request{
				method: http.MethodPatch, path: demoOrgAccounts + "/" + clientID, body: `{"roles":["ORG_MEMBER","ORG_OWNER"]}`,
			})
		},
		"another project": func(t *testing.T, b *bundle, clientID string) {
			t.Helper()
			b.call(t, 200, request{path: otherAccounts + "/" + clientID + ":invite", body: `{"roles":["GROUP_READ_ONLY"]}`})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			created := b.newAccount(t, demoAccounts, newProjectAccount)
			one := demoAccounts + "/" + created.ClientID
			requests := []request{
				{path: one + "/secrets", body: `{"secretExpiresAfterHours":8}`},
				{path: one + "/accessList", body: `[{"ipAddress":"127.0.0.1"}]`},
				{path: one + "/accessList/127.0.0.1", method: http.MethodDelete},
				{path: one + "/secrets/" + created.Secrets[0].ID, method: http.MethodDelete},
			}
			reach(t, b, created.ClientID)
			for _, r := range requests {
				r.key = "demoproj"
				if got := b.call(t, 401, r); got != unauthorized {
					t.Errorf("%s %s: got %s, want %s", r.method, r.path, got, unauthorized)
				}
			}
			for i, status := range []int{201, 200, 204, 204} {
				requests[i].key = "demoownr"
				b.call(t, status, requests[i])
			}
		})
	}
}

func TestAccessListsOfServiceAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.TrustedProxies = []string{"127.0.0.1"} })
	created := b.newAccount(t, demoAccounts, newProjectAccount)
	token := b.tokenFor(t, created.ClientID, created.Secrets[0].Secret)
	one := demoAccounts + "/" + created.ClientID + "/accessList"
	golden(t, "account_networks_none", b.call(t, 200, request{path: one}))
	golden(t, "account_networks_new", b.call(t, 200, request{
		path: one, body: `[{"ipAddress":"127.0.0.1"},{"cidrBlock":"10.0.0.0/8"},{"cidrBlock":"127.0.0.0/8"},{"ipAddress":"2001:db8::1"}]`,
	}))
	from := func(address string) answer {
		return b.do(t, request{
			path: apiRoot + "/orgs", token: token, header: http.Header{"X-Forwarded-For": {address}},
		})
	}
	b.clock.advance(time.Minute)
	for address, want := range map[string]int{"127.0.0.1": 200, "10.1.2.3": 200, "192.0.2.1": 403} {
		if got := from(address); got.status != want {
			t.Errorf("%s: got %d %s, want %d", address, got.status, got.body, want)
		}
	}
	if err := b.iam.WriteLastUsed(t.Context()); err != nil {
		t.Fatal(err)
	}
	ofOrg := demoOrgAccounts + "/" + created.ClientID + "/accessList"
	golden(t, "account_networks", b.call(t, 200, request{path: ofOrg + "?itemsPerPage=3"}))
	b.call(t, 204, request{method: http.MethodDelete, path: one + "/10.0.0.0%2F8"})
	want := refusal(404, "ACCESS_LIST_ENTRY_NOT_FOUND", "No access list entry 10.0.0.0/8 exists.", "10.0.0.0/8")
	if got := b.call(t, 404, request{method: http.MethodDelete, path: one + "/10.0.0.0%2F8"}); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := from("10.1.2.3"); got.status != http.StatusForbidden {
		t.Errorf("from a network that was taken from the list: got %d %s, want 403", got.status, got.body)
	}
}
