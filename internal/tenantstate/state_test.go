package tenantstate

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/dbtest"
	"exportbuckets/staging"
)

// filled are the columns of the demo tenant that it leaves empty, with something in them.
var filled = []string{
	`UPDATE orgs SET api_access_list_required = true, settings = '{"multiFactorAuthRequired": true}',
		clock_offset = '-1 hour', clock_frozen_at = '2026-03-04 06:06:07Z' WHERE id LIKE '5f%'`,
	`UPDATE projects SET tags = '[{"key": "a", "value": "b"}]', settings = '{"x": false}', limits = '{"y": 7}'
		WHERE org_id LIKE '5f%'`,
	`INSERT INTO access_list_entries (org_id, principal_id, cidr_block, created_at, request_count, last_used_at,
		last_used_address) SELECT org_id, id, '192.0.2.0/24', now(), 7, now(), '192.0.2.1' FROM principals
		WHERE org_id LIKE '5f%'`,
	`UPDATE service_account_secrets SET last_used_at = now() WHERE org_id LIKE '5f%'`,
	`UPDATE principals SET version = 7 WHERE org_id LIKE '5f%'`,
	`INSERT INTO export_buckets (project_id, id, cloud_provider, bucket_name, role_id, created_at, region,
		require_private_networking, service_url, tenant_id)
		SELECT project_id, id, cloud_provider, 'bucket', id, now(),
			CASE cloud_provider WHEN 'AWS' THEN 'eu-west-1' END, CASE cloud_provider WHEN 'AWS' THEN true END,
			CASE cloud_provider WHEN 'AZURE' THEN 'https://a.blob.core.windows.net/b' END, tenant_id
		FROM cloud_provider_access_roles WHERE project_id LIKE '5f%'`,
	`INSERT INTO backup_private_endpoints (project_id, id, region, vpc_region, created_at, active_at)
		VALUES ('5f0000000000000000000b01', '5f0000000000000000000e61', 'US_EAST_1', 'EU_WEST_1', '2030-01-02', '2030-01-02')`,
	`UPDATE project_access_list_entries SET ordinal = 3, delete_after = '2030-01-02' WHERE project_id LIKE '5f%'`,
	`UPDATE database_users SET description = 'd', labels = '[{"key": "a", "value": "b"}]', scopes = '[{}]',
		delete_after = '2030-01-02' WHERE project_id LIKE '5f%'`,
	`UPDATE clusters SET gone_at = '2030-01-02', due_at = '2030-01-02' WHERE project_id LIKE '5f%'`,
	`INSERT INTO coming_events SELECT project_id, id, id, '2030-01-02', 'CLUSTER_DELETED' FROM clusters
		WHERE project_id LIKE '5f%'`,
	`UPDATE backup_schedules SET use_names_in_prefix = true, copy_policy_items_enabled = true, reference_minute = 7,
		copy_settings = '[{"cloudProvider": "AWS", "copyPolicyItems": null, "frequencies": ["DAILY"],
			"lastNumberOfSnapshots": null, "legacyZoneId": "5f0000000000000000000aaa", "regionName": "US_WEST_1",
			"shouldCopyOplogs": false, "zoneId": "5f0000000000000000000bbb"}]',
		extra_retention = '[{"frequencyType": "DAILY", "retentionDays": 7}]' WHERE project_id LIKE '5f%'`,
	`UPDATE snapshots SET failed = true, members = '[{}]', policy_item_ids = '{a}' WHERE project_id LIKE '5f%'`,
	`UPDATE export_jobs SET failure = '{"x": 1}', members = '[{}]', custom_data = '[{}]' WHERE project_id LIKE '5f%'`,
}

// empty are the texts of values that say nothing.
const empty = "('', 'false', '0', '[]', '{}')"

