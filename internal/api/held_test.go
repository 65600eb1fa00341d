package api_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/waittest"
)

// The rows of the demo organization: its own with those of credentials, and those of
// its projects.
var (
	orgRows = []string{
		"orgs WHERE id = $1",
		"principals WHERE org_id = $1",
		"api_keys WHERE org_id = $1",
		"service_account_secrets WHERE org_id = $1",
	}
	projectRows = []string{
		"projects WHERE org_id = $1",
		"cloud_provider_access_roles WHERE project_id IN (SELECT id FROM projects WHERE org_id = $1)",
		"export_buckets WHERE project_id IN (SELECT id FROM projects WHERE org_id = $1)",
		"clusters WHERE project_id IN (SELECT id FROM projects WHERE org_id = $1)",
		"project_access_list_entries WHERE project_id IN (SELECT id FROM projects WHERE org_id = $1)",
		"backup_private_endpoints WHERE project_id IN (SELECT id FROM projects WHERE org_id = $1)",
		"database_users WHERE project_id IN (SELECT id FROM projects WHERE org_id = $1)",
		"backup_schedules WHERE project_id IN (SELECT id FROM projects WHERE org_id = $1)",
		"export_jobs WHERE project_id IN (SELECT id FROM projects WHERE org_id = $1)",
		"snapshots WHERE project_id IN (SELECT id FROM projects WHERE org_id = $1)",
		"network_containers WHERE project_id IN (SELECT id FROM projects WHERE org_id = $1)",
	}
)

// hold locks rows of the demo organization, as whoever examines it by hand does,
// until the function that it returns is called.
func (b *bundle) hold(t *testing.T, rows ...string) (release func()) {
	t.Helper()
	ctx := waittest.Context(t)
	conn, err := pgx.Connect(ctx, b.pool.Config().ConnString()) // without the pool's timeouts
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, "BEGIN"); err != nil {
		t.Fatal(err)
	}
	for _, from := range rows {
		if _, err := conn.Exec(ctx, "SELECT FROM "+from+" FOR UPDATE", demoOrg); err != nil {
			t.Fatal(err)
		}
	}
	release = sync.OnceFunc(func() { _ = conn.Close(ctx) })
	t.Cleanup(release)
	return release
}

