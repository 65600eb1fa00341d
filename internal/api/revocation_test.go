package api_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

// revocations take from an Organization Owner what it needs to write. Each is a
// request that the demo tenant's owner makes.
var revocations = map[string]func(t *testing.T, b *bundle, who revoked){
	"its role": func(t *testing.T, b *bundle, who revoked) {
		t.Helper()
		b.sendNewest(t, 200, http.MethodPatch, who.path(), `{"roles":["ORG_MEMBER"]}`, nil)
	},
	"its address": func(t *testing.T, b *bundle, who revoked) {
		t.Helper()
		b.sendNewest(t, 200, http.MethodPost, who.path()+"/accessList", `[{"cidrBlock":"198.51.100.0/24"}]`, nil)
	},
	"its secret": func(t *testing.T, b *bundle, who revoked) {
		t.Helper()
		b.sendNewest(t, 204, http.MethodDelete, who.path()+"/secrets/"+who.secretID, "", nil)
	},
	"its token": func(t *testing.T, b *bundle, who revoked) {
		t.Helper()
		if err := b.iam.RevokeAccessToken(t.Context(), who.clientID, who.secret, who.token); err != nil {
			t.Error(err)
		}
	},
	"itself": func(t *testing.T, b *bundle, who revoked) {
		t.Helper()
		b.sendNewest(t, 204, http.MethodDelete, who.path(), "", nil)
	},
	"every address without a list": func(t *testing.T, b *bundle, _ revoked) {
		t.Helper()
		b.sendNewest(t, 200, http.MethodPatch, apiRoot+"/orgs/"+demoOrg+"/settings", `{"apiAccessListRequired":true}`, nil)
	},
}

// revoked is a service account that owns the demo organization until it is revoked.
type revoked struct{ clientID, secretID, secret, token string }

func (r revoked) path() string { return demoOrgAccounts + "/" + r.clientID }

func (b *bundle) newRevoked(t *testing.T) revoked {
	t.Helper()
	var account struct {
		ClientID string `json:"clientId"`
		Secrets  []struct {
			ID     string `json:"id"`
			Secret string `json:"secret"`
		} `json:"secrets"`
	}
	b.sendNewest(t, 201, http.MethodPost, demoOrgAccounts,
		`{"name":"n","description":"d","secretExpiresAfterHours":8,"roles":["ORG_OWNER"]}`, &account)
	if len(account.Secrets) == 0 {
		t.Fatal("got no secret, want one")
	}
	who := revoked{clientID: account.ClientID, secretID: account.Secrets[0].ID, secret: account.Secrets[0].Secret}
	token, err := b.iam.CreateAccessToken(t.Context(), who.clientID, who.secret)
	if err != nil {
		t.Fatal(err)
	}
	who.token = token.Token
	return who
}

// sendNewest makes a request of the newest version as the demo tenant's owner, and
// decodes the answer into a value if it is not nil.
func (b *bundle) sendNewest(t *testing.T, status int, method, path, body string, into any) {
	t.Helper()
	got := b.do(t, request{method: method, path: path, body: body, header: http.Header{"Accept": {v2025}}})
	if got.status != status {
		t.Errorf("%s %s %s: got %d %s, want %d", method, path, body, got.status, got.body, status)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal([]byte(got.body), into); err != nil {
		t.Fatal(err)
	}
}

// bodyAfter is a body that is read only once do has returned.
type bodyAfter struct {
	do func()
	io.Reader
}

func (b *bodyAfter) Read(p []byte) (int, error) {
	if b.do != nil {
		b.do()
		b.do = nil
	}
	return b.Reader.Read(p)
}

// A body is read when its sender is authenticated. Whoever is revoked by then changes
// nothing any more.
func TestWhoeverIsRevokedWhileItsBodyComesWritesNothing(t *testing.T) {
	t.Parallel()
	for name, revoke := range revocations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(s *settings) { s.api.RateLimits = false })
			b.create(t, awsBody)
			for _, tt := range writes() {
				method, path := tt.methodAndPath()
				if !strings.HasSuffix(tt.route, "/teams") { // which adds none
					b.checkRevoked(t, method, path, tt.body, revoke)
				}
				b.sendNewest(t, tt.status, method, path, tt.body, nil)
			}
		})
	}
}

// Whoever is changed meanwhile, but may still write, does.
func TestWhoeverIsChangedWhileItsBodyComesStillWrites(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.RateLimits = false })
	b.create(t, awsBody)
	for _, tt := range writes() {
		method, path := tt.methodAndPath()
		who := b.newRevoked(t)
		got := b.doAfter(t, who, method, path, tt.body, func() {
			b.sendNewest(t, 200, http.MethodPatch, who.path(), `{"roles":["ORG_OWNER","ORG_READ_ONLY"]}`, nil)
		})
		if got.Code != tt.status {
			t.Errorf("%s %s: got %d %s, want %d", method, path, got.Code, got.Body, tt.status)
		}
	}
}

// doAfter makes a request as the account, and does something once that is
// authenticated.
func (b *bundle) doAfter(
	t *testing.T, who revoked, method, path, body string, do func(),
) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, path, &bodyAfter{do, strings.NewReader(body)})
	req.Header.Set("Authorization", "Bearer "+who.token)
	req.Header.Set("Accept", v2025)
	req.Header.Set("Content-Type", v2025)
	got := httptest.NewRecorder()
	b.handler.ServeHTTP(got, req)
	return got
}