// wantFilled fails for a column that has nothing in it in all rows of the organization.
func (b *stateBundle) wantFilled(t *testing.T) {
	t.Helper()
	c, err := readCatalog(t.Context(), b.pool)
	if err != nil {
		t.Fatal(err)
	}
	v := view{catalog: c}
	args := pgx.NamedArgs{"org": orgOne, "projects": []string{demoProject, otherProject, backupsProject}}
	for _, table := range c.tables {
		for _, column := range table.restored() {
			sql := fmt.Sprintf("SELECT count(*)::text FROM %s AS t WHERE %s AND t.%s::text NOT IN %s",
				table.name, v.within(table, "t"), column, empty)
			if got := b.strs(t, sql, args)[0]; got == "0" {
				t.Errorf("%s.%s: got nothing in it, want something to lose", table.name, column)
			}
		}
	}
}

func TestARestoreBringsBackEveryColumnOfEveryTable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(t, filled...)
	b.wantFilled(t)
	all, others := b.dump(t, keptColumns()...), foreignRows(b.dump(t))
	b.save(t, "full")

	b.wipe(t)
	b.restore(t, to("full"))
	wantRows(t, all, b.dump(t, keptColumns()...))
	wantRows(t, others, foreignRows(b.dump(t)))
	wantLines(t, b.restore(t, to("full")))
}

// wipe deletes all that the organization has, and changes it itself.
func (b *stateBundle) wipe(t *testing.T) {
	t.Helper()
	b.exec(t,
		"DELETE FROM clusters WHERE project_id LIKE '5f%'",
		"DELETE FROM export_buckets WHERE project_id LIKE '5f%'",
		"DELETE FROM cloud_provider_access_roles WHERE project_id LIKE '5f%'",
		"DELETE FROM projects WHERE org_id LIKE '5f%'",
		"DELETE FROM principals WHERE org_id LIKE '5f%'",
		"UPDATE orgs SET name = 'Other', api_access_list_required = false, created_at = now(), settings = NULL, "+
			"clock_offset = '0', clock_frozen_at = NULL WHERE id LIKE '5f%'",
	)
}

// Names, public keys and the like that two rows have exchanged: neither can be had before
// the other is let go.
func TestARestoreSwapsWhatNoTwoMayHave(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before, swap []string
		want         string
	}{
		"names of projects": {
			nil,
			[]string{
				"UPDATE projects SET name = 'x' WHERE id = '5f0000000000000000000b01'",
				"UPDATE projects SET name = 'Demo Project' WHERE id = '5f0000000000000000000b03'",
				"UPDATE projects SET name = 'Demo Backups' WHERE id = '5f0000000000000000000b01'",
			}, "projects +0 -0 ~2",
		},
		"a ring of names of projects": {
			nil,
			[]string{
				"UPDATE projects SET name = 'x' WHERE id = '5f0000000000000000000b01'",
				"UPDATE projects SET name = 'Demo Project' WHERE id = '5f0000000000000000000b03'",
				"UPDATE projects SET name = 'Demo Backups' WHERE id = '5f0000000000000000000b02'",
				"UPDATE projects SET name = 'Other Project' WHERE id = '5f0000000000000000000b01'",
			}, "projects +0 -0 ~3",
		},
		"public keys": {
			nil,
			[]string{
				"UPDATE api_keys SET public_key = 'xxxxxxxx' WHERE public_key = 'demoownr'",
				"UPDATE api_keys SET public_key = 'demoownr' WHERE public_key = 'demoproj'",
				"UPDATE api_keys SET public_key = 'demoproj' WHERE public_key = 'xxxxxxxx'",
			}, "apiKeys +0 -0 ~2",
		},
		"names of clusters": {
			[]string{
				`INSERT INTO clusters SELECT copy.* FROM clusters AS t,
					jsonb_populate_record(t, '{"id": "5f0000000000000000000fff", "name": "Cluster1"}') AS copy
					WHERE t.project_id LIKE '5f%'`,
			},
			[]string{
				"UPDATE clusters SET name = 'x' WHERE name = 'Cluster0' AND project_id LIKE '5f%'",
				"UPDATE clusters SET name = 'Cluster0' WHERE name = 'Cluster1' AND project_id LIKE '5f%'",
				"UPDATE clusters SET name = 'Cluster1' WHERE name = 'x' AND project_id LIKE '5f%'",
			}, "clusters +0 -0 ~2",
		},
		"a name that moved to a row of another id": {
			nil,
			[]string{"UPDATE database_users SET id = '5f0000000000000000000fff' WHERE project_id LIKE '5f%'"},
			"databaseUsers +1 -1 ~0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.exec(t, tt.before...)
			want := b.dump(t, keptColumns()...)
			b.save(t, "a")
			b.exec(t, tt.swap...)
			wantLines(t, b.restore(t, to("a")), tt.want)
			wantRows(t, want, b.dump(t, keptColumns()...))
		})
	}
}