// Each write of an organization whose rows someone holds is answered with 503, and
// nobody else waits for it.
func TestHeldRowsOfOneTenantKeepNoOtherWaiting(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.RateLimits = false })
	b.prepare(t)
	b.createCluster(t, "d")
	token := b.token(t)
	const (
		nothing          = "6a7900010203040506999999"
		empty            = projects + "/5f0000000000000000000b02"
		strangersProject = "5f0000000000000000000b13"
		roles            = apiRoot + "/groups/" + demoProject + "/cloudProviderAccess"
	)
	strangers := apiRoot + "/groups/" + strangersProject + "/backup/exportBuckets"
	role := b.do(t, request{
		key: "stranger", path: apiRoot + "/groups/" + strangersProject + "/cloudProviderAccess",
		body: `{"providerName":"GCP"}`, header: http.Header{"Accept": {v2023}},
	})
	roleID := regexp.MustCompile(`"roleId":"([0-9a-f]{24})"`).FindStringSubmatch(role.body)
	if roleID == nil {
		t.Fatalf("got %d %s, want a role", role.status, role.body)
	}
	b.sendNewest(t, 204, "POST", apiRoot+"/groups/"+demoProject+"/apiKeys/"+spareKey, `[{"roles":["GROUP_READ_ONLY"]}]`, nil)
	before := b.rows(t)
	release := b.hold(t, slices.Concat(orgRows, projectRows)...)
	began := time.Now()

	// Whoever waits tries again until the others are served.
	var waiting sync.WaitGroup
	var done atomic.Bool
	wants := func(name string, got answer) {
		if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") != "1" {
			t.Errorf("%s: got %d %s, want 503 and Retry-After", name, got.status, got.body)
		}
	}
	for _, tt := range writes() {
		method, path := tt.methodAndPath()
		if strings.HasSuffix(tt.route, "/teams") {
			continue // which adds none
		}
		if path == projects+"/"+demoProject && method == http.MethodDelete {
			path = empty // the other has clusters
		}
		waiting.Go(func() {
			for !done.Load() {
				wants(tt.route, b.do(t, request{
					method: method, path: path, body: tt.body, token: token, header: http.Header{"Accept": {v2025}},
				}))
			}
		})
	}
	waiting.Go(func() {
		for !done.Load() {
			wants("token", b.post(t, "/api/oauth/token", grant, basic(demoClientID, demoClientSecret)))
		}
	})

	served := 0
	for range 10 {
		body := `{"cloudProvider":"GCP","bucketName":"export-bucket","roleId":"` + roleID[1] + `"}`
		for _, r := range []request{{path: strangers, body: body}, {path: strangers}} {
			r.key = "stranger"
			if got := b.do(t, r); got.status != http.StatusOK {
				t.Errorf("another tenant: got %d %s, want 200", got.status, got.body)
			}
			served++
		}
	}
	// What the demo tenant reads, or is refused, waits for nobody either.
	for _, tt := range []struct {
		want               int
		method, path, body string
	}{
		{200, "GET", demoBuckets, ""},
		{200, "GET", roles, ""},
		{200, "GET", demoOrgAccounts, ""},
		{404, "POST", demoBuckets, strings.ReplaceAll(awsBody, awsRole, nothing)},
		{400, "POST", demoBuckets, strings.ReplaceAll(awsBody, awsRole, unauthorizedRole)},
		{404, "PATCH", demoBuckets + "/" + nothing, `{"requirePrivateNetworking":true}`},
		{404, "DELETE", demoBuckets + "/" + nothing, ""},
		{404, "PATCH", roles + "/" + azureRole, `{"providerName":"AWS","iamAssumedRoleArn":"arn:aws:iam::123456789012:role/r"}`},
		{404, "PATCH", roles + "/" + awsRole, `{"providerName":"AZURE","servicePrincipalId":"22f1d2a6-d0e9-482a-83a4-b8dd7dddc2c2","tenantId":"4297fc77-1592-4de8-a6d5-a8c32401df87"}`},
		{404, "DELETE", roles + "/AWS/" + nothing, ""},
		{400, "DELETE", roles + "/AWS/" + awsRole, ""},
		{200, "GET", demoClusters, ""},
		{404, "PATCH", demoClusters + "/nothing", "{}"},
		{404, "DELETE", demoClusters + "/nothing", ""},
		{400, "POST", demoClusters, "{}"},
		{400, "POST", demoNetworks, "[{}]"},
		{404, "DELETE", demoNetworks + "/192.0.2.77", ""},
		{400, "POST", demoUsers, "{}"},
		{404, "PATCH", demoUsers + "/admin/nobody", "{}"},
		{404, "DELETE", demoUsers + "/admin/nobody", ""},
		{200, "GET", demoUsers, ""},
		{409, "DELETE", projects + "/" + demoProject, ""},
		{404, "PATCH", demoOrgAccounts + "/mdb_sa_id_" + nothing, `{"name":"n"}`},
		{404, "DELETE", demoOrgAccounts + "/mdb_sa_id_" + nothing, ""},
		{404, "POST", demoOrgAccounts + "/mdb_sa_id_" + nothing + "/secrets", `{"secretExpiresAfterHours":8}`},
		{400, "DELETE", orgKeys + "/" + nothing, ""},
		{400, "POST", apiRoot + "/groups/" + demoProject + "/apiKeys/" + nothing, `[{"roles":["GROUP_READ_ONLY"]}]`},
	} {
		got := b.do(t, request{
			method: tt.method, path: tt.path, body: tt.body, token: token, header: http.Header{"Accept": {v2025}},
		})
		if got.status != tt.want {
			t.Errorf("%s %s %s: got %d %s, want %d", tt.method, tt.path, tt.body, got.status, got.body, tt.want)
		}
		served++
	}
	if got := b.post(t, "/api/oauth/token", grant, basic(demoClientID, "wrong")); got.status != http.StatusUnauthorized {
		t.Errorf("token for a wrong secret: got %d %s, want 401", got.status, got.body)
	}
	if took := time.Since(began); took > time.Minute { // each may wait 4 s if it waits at all
		t.Errorf("got %d answers in %s, want nobody to wait for the rows of others", served, took)
	}
	done.Store(true)
	waiting.Wait()
	release()
	for _, from := range []string{
		"export_buckets WHERE project_id = $1", "project_events WHERE project_id = $1 AND type NOT LIKE '%_ADDED'",
	} {
		_, err := b.pool.Exec(t.Context(), "DELETE FROM "+from, strangersProject)
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(before, b.rows(t)); diff != "" {
		t.Errorf("changed, though nobody was told so (-before +after):\n%s", diff)
	}
}

// What takes longer than a request may is a fault of its time, not of its size:
// deleting a project with all that it owns has a minute.
func TestAProjectIsDeletedHoweverMuchItOwns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, awsBody)
	_, err := b.pool.Exec(t.Context(), `
		CREATE FUNCTION work() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(11); RETURN NULL; END';
		CREATE TRIGGER work BEFORE DELETE ON export_buckets EXECUTE FUNCTION work()`)
	if err != nil {
		t.Fatal(err)
	}
	bucket := b.do(t, request{path: demoBuckets + "/6a7900010203040506000001", method: http.MethodDelete})
	if bucket.status != http.StatusServiceUnavailable {
		t.Errorf("delete one bucket for 11 s: got %d %s, want 503", bucket.status, bucket.body)
	}
	b.sendNewest(t, 202, http.MethodDelete, apiRoot+"/groups/"+demoProject, "", nil)
	if got := b.countBuckets(t); got != 0 {
		t.Errorf("got %d buckets, want none", got)
	}
}
