package seed_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/seed"
)

func TestApplyTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"the demo tenant": string(seed.Demo), "every place": whole} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := dbtest.New(t)
			apply(t, pool, file, early)
			want := dump(t, pool)
			if len(want) < 10 {
				t.Fatalf("rows: got %d, want all", len(want))
			}
			apply(t, pool, file, later)
			if diff := cmp.Diff(want, dump(t, pool)); diff != "" {
				t.Errorf("rows (-first +second):\n%s", diff)
			}
		})
	}
}

// What the API does, and some that it does not do yet.
func TestWhatWasChangedStays(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	apply(t, pool, whole, early)
	for _, change := range []string{
		"UPDATE orgs SET name = 'Renamed', api_access_list_required = false",
		"UPDATE projects SET name = 'Renamed Project', managed_slow_ms = false, settings = '{\"x\": true}'",
		// Roles: one is authorized, one anew, one no more, and one moves with its bucket.
		"UPDATE cloud_provider_access_roles SET iam_assumed_role_arn = 'arn', authorized_at = now(), updated_at = now() " +
			"WHERE id = '5f0000000000000000000d12'",
		"UPDATE cloud_provider_access_roles SET iam_assumed_role_arn = 'other', authorized_at = now(), updated_at = now() " +
			"WHERE id = '5f0000000000000000000d11'",
		"UPDATE cloud_provider_access_roles SET gcp_status = 'FAILED' WHERE id = '5f0000000000000000000d14'",
		"INSERT INTO export_buckets (project_id, id, cloud_provider, bucket_name, role_id, created_at, service_url, tenant_id) " +
			"SELECT project_id, '5f0000000000000000000f01', cloud_provider, 'bucket', id, now(), 'url', tenant_id " +
			"FROM cloud_provider_access_roles WHERE cloud_provider = 'AZURE'",
		"WITH bucket AS (UPDATE export_buckets SET tenant_id = 'new' WHERE cloud_provider = 'AZURE') " +
			"UPDATE cloud_provider_access_roles SET tenant_id = 'new', azure_app_id = 'new', service_principal_id = 'new' " +
			"WHERE cloud_provider = 'AZURE'",
		"UPDATE export_buckets SET bucket_name = 'renamed'",
		"UPDATE backup_private_endpoints SET region = 'US_WEST_1'",
		"UPDATE project_access_list_entries SET comment = 'changed'",
		"UPDATE database_users SET description = 'changed'",
		"UPDATE clusters SET settings = '{}'",
		// Principals.
		"DELETE FROM org_role_grants WHERE role = 'ORG_MEMBER'",
		"INSERT INTO org_role_grants (org_id, principal_id, role) SELECT org_id, id, 'ORG_OWNER' FROM principals",
		"DELETE FROM project_role_grants WHERE role = 'GROUP_OWNER'",
		"INSERT INTO project_role_grants (project_id, principal_id, role, org_id) " +
			"SELECT projects.id, principals.id, 'GROUP_CLUSTER_MANAGER', org_id FROM projects JOIN principals USING (org_id)",
		"DELETE FROM access_list_entries WHERE cidr_block <> '198.51.100.0/24'",
		"INSERT INTO access_list_entries (org_id, principal_id, cidr_block, created_at) " +
			"SELECT org_id, id, '192.0.2.99', now() FROM principals",
		"UPDATE api_keys SET description = 'Renamed', public_key = 'otherkey', ha1 = '\\x00112233445566778899aabbccddeeff'",
		"UPDATE service_accounts SET name = 'renamed', description = 'Renamed'",
		"DELETE FROM service_account_secrets",
		"INSERT INTO service_account_secrets (org_id, service_account_id, id, secret_hash, created_at, expires_at) " +
			"SELECT org_id, id, '5f0000000000000000000f02', sha256('another'), now(), now() FROM service_accounts",
	} {
		if execute(t, pool, change) == 0 {
			t.Fatalf("%s: got no row changed", change)
		}
	}
	want := dump(t, pool)
	apply(t, pool, whole, later)
	if diff := cmp.Diff(want, dump(t, pool)); diff != "" {
		t.Errorf("rows (-before +after):\n%s", diff)
	}
}