// An Azure role that has moved, with its buckets.
func TestARestoreMovesARoleWithItsBuckets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(t, filled...)
	want := b.dump(t, keptColumns()...)
	b.save(t, "a")
	b.exec(t, `WITH bucket AS (UPDATE export_buckets SET tenant_id = 'new' WHERE cloud_provider = 'AZURE')
		UPDATE cloud_provider_access_roles SET tenant_id = 'new' WHERE cloud_provider = 'AZURE' AND project_id LIKE '5f%'`)
	wantLines(t, b.restore(t, to("a")), "cloudProviderAccessRoles +0 -0 ~1", "exportBuckets +0 -0 ~1")
	wantRows(t, want, b.dump(t, keptColumns()...))
}

func TestAValueThatAnotherOrganizationTookIsAConflict(t *testing.T) {
	t.Parallel()
	for name, taking := range map[string][]string{
		"a public key": {
			"DELETE FROM principals WHERE id = '5f0000000000000000000e01'",
			"UPDATE api_keys SET public_key = 'demoownr' WHERE id = '6f0000000000000000000e01'",
		},
		"the id of a project": {
			"DELETE FROM projects WHERE id = '5f0000000000000000000b02'",
			`INSERT INTO projects SELECT copy.* FROM projects AS t, jsonb_populate_record(t,
				'{"id": "5f0000000000000000000b02", "name": "Taken"}') AS copy WHERE t.id = '6f0000000000000000000b02'`,
		},
		"the id of a principal": {
			"DELETE FROM principals WHERE id = '5f0000000000000000000e01'",
			"INSERT INTO principals (org_id, id, kind) VALUES ('6f0000000000000000000a01', '5f0000000000000000000e01', 'API_KEY')",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.save(t, "a")
			b.exec(t, taking...)
			want := b.dump(t)
			_, err := b.service.Restore(t.Context(), b.writer, to("a"))
			wantProblem(t, err, staging.CodeConflict)
			for _, word := range []string{orgTwo, "demoownr", foreign} {
				if strings.Contains(err.Error(), word) {
					t.Errorf("error: got %q, want it without %q", err, word)
				}
			}
			wantRows(t, want, b.dump(t))
		})
	}
}

// The times of the declared state are relative to the reset, as far as something follows
// from them; those of a saved state are as they were.
func TestAResetAWeekLaterMakesTimesNew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(t, filled...)
	b.exec(t, "UPDATE clusters SET gone_at = NULL", "UPDATE orgs SET clock_offset = '0', clock_frozen_at = NULL")
	b.declare(t)
	b.save(t, "a")
	week := 7 * 24 * time.Hour
	saved := b.dump(t, keptColumns()...)
	b.now = b.now.Add(week + 90*time.Minute)
	wantLines(t, b.restore(t, to(staging.Declared)), "snapshots +0 -9 ~0") // those that were taken

	const times = `SELECT format('%s %s', completed_at, expires_at - completed_at) FROM snapshots
		WHERE project_id LIKE '5f%'`
	wantRows(t, []string{"2026-03-11 06:36:07+00 365 days"}, b.strs(t, times))
	wantRows(t, []string{"2099-12-31 00:00:00+00"},
		b.strs(t, "SELECT expires_at::text FROM service_account_secrets WHERE org_id LIKE '5f%'"))
	wantRows(t, []string{"2030-01-02 00:00:00+00"},
		b.strs(t, "SELECT delete_after::text FROM database_users WHERE project_id LIKE '5f%'"))
	// The first daily snapshot is due at the hour and minute of reference, after the reset.
	wantRows(t, []string{"2026-03-12T05:07:00Z"}, b.strs(t, `SELECT item ->> 'next'
		FROM backup_schedules, jsonb_array_elements(policy_items) AS item
		WHERE project_id LIKE '5f%' AND item ->> 'frequencyType' = 'daily'`))
	// What has the new times does not differ from what is declared.
	wantLines(t, b.restore(t, to(staging.Declared)))

	b.now = b.now.Add(-week - 90*time.Minute) // or the saved snapshot is past its time
	b.restore(t, to("a"))
	b.exec(t, "DELETE FROM project_events") // those of the snapshots, which stay
	wantRows(t, saved, b.dump(t, keptColumns()...))
}

