package seed_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/seed"
)

func TestTheDemoTenantIsAsDocumented(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	apply(t, pool, string(seed.Demo), early)
	for name, tt := range map[string]struct {
		query string
		want  []string
	}{
		"organizations": {
			"SELECT id || ' ' || name || ' ' || api_access_list_required FROM orgs",
			[]string{"5f0000000000000000000a01 Demo Organization false"},
		},
		"projects": {
			"SELECT org_id || ' ' || id || ' ' || name FROM projects",
			[]string{
				"5f0000000000000000000a01 5f0000000000000000000b01 Demo Project",
				"5f0000000000000000000a01 5f0000000000000000000b02 Other Project",
				"5f0000000000000000000a01 5f0000000000000000000b03 Demo Backups",
			},
		},
		"API keys with HA1": {
			// RFC 7616, section 3.4.2, of the documented private keys.
			"SELECT public_key || ' ' || (encode(ha1, 'hex') = " +
				"md5(public_key || ':MMS Public API:d3300000-0000-4000-8000-00000000000' || number)) " +
				"FROM api_keys LEFT JOIN (VALUES ('demoownr', 1), ('demoproj', 2), ('demoread', 3)) " +
				"AS documented (public_key, number) USING (public_key)",
			[]string{"demoownr true", "demoproj true", "demoread true"},
		},
		"roles in the organization": {
			"SELECT coalesce(public_key, 'mdb_sa_id_' || service_accounts.id) || ' ' || role FROM org_role_grants AS org_grant " +
				"LEFT JOIN api_keys ON api_keys.id = principal_id LEFT JOIN service_accounts ON service_accounts.id = principal_id",
			[]string{
				"demoownr ORG_OWNER", "demoproj ORG_MEMBER", "demoread ORG_MEMBER",
				"mdb_sa_id_5f0000000000000000000c01 ORG_OWNER",
			},
		},
		"roles on projects": {
			"SELECT public_key || ' ' || project_id || ' ' || role FROM project_role_grants " +
				"LEFT JOIN api_keys ON api_keys.id = principal_id",
			[]string{
				"demoproj 5f0000000000000000000b01 GROUP_OWNER", "demoread 5f0000000000000000000b01 GROUP_READ_ONLY",
			},
		},
		"client secrets": {
			"SELECT service_account_id || ' ' || (secret_hash = " +
				"sha256('mdb_sa_sk_demo-owner-secret-not-for-production-01')) || ' ' || " +
				"(expires_at > now() + interval '10 years') FROM service_account_secrets",
			[]string{"5f0000000000000000000c01 true true"},
		},
		"access roles": {
			"SELECT concat_ws(' ', project_id, id, cloud_provider, authorized, iam_assumed_role_arn, azure_app_id, " +
				"tenant_id, gcp_status) FROM cloud_provider_access_roles",
			[]string{
				"5f0000000000000000000b01 5f0000000000000000000d01 AWS t arn:aws:iam::123456789012:role/demo-export",
				"5f0000000000000000000b01 5f0000000000000000000d02 AZURE t " +
					"9f2deb0d-be22-4524-a403-df531868bac0 4297fc77-1592-4de8-a6d5-a8c32401df87",
				"5f0000000000000000000b01 5f0000000000000000000d03 GCP t COMPLETE",
				"5f0000000000000000000b01 5f0000000000000000000d04 AWS f",
				"5f0000000000000000000b03 5f0000000000000000000d10 AWS t arn:aws:iam::123456789012:role/demo-backups",
			},
		},
		"access lists":  {"SELECT cidr_block::text FROM access_list_entries", []string{}},
		"access tokens": {"SELECT secret_id::text FROM access_tokens", []string{}},
		"export buckets": {
			"SELECT project_id || ' ' || id || ' ' || bucket_name FROM export_buckets",
			[]string{"5f0000000000000000000b03 5f0000000000000000000f01 demo-backups"},
		},
		"a whole": {
			"SELECT concat_ws(' ', clusters.name, schedule.export_frequency, snapshot.description, " +
				"snapshot.expires_at - snapshot.completed_at, job.finished_at <= job.created_at) FROM clusters " +
				"JOIN backup_schedules AS schedule ON schedule.cluster_id = clusters.id " +
				"JOIN snapshots AS snapshot ON snapshot.cluster_id = clusters.id " +
				"JOIN export_jobs AS job ON job.snapshot_id = snapshot.id AND job.export_bucket_id = schedule.export_bucket_id",
			[]string{"Cluster0 monthly Demo snapshot 365 days t"},
		},
	} {
		got := strs(t, pool, tt.query)
		slices.Sort(got)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestEveryPlaceIsWritten(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	apply(t, pool, whole, early)
	for query, want := range map[string][]string{
		"SELECT name || ' ' || api_access_list_required FROM orgs": {"Whole true"},
		"SELECT cidr_block::text FROM access_list_entries": {
			"192.0.2.1/32", "198.51.100.0/24", "2001:db8::/32", "203.0.113.7/32",
		},
		"SELECT principal_id || ' ' || role FROM org_role_grants": {
			"5f0000000000000000000c11 ORG_READ_ONLY", "5f0000000000000000000e11 ORG_GROUP_CREATOR",
			"5f0000000000000000000e11 ORG_MEMBER",
		},
		"SELECT principal_id || ' ' || role FROM project_role_grants": {
			"5f0000000000000000000c11 GROUP_BACKUP_MANAGER", "5f0000000000000000000e11 GROUP_OWNER",
			"5f0000000000000000000e11 GROUP_READ_ONLY",
		},
		// UUIDs as written.
		"SELECT concat_ws(' ', id, authorized, azure_app_id, service_principal_id, tenant_id, iam_assumed_role_arn, " +
			"gcp_status) FROM cloud_provider_access_roles": {
			"5f0000000000000000000d11 t arn:aws-us-gov:iam::123456789012:role/path/export",
			"5f0000000000000000000d12 f",
			"5f0000000000000000000d13 t 00000000-0000-4000-8000-00000000000A 00000000-0000-4000-8000-00000000000B " +
				"00000000-0000-4000-8000-00000000000C",
			"5f0000000000000000000d14 f IN_PROGRESS",
		},
		"SELECT concat_ws(' ', id, bucket_name, role_id, region, require_private_networking, service_url, tenant_id) " +
			"FROM export_buckets": {
			"500000000000000000000e01 whole-exports 5f0000000000000000000d11 us-east-1 f",
			"5f0000000000000000000e32 whole-exports-2 5f0000000000000000000d11 eu-west-1 t",
			"5f0000000000000000000e33 exports 5f0000000000000000000d13 " +
				"https://account.blob.core.windows.net/exports 00000000-0000-4000-8000-00000000000C",
		},
		"SELECT network || ' ' || comment FROM project_access_list_entries": {
			"192.0.2.0/24 An office", "198.51.100.7/32 A home",
		},
		"SELECT concat_ws(' ', database_name, username, roles->0->>'roleName', scopes->0->>'name') FROM database_users": {
			"admin app readWrite Cluster0",
		},
		"SELECT concat_ws(' ', id, region, vpc_region, active_at = created_at) FROM backup_private_endpoints": {
			"5f0000000000000000000e61 EU_WEST_1 EU_WEST_2 t",
		},
		"SELECT concat_ws(' ', id, name, ready_at <= created_at, settings->>'backupEnabled') FROM clusters": {
			"5f0000000000000000000e41 Cluster0 t true",
		},
		"SELECT concat_ws(' ', cloud_provider, region) FROM network_containers": {"AWS US_EAST_1"},
		"SELECT concat_ws(' ', cluster_id, export_bucket_id, export_frequency, reference_hour) FROM backup_schedules": {
			"5f0000000000000000000e41 5f0000000000000000000e32 monthly 4",
		},
		"SELECT concat_ws(' ', id, description, failed, completed_at - requested_at, expires_at::date - requested_at::date) " +
			"FROM snapshots": {
			"5f0000000000000000000e51 Kept f 00:00:00 365",
			"5f0000000000000000000e52 t 00:00:00 1",
			"5f0000000000000000000e53 f 00:00:05 1",
		},
		"SELECT concat_ws(' ', id, snapshot_id, export_bucket_id, finished_at - created_at) FROM export_jobs": {
			"5f0000000000000000000e61 5f0000000000000000000e51 5f0000000000000000000e32 00:00:00",
		},
	} {
		got := strs(t, pool, query)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestApplyIsAllOrNothingAndNamesThePart(t *testing.T) {
	t.Parallel()
	const second = "organizations:\n  - id: 5f0000000000000000000a03\n    name: Third\n"
	key := "    apiKeys:\n      - id: 5f0000000000000000000e99\n        description: New\n        publicKey: newnewkk\n" +
		"        privateKey: d3300000-0000-4000-8000-000000000008\n        orgRoles: [ORG_MEMBER]\n"
	account := "    serviceAccounts:\n      - clientId: mdb_sa_id_5f0000000000000000000c99\n        name: new\n" +
		"        description: New\n        orgRoles: [ORG_MEMBER]\n"
	project := "    projects:\n      - id: 5f0000000000000000000b99\n        name: New\n"
	for name, tt := range map[string]struct {
		file string
		want []string // in the error
	}{
		"a project of another organization": {
			second + key + replaced(t, project, "b99", "b01"),
			[]string{"project 5f0000000000000000000b01", "another organization"},
		},
		"a project's name that is taken": {
			"organizations:\n  - id: 5f0000000000000000000a01\n    name: Demo Organization\n" + key +
				replaced(t, project, "name: New", "name: Other Project"),
			[]string{"project 5f0000000000000000000b99", "projects_org_id_name_key"},
		},
		"an API key of another organization": {
			second + project + replaced(t, key, "5f0000000000000000000e99", "5f0000000000000000000e01"),
			[]string{"API key newnewkk", "principals_id_key"},
		},
		"a service account of another organization": {
			second + project + key + replaced(t, account, "c99", "c01"),
			[]string{"service account mdb_sa_id_5f0000000000000000000c01", "principals_id_key"},
		},
		"one id for an API key and a service account": {
			second + project + key + replaced(t, account, "c99", "e99"),
			[]string{"service account mdb_sa_id_5f0000000000000000000e99", "is taken"},
		},
		"a public key of another key": {
			second + project + replaced(t, key, "newnewkk", "demoread"),
			[]string{"API key demoread", "api_keys_public_key_key"},
		},
		"a public key of another key of the organization": {
			"organizations:\n  - id: 5f0000000000000000000a01\n    name: Renamed\n" + project +
				replaced(t, key, "newnewkk", "demoread"),
			[]string{"API key demoread", "api_keys_public_key_key"},
		},
		"a service principal of another role": {
			"organizations:\n  - id: 5f0000000000000000000a01\n    name: Renamed\n    projects:\n" +
				"      - id: 5f0000000000000000000b01\n        name: Renamed\n        cloudProviderAccess:\n" +
				"          azure:\n            - roleId: 5f0000000000000000000d99\n" +
				"              servicePrincipalId: 22f1d2a6-d0e9-482a-83a4-b8dd7dddc2c1\n" +
				"              tenantId: 00000000-0000-4000-8000-00000000000C\n",
			[]string{
				"project 5f0000000000000000000b01", "access role 5f0000000000000000000d99", "service_principal_id_key",
			},
		},
		"a role of another cloud provider": {
			"organizations:\n  - id: 5f0000000000000000000a01\n    name: Renamed\n    projects:\n" +
				"      - id: 5f0000000000000000000b01\n        name: Renamed\n        cloudProviderAccess:\n" +
				"          gcp:\n            - roleId: 5f0000000000000000000d01\n",
			[]string{"project 5f0000000000000000000b01", "access role 5f0000000000000000000d01", "another cloud provider than GCP"},
		},
		"a bucket of a role that is not authorized": {
			second + project + "        cloudProviderAccess: {aws: [{roleId: 5f0000000000000000000d98}]}\n" +
				"        exportBuckets:\n          - id: 5f0000000000000000000e98\n" +
				"            body: {cloudProvider: AWS, bucketName: exports, iamRoleId: 5f0000000000000000000d98}\n",
			[]string{"export bucket 5f0000000000000000000e98", "has not been authorized"},
		},
		"a private endpoint in a region that is none": {
			second + project + "        privateEndpoints:\n          - id: 5f0000000000000000000e97\n" +
				"            body: {regionName: eu-west-1}\n",
			[]string{"private endpoint 5f0000000000000000000e97", "regionName"},
		},
		"a private endpoint between regions that have one": {
			second + project + "        privateEndpoints:\n          - id: 5f0000000000000000000e97\n" +
				"            body: {regionName: EU_WEST_1}\n          - id: 5f0000000000000000000e96\n" +
				"            body: {regionName: EU_WEST_1}\n",
			[]string{"private endpoint 5f0000000000000000000e96"},
		},
		"a user without a role": {
			second + project + "        databaseUsers: [{username: x, password: not-kept-at-all}]\n",
			[]string{"databaseUsers[0]", "roles"},
		},
		"an entry without a network": {
			second + project + "        accessList: [{ipAddress: 192.0.2.1}, {comment: x}]\n",
			[]string{"accessList[1]", "ipAddress"},
		},
		"a cluster without a type": {
			second + project + "        clusters:\n          - id: 5f0000000000000000000e98\n            body: {name: Cluster0}\n",
			[]string{"cluster 5f0000000000000000000e98", "clusterType"},
		},
		"a role on a project of another organization": {
			second + project + key +
				"        projectRoles:\n          - projectId: 5f0000000000000000000b01\n            roles: [GROUP_OWNER]\n",
			[]string{"API key newnewkk", "role on project 5f0000000000000000000b01"},
		},
		"a role on a project that does not exist": {
			second + project + account +
				"        projectRoles:\n          - projectId: 5f0000000000000000000b98\n            roles: [GROUP_OWNER]\n",
			[]string{"service account mdb_sa_id_5f0000000000000000000c99", "role on project 5f0000000000000000000b98"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := dbtest.New(t)
			apply(t, pool, string(seed.Demo), early)
			want := dump(t, pool)
			file, err := seed.Parse([]byte(tt.file))
			if err != nil {
				t.Fatal(err)
			}
			err = seed.Apply(t.Context(), pool, plain, file, later)
			if err == nil {
				t.Fatal("got no error")
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error: got %q, want it to contain %q", err, part)
				}
			}
			wantNoSecret(t, err)
			if diff := cmp.Diff(want, dump(t, pool)); diff != "" {
				t.Errorf("rows (-before +after):\n%s", diff)
			}
		})
	}
}

// Nothing of the first organization is left if the second fails.
func TestAFileThatFailsAtItsEndLeavesNoRow(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	file, err := seed.Parse([]byte(whole + "  - id: 5f0000000000000000000a04\n    name: Other\n    projects:\n" +
		"      - id: 5f0000000000000000000b23\n        name: Of the first organization\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := seed.Apply(t.Context(), pool, plain, file, early); err == nil {
		t.Fatal("got no error")
	}
	if got := dump(t, pool); len(got) > 0 {
		t.Errorf("rows: got %q, want none", got)
	}
}

func TestCredentialsAreAllThatAFileHas(t *testing.T) {
	t.Parallel()
	file, err := seed.Parse([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	want := []seed.Credential{
		{Name: "wholekey", Secret: "d3300000-0000-4000-8000-000000000009"},
		{Name: "mdb_sa_id_5f0000000000000000000c11", Secret: "mdb_sa_sk_a-second-secret-of-more-than-32-letters"},
	}
	if diff := cmp.Diff(want, file.Credentials()); diff != "" {
		t.Errorf("credentials (-want +got):\n%s", diff)
	}
}

func TestNothingIsShownOfShortSecrets(t *testing.T) {
	t.Parallel()
	text := replaced(t, whole, "d3300000-0000-4000-8000-000000000009", "fifteen--chars-")
	text = replaced(t, text, "mdb_sa_sk_a-second-secret-of-more-than-32-letters", "fifteen--chars-")
	pool := dbtest.New(t)
	apply(t, pool, text, early)
	shown := strs(t, pool, `SELECT private_key_suffix FROM api_keys WHERE private_key_suffix IS NOT NULL
		UNION ALL SELECT suffix FROM service_account_secrets WHERE suffix IS NOT NULL`)
	if len(shown) > 0 {
		t.Errorf("got %q of the secrets in the database, want nothing", shown)
	}
}
