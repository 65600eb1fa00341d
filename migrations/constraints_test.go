package migrations_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"exportbuckets/internal/dbtest"
)

// Tenants of the table test below: organization a01 with the projects b01 and
// b02, and organization a02 with the project b03. Principal c01 is of a01 and
// has an API key, c02 of a02. Project b01 has the roles d01 (AWS), d02 (AZURE)
// and d03 (GCP) and a bucket with each.
const tenants = `
INSERT INTO orgs (id, name, api_access_list_required, created_at) VALUES
	('5f0000000000000000000a01', 'One', false, now()),
	('5f0000000000000000000a02', 'Two', false, now());
INSERT INTO projects VALUES
	('5f0000000000000000000b01', '5f0000000000000000000a01', 'One', now(), true, true, '[]', '{}', '{}'),
	('5f0000000000000000000b02', '5f0000000000000000000a01', 'Two', now(), true, true, '[]', '{}', '{}'),
	('5f0000000000000000000b03', '5f0000000000000000000a02', 'One', now(), true, true, '[]', '{}', '{}');
INSERT INTO principals (org_id, id, kind) VALUES
	('5f0000000000000000000a01', '5f0000000000000000000c01', 'API_KEY'),
	('5f0000000000000000000a02', '5f0000000000000000000c02', 'API_KEY'),
	('5f0000000000000000000a01', '5f0000000000000000000c03', 'SERVICE_ACCOUNT');
INSERT INTO api_keys (org_id, id, description, public_key, ha1, created_at) VALUES
	('5f0000000000000000000a01', '5f0000000000000000000c01', 'Key', 'abcdefgh', decode(repeat('00', 16), 'hex'), now());
INSERT INTO project_role_grants (org_id, project_id, principal_id, role) VALUES
	('5f0000000000000000000a01', '5f0000000000000000000b01', '5f0000000000000000000c01', 'GROUP_OWNER');
INSERT INTO cloud_provider_access_roles (project_id, id, cloud_provider, created_at, updated_at,
	assumed_role_external_id, iam_assumed_role_arn, authorized_at,
	azure_app_id, service_principal_id, tenant_id, gcp_service_account, gcp_status) VALUES
	('5f0000000000000000000b01', '5f0000000000000000000d01', 'AWS', now(), now(),
		'external', 'arn', now(), NULL, NULL, NULL, NULL, NULL),
	('5f0000000000000000000b01', '5f0000000000000000000d02', 'AZURE', now(), now(),
		NULL, NULL, NULL, 'app', 'principal', 'tenant', NULL, NULL),
	('5f0000000000000000000b01', '5f0000000000000000000d03', 'GCP', now(), now(),
		NULL, NULL, NULL, NULL, NULL, NULL, 'account', 'COMPLETE');
INSERT INTO export_buckets (project_id, id, cloud_provider, bucket_name, role_id, created_at,
	region, require_private_networking, service_url, tenant_id) VALUES
	('5f0000000000000000000b01', '5f0000000000000000000e01', 'AWS', 'bucket', '5f0000000000000000000d01', now(),
		NULL, false, NULL, NULL),
	('5f0000000000000000000b01', '5f0000000000000000000e02', 'AZURE', 'bucket', '5f0000000000000000000d02', now(),
		NULL, NULL, 'url', 'tenant'),
	('5f0000000000000000000b01', '5f0000000000000000000e03', 'GCP', 'bucket', '5f0000000000000000000d03', now(),
		NULL, NULL, NULL, NULL);
`

// copied inserts a row that is another row of the table but for some columns,
// as column=value pairs; a value is an SQL expression.
func copied(table, id string, changes ...string) string {
	var list []string
	for i := 0; i < len(changes); i += 2 {
		list = append(list, fmt.Sprintf("'%s', %s", changes[i], changes[i+1]))
	}
	columns := map[string]string{
		"api_keys": "org_id, id, description, public_key, ha1, created_at",
		"cloud_provider_access_roles": "project_id, id, cloud_provider, created_at, updated_at, " +
			"assumed_role_external_id, iam_assumed_role_arn, authorized_at, " +
			"azure_app_id, service_principal_id, tenant_id, gcp_service_account, gcp_status",
	}[table]
	if columns == "" {
		return fmt.Sprintf("INSERT INTO %[1]s SELECT copy.* FROM %[1]s AS t, "+
			"jsonb_populate_record(t, jsonb_build_object(%[2]s)) AS copy WHERE t.id = '%[3]s'",
			table, strings.Join(list, ", "), id)
	}
	// A generated column cannot be inserted.
	return fmt.Sprintf("INSERT INTO %[1]s (%[4]s) SELECT %[5]s FROM %[1]s AS t, "+
		"jsonb_populate_record(t, jsonb_build_object(%[2]s)) AS copy WHERE t.id = '%[3]s'",
		table, strings.Join(list, ", "), id, columns, "copy."+strings.ReplaceAll(columns, ", ", ", copy."))
}

