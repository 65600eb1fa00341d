package tenantstate

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
)

// catalog is the tables that states are of, as PostgreSQL's own catalog has them.
type catalog struct {
	version int64    // the last migration
	tables  []*table // what is referred to stands before what refers to it
	owned   []*table // the same, and those with rows of organizations that are not of states
}

// table is a table with rows of organizations.
type table struct {
	name    string
	columns []column
	key     []string
	uniques []unique
	parents []reference
}

// unique is what no two rows may have in common, beside the key.
type unique struct {
	parts []string // SQL: names of columns, and expressions of them
	nulls bool     // two that are NULL are in common, too
}

// column is a column that is stored, and not made from others.
type column struct {
	name         string
	typeName     string // SQL; that below a domain
	isTime       bool
	isID         bool   // of something of an organization, or that
	required     bool   // NOT NULL
	defaultValue string // SQL; empty if it has none
}

// reference is a foreign key.
type reference struct {
	to              *table
	columns, target []string
}

// requires reports whether the table has a column of the name that is never NULL.
func (t *table) requires(name string) bool {
	return slices.ContainsFunc(t.columns, func(c column) bool { return c.name == name && c.required })
}

func (t *table) has(name string) bool {
	return slices.ContainsFunc(t.columns, func(c column) bool { return c.name == name })
}

// The first is all that the second and third say of a database, which its migrations
// change, and nothing else.
const (
	selectVersion = "SELECT coalesce(max(version_id), 0) FROM goose_db_version"

	selectColumns = `
		SELECT relname::text, attname::text, format_type(coalesce(nullif(typbasetype, 0), atttypid), atttypmod) ||
				CASE WHEN typtype = 'd' AND attcollation <> 0 THEN ' COLLATE ' || attcollation::regcollation ELSE '' END,
			atttypid = 'timestamptz'::regtype, atttypid = 'object_id'::regtype, attnotnull,
			coalesce(pg_get_expr(adbin, adrelid), ''),
			coalesce(attnum = ANY(indkey::int2[]), false)
		FROM pg_attribute
		JOIN pg_class ON pg_class.oid = attrelid
		JOIN pg_type ON pg_type.oid = atttypid
		LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
		LEFT JOIN pg_index ON indrelid = attrelid AND indisprimary
		WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
			AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
		ORDER BY relname, attnum`

	selectUniques = `
		SELECT relname::text, ARRAY(
			SELECT pg_get_indexdef(indexrelid, place, true) FROM generate_series(1, indnkeyatts) AS place
		), indnullsnotdistinct
		FROM pg_index
		JOIN pg_class ON pg_class.oid = indrelid
		WHERE relnamespace = 'public'::regnamespace AND indisunique AND NOT indisprimary
		ORDER BY indexrelid::regclass::text`

	selectReferences = `
		SELECT child.relname::text, parent.relname::text,
			ARRAY(
				SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS part (attnum, place)
				JOIN pg_attribute USING (attnum)
				WHERE attrelid = conrelid ORDER BY place
			),
			ARRAY(
				SELECT attname::text FROM unnest(confkey) WITH ORDINALITY AS part (attnum, place)
				JOIN pg_attribute USING (attnum)
				WHERE attrelid = confrelid ORDER BY place
			)
		FROM pg_constraint
		JOIN pg_class AS child ON child.oid = conrelid
		JOIN pg_class AS parent ON parent.oid = confrelid
		WHERE contype = 'f' AND connamespace = 'public'::regnamespace
		ORDER BY conname`
)

// readCatalog reads the catalog of the database.
func readCatalog(ctx context.Context, conn db.DBTX) (*catalog, error) {
	read := new(catalog)
	if err := conn.QueryRow(ctx, selectVersion).Scan(&read.version); err != nil {
		return nil, fmt.Errorf("read version of the schema: %w", err)
	}
	all, err := readTables(ctx, conn)
	if err != nil {
		return nil, err
	}
	read.owned = ordered(all, func(*table) bool { return false })
	read.tables = ordered(all, func(t *table) bool { return leftOut[t.name].reason != "" })
	return read, nil
}

// readTables returns all tables of the schema.
func readTables(ctx context.Context, conn db.DBTX) ([]*table, error) {
	var all []*table
	named := make(map[string]*table)
	var name, parent string
	var c column
	var inKey bool
	err := each(ctx, conn, selectColumns,
		[]any{&name, &c.name, &c.typeName, &c.isTime, &c.isID, &c.required, &c.defaultValue, &inKey}, func() {
			if named[name] == nil {
				named[name] = &table{name: name}
				all = append(all, named[name])
			}
			named[name].columns = append(named[name].columns, c)
			if inKey {
				named[name].key = append(named[name].key, c.name)
			}
		})
	if err != nil {
		return nil, err
	}
	var parts, target []string
	var nulls bool
	err = each(ctx, conn, selectUniques, []any{&name, &parts, &nulls}, func() {
		t := named[name]
		// Two rows that differ in a part of the key differ.
		if !slices.ContainsFunc(t.key, func(part string) bool { return !slices.Contains(parts, part) }) {
			return
		}
		t.uniques = append(t.uniques, unique{parts, nulls})
	})
	if err != nil {
		return nil, err
	}
	return all, each(ctx, conn, selectReferences, []any{&name, &parent, &parts, &target}, func() {
		named[name].parents = append(named[name].parents, reference{named[parent], parts, target})
	})
}

// each calls f for each row, when it is scanned. What is scanned into is new each time.
func each(ctx context.Context, conn db.DBTX, sql string, scan []any, f func()) error {
	rows, err := conn.Query(ctx, sql)
	if err == nil {
		_, err = pgx.ForEachRow(rows, scan, func() error {
			f()
			return nil
		})
	}
	return atlas.Wrap(err, "read catalog")
}

// ordered returns the tables whose rows belong to organizations, without those that without
// says, each after those that it refers to, as far as they do not refer to each other.
func ordered(all []*table, without func(t *table) bool) []*table {
	of := make(map[*table]bool)
	for again := true; again; {
		again = false
		for _, t := range all {
			belongs := t.name == orgs || t.has("org_id") || t.has("project_id") ||
				slices.ContainsFunc(t.parents, func(r reference) bool { return of[r.to] })
			if belongs && !of[t] && !without(t) {
				of[t], again = true, true
			}
		}
	}
	var list []*table
	visited := make(map[*table]bool)
	var visit func(t *table)
	visit = func(t *table) {
		if visited[t] || !of[t] {
			return
		}
		visited[t] = true
		for _, r := range t.parents {
			visit(r.to)
		}
		list = append(list, t)
	}
	for _, t := range all {
		visit(t)
	}
	return list
}
