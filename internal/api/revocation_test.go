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

// credentialKind is what may all within the demo organization, or on one of its
// projects, until it is revoked.
type credentialKind struct {
	account      bool   // a service account, which has secrets and tokens; else an API key
	path         string // of the credentials of the kind
	orgPath      string // of those of the organization
	owner, other string // roles: one that may write, and one that may not
}

var credentialKinds = map[string]credentialKind{
	"an API key":          {false, orgKeys, orgKeys, "ORG_OWNER", "ORG_MEMBER"},
	"a service account":   {true, demoOrgAccounts, demoOrgAccounts, "ORG_OWNER", "ORG_MEMBER"},
	"a project's key":     {false, projectKeys, orgKeys, "GROUP_OWNER", "GROUP_READ_ONLY"},
	"a project's account": {true, demoAccounts, demoOrgAccounts, "GROUP_OWNER", "GROUP_READ_ONLY"},
}

// ofProject reports whether the kind may nothing in the organization.
func (k credentialKind) ofProject() bool { return k.path != k.orgPath }

// revocation takes from a credential what it needs to write. It is a request that
// the demo tenant's owner makes.
type revocation struct {
	of func(credentialKind) bool // nil if it is of every kind
	do func(t *testing.T, b *bundle, who credential)
}

var revocations = map[string]revocation{
	"its role": {do: func(t *testing.T, b *bundle, who credential) {
		t.Helper()
		b.sendNewest(t, 200, http.MethodPatch, who.path, `{"roles":["`+who.other+`"]}`, nil)
	}},
	"its address": {do: func(t *testing.T, b *bundle, who credential) {
		t.Helper()
		b.sendNewest(t, 200, http.MethodPost, who.orgPath+"/accessList", `[{"cidrBlock":"198.51.100.0/24"}]`, nil)
	}},
	"its project": {of: credentialKind.ofProject, do: func(t *testing.T, b *bundle, who credential) {
		t.Helper()
		b.sendNewest(t, 204, http.MethodDelete, who.path, "", nil)
	}},
	"its secret": {of: credentialKind.hasSecrets, do: func(t *testing.T, b *bundle, who credential) {
		t.Helper()
		b.sendNewest(t, 204, http.MethodDelete, who.orgPath+"/secrets/"+who.secretID, "", nil)
	}},
	"its token": {of: credentialKind.hasSecrets, do: func(t *testing.T, b *bundle, who credential) {
		t.Helper()
		if _, err := b.iam.RevokeAccessToken(t.Context(), who.name, who.secret, who.token); err != nil {
			t.Error(err)
		}
	}},
	"itself": {do: func(t *testing.T, b *bundle, who credential) {
		t.Helper()
		b.sendNewest(t, 204, http.MethodDelete, who.orgPath, "", nil)
	}},
	"every address without a list": {do: func(t *testing.T, b *bundle, _ credential) {
		t.Helper()
		b.sendNewest(t, 200, http.MethodPatch, apiRoot+"/orgs/"+demoOrg+"/settings", `{"apiAccessListRequired":true}`, nil)
	}},
}

func (k credentialKind) hasSecrets() bool { return k.account }

// credential is one of a kind. Its paths are its own.
type credential struct {
	credentialKind

	name             string // public key or client id
	secretID, secret string // private key, if it is a key
	token            string // of a service account
}

func (b *bundle) newCredential(t *testing.T, kind credentialKind) credential {
	t.Helper()
	var made struct {
		ID         string   `json:"id"`
		PublicKey  string   `json:"publicKey"`
		PrivateKey string   `json:"privateKey"`
		ClientID   string   `json:"clientId"`
		Secrets    []secret `json:"secrets"`
	}
	who := credential{credentialKind: kind}
	if !kind.account {
		b.sendNewest(t, 200, http.MethodPost, kind.path, `{"desc":"d","roles":["`+kind.owner+`"]}`, &made)
		who.name, who.secret = made.PublicKey, made.PrivateKey
		who.path, who.orgPath = kind.path+"/"+made.ID, kind.orgPath+"/"+made.ID
		return who
	}
	b.sendNewest(t, 201, http.MethodPost, kind.path,
		`{"name":"n","description":"d","secretExpiresAfterHours":8,"roles":["`+kind.owner+`"]}`, &made)
	if len(made.Secrets) == 0 {
		t.Fatal("got no secret, want one")
	}
	who.name, who.secretID, who.secret = made.ClientID, made.Secrets[0].ID, made.Secrets[0].Secret
	who.path, who.orgPath = kind.path+"/"+made.ClientID, kind.orgPath+"/"+made.ClientID
	token, err := b.iam.CreateAccessToken(t.Context(), who.name, who.secret)
	if err != nil {
		t.Fatal(err)
	}
	who.token = token.Token
	return who
}

