package tenantstate

import (
	"strings"
	"testing"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/seed"
	"exportbuckets/staging"
)

func (b *stateBundle) export(t testing.TB, of string) string {
	t.Helper()
	file, err := b.service.Export(t.Context(), b.writer.Reader(), of)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := file.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// What is exported declares what is there: applied to it, it changes nothing.
func TestAnExportDeclaresWhatIsThere(t *testing.T) {
	t.Parallel()
	for name, changes := range map[string][]string{"the demo tenant": nil, "every place": rich} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.exec(t, changes...)
			b.save(t, "a")
			live := b.export(t, staging.Live)
			if got := b.export(t, "a"); got != live {
				t.Errorf("export of a saved state: got %s, want %s", got, live)
			}
			wantLines(t, b.apply(t, live, staging.Replace, true))
			if t.Failed() {
				t.Log(live)
			}
			wantLines(t, b.apply(t, live, staging.Replace, false))
			if got := b.export(t, staging.Declared); got != live {
				t.Errorf("export of the declared state: got %s, want %s", got, live)
			}
			for _, secret := range []string{"d3300000", "demo-owner-secret", "ha1", "hash"} {
				if strings.Contains(live, secret) {
					t.Errorf("export: got %s in it, want no secret", secret)
				}
			}
		})
	}
}

// rich has what the form can say and the demo tenant lacks.
var rich = []string{
	`UPDATE orgs SET api_access_list_required = true, settings = '{"securityContact": "a@example.com"}' WHERE id LIKE '5f%'`,
	`UPDATE projects SET tags = '[{"key": "a", "value": "b"}]', settings = '{"isSchemaAdvisorEnabled": false}',
		limits = '{"atlas.project.deployment.clusters": 7}', with_default_alerts_settings = false, managed_slow_ms = false
		WHERE org_id LIKE '5f%'`,
	`INSERT INTO access_list_entries (org_id, principal_id, cidr_block, created_at) SELECT org_id, id, '192.0.2.0/24', now()
		FROM principals WHERE org_id LIKE '5f%'`,
	`INSERT INTO export_buckets (project_id, id, cloud_provider, bucket_name, role_id, created_at, region,
		require_private_networking, service_url, tenant_id)
		SELECT project_id, id, cloud_provider, CASE cloud_provider WHEN 'AZURE' THEN 'exports' ELSE 'bucket' END, id, now(),
			CASE cloud_provider WHEN 'AWS' THEN 'eu-west-1' END, CASE cloud_provider WHEN 'AWS' THEN true END,
			CASE cloud_provider WHEN 'AZURE' THEN 'https://account.blob.core.windows.net/exports' END, tenant_id
		FROM cloud_provider_access_roles WHERE project_id LIKE '5f%' AND authorized`,
	`UPDATE cloud_provider_access_roles SET assumed_role_external_id = gen_random_uuid() WHERE cloud_provider = 'AWS'`,
	`INSERT INTO backup_private_endpoints (project_id, id, region, vpc_region, created_at, active_at)
		SELECT id, id, 'US_EAST_1', 'EU_WEST_1', now(), now() FROM projects WHERE org_id LIKE '5f%'`,
	`UPDATE database_users SET description = 'd', labels = '[{"key": "a", "value": "b"}]',
		scopes = '[{"name": "Cluster0", "type": "CLUSTER"}]' WHERE project_id LIKE '5f%'`,
	`UPDATE clusters SET settings = settings || '{"paused": true, "pitEnabled": false, "labels": [{"key": "k", "value": "v"}]}'
		WHERE project_id LIKE '5f%'`,
	`UPDATE clusters SET settings = jsonb_set(settings, '{processArgs,noTableScan}', 'true') WHERE project_id LIKE '5f%'`,
	`UPDATE clusters SET settings = jsonb_set(settings, '{shards,0,id}', '"5f0000000000000000000999"') WHERE project_id LIKE '5f%'`,
	`UPDATE backup_schedules SET use_names_in_prefix = true, reference_minute = 7, restore_window_days = 3
		WHERE project_id LIKE '5f%'`,
	`UPDATE service_account_secrets SET suffix = 'abcd' WHERE org_id LIKE '5f%'`,
}

// Applied to an empty database, an export gives the same but secrets, which it must be
// given.
func TestAnExportMovesAnOrganization(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(t, rich...)
	exported := b.export(t, staging.Live)
	// Secrets, as a team would write them into the file.
	file := exported
	for _, name := range []string{"demoownr", "demoproj", "demoread"} {
		file = strings.Replace(file, "publicKey: "+name, "publicKey: "+name+"\n        privateKey: d3300000-0000-4000-8000-000000000007", 1)
	}
	file = strings.Replace(file, "            expiresAt:", "            secret: mdb_sa_sk_a-secret-of-the-other-server-000000\n            expiresAt:", 1)
	empty := dbtest.New(t)
	parsed, err := seed.Parse([]byte(file))
	if err != nil {
		t.Fatalf("%v in\n%s", err, file)
	}
	if err := seed.Apply(t.Context(), empty, new(iam.Sealer), parsed, b.now); err != nil {
		t.Fatalf("%v in\n%s", err, file)
	}
	moved := &stateBundle{pool: empty, now: b.now}
	moved.service = New(empty, b.service.env, b.service.cfg)
	moved.writer = moved.writerOf(t, orgOne)
	if got := moved.export(t, staging.Live); got != exported {
		t.Errorf("export of what was moved: got\n%s\nwant\n%s", got, exported)
	}
}

func TestAnExportOfAStateThatIsNotThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.service.Export(t.Context(), b.writer.Reader(), "nothing")
	wantProblem(t, err, staging.CodeNotFound)
	_, err = b.service.Export(t.Context(), b.writer.Reader(), staging.Declared)
	wantProblem(t, err, staging.CodeNotFound)
}