const (
	awsRole, azureRole, gcpRole       = "5f0000000000000000000d01", "5f0000000000000000000d02", "5f0000000000000000000d03"
	awsBucket, azureBucket, gcpBucket = "5f0000000000000000000e01", "5f0000000000000000000e02", "5f0000000000000000000e03"
	orgOne, orgTwo                    = "5f0000000000000000000a01", "5f0000000000000000000a02"
	newID                             = "'5f0000000000000000000fff'"
)

func bucket(id string, changes ...string) string {
	return copied("export_buckets", id, append([]string{"id", newID}, changes...)...)
}

func role(id string, changes ...string) string {
	return copied("cloud_provider_access_roles", id,
		append([]string{"id", newID, "service_principal_id", "t.service_principal_id || '2'"}, changes...)...)
}

func key(changes ...string) string {
	return "INSERT INTO principals VALUES ('" + orgOne + "', " + newID + ", 'API_KEY'); " +
		copied("api_keys", "5f0000000000000000000c01",
			append([]string{"id", newID, "public_key", "'hgfedcba'"}, changes...)...)
}

func account(name, description string) string {
	return fmt.Sprintf("INSERT INTO service_accounts (org_id, id, name, description, created_at) VALUES "+
		"('%s', '5f0000000000000000000c03', %s, %s, now())", orgOne, name, description)
}

func org(name string) string {
	return fmt.Sprintf("INSERT INTO orgs (id, name, api_access_list_required, created_at) "+
		"VALUES (%s, %s, false, now())", newID, name)
}

func project(id, orgID, name string) string {
	return fmt.Sprintf("INSERT INTO projects VALUES (%s, '%s', %s, now(), true, true, '[]', '{}', '{}')", id, orgID, name)
}

func grant(orgID, projectID, principalID string) string {
	return fmt.Sprintf("INSERT INTO project_role_grants (org_id, project_id, principal_id, role) "+
		"VALUES ('%s', '%s', '%s', 'GROUP_READ_ONLY')", orgID, projectID, principalID)
}

// Each row that the test below expects to be refused differs from one of these
// in one thing.
func TestTheSchemaAccepts(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"an AWS bucket": bucket(awsBucket),
		"an AWS bucket with a region and a name of 3 characters": bucket(awsBucket, "region", "'us-east-1'", "bucket_name", "'abc'"),
		"an AZURE bucket": bucket(azureBucket),
		"a GCP bucket with a name of 63 characters": bucket(gcpBucket, "bucket_name", "repeat('a', 63)"),
		"an AWS role": role(awsRole),
		"an AWS role with an ARN that is not authorized":        role(awsRole, "authorized_at", "NULL"),
		"an AWS role without an ARN":                            role(awsRole, "authorized_at", "NULL", "iam_assumed_role_arn", "NULL"),
		"an AZURE role":                                         role(azureRole),
		"a GCP role":                                            role(gcpRole),
		"an API key with 250 characters of description":         key("description", "repeat('ä', 250)"),
		"a service account of the longest name and description": account("repeat('ä', 64)", "repeat('ä', 250)"),
		"an organization of the longest name":                   org("repeat('ä', 64)"),
		"a project of the longest name":                         project(newID, orgOne, "repeat('ä', 64)"),
		"two projects of one name in two organizations":         project(newID, orgTwo, "'Two'"),
		"a grant in one organization":                           grant(orgOne, "5f0000000000000000000b02", "5f0000000000000000000c01"),
		"to delete a role out of use": "DELETE FROM export_buckets WHERE role_id = '" + awsRole + "'; " +
			"DELETE FROM cloud_provider_access_roles WHERE id = '" + awsRole + "'",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := dbtest.New(t)
			exec(t, pool, tenants)
			exec(t, pool, sql)
		})
	}
}