func TestAChangedFileChangesNothing(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	apply(t, pool, whole, early)
	changed := whole
	for old, value := range map[string]string{
		"name: Whole\n":               "name: Renamed\n",
		"apiAccessListRequired: true": "apiAccessListRequired: false",
		"name: Whole Project":         "name: Renamed Project",
		"              iamAssumedRoleArn: arn:aws-us-gov:iam::123456789012:role/path/export\n": "",
		"description: A key":                            "description: Changed key",
		"publicKey: wholekey":                           "publicKey: otherkey",
		"privateKey: d3300000":                          "privateKey: d3300001",
		"name: whole\n":                                 "name: renamed\n",
		"description: An account":                       "description: Changed account",
		"mdb_sa_sk_a-second":                            "mdb_sa_sk_another",
		"2099-12-31T00:00:00Z":                          "2098-12-31T00:00:00Z",
		"status: IN_PROGRESS":                           "status: COMPLETE",
		"00000000000C":                                  "0000000000CC",
		"[ORG_MEMBER, ORG_GROUP_CREATOR]":               "[ORG_BILLING_ADMIN]",
		"[GROUP_OWNER, GROUP_READ_ONLY]":                "[GROUP_CLUSTER_MANAGER]",
		`[192.0.2.1, 198.51.100.0/24, "2001:db8::/32"]`: "[192.0.2.2]",
		"accessList: [203.0.113.7/32]":                  "accessList: []",
	} {
		changed = replaced(t, changed, old, value)
	}
	want := dump(t, pool)
	apply(t, pool, changed, later)
	if diff := cmp.Diff(want, dump(t, pool)); diff != "" {
		t.Errorf("rows (-before +after):\n%s", diff)
	}
}

func TestWhatWasDeletedIsAddedAgain(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		deletions []string
		gone      string // the table whose rows do not come back, if there is one
	}{
		"an access role": {[]string{"DELETE FROM cloud_provider_access_roles WHERE id = '5f0000000000000000000d14'"}, ""},
		"an API key":     {[]string{"DELETE FROM principals WHERE id = '5f0000000000000000000e11'"}, ""},
		"a service account": {
			[]string{"DELETE FROM principals WHERE id = '5f0000000000000000000c11'"}, "",
		},
		"a project, without the roles on it of principals that are there": {
			[]string{
				"DELETE FROM clusters", "DELETE FROM export_buckets", "DELETE FROM cloud_provider_access_roles",
				"DELETE FROM projects WHERE id = '5f0000000000000000000b23'",
			},
			"project_role_grants",
		},
		"everything": {
			[]string{
				"DELETE FROM clusters", "DELETE FROM export_buckets", "DELETE FROM cloud_provider_access_roles",
				"DELETE FROM principals",
				"DELETE FROM projects", "DELETE FROM orgs",
			}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := dbtest.New(t)
			apply(t, pool, whole, early)
			first := dump(t, pool)
			for _, deletion := range tt.deletions {
				execute(t, pool, deletion)
			}
			left := dump(t, pool)
			apply(t, pool, whole, later)
			second := dump(t, pool)
			if lost := without(left, second); len(lost) > 0 {
				t.Errorf("rows: got %q changed, want what was left as it was", lost)
			}
			want := slices.DeleteFunc(withoutChance(first), func(row string) bool { return strings.HasPrefix(row, tt.gone+": ") })
			if diff := cmp.Diff(want, withoutChance(second)); diff != "" {
				t.Errorf("rows (-first +second):\n%s", diff)
			}
		})
	}
}

func TestWhatIsMissingBelowWhatIsThereIsAdded(t *testing.T) {
	t.Parallel()
	pool, fresh := dbtest.New(t), dbtest.New(t)
	apply(t, pool, `organizations:
  - id: 5f0000000000000000000a02
    name: Older
    projects:
      - id: 5f0000000000000000000b23
        name: Older Project
        cloudProviderAccess:
          aws:
            - roleId: 5f0000000000000000000d12
`, early)
	before := dump(t, pool)
	file := replaced(t, whole, "    apiKeys:\n", "      - id: 5f0000000000000000000b04\n        name: New Project\n    apiKeys:\n")
	apply(t, pool, file, later)
	apply(t, fresh, file, later)
	after := dump(t, pool)
	if lost := without(before, after); len(lost) > 0 {
		t.Errorf("rows: got %q changed, want what was there as it was", lost)
	}
	older := regexp.MustCompile(`"id": "5f0000000000000000000(a02|b23|d12)"`)
	isOlder := func(row string) bool { return older.MatchString(row) }
	want := slices.DeleteFunc(withoutChance(dump(t, fresh)), isOlder)
	if diff := cmp.Diff(want, slices.DeleteFunc(withoutChance(after), isOlder)); diff != "" {
		t.Errorf("rows but the older ones (-of the file alone +after both):\n%s", diff)
	}
}