// A state that was saved before a column came has the default, or the value that the list
// has for it.
func TestAStateOfAnOlderSchemaRestores(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(t, filled...)
	b.exec(t, "CREATE TABLE later (org_id object_id PRIMARY KEY)",
		"INSERT INTO later SELECT id FROM orgs")
	b.save(t, "a")
	b.exec(t, "CREATE TABLE newest (org_id object_id PRIMARY KEY)",
		"INSERT INTO newest SELECT id FROM orgs")
	b.alter(t, "ALTER TABLE later ADD COLUMN wanted text NOT NULL DEFAULT 'a default', ADD COLUMN free text")
	// As if the schema had been without these.
	b.exec(t,
		`UPDATE saved_state_tables SET rows = (SELECT jsonb_agg(r - 'tags' - 'settings') FROM jsonb_array_elements(rows) AS r)
			WHERE table_name = 'orgs'`,
		"INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)",
	)
	b.wipe(t)
	b.exec(t, "DELETE FROM later WHERE org_id LIKE '5f%'", "UPDATE orgs SET settings = '{}' WHERE id LIKE '5f%'")
	b.restore(t, to("a"))
	wantRows(t, []string{"a default"}, b.strs(t, "SELECT wanted FROM later WHERE org_id LIKE '5f%' AND free IS NULL"))
	wantRows(t, []string{"Demo Organization"}, b.strs(t, "SELECT name FROM orgs WHERE id LIKE '5f%' AND settings IS NULL"))
	// A table that the state knows nothing of is emptied: nothing can be said of its rows.
	wantRows(t, []string{orgTwo}, b.strs(t, "SELECT org_id FROM newest"))
}

