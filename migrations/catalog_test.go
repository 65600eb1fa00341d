package migrations_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/dbtest"
)

// servedByPrefix are the foreign keys for which an index on their first columns
// is enough, each with the reason.
var servedByPrefix = map[string]string{
	"api_keys_org_id_id_kind_fkey":                          "api_keys_pkey: one row",
	"service_accounts_org_id_id_kind_fkey":                  "service_accounts_pkey: one row",
	"export_buckets_project_id_role_id_cloud_provider_fkey": "export_buckets_project_id_role_id_created_at_id_idx: a role is of one cloud and one tenant",
	"export_buckets_project_id_role_id_tenant_id_fkey":      "export_buckets_project_id_role_id_created_at_id_idx: a role is of one cloud and one tenant",
}

func TestTheColumnsOfEachForeignKeyLeadAnIndex(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	pool := dbtest.New(t)
	exempt := make(map[string]bool)
	for name := range servedByPrefix {
		exempt[name] = true
	}
	// Led is how many of the key's columns, in any order, begin the index that
	// has the most of them.
	rows, err := pool.Query(ctx, `
		SELECT fkey.conname, cardinality(fkey.conkey) AS columns, coalesce(max(led.n), 0) AS led
		FROM pg_constraint AS fkey
		LEFT JOIN pg_index ON pg_index.indrelid = fkey.conrelid
			AND pg_index.indisvalid AND pg_index.indpred IS NULL
		LEFT JOIN LATERAL (
			SELECT count(*) AS n
			FROM unnest(pg_index.indkey::int2[]) WITH ORDINALITY AS part (attnum, place)
			WHERE part.place <= pg_index.indnkeyatts AND (pg_index.indkey::int2[])[0:part.place - 1] <@ fkey.conkey
		) AS led ON true
		WHERE fkey.contype = 'f' AND fkey.connamespace = 'public'::regnamespace
		GROUP BY fkey.oid, fkey.conname, fkey.conkey
		ORDER BY fkey.conname`)
	if err != nil {
		t.Fatal(err)
	}
	var name string
	var columns, led, keys int
	_, err = pgx.ForEachRow(rows, []any{&name, &columns, &led}, func() error {
		keys++
		switch {
		case !exempt[name] && led < columns:
			t.Errorf("%s: got an index on %d of its %d columns, want one on all", name, led, columns)
		case exempt[name] && led >= columns:
			t.Errorf("%s: has an index on all its columns, and needs no exception", name)
		case exempt[name] && led < 2:
			t.Errorf("%s: got an index on %d of its columns, want one on the first two", name, led)
		}
		delete(exempt, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if keys < 10 {
		t.Errorf("foreign keys: got %d, want all", keys)
	}
	for name := range exempt {
		t.Errorf("%s: excepted, but no such foreign key", name)
	}
}

// The service sets every value, and the schema is to run on Citus.
func TestTheSchemaHasNoHiddenMachinery(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	for what, query := range map[string]string{
		"column defaults": `
			SELECT adrelid::regclass || '.' || attname
			FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
			WHERE attgenerated = '' AND adrelid <> 'goose_db_version'::regclass
				-- The releases before know none of these.
				AND NOT (adrelid = 'orgs'::regclass AND attname IN ('protected', 'staging_version', 'clock_offset'))
				AND NOT (adrelid = 'principals'::regclass AND attname = 'version')
				AND NOT (adrelid = 'staging_faults'::regclass AND attname = 'revision')`,
		"identity columns": `
			SELECT attrelid::regclass || '.' || attname FROM pg_attribute
			WHERE attidentity <> '' AND attrelid <> 'goose_db_version'::regclass`,
		"defaults of domains": `
			SELECT typname FROM pg_type
			WHERE typnamespace = 'public'::regnamespace AND typdefault IS NOT NULL`,
		"sequences": `
			SELECT relname FROM pg_class
			WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace AND relname <> 'goose_db_version_id_seq'`,
		"triggers":       `SELECT tgname FROM pg_trigger WHERE NOT tgisinternal`,
		"event triggers": `SELECT evtname FROM pg_event_trigger`,
		"functions":      `SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace`,
		"columns of a type that text and timestamptz replace": `
			SELECT attrelid::regclass || '.' || attname
			FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
			WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'goose_db_version'
				AND attnum > 0 AND atttypid IN ('varchar'::regtype, 'bpchar'::regtype, 'timestamp'::regtype)`,
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			if got := strs(t, pool, query); len(got) > 0 {
				t.Errorf("got %s, want none", strings.Join(got, ", "))
			}
		})
	}
	for _, name := range fileNames(t) {
		up, down := parts(t, name)
		if strings.Contains(strings.ToLower(up+down), "pg_advisory") {
			t.Errorf("%s: takes an advisory lock", name)
		}
	}
}