func TestTheSchemaItselfRefuses(t *testing.T) {
	t.Parallel()
	const (
		notNull    = "23502"
		foreignKey = "23503"
		unique     = "23505"
		check      = "23514"

		roleFkey   = "export_buckets_project_id_role_id_cloud_provider_fkey"
		tenantFkey = "export_buckets_project_id_role_id_tenant_id_fkey"
	)

	for _, tt := range []struct {
		name       string
		sql        string
		code       string
		constraint string
	}{
		{
			"a bucket with another project's role",
			bucket(awsBucket, "project_id", "'5f0000000000000000000b02'"), foreignKey, roleFkey,
		},
		{
			"a bucket with a role that does not exist",
			bucket(awsBucket, "role_id", "'5f0000000000000000000d99'"), foreignKey, roleFkey,
		},
		{"a bucket with a role of another cloud provider", bucket(awsBucket, "role_id", "'"+gcpRole+"'"), foreignKey, roleFkey},
		{"a bucket with a tenant other than its role's", bucket(azureBucket, "tenant_id", "'other'"), foreignKey, tenantFkey},
		{"a bucket without a role", bucket(awsBucket, "role_id", "NULL"), notNull, ""},
		{"a second bucket of the same id", bucket(awsBucket, "id", "'"+awsBucket+"'"), unique, "export_buckets_pkey"},
		{
			"an AWS bucket that says nothing of private networking",
			bucket(awsBucket, "require_private_networking", "NULL"), check, "export_buckets_aws_check",
		},
		{"an AWS bucket with a service URL", bucket(awsBucket, "service_url", "'url'"), check, "export_buckets_azure_check"},
		{"an AWS bucket with a tenant", bucket(awsBucket, "tenant_id", "'tenant'"), check, "export_buckets_azure_check"},
		{"an AZURE bucket with a region", bucket(azureBucket, "region", "'us-east-1'"), check, "export_buckets_aws_check"},
		{
			"an AZURE bucket with private networking",
			bucket(azureBucket, "require_private_networking", "true"), check, "export_buckets_aws_check",
		},
		{"an AZURE bucket without a service URL", bucket(azureBucket, "service_url", "NULL"), check, "export_buckets_azure_check"},
		{"an AZURE bucket without a tenant", bucket(azureBucket, "tenant_id", "NULL"), check, "export_buckets_azure_check"},
		{"a GCP bucket with a region", bucket(gcpBucket, "region", "'us-east-1'"), check, "export_buckets_aws_check"},
		{
			"a GCP bucket with private networking",
			bucket(gcpBucket, "require_private_networking", "false"), check, "export_buckets_aws_check",
		},
		{"a GCP bucket with a service URL", bucket(gcpBucket, "service_url", "'url'"), check, "export_buckets_azure_check"},
		{"a bucket name of 2 characters", bucket(awsBucket, "bucket_name", "'ab'"), check, "export_buckets_bucket_name_check"},
		{
			"a bucket name of 64 characters",
			bucket(awsBucket, "bucket_name", "repeat('a', 64)"), check, "export_buckets_bucket_name_check",
		},

		{
			"an AWS role without an external id",
			role(awsRole, "assumed_role_external_id", "NULL"), check, "cloud_provider_access_roles_aws_check",
		},
		{
			"an AWS role authorized without an ARN",
			role(awsRole, "iam_assumed_role_arn", "NULL"), check, "cloud_provider_access_roles_aws_check",
		},
		{
			"an AWS role with a tenant",
			role(awsRole, "tenant_id", "'tenant'"), check, "cloud_provider_access_roles_azure_check",
		},
		{
			"an AWS role with a Google status",
			role(awsRole, "gcp_status", "'COMPLETE'"), check, "cloud_provider_access_roles_gcp_check",
		},
		{
			"an AZURE role with an ARN",
			role(azureRole, "iam_assumed_role_arn", "'arn'"), check, "cloud_provider_access_roles_aws_check",
		},
		{
			"an AZURE role with a time of authorization",
			role(azureRole, "authorized_at", "now()"), check, "cloud_provider_access_roles_aws_check",
		},
		{
			"an AZURE role with an external id",
			role(azureRole, "assumed_role_external_id", "'external'"), check, "cloud_provider_access_roles_aws_check",
		},
		{"an AZURE role without a tenant", role(azureRole, "tenant_id", "NULL"), check, "cloud_provider_access_roles_azure_check"},
		{
			"an AZURE role without an application",
			role(azureRole, "azure_app_id", "NULL"), check, "cloud_provider_access_roles_azure_check",
		},
		{
			"an AZURE role without a service principal",
			role(azureRole, "service_principal_id", "NULL"), check, "cloud_provider_access_roles_azure_check",
		},
		{
			"an AZURE role with a Google account",
			role(azureRole, "gcp_service_account", "'account'"), check, "cloud_provider_access_roles_gcp_check",
		},
		{
			"a second role of one service principal",
			role(azureRole, "service_principal_id", "'principal'"), unique,
			"cloud_provider_access_roles_project_id_service_principal_id_key",
		},
		// The column authorized would be neither true nor false.
		{"a GCP role without a status", role(gcpRole, "gcp_status", "NULL"), notNull, ""},
		{
			"a GCP role without an account",
			role(gcpRole, "gcp_service_account", "NULL"), check, "cloud_provider_access_roles_gcp_check",
		},
		{"a GCP role with an ARN", role(gcpRole, "iam_assumed_role_arn", "'arn'"), check, "cloud_provider_access_roles_aws_check"},
		{
			"a role of a project that does not exist",
			role(awsRole, "project_id", "'5f0000000000000000000b99'"), foreignKey, "cloud_provider_access_roles_project_id_fkey",
		},
		{
			"to delete a role in use", "DELETE FROM cloud_provider_access_roles WHERE id = '" + awsRole + "'",
			foreignKey, roleFkey,
		},
		{
			"to change the tenant of a role in use",
			"UPDATE cloud_provider_access_roles SET tenant_id = 'other' WHERE id = '" + azureRole + "'", foreignKey, tenantFkey,
		},
		{
			"to delete a project with roles", "DELETE FROM projects WHERE id = '5f0000000000000000000b01'",
			foreignKey, "cloud_provider_access_roles_project_id_fkey",
		},

		{
			"a grant on a project of another organization",
			grant(orgOne, "5f0000000000000000000b03", "5f0000000000000000000c01"),
			foreignKey, "project_role_grants_org_id_project_id_fkey",
		},
		{
			"a grant to a principal of another organization",
			grant(orgTwo, "5f0000000000000000000b03", "5f0000000000000000000c01"),
			foreignKey, "project_role_grants_org_id_principal_id_fkey",
		},
		{
			"a grant in an organization to a principal of another",
			"INSERT INTO org_role_grants VALUES ('" + orgOne + "', '5f0000000000000000000c02', 'ORG_OWNER')",
			foreignKey, "org_role_grants_org_id_principal_id_fkey",
		},
		{
			"an access list entry of another organization's principal",
			"INSERT INTO access_list_entries VALUES ('" + orgOne + "', '5f0000000000000000000c02', '10.0.0.0/8', now())",
			foreignKey, "access_list_entries_org_id_principal_id_fkey",
		},
		{
			"an API key that is also a service account",
			"INSERT INTO service_accounts (org_id, id, name, description, created_at) " +
				"VALUES ('" + orgOne + "', '5f0000000000000000000c01', 'Name', 'Description', now())",
			foreignKey, "service_accounts_org_id_id_kind_fkey",
		},
		{
			"a principal in two organizations",
			"INSERT INTO principals VALUES ('" + orgTwo + "', '5f0000000000000000000c01', 'API_KEY')", unique, "principals_id_key",
		},

		{"an id in upper case", project("'5F0000000000000000000B09'", orgOne, "'Nine'"), check, "object_id_check"},
		{"an id of 23 digits", project("'5f0000000000000000000b0'", orgOne, "'Nine'"), check, "object_id_check"},
		{"an id of 25 digits", project("'5f0000000000000000000b099'", orgOne, "'Nine'"), check, "object_id_check"},
		{"an id of other letters", project("'5f0000000000000000000g09'", orgOne, "'Nine'"), check, "object_id_check"},
		{"an id and a line break", project(`E'5f0000000000000000000b09\n'`, orgOne, "'Nine'"), check, "object_id_check"},
		{"an empty id", project("''", orgOne, "'Nine'"), check, "object_id_check"},
		{"no id", project("NULL", orgOne, "'Nine'"), notNull, ""},

		{"an organization without a name", org("''"), check, "orgs_name_check"},
		{"a name of an organization of 65 characters", org("repeat('a', 65)"), check, "orgs_name_check"},
		{"a project without a name", project(newID, orgOne, "''"), check, "projects_name_check"},
		{"a name of a project of 65 characters", project(newID, orgOne, "repeat('a', 65)"), check, "projects_name_check"},
		{"a second project of one name", project(newID, orgOne, "'One'"), unique, "projects_org_id_name_key"},
		{
			"a project of an organization that does not exist",
			project(newID, "5f0000000000000000000a99", "'Nine'"), foreignKey, "projects_org_id_fkey",
		},

		{"an API key without a description", key("description", "''"), check, "api_keys_description_check"},
		{
			"a description of an API key of 251 characters",
			key("description", "repeat('a', 251)"), check, "api_keys_description_check",
		},
		{"a public key of 7 letters", key("public_key", "'abcdefg'"), check, "api_keys_public_key_check"},
		{"a public key of 9 letters", key("public_key", "'abcdefghi'"), check, "api_keys_public_key_check"},
		{"a public key in upper case", key("public_key", "'ABCDEFGH'"), check, "api_keys_public_key_check"},
		{"a second API key of one public key", key("public_key", "'abcdefgh'"), unique, "api_keys_public_key_key"},
		{"an HA1 of 15 bytes", key("ha1", `'\x'||repeat('00', 15)`), check, "api_keys_ha1_check"},
		{"a service account without a name", account("''", "'x'"), check, "service_accounts_name_check"},
		{"a name of a service account of 65 characters", account("repeat('a', 65)", "'x'"), check, "service_accounts_name_check"},
		{"a service account without a description", account("'x'", "''"), check, "service_accounts_description_check"},
		{
			"a description of a service account of 251 characters",
			account("'x'", "repeat('a', 251)"), check, "service_accounts_description_check",
		},
		{
			"a second nonce key", "INSERT INTO nonce_keys VALUES (2, decode(repeat('00', 32), 'hex'), now())",
			check, "nonce_keys_id_check",
		},
		{
			"a short nonce key", "INSERT INTO nonce_keys VALUES (1, '\\x00', now())",
			check, "nonce_keys_key_check",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			pool := dbtest.New(t)
			exec(t, pool, tenants)
			// Only without arguments may there be several statements.
			_, err := pool.Exec(t.Context(), tt.sql)
			var refused *pgconn.PgError
			if !errors.As(err, &refused) {
				t.Fatalf("got %v, want SQLSTATE %s", err, tt.code)
			}
			if refused.Code != tt.code || refused.ConstraintName != tt.constraint {
				t.Errorf("got SQLSTATE %s of %q (%v), want %s of %q",
					refused.Code, refused.ConstraintName, err, tt.code, tt.constraint)
			}
		})
	}
}

// Whether an export bucket may use a role follows from the role's columns.
func TestAuthorizedFollowsFromTheRole(t *testing.T) {
	t.Parallel()
	for set, want := range map[string]bool{
		"AWS":                              true,
		"AWS authorized_at = NULL":         false,
		"AZURE":                            true,
		"GCP":                              true,
		"GCP gcp_status = 'NOT_INITIATED'": false,
		"GCP gcp_status = 'IN_PROGRESS'":   false,
		"GCP gcp_status = 'FAILED'":        false,
		"AWS authorized_at = NULL, iam_assumed_role_arn = NULL": false,
	} {
		t.Run(set, func(t *testing.T) {
			t.Parallel()
			pool := dbtest.New(t)
			exec(t, pool, tenants)
			provider, change, _ := strings.Cut(set, " ")
			if change == "" {
				change = "updated_at = now()"
			}
			var got bool
			err := pool.QueryRow(t.Context(), "UPDATE cloud_provider_access_roles SET "+change+
				" WHERE cloud_provider = '"+provider+"' RETURNING authorized").Scan(&got)
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("authorized: got %t, want %t", got, want)
			}
		})
	}
}
