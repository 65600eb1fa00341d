package tenantstate

import (
	"slices"
	"strings"
	"testing"

	"exportbuckets/internal/dbtest"
)

// A table that comes later is of a state, or left out with a reason.
func TestEveryTableIsOfAStateOrLeftOut(t *testing.T) {
	t.Parallel()
	b := &stateBundle{pool: dbtest.New(t)}
	c, err := readCatalog(t.Context(), b.pool)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(c.tables))
	for i, table := range c.tables {
		names[i] = table.name
	}
	all := b.strs(t, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
	for _, name := range all {
		if slices.Contains(names, name) == (leftOut[name].reason != "") {
			t.Errorf("%s: want it in a state or left out, with a reason", name)
		}
	}
	for name := range leftOut {
		if !slices.Contains(all, name) {
			t.Errorf("%s: left out, but there is no such table", name)
		}
	}
	for i, table := range c.tables {
		for _, r := range table.parents {
			if slices.Index(names, r.to.name) > i {
				t.Errorf("%s: stands before %s, which it refers to", table.name, r.to.name)
			}
		}
	}
}

func TestExceptionsNameColumnsThatThereAre(t *testing.T) {
	t.Parallel()
	c, err := readCatalog(t.Context(), dbtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	columns := make(map[string]column)
	for _, table := range c.tables {
		for _, column := range table.columns {
			columns[table.name+"."+column.name] = column
		}
	}
	var named []string
	for name := range kept {
		named = append(named, name)
	}
	for name := range clockwork {
		named = append(named, name)
	}
	for name := range absolute {
		named = append(named, name)
		if !columns[name].isTime {
			t.Errorf("%s: got no time, want one", name)
		}
	}
	for name := range replaced {
		named = append(named, name)
	}
	for name := range added {
		named = append(named, name)
	}
	for _, name := range named {
		if columns[name].name == "" {
			t.Errorf("%s: an exception, but there is no such column in a state", name)
		}
	}
}

// A row may go before what refers to it, if both are as they must be at the end.
func TestForeignKeysBetweenTablesOfAStateCanBeDeferred(t *testing.T) {
	t.Parallel()
	b := &stateBundle{pool: dbtest.New(t)}
	c, err := readCatalog(t.Context(), b.pool)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(c.tables))
	for i, table := range c.tables {
		names[i] = table.name
	}
	got := b.strs(t, `SELECT conname FROM pg_constraint
		WHERE contype = 'f' AND NOT condeferrable AND conrelid::regclass::text = ANY($1)`, names)
	if len(got) > 0 {
		t.Errorf("foreign keys: got %s, want them DEFERRABLE", strings.Join(got, ", "))
	}
}

// What hangs on a table of a state alone, and circles.
func TestATableIsOfAStateIfItHangsOnOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(t,
		`CREATE TABLE notes (project_id object_id, bucket_id object_id, number integer PRIMARY KEY, next integer
				REFERENCES notes (number) DEFERRABLE,
			FOREIGN KEY (project_id, bucket_id) REFERENCES export_buckets (project_id, id) ON DELETE CASCADE DEFERRABLE)`,
		"CREATE TABLE leaves (number integer REFERENCES notes (number) ON DELETE CASCADE DEFERRABLE, leaf integer, "+
			"PRIMARY KEY (number, leaf))",
		"INSERT INTO notes SELECT project_id, id, row_number() OVER (), row_number() OVER () FROM export_buckets",
		"INSERT INTO leaves SELECT number, leaf FROM notes, generate_series(1, 2) AS leaf",
	)
	want := b.dump(t)
	b.save(t, "a")
	b.exec(t, "UPDATE notes SET next = NULL WHERE project_id LIKE '5f%'", "DELETE FROM leaves WHERE leaf = 1 "+
		"AND number = (SELECT number FROM notes WHERE project_id LIKE '5f%')")
	wantLines(t, b.restore(t, to("a")), "notes +0 -0 ~1", "leaves +1 -0 ~0")
	wantRows(t, withoutVersions(want), withoutVersions(b.dump(t)))
}