func (b *stateBundle) alter(t *testing.T, sql string) {
	t.Helper()
	if _, err := b.pool.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// A column that is required and has no default must have a value for states that were
// saved before it came: those of the first states had none to begin with.
func TestAColumnThatCameLaterHasAValue(t *testing.T) {
	t.Parallel()
	first, err := os.ReadFile("testdata/first_columns.txt")
	if err != nil {
		t.Fatal(err)
	}
	c, err := readCatalog(t.Context(), dbtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	known := strings.Split(string(first), "\n")
	if len(known) < 50 {
		t.Fatalf("columns of the first states: got %d, want all", len(known))
	}
	for _, table := range c.tables {
		if !slices.ContainsFunc(known, func(name string) bool { return strings.HasPrefix(name, table.name+".") }) {
			continue // a state without the table has no rows that could lack something
		}
		for _, column := range table.columns {
			at := table.name + "." + column.name
			needs := column.required && column.defaultValue == "" && kept[at].reason == "" && !slices.Contains(known, at)
			if needs != (added[at] != "") {
				t.Errorf("%s: got value %q, want one if it came later, is required and has no default", at, added[at])
			}
		}
	}
}

func TestPrincipalsAreFoundAnewAfterARestore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	versions := func() map[string]int64 {
		t.Helper()
		rows, err := b.pool.Query(t.Context(), "SELECT id, version FROM principals WHERE org_id LIKE '5f%'")
		if err != nil {
			t.Fatal(err)
		}
		found := make(map[string]int64)
		var id string
		var version int64
		if _, err := pgx.ForEachRow(rows, []any{&id, &version}, func() error {
			found[id] = version
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return found
	}
	b.save(t, "a")
	b.exec(t, "UPDATE principals SET version = 40 WHERE id = '5f0000000000000000000e01'")
	before := versions()
	b.exec(t, "DELETE FROM principals WHERE id = '5f0000000000000000000e02'",
		"DELETE FROM org_role_grants WHERE principal_id = '5f0000000000000000000e01'")
	b.restore(t, to("a"))
	after := versions()
	for id, version := range before {
		if after[id] <= version {
			t.Errorf("version of %s: got %d after %d, want it risen", id, after[id], version)
		}
	}
}

func TestAccessTokensLiveOnUnlessTheirSecretChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(t, `INSERT INTO service_account_secrets (org_id, service_account_id, id, secret_hash, created_at, expires_at)
		SELECT org_id, id, '5f0000000000000000000c99', sha256('another'), now(), now() + interval '1 day'
		FROM service_accounts WHERE org_id LIKE '5f%'`)
	b.save(t, "a")
	issue := `INSERT INTO access_tokens (token_hash, org_id, service_account_id, secret_id, created_at, expires_at)
		SELECT sha256((id || gen_random_uuid())::bytea), org_id, service_account_id, id, now(), now() + interval '1 hour'
		FROM service_account_secrets`
	b.exec(t, issue,
		"UPDATE service_account_secrets SET secret_hash = sha256('changed') WHERE id = '5f0000000000000000000c99'",
		"UPDATE service_accounts SET description = 'changed'")
	b.restore(t, to("a"))
	const left = "SELECT count(*)::text FROM access_tokens WHERE org_id LIKE '5f%'"
	wantRows(t, []string{"1"}, b.strs(t, left))
	wantRows(t, []string{"0"}, b.strs(t, left+" AND secret_id = '5f0000000000000000000c99'"))

	b.exec(t, "DELETE FROM service_account_secrets WHERE id = '5f0000000000000000000c99'", issue)
	b.save(t, "without")
	b.restore(t, to("a"))
	b.exec(t, issue)
	b.restore(t, to("without"))
	wantRows(t, []string{"0"}, b.strs(t, left+" AND secret_id = '5f0000000000000000000c99'"))
	wantRows(t, []string{"3"}, b.strs(t, left))
}

func TestEventsStayButThoseOfProjectsThatGo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.save(t, "a")
	b.exec(t,
		`INSERT INTO projects SELECT copy.* FROM projects AS t, jsonb_populate_record(t,
			'{"id": "5f0000000000000000000bff", "name": "New"}') AS copy WHERE t.id = '5f0000000000000000000b01'`,
		`INSERT INTO project_events (project_id, id, created_at, type) SELECT id, id, now(), 'X' FROM projects`,
		`INSERT INTO org_events (org_id, id, created_at, type, project_id) SELECT org_id, id, now(), 'X', id FROM projects`,
	)
	wantLines(t, b.restore(t, to("a")), "projects +0 -1 ~0")
	wantRows(t, []string{"6"}, b.strs(t, "SELECT count(*)::text FROM project_events"))
	wantRows(t, []string{"7"}, b.strs(t, "SELECT count(*)::text FROM org_events"))
}

func TestAResetOfOneProjectLeavesTheOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(t, filled...)
	b.save(t, "a")
	all := b.dump(t, keptColumns()...)
	b.exec(t, "UPDATE projects SET tags = '[]' WHERE org_id LIKE '5f%'",
		"DELETE FROM export_buckets WHERE project_id LIKE '5f%' AND id <> '5f0000000000000000000f01'",
		"DELETE FROM principals WHERE id = '5f0000000000000000000e03'",
		"DELETE FROM project_role_grants WHERE project_id LIKE '5f%'",
		"UPDATE database_users SET description = 'changed' WHERE project_id LIKE '5f%'")
	// The roles of the principal that is gone can't come back with the project.
	wantLines(t, b.restore(t, staging.Reset{To: "a", ProjectID: demoProject}),
		"projects +0 -0 ~1", "exportBuckets +4 -0 ~0", "projectRoleGrants +1 -0 ~0")
	wantRows(t, []string{"1"}, b.strs(t, "SELECT count(*)::text FROM projects WHERE org_id LIKE '5f%' AND tags <> '[]'"))
	wantRows(t, []string{"changed"}, b.strs(t, "SELECT description FROM database_users WHERE project_id LIKE '5f%'"))
	b.restore(t, to("a"))
	wantRows(t, all, b.dump(t, keptColumns()...))

	// One that is gone comes back, and one that came is removed.
	b.exec(t, "DELETE FROM projects WHERE id = '5f0000000000000000000b02'")
	b.restore(t, staging.Reset{To: "a", ProjectID: otherProject})
	wantRows(t, all, b.dump(t, keptColumns()...))
	b.exec(t, "DELETE FROM projects WHERE id = '5f0000000000000000000b02'")
	b.save(t, "without")
	b.restore(t, to("a"))
	wantLines(t, b.restore(t, staging.Reset{To: "without", ProjectID: otherProject}), "projects +0 -1 ~0")

	for _, id := range []string{"6f0000000000000000000b01", "5f0000000000000000000bbb"} {
		_, err := b.service.Restore(t.Context(), b.writer, staging.Reset{To: "a", ProjectID: id})
		wantProblem(t, err, staging.CodeNotFound)
	}
	_, err := b.service.Restore(t.Context(), b.writer, staging.Reset{To: "a", ProjectID: "x"})
	wantProblem(t, err, staging.CodeInvalid)
}

