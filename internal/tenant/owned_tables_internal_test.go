package tenant

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/dbtest"
)

// outliving are the tables with a project_id whose rows outlive their project, each
// with the reason.
var outliving = map[string]string{"org_events": "what has happened to an organization is kept for good"}

// keeping are the tables with a project_id whose rows keep their project from being
// deleted, each with the foreign key that does.
var keeping = map[string]string{"clusters": clustersProjectFkey}

// A table that comes later must not leave rows of projects that are gone, and must
// not keep projects from being deleted.
func TestWhatAProjectOwnsGoesWithIt(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	names := func(sql string) []string {
		t.Helper()
		rows, err := pool.Query(t.Context(), sql)
		if err != nil {
			t.Fatal(err)
		}
		list, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	tables := names(`SELECT table_name::text FROM information_schema.columns
		WHERE table_schema = 'public' AND column_name = 'project_id'`)
	cascading := names(`SELECT conrelid::regclass::text FROM pg_constraint
		WHERE contype = 'f' AND confrelid = 'projects'::regclass AND confdeltype = 'c'`)
	fkeys := names(`SELECT conname::text FROM pg_constraint
		WHERE contype = 'f' AND confrelid = 'projects'::regclass AND confdeltype = 'a'`)
	withClusters := names(`SELECT conrelid::regclass::text FROM pg_constraint
		WHERE contype = 'f' AND confrelid = 'clusters'::regclass AND confdeltype = 'c'`)
	listed := make([]string, len(ownedTables))
	for i, table := range ownedTables {
		listed[i] = table.name
	}
	for _, table := range tables {
		places := 0
		for _, in := range []bool{
			slices.Contains(cascading, table), slices.Contains(listed, table),
			outliving[table] != "", slices.Contains(fkeys, keeping[table]), slices.Contains(withClusters, table),
		} {
			if in {
				places++
			}
		}
		if places != 1 {
			t.Errorf("%s has a project_id: got it in %d places, want it in one: a foreign key to projects with "+
				"or clusters with ON DELETE CASCADE, ownedTables, outliving, or keeping", table, places)
		}
	}
	for _, table := range listed {
		if !slices.Contains(tables, table) {
			t.Errorf("%s is in ownedTables, but there is no such table with a project_id", table)
		}
	}
	for table := range outliving {
		if !slices.Contains(tables, table) {
			t.Errorf("%s is in outliving, but there is no such table with a project_id", table)
		}
	}
}