func (b *bundle) checkRevoked(
	t *testing.T, method, path, body string, revoke func(*testing.T, *bundle, revoked),
) {
	t.Helper()
	who := b.newRevoked(t)
	var before string
	got := b.doAfter(t, who, method, path, body, func() {
		revoke(t, b, who)
		before = b.rows(t)
	})
	if got.Code != http.StatusUnauthorized && got.Code != http.StatusForbidden {
		t.Errorf("%s %s: got %d %s, want 401 or 403", method, path, got.Code, got.Body)
	}
	if before == "" {
		t.Fatalf("%s %s: got a body that was not read, want one that was", method, path)
	}
	if diff := cmp.Diff(before, b.rows(t)); diff != "" {
		t.Errorf("%s %s changed rows (-before +after):\n%s", method, path, diff)
	}
	_, err := b.pool.Exec(t.Context(), "UPDATE orgs SET api_access_list_required = false")
	if err != nil {
		t.Fatal(err)
	}
}

// rows returns all rows of all tables.
func (b *bundle) rows(t *testing.T) string {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	var tables []string
	err := b.pool.QueryRow(ctx, `SELECT array_agg(tablename::text ORDER BY tablename)
		FROM pg_tables WHERE schemaname = 'public'`).Scan(&tables)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, table := range tables {
		var rows string
		err := b.pool.QueryRow(ctx, fmt.Sprintf(
			`SELECT coalesce(string_agg(x::text, E'\n' ORDER BY x::text), '') FROM %s AS x`, table)).Scan(&rows)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s\n%s\n", table, rows)
	}
	return all.String()
}

func TestTheLastOwnerOfAnOrganizationStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const org = "5f0000000000000000000a02"
	path := apiRoot + "/orgs/" + org + "/apiKeys/5f0000000000000000000e21"
	last := refusal(400, "CANNOT_REMOVE_LAST_ORG_OWNER",
		"The last owner of organization "+org+" who can sign in cannot be removed.", org)
	before := b.rows(t)
	for _, r := range []request{
		{method: http.MethodPatch, path: path, body: `{"roles":["ORG_MEMBER"]}`},
		{method: http.MethodDelete, path: path},
	} {
		r.key = "stranger"
		if got := b.do(t, r); got.status != http.StatusBadRequest || got.body != last {
			t.Errorf("%s: got %d %s, want 400 %s", r.method, got.status, got.body, last)
		}
	}
	if diff := cmp.Diff(before, b.rows(t)); diff != "" {
		t.Errorf("rows (-before +after):\n%s", diff)
	}
	rename := request{key: "stranger", method: http.MethodPatch, path: path, body: `{"desc":"the last"}`}
	if got := b.do(t, rename); got.status != http.StatusOK {
		t.Errorf("rename: got %d %s, want 200", got.status, got.body)
	}
}

// Who has no owner to lose is not kept from other changes.
func TestAnOrganizationWithoutAnOwnerIsAdministered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := apiRoot + "/groups/" + demoProject + "/apiKeys"
	id, _ := b.createKey(t, path, `{"desc":"new","roles":["GROUP_READ_ONLY"]}`)
	_, err := b.pool.Exec(t.Context(), "DELETE FROM org_role_grants WHERE org_id = $1 AND role = 'ORG_OWNER'", demoOrg)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []request{
		{method: http.MethodPatch, path: path + "/" + id, body: `{"roles":["GROUP_OWNER"]}`},
		{method: http.MethodDelete, path: path + "/" + id},
	} {
		r.key = "demoproj"
		if got := b.do(t, r); got.status >= http.StatusMultipleChoices {
			t.Errorf("%s: got %d %s, want success", r.method, got.status, got.body)
		}
	}
}

// What a credential is called everywhere is not for the owner of one of its projects.
func TestAProjectOwnerRenamesNoCredentialOfOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const (
		roles           = `{"roles":["GROUP_READ_ONLY"]}`
		demoProjectPath = apiRoot + "/groups/" + demoProject
	)
	unauthorized := refusal(401, "USER_UNAUTHORIZED", "Current user is not authorized to perform this action.")
	for _, tt := range []struct{ assign, body, path, rename string }{
		{
			demoProjectPath + "/apiKeys/5f0000000000000000000e16", "[" + roles + "]",
			demoProjectPath + "/apiKeys/5f0000000000000000000e16", `{"desc":"mine"}`,
		},
		{
			demoProjectPath + "/serviceAccounts/mdb_sa_id_5f0000000000000000000c02:invite", roles,
			demoProjectPath + "/serviceAccounts/mdb_sa_id_5f0000000000000000000c02", `{"name":"mine"}`,
		},
	} {
		accept := http.Header{"Accept": {v2025}}
		b.do(t, request{method: http.MethodPost, path: tt.assign, body: tt.body, header: accept})
		got := b.do(t, request{
			key: "demoproj", method: http.MethodPatch, path: tt.path, body: tt.rename, header: accept,
		})
		if got.status != http.StatusUnauthorized || got.body != unauthorized {
			t.Errorf("%s: got %d %s, want %s", tt.path, got.status, got.body, unauthorized)
		}
	}
}