func TestAProtectedOrganizationIsNotReset(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.save(t, "a")
	b.exec(t, "UPDATE orgs SET protected = true, name = 'Renamed' WHERE id LIKE '5f%'")
	want := b.dump(t)
	_, err := b.service.Restore(t.Context(), b.writer, to("a"))
	wantProblem(t, err, staging.CodeProtected)
	wantRows(t, want, b.dump(t))
}

func TestNamesOfStates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, name := range []string{"a", "A-1_b.c", strings.Repeat("x", 64)} {
		b.save(t, name)
	}
	for _, name := range []string{
		"", ".", "..", "-a", "a b", "a/b", "ä", "a\x00", strings.Repeat("x", 65), staging.Live, staging.Declared,
	} {
		_, err := b.service.SaveState(t.Context(), b.writer, name)
		wantProblem(t, err, staging.CodeInvalid)
		wantProblem(t, b.service.DeleteState(t.Context(), b.writer, name), staging.CodeInvalid)
	}
	_, err := b.service.SaveState(t.Context(), b.writer, "a")
	wantProblem(t, err, staging.CodeConflict)

	other := b.writerOf(t, orgTwo)
	wantProblem(t, b.service.DeleteState(t.Context(), other, "a"), staging.CodeNotFound)
	_, err = b.service.Restore(t.Context(), other, to("a"))
	wantProblem(t, err, staging.CodeNotFound)
	states, err := b.service.States(t.Context(), b.writer.Reader())
	if err != nil || len(states) != 3 || states[0].Name != "A-1_b.c" || states[0].Rows != 32 {
		t.Errorf("states: got %+v, %v; want three by name, with all rows", states, err)
	}
	if err := b.service.DeleteState(t.Context(), b.writer, "a"); err != nil {
		t.Error(err)
	}
	wantProblem(t, b.service.DeleteState(t.Context(), b.writer, "a"), staging.CodeNotFound)
	wantRows(t, nil, b.strs(t, "SELECT table_name FROM saved_state_tables WHERE state_name = 'a'"))
}

func TestStatesAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(t, fmt.Sprintf(`INSERT INTO saved_states (org_id, name, saved_at, schema_version)
		SELECT '%s', 's' || i, now(), 0 FROM generate_series(2, %d) AS i`, orgOne, staging.MaxStates))
	b.save(t, "last")
	_, err := b.service.SaveState(t.Context(), b.writer, "more")
	wantProblem(t, err, staging.CodeLimit)
	b.declare(t)
	if _, err := b.service.State(t.Context(), b.writer.Reader(), "s9"); err != nil {
		t.Errorf("the last of all, with one that was declared after: got %v", err)
	}
	b.writer = b.writerOf(t, orgTwo) // has its own
	b.save(t, "last")

	b.exec(t, "CREATE TABLE many (org_id object_id, number integer, PRIMARY KEY (org_id, number))",
		fmt.Sprintf("INSERT INTO many SELECT '%s', i FROM generate_series(1, %d) AS i", orgTwo, staging.MaxStateRows))
	b.service.catalog.Store(nil)
	_, err = b.service.SaveState(t.Context(), b.writer, "large")
	wantProblem(t, err, staging.CodeLimit)
	wantRows(t, nil, b.strs(t, "SELECT name FROM saved_states WHERE name = 'large'"))
}

func TestADiffSaysWhatARestoreWouldDo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(t, filled...)
	b.exec(t, "UPDATE clusters SET gone_at = NULL")
	b.declare(t)
	b.save(t, "a")
	diff := func(from, to string) []string {
		t.Helper()
		changes, err := b.service.Diff(t.Context(), b.writer.Reader(), from, to)
		if err != nil {
			t.Fatal(err)
		}
		return lines(changes)
	}
	for _, names := range [][2]string{
		{staging.Declared, staging.Live}, {"a", staging.Live}, {staging.Declared, "a"}, {staging.Live, staging.Live},
	} {
		wantLines(t, diff(names[0], names[1]))
	}
	b.exec(t,
		"DELETE FROM export_buckets WHERE project_id = '5f0000000000000000000b01'",
		"UPDATE clusters SET gone_at = '2031-01-01' WHERE project_id LIKE '5f%'",
		"UPDATE export_jobs SET finished_at = finished_at + interval '1 second' WHERE project_id LIKE '5f%'",
		`INSERT INTO projects SELECT copy.* FROM projects AS t, jsonb_populate_record(t,
			'{"id": "5f0000000000000000000bff", "name": "New"}') AS copy WHERE t.id = '5f0000000000000000000b01'`,
		// What use moves counts for nothing.
		"UPDATE access_list_entries SET request_count = 1000",
		"UPDATE principals SET version = 1000",
		"UPDATE clusters SET due_at = '2031-01-01' WHERE project_id LIKE '5f%'",
		`UPDATE backup_schedules SET due_at = '2031-01-01', policy_items = replace(policy_items::text, '"next": "2026',
			'"next": "2031')::jsonb WHERE project_id LIKE '5f%'`,
	)
	want := []string{"projects +1 -0 ~0", "clusters +0 -0 ~1", "exportBuckets +0 -4 ~0"}
	wantLines(t, sorted(diff(staging.Declared, staging.Live)), sorted(want)...)
	wantLines(t, sorted(diff("a", staging.Live)), sorted(append(want, "exportJobs +0 -0 ~1"))...)
	b.save(t, "b")
	wantLines(t, sorted(diff("a", "b")), sorted(append(want, "exportJobs +0 -0 ~1"))...)
	back := []string{"projects +0 -1 ~0", "clusters +0 -0 ~1", "exportBuckets +4 -0 ~0"}
	wantLines(t, sorted(diff(staging.Live, staging.Declared)), sorted(back)...)
	wantLines(t, sorted(b.restore(t, to(staging.Declared))), sorted(back)...)
	wantLines(t, diff(staging.Live, staging.Declared))

	_, err := b.service.Diff(t.Context(), b.writer.Reader(), "nothing", staging.Live)
	wantProblem(t, err, staging.CodeNotFound)
	_, err = b.service.Diff(t.Context(), b.writerOf(t, orgTwo).Reader(), staging.Live, "a")
	wantProblem(t, err, staging.CodeNotFound)
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}
