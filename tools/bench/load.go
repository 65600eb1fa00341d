//go:build linux

package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/digest"
	"exportbuckets/internal/objectid"
)

// table is a table to be filled.
type table struct {
	name    pgx.Identifier
	columns []string
	length  int
	row     func(i int) []any
}

// ofTenants is a table with a row for each tenant.
func (d dataset) ofTenants(name string, columns []string, row func(t tenant) []any) table {
	return table{
		name:    pgx.Identifier{name},
		columns: columns,
		length:  d.allTenants(),
		row:     func(i int) []any { return row(tenant(i)) },
	}
}

// credential is one that a tenant has.
type credential struct {
	tenant tenant
	id     objectid.ID
	kind   string
}

// ofCredentials is a table with two rows for each tenant: for its service
// account, and for its API key.
func (d dataset) ofCredentials(name string, columns []string, row func(c credential) []any) table {
	return table{
		name:    pgx.Identifier{name},
		columns: columns,
		length:  2 * d.allTenants(),
		row: func(i int) []any {
			t := tenant(i / 2)
			if i%2 == 0 {
				return row(credential{t, t.account(), "SERVICE_ACCOUNT"})
			}
			return row(credential{t, t.key(), "API_KEY"})
		},
	}
}

// tables returns the tables of the dataset in the order of their foreign keys.
func (d dataset) tables() []table {
	created := d.now.Add(-history)
	const none = "{}"
	return []table{
		d.ofTenants("orgs", []string{"id", "name", "api_access_list_required", "created_at"},
			func(t tenant) []any {
				return []any{t.org().String(), fmt.Sprintf("Organization %d", t), false, created}
			}),
		d.ofTenants("projects",
			[]string{
				"id", "org_id", "name", "created_at", "with_default_alerts_settings", "managed_slow_ms",
				"tags", "settings", "limits",
			},
			func(t tenant) []any {
				return []any{
					t.project().String(), t.org().String(), fmt.Sprintf("Project %d", t), created, true, true,
					"[]", none, none,
				}
			}),
		d.ofCredentials("principals", []string{"org_id", "id", "kind"},
			func(c credential) []any {
				return []any{c.tenant.org().String(), c.id.String(), c.kind}
			}),
		// As every credential that the API makes is a member.
		d.ofCredentials("org_role_grants", []string{"org_id", "principal_id", "role"},
			func(c credential) []any {
				return []any{c.tenant.org().String(), c.id.String(), "ORG_MEMBER"}
			}),
		d.ofCredentials("project_role_grants", []string{"project_id", "principal_id", "role", "org_id"},
			func(c credential) []any {
				return []any{c.tenant.project().String(), c.id.String(), "GROUP_OWNER", c.tenant.org().String()}
			}),
		d.ofTenants("api_keys", []string{"org_id", "id", "description", "public_key", "ha1", "created_at"},
			func(t tenant) []any {
				ha1 := digest.HA1(t.publicKey(), atlas.Realm, privateKey)
				return []any{t.org().String(), t.key().String(), "benchmark", t.publicKey(), ha1, created}
			}),
		d.ofTenants("service_accounts", []string{"org_id", "id", "name", "description", "created_at"},
			func(t tenant) []any {
				return []any{t.org().String(), t.account().String(), "benchmark", "benchmark", created}
			}),
		d.ofTenants("service_account_secrets",
			[]string{"org_id", "service_account_id", "id", "secret_hash", "created_at", "expires_at"},
			func(t tenant) []any {
				return []any{
					t.org().String(), t.account().String(), t.secret().String(), t.tokenHash(), created, d.now.Add(history),
				}
			}),
		d.ofTenants("access_tokens",
			[]string{"token_hash", "org_id", "service_account_id", "secret_id", "created_at", "expires_at"},
			func(t tenant) []any {
				return []any{
					t.tokenHash(), t.org().String(), t.account().String(), t.secret().String(), d.now, d.now.Add(history),
				}
			}),
		d.ofTenants("cloud_provider_access_roles",
			[]string{
				"project_id", "id", "cloud_provider", "created_at", "updated_at",
				"assumed_role_external_id", "iam_assumed_role_arn", "authorized_at",
			},
			func(t tenant) []any {
				return []any{
					t.project().String(), t.role().String(), "AWS", created, created,
					"b3c41000-0000-4000-8000-000000000002", "arn:aws:iam::123456789012:role/export", created,
				}
			}),
		{
			name: pgx.Identifier{"export_buckets"},
			columns: []string{
				"project_id", "id", "cloud_provider", "bucket_name", "role_id", "created_at",
				"region", "require_private_networking",
			},
			length: d.rows(),
			row: func(i int) []any {
				b := d.row(i)
				return []any{
					b.tenant.project().String(), b.id.String(), "AWS", bucketName, b.tenant.role().String(),
					d.createdAt(i), awsRegion, false,
				}
			},
		},
	}
}

// What every export bucket is like, loaded or created.
const (
	bucketName = "export-bucket"
	awsRegion  = "us-east-1"
)

// load fills an empty, migrated database with the dataset and leaves it as it
// would be after a quiet night: vacuumed, with statistics, and written out.
func load(ctx context.Context, conn *pgx.Conn, d dataset) error {
	for _, name := range []string{"cloud_provider", "principal_kind", "org_role", "project_role"} {
		typ, err := conn.LoadType(ctx, name)
		if err != nil {
			return fmt.Errorf("load type %s: %w", name, err)
		}
		conn.TypeMap().RegisterType(typ)
	}
	restore, err := dropIndexes(ctx, conn, "export_buckets")
	if err != nil {
		return err
	}
	for _, t := range d.tables() {
		if err := t.fill(ctx, conn); err != nil {
			return err
		}
	}
	for _, statement := range append(restore, "VACUUM (ANALYZE)", "CHECKPOINT") {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

func (t table) fill(ctx context.Context, conn *pgx.Conn) error {
	rows := pgx.CopyFromSlice(t.length, func(i int) ([]any, error) { return t.row(i), nil })
	if _, err := conn.CopyFrom(ctx, t.name, t.columns, rows); err != nil {
		return fmt.Errorf("fill table %s: %w", t.name.Sanitize(), err)
	}
	return nil
}

// dropIndexes takes the keys and indexes off a table, so that it fills faster,
// and returns the statements that put them back.
func dropIndexes(ctx context.Context, conn *pgx.Conn, table string) (restore []string, err error) {
	rows, err := conn.Query(ctx, `
		SELECT
		    format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
		    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)),
		    CASE contype WHEN 'f' THEN 1 ELSE 2 END AS place
		FROM pg_constraint
		WHERE conrelid = $1::text::regclass AND contype IN ('p', 'u', 'f')
		UNION ALL
		SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid), 3
		FROM pg_index
		WHERE indrelid = $1::text::regclass
		    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
		ORDER BY place`, table)
	if err != nil {
		return nil, fmt.Errorf("find indexes of %s: %w", table, err)
	}
	var drop []string
	var dropOne, restoreOne string
	var place int
	_, err = pgx.ForEachRow(rows, []any{&dropOne, &restoreOne, &place}, func() error {
		drop = append(drop, dropOne)
		// Foreign keys go first, and come back last.
		restore = append([]string{restoreOne}, restore...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find indexes of %s: %w", table, err)
	}
	for _, statement := range drop {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return nil, fmt.Errorf("%s: %w", statement, err)
		}
	}
	return append([]string{"SET maintenance_work_mem = '512MB'"}, restore...), nil
}