func TestWhatAFileDoesNotMentionIsLeftAlone(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	apply(t, pool, string(seed.Demo), early)
	apply(t, pool, whole, early)
	want := dump(t, pool)
	for _, file := range []string{
		"", "organizations: []\n",
		"organizations:\n  - id: 5f0000000000000000000a01\n    name: Demo Organization\n",
		"organizations:\n  - id: 5f0000000000000000000a01\n    name: Demo Organization\n" +
			"    projects:\n      - id: 5f0000000000000000000b01\n        name: Demo Project\n",
		"organizations:\n  - id: 5f0000000000000000000a01\n    name: Demo Organization\n" +
			"    serviceAccounts:\n      - clientId: mdb_sa_id_5f0000000000000000000c01\n        name: demo-owner\n" +
			"        description: Demo service account of an Organization Owner\n        orgRoles: [ORG_OWNER]\n",
	} {
		apply(t, pool, file, later)
		if diff := cmp.Diff(want, dump(t, pool)); diff != "" {
			t.Errorf("rows after %q (-before +after):\n%s", file, diff)
		}
	}
}

// Replicas that start at once do that. Tried often, since two that add one row
// at the same moment may each meet the other's on any of its unique keys.
func TestAFileMayBeAppliedManyTimesAtOnce(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	const org = "organizations:\n  - id: 5f0000000000000000000a02\n    name: Whole\n"
	apply(t, pool, org, early)
	for i := range 100 {
		file, err := seed.Parse(fmt.Appendf(nil, "%s    projects: [{id: 5f0000000000000000000%03d, name: %d}]\n", org, i, i))
		if err != nil {
			t.Fatal(err)
		}
		errs := make(chan error, 4)
		for range 4 {
			go func() { errs <- seed.Apply(t.Context(), pool, plain, file, early) }()
		}
		for range 4 {
			if err := <-errs; err != nil {
				t.Fatalf("project %d: got %v, want it added once", i, err)
			}
		}
	}
	if got := len(strs(t, pool, "SELECT id::text FROM projects")); got != 100 {
		t.Errorf("projects: got %d, want 100", got)
	}
}

func TestApplyToEmptyLeavesADatabaseWithAnOrganizationAsItIs(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	file, err := seed.Parse(seed.Demo)
	if err != nil {
		t.Fatal(err)
	}
	applyToEmpty := func() {
		t.Helper()
		if err := seed.ApplyToEmpty(t.Context(), pool, plain, file, later); err != nil {
			t.Fatal(err)
		}
	}
	applyToEmpty()
	if got := strs(t, pool, "SELECT id::text FROM api_keys"); len(got) != 3 {
		t.Errorf("API keys: got %q, want those of the demo tenant", got)
	}
	execute(t, pool, "DELETE FROM clusters")
	execute(t, pool, "DELETE FROM principals")
	want := dump(t, pool)
	applyToEmpty()
	if diff := cmp.Diff(want, dump(t, pool)); diff != "" {
		t.Errorf("rows (-before +after):\n%s", diff)
	}
}

// execute returns how many rows the statement changed.
func execute(t *testing.T, pool *dbpool.Pool, sql string) int64 {
	t.Helper()
	done, err := pool.Exec(t.Context(), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return done.RowsAffected()
}

// without returns the rows that the others do not have.
func without(rows, others []string) []string {
	return slices.DeleteFunc(slices.Clone(rows), func(row string) bool { return slices.Contains(others, row) })
}

var chance = regexp.MustCompile(`"(assumed_role_external_id|prefix)": "[^"]*"|"reference_minute": [0-9]+|` +
	`^(service_account_secrets: .*)"id": "[^"]*"|"6[0-9a-f]{23}"|"202[67]-[^"]*"`)

// withoutChance returns the rows without the times and the ids that Apply makes.
func withoutChance(rows []string) []string {
	rows = slices.Clone(rows)
	for i, row := range rows {
		rows[i] = chance.ReplaceAllString(row, "$2")
	}
	slices.Sort(rows)
	return rows
}