// serve makes a request of the newest version with a credential. It goes past the
// server, whose checks of descriptions take longer than most requests.
func (b *bundle) serve(
	ctx context.Context, who credential, method, path string, body io.Reader,
) *httptest.ResponseRecorder {
	req := httptest.NewRequestWithContext(ctx, method, path, body)
	authorization := "Bearer " + who.token
	if !who.account {
		authorization = digestHeader(who.name, who.secret, b.iam.NewNonce(), method, path)
	}
	req.Header.Set("Authorization", authorization)
	req.Header.Set("Accept", v2025)
	req.Header.Set("Content-Type", v2025)
	got := httptest.NewRecorder()
	b.handler.ServeHTTP(got, req)
	return got
}

// sendNewest makes a request of the newest version as the demo tenant's owner, and
// decodes the answer into a value if it is not nil.
func (b *bundle) sendNewest(t *testing.T, status int, method, path, body string, into any) {
	t.Helper()
	owner := credential{name: "demoownr", secret: privateKeys["demoownr"]}
	got := b.serve(t.Context(), owner, method, path, strings.NewReader(body))
	if got.Code != status {
		t.Errorf("%s %s %s: got %d %s, want %d", method, path, body, got.Code, got.Body, status)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(got.Body.Bytes(), into); err != nil {
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
	for kindName, kind := range credentialKinds {
		for name, revocation := range revocations {
			if revocation.of != nil && !revocation.of(kind) {
				continue
			}
			t.Run(kindName+", "+name, func(t *testing.T) {
				t.Parallel()
				b := setup(t, func(s *settings) { s.api.RateLimits = false })
				b.prepare(t)
				for _, tt := range writes() {
					b.pass(t, tt.after)
					method, path := tt.methodAndPath()
					if kind.may(tt) {
						b.checkRevoked(t, method, path, tt.body, kind, revocation)
					}
					b.sendNewest(t, tt.status, method, path, tt.body, nil)
				}
			})
		}
	}
}

// may reports whether the kind may make a request that changes something.
func (k credentialKind) may(write access) bool {
	return (write.least <= owner || !k.ofProject()) && !strings.HasSuffix(write.route, "/teams") // which adds none
}

// Whoever is changed meanwhile, but may still write, does.
func TestWhoeverIsChangedWhileItsBodyComesStillWrites(t *testing.T) {
	t.Parallel()
	for name, kind := range credentialKinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(s *settings) { s.api.RateLimits = false })
			b.prepare(t)
			for _, tt := range writes() {
				b.pass(t, tt.after)
				method, path := tt.methodAndPath()
				if !kind.may(tt) {
					b.sendNewest(t, tt.status, method, path, tt.body, nil)
					continue
				}
				who := b.newCredential(t, kind)
				got := b.serve(t.Context(), who, method, path, &bodyAfter{func() {
					b.sendNewest(t, 200, http.MethodPatch, who.path, `{"roles":["`+who.owner+`","`+who.other+`"]}`, nil)
				}, strings.NewReader(tt.body)})
				if got.Code != tt.status {
					t.Errorf("%s %s: got %d %s, want %d", method, path, got.Code, got.Body, tt.status)
				}
			}
		})
	}
}

func (b *bundle) checkRevoked(t *testing.T, method, path, body string, kind credentialKind, revocation revocation) {
	t.Helper()
	who := b.newCredential(t, kind)
	var before string
	got := b.serve(t.Context(), who, method, path, &bodyAfter{func() {
		revocation.do(t, b, who)
		before = b.rows(t)
	}, strings.NewReader(body)})
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
