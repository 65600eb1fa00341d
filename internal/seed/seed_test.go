package seed_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/seed"
)

var (
	early = time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	later = time.Date(2026, 6, 7, 8, 9, 10, 111213000, time.UTC)
)

// plain seals nothing.
var plain = new(iam.Sealer)

// secrets are how the secrets in these files begin. No error may repeat one, in
// whole or in part.
var secrets = []string{
	"d3300000-0000-4000-8000-00000000000", "demo-owner-secret", "a-second-secret",
}

// whole has something in every place that a seed file has.
const whole = `organizations:
  - id: 5f0000000000000000000a02
    name: Whole
    apiAccessListRequired: true
    projects:
      - id: 5f0000000000000000000b23
        name: Whole Project
        cloudProviderAccess:
          aws:
            - roleId: 5f0000000000000000000d11
              iamAssumedRoleArn: arn:aws-us-gov:iam::123456789012:role/path/export
            - roleId: 5f0000000000000000000d12
          azure:
            - roleId: 5f0000000000000000000d13
              atlasAzureAppId: 00000000-0000-4000-8000-00000000000A
              servicePrincipalId: 00000000-0000-4000-8000-00000000000B
              tenantId: 00000000-0000-4000-8000-00000000000C
          gcp:
            - roleId: 5f0000000000000000000d14
              status: IN_PROGRESS
        privateEndpoints:
          - id: 5f0000000000000000000e61
            body: {regionName: EU_WEST_1, vpcRegionName: EU_WEST_2}
        exportBuckets:
          - id: 500000000000000000000e01
            body: {cloudProvider: AWS, bucketName: whole-exports, iamRoleId: 5f0000000000000000000d11}
          - id: 5f0000000000000000000e32
            region: eu-west-1
            body:
              cloudProvider: AWS
              bucketName: whole-exports-2 # of Europe
              iamRoleId: 5f0000000000000000000d11
              requirePrivateNetworking: true
          - id: 5f0000000000000000000e33
            body:
              cloudProvider: AZURE
              roleId: 5f0000000000000000000d13
              serviceUrl: https://account.blob.core.windows.net/exports
        accessList:
          - cidrBlock: 192.0.2.0/24
            comment: An office
          - {ipAddress: 198.51.100.7, comment: A home}
        databaseUsers:
          - username: app
            password: not-kept-at-all
            roles: [{roleName: readWrite, databaseName: shop}]
            scopes: [{name: Cluster0, type: CLUSTER}]
        clusters:
          - id: 5f0000000000000000000e41
            body:
              name: Cluster0
              clusterType: REPLICASET
              mongoDBMajorVersion: "8.0"
              backupEnabled: true
              replicationSpecs:
                - regionConfigs:
                    - providerName: AWS
                      regionName: US_EAST_1
                      priority: 7
                      electableSpecs: {instanceSize: M10, nodeCount: 3}
            schedule:
              autoExportEnabled: true
              export: {exportBucketId: 5f0000000000000000000e32, frequencyType: monthly}
              referenceHourOfDay: 4
            snapshots:
              - id: 5f0000000000000000000e51
                body: {description: Kept, retentionInDays: 365}
              - {id: 5f0000000000000000000e52, state: failed}
              - {id: 5f0000000000000000000e53, state: inProgress}
            exports:
              - id: 5f0000000000000000000e61
                body: {exportBucketId: 5f0000000000000000000e32, snapshotId: 5f0000000000000000000e51}
    apiKeys:
      - id: 5f0000000000000000000e11
        description: A key
        publicKey: wholekey
        privateKey: d3300000-0000-4000-8000-000000000009
        orgRoles: [ORG_MEMBER, ORG_GROUP_CREATOR]
        projectRoles:
          - projectId: 5f0000000000000000000b23
            roles: [GROUP_OWNER, GROUP_READ_ONLY]
        accessList: [192.0.2.1, 198.51.100.0/24, "2001:db8::/32"]
    serviceAccounts:
      - clientId: mdb_sa_id_5f0000000000000000000c11
        name: whole
        description: An account
        secrets:
          - secret: mdb_sa_sk_a-second-secret-of-more-than-32-letters
            expiresAt: 2099-12-31T00:00:00Z
        orgRoles: [ORG_READ_ONLY]
        projectRoles:
          - projectId: 5f0000000000000000000b23
            roles: [GROUP_BACKUP_MANAGER]
        accessList: [203.0.113.7/32]
`

func apply(t *testing.T, pool *dbpool.Pool, text string, now time.Time) {
	t.Helper()
	file, err := seed.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := seed.Apply(t.Context(), pool, plain, file, now); err != nil {
		t.Fatal(err)
	}
}

// dump returns every row of every table.
func dump(t *testing.T, pool *dbpool.Pool) []string {
	t.Helper()
	tables := strs(t, pool, `
		SELECT tablename FROM pg_tables
		WHERE schemaname = 'public' AND tablename <> 'goose_db_version'
		ORDER BY tablename`)
	if len(tables) < 13 {
		t.Fatalf("tables: got %q, want all", tables)
	}
	var rows []string
	for _, table := range tables {
		// When something is due follows from the rest.
		rows = append(rows, strs(t, pool, fmt.Sprintf(
			"SELECT '%[1]s: ' || (to_jsonb(t) - 'due_at')::text FROM %[1]s AS t ORDER BY 1", table))...)
	}
	return rows
}

func strs(t *testing.T, pool *dbpool.Pool, sql string) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return list
}

// replaced returns the text with the one place changed.
func replaced(t *testing.T, text, old, value string) string {
	t.Helper()
	if strings.Count(text, old) != 1 {
		t.Fatalf("%q: got it %d times in the file, want once", old, strings.Count(text, old))
	}
	return strings.Replace(text, old, value, 1)
}

func wantNoSecret(t *testing.T, err error) {
	t.Helper()
	if err != nil && leaksSecret(err) {
		t.Errorf("error: got %q, want it without the secret", err)
	}
}

func leaksSecret(err error) bool {
	return slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(err.Error(), secret) })
}
