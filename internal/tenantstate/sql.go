package tenantstate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// This is the one place with SQL that is made in Go. Queries of sqlc name their tables and
// columns; a state has all of them, those that come later among them. What stands in the
// SQL is of the catalog and the lists of exceptions, and never a value of a request: these
// are arguments: org, its projects, state, shift, project and most.

// plan is what PostgreSQL is told before it plans these statements. It can't know how many
// rows a state has, would look through all of them for each, and compile what is not worth
// it. What a plan begins with is found by an index in any case.
const plan = "SET LOCAL enable_nestloop = off; SET LOCAL jit = off"

// unplan takes that back.
const unplan = "SET LOCAL enable_nestloop TO DEFAULT; SET LOCAL jit TO DEFAULT"

// view is which rows of an organization are looked at.
type view struct {
	catalog *catalog
	// byProject says that it is those of the project alone.
	byProject bool
	// argument is the name of the one that names the state; state if it is empty.
	argument string
	// relative says that the times of the rows are relative to when they were made from the
	// state. Only whether there is one counts for a difference.
	relative bool
	// lacking are the columns that the state was saved without, as table.column.
	lacking map[string]bool
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

// public is the name of a table as it is written.
func public(t *table) string { return pgx.Identifier{"public", t.name}.Sanitize() }

// listed returns the names as f writes them, with commas between.
func listed(names []string, f func(name string) string) string {
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = f(name)
	}
	return strings.Join(parts, ", ")
}

// of writes a column of a row.
func of(row string) func(name string) string {
	return func(name string) string { return row + "." + quoted(name) }
}

// same is the condition that two rows have one key.
func (t *table) same(a, b string) string { return equal(a, t.key, b, t.key) }

func equal(a string, columns []string, b string, others []string) string {
	parts := make([]string, len(columns))
	for i := range columns {
		parts[i] = of(a)(columns[i]) + " = " + of(b)(others[i])
	}
	return strings.Join(parts, " AND ")
}

// restored returns the columns that a restore writes.
func (t *table) restored() []string {
	var names []string
	for _, c := range t.columns {
		if kept[t.name+"."+c.name].reason == "" {
			names = append(names, c.name)
		}
	}
	return names
}

// values returns the columns that a restore writes to a row that is there.
func (v view) values(t *table) []string {
	return slices.DeleteFunc(t.restored(), func(name string) bool {
		return slices.Contains(t.key, name) || v.relative && absolute[t.name+"."+name] == recordedTime
	})
}

// counted returns what counts for a difference of two rows, as SQL.
func (v view) counted(t *table, row string) string {
	parts := []string{"true"} // a row of nothing can't be compared
	for _, part := range v.countedValues(t, row) {
		parts = append(parts, part.sql)
	}
	return "ROW(" + strings.Join(parts, ", ") + ")"
}

// countedValue is what counts of a column, as SQL.
type countedValue struct{ column, sql string }

func (v view) countedValues(t *table, row string) (parts []countedValue) {
	values := v.values(t)
	for _, c := range t.columns {
		if !slices.Contains(values, c.name) {
			continue
		}
		part, exception := of(row)(c.name), clockwork[t.name+"."+c.name]
		switch {
		case exception.rest != "":
			part = fmt.Sprintf(exception.rest, part)
		case exception.reason != "", v.relative && undeclared[t.name+"."+c.name] != "":
			continue
		case v.relative && t.moves(c):
			part += " IS NULL"
		}
		parts = append(parts, countedValue{c.name, part})
	}
	return parts
}

// rowOf returns all that a restore writes, as SQL.
func (v view) rowOf(t *table, row string) string {
	parts := []string{"true"}
	for _, name := range v.values(t) {
		parts = append(parts, of(row)(name))
	}
	return "ROW(" + strings.Join(parts, ", ") + ")"
}

// moves reports whether a column moves with the times of the declared state.
func (t *table) moves(c column) bool { return c.isTime && absolute[t.name+"."+c.name] == "" }

// tables returns those that have rows in the view.
func (v view) tables() []*table {
	return slices.DeleteFunc(slices.Clone(v.catalog.tables), func(t *table) bool { return !v.covers(t) })
}

// covers reports whether the table has rows in the view.
func (v view) covers(t *table) bool {
	return !v.byProject || t.name == projects || t.has("project_id") ||
		!t.has("org_id") && slices.ContainsFunc(t.parents, func(r reference) bool { return r.to != t && v.covers(r.to) })
}

// within is the condition that a row of a table is in the view.
func (v view) within(t *table, row string) string {
	var parts []string
	id := of(row)
	switch {
	case t.name == orgs:
		parts = append(parts, id("id")+" = @org")
	case t.requires("org_id"):
		parts = append(parts, id("org_id")+" = @org")
	case t.has("project_id"):
		parts = append(parts, id("project_id")+" = ANY(@projects::text[])")
	default: // hangs on others
		for i, r := range t.parents {
			if r.to == t || !v.covers(r.to) {
				continue
			}
			parent := fmt.Sprintf("%s_%d", row, i)
			parts = append(parts, fmt.Sprintf("EXISTS (SELECT FROM %s AS %s WHERE %s AND %s)",
				public(r.to), parent, equal(parent, r.target, row, r.columns), v.within(r.to, parent)))
		}
		return "(" + strings.Join(parts, " OR ") + ")"
	}
	if v.byProject {
		parts = append(parts, v.ofProject(t, row))
	}
	return strings.Join(parts, " AND ")
}

// ofProject is the condition that a row, saved or not, belongs to the project.
func (v view) ofProject(t *table, row string) string {
	if t.name == projects {
		return of(row)("id") + " = @project"
	}
	return of(row)("project_id") + " = @project"
}

// live is the rows of the table that are there.
func (v view) live(t *table) string {
	return fmt.Sprintf("SELECT %s FROM %s AS t WHERE %s", listed(t.restored(), of("t")), public(t), v.within(t, "t"))
}

// saved is the rows of the table in the state. Their times are @shift later.
func (v view) saved(t *table) string {
	var parts []string
	for _, c := range t.columns {
		at := t.name + "." + c.name
		if kept[at].reason != "" {
			continue
		}
		value := of("s")(c.name)
		switch {
		case v.lacking[at] && c.defaultValue != "":
			value = c.defaultValue
		case v.lacking[at] && added[at] != "":
			value = added[at]
		case t.moves(c):
			value += " + @shift::interval"
		}
		parts = append(parts, value+" AS "+quoted(c.name))
	}
	sql := fmt.Sprintf("SELECT %s FROM %s", strings.Join(parts, ", "), v.recordset(t, t.restored()))
	if !v.byProject {
		return sql
	}
	conditions := []string{"true"}
	if t.name == projects || t.has("project_id") {
		conditions[0] = v.ofProject(t, "s")
	}
	for i, r := range t.parents {
		parent := fmt.Sprintf("s_%d", i)
		switch {
		case r.to == t:
		case !v.covers(r.to):
			// What is not restored with the project may be gone meanwhile.
			conditions = append(conditions, fmt.Sprintf("EXISTS (SELECT FROM %s AS %s WHERE %s)",
				public(r.to), parent, equal(parent, r.target, "s", r.columns)))
		case !t.has("project_id") && t.name != projects:
			conditions = append(conditions, fmt.Sprintf("EXISTS (SELECT FROM (%s) AS %s WHERE %s)",
				v.saved(r.to), parent, equal(parent, r.target, "s", r.columns)))
		}
	}
	return sql + " WHERE " + strings.Join(conditions, " AND ")
}

// rowsOf is the rows of the table as the state has them.
func (v view) rowsOf(t *table) string {
	return fmt.Sprintf("(SELECT rows FROM public.saved_state_tables "+
		"WHERE org_id = @org AND state_name = @%s AND table_name = '%s')", cmp.Or(v.argument, "state"), t.name)
}

// savedKeys is the keys alone of what saved is.
func (v view) savedKeys(t *table) string {
	return "SELECT * FROM " + v.recordset(t, t.key)
}

// recordset reads columns of the rows that the state has, s. Most of the time of a restore
// is spent here: the checks of domains are for what is written alone.
func (v view) recordset(t *table, columns []string) string {
	var parts []string
	for _, c := range t.columns {
		if slices.Contains(columns, c.name) {
			parts = append(parts, quoted(c.name)+" "+c.typeName)
		}
	}
	return fmt.Sprintf("jsonb_to_recordset(%s) AS s (%s)", v.rowsOf(t), strings.Join(parts, ", "))
}

// save is the statement that puts the rows of a table into the state, at most @most and
// one.
func (v view) save(t *table) string {
	return fmt.Sprintf(`
		INSERT INTO public.saved_state_tables (org_id, state_name, table_name, row_count, rows)
		SELECT @org, @state, '%s', count(*), coalesce(jsonb_agg(to_jsonb(r) ORDER BY %s), '[]')
		FROM (%s LIMIT @most::bigint + 1) AS r`,
		t.name, listed(t.key, of("r")), v.live(t))
}

// compare is the query of how many rows of each table the second has and the first lacks,
// how many the first has alone, how many differ in what counts, and in anything. Both are
// live or saved.
func (v view) compare(first, second func(t *table) string) string {
	var parts []string
	for i, t := range v.tables() {
		here, there := of("b")(t.key[0])+" IS NOT NULL", of("a")(t.key[0])+" IS NOT NULL"
		parts = append(parts, fmt.Sprintf(`
			SELECT %d,
				count(*) FILTER (WHERE NOT %s),
				count(*) FILTER (WHERE NOT %s),
				count(*) FILTER (WHERE %s AND %s AND %s IS DISTINCT FROM %s),
				count(*) FILTER (WHERE %s AND %s AND %s IS DISTINCT FROM %s)
			FROM (%s) AS a
			FULL JOIN (%s) AS b ON %s`, i,
			there, here,
			there, here, v.counted(t, "a"), v.counted(t, "b"),
			there, here, v.rowOf(t, "a"), v.rowOf(t, "b"),
			first(t), second(t), t.same("a", "b")))
	}
	return strings.Join(parts, " UNION ALL ") + " ORDER BY 1"
}

// changed is the query of the rows of a table that differ, at most @most: what has happened
// to a row, its project, its key without those of project and organization, what it is
// called, and the columns in which it differs. No other value is shown: it may be a secret.
func (v view) changed(t *table, first, second func(t *table) string) string {
	either := func(column string) string {
		return fmt.Sprintf("coalesce(%s, %s)::text", of("b")(column), of("a")(column))
	}
	optional := func(columns ...string) string {
		i := slices.IndexFunc(columns, t.has)
		if i < 0 {
			return "NULL::text"
		}
		return either(columns[i])
	}
	key := slices.DeleteFunc(slices.Clone(t.key), func(name string) bool {
		return name == "org_id" || name == "project_id"
	})
	if len(key) == 0 {
		key = t.key[:1]
	}
	here, there := of("b")(t.key[0])+" IS NOT NULL", of("a")(t.key[0])+" IS NOT NULL"
	columns := []string{"NULL::text"}
	others := v.countedValues(t, "b")
	for i, part := range v.countedValues(t, "a") {
		columns = append(columns, fmt.Sprintf("CASE WHEN %s AND %s AND (%s) IS DISTINCT FROM (%s) THEN '%s' END",
			there, here, part.sql, others[i].sql, part.column))
	}
	return fmt.Sprintf(`
		SELECT
			CASE WHEN NOT (%s) THEN 'added' WHEN NOT (%s) THEN 'removed' ELSE 'updated' END AS change,
			%s AS project, concat_ws('/', %s) AS id, %s AS name, array_remove(ARRAY[%s], NULL) AS columns
		FROM (%s) AS a
		FULL JOIN (%s) AS b ON %s
		WHERE NOT (%s) OR NOT (%s) OR %s IS DISTINCT FROM %s
		ORDER BY project, id
		LIMIT @most`,
		there, here, optional("project_id"), listed(key, either),
		optional("name", "bucket_name", "public_key", "username", "description"), strings.Join(columns, ", "),
		first(t), second(t), t.same("a", "b"), there, here, v.counted(t, "a"), v.counted(t, "b"))
}

// remove is the statement that deletes the rows that the state lacks, those that it has as
// another thing, and those that stand in the way of others: they have what another row is
// to have, and no two may.
func (v view) remove(t *table) string {
	if len(t.uniques) == 0 && t.isReplaced() == "" && !v.byProject {
		return fmt.Sprintf("DELETE FROM %s AS t WHERE %s AND NOT EXISTS (SELECT FROM (%s) AS s WHERE %s)",
			public(t), v.within(t, "t"), v.savedKeys(t), t.same("s", "t"))
	}
	gone := []string{fmt.Sprintf("SELECT %s FROM t LEFT JOIN s ON %s WHERE %s IS NULL%s",
		listed(t.key, of("t")), t.same("s", "t"), of("s")(t.key[0]), t.isReplaced())}
	for _, unique := range t.uniques {
		parts := strings.Join(unique.parts, ", ")
		// As JSON, since what is NULL in both can be in the way, too.
		valued := fmt.Sprintf("SELECT %s, jsonb_build_array(%s) AS value FROM %%s", listed(t.key, quoted), parts)
		if !unique.nulls {
			valued += fmt.Sprintf(" WHERE num_nulls(%s) = 0", parts)
		}
		gone = append(gone, fmt.Sprintf("SELECT %s FROM (%s) AS t JOIN (%s) AS s USING (value) WHERE NOT (%s)",
			listed(t.key, of("t")), fmt.Sprintf(valued, "t"), fmt.Sprintf(valued, "s"), t.same("s", "t")))
	}
	return fmt.Sprintf(`
		WITH s AS MATERIALIZED (%s), t AS MATERIALIZED (%s), gone AS (%s)
		DELETE FROM %s AS d USING gone WHERE %s AND %s`,
		v.saved(t), v.live(t), strings.Join(gone, " UNION "),
		public(t), t.same("gone", "d"), v.within(t, "d"))
}

// isReplaced is the condition that goes on from that a row is missing, to that it is
// another thing.
func (t *table) isReplaced() string {
	var parts strings.Builder
	for _, c := range t.columns {
		if replaced[t.name+"."+c.name] != "" {
			fmt.Fprintf(&parts, " OR %s IS DISTINCT FROM %s", of("s")(c.name), of("t")(c.name))
		}
	}
	return parts.String()
}

// empty is the statement that deletes all rows of a table.
func (v view) empty(t *table) string {
	return fmt.Sprintf("DELETE FROM %s AS t WHERE %s", public(t), v.within(t, "t"))
}

// removeWithProjects is the statement that deletes what belongs to projects that the state lacks
// and is not of a state.
func (v view) removeWithProjects(name string, projects *table) string {
	return fmt.Sprintf(`DELETE FROM public.%s WHERE project_id IN (
		SELECT id FROM (%s) AS t WHERE id NOT IN (SELECT id FROM (%s) AS s)
	)`, quoted(name), v.live(projects), v.saved(projects))
}

// update is the statement that makes the rows that are there as the state has them.
func (v view) update(t *table) string {
	set := listed(v.values(t), func(name string) string { return quoted(name) + " = " + of("s")(name) })
	return fmt.Sprintf("UPDATE %s AS t SET %s FROM (%s) AS s WHERE %s AND %s AND %s IS DISTINCT FROM %s",
		public(t), set, v.saved(t), t.same("s", "t"), v.within(t, "t"), v.rowOf(t, "t"), v.rowOf(t, "s"))
}

// insert is the statement that adds the rows that are missing. An id that is there and not
// in the view breaks a constraint.
func (v view) insert(t *table) string {
	columns, values := t.restored(), listed(t.restored(), of("s"))
	for _, c := range t.columns {
		if ofNew := kept[t.name+"."+c.name].ofNew; ofNew != "" {
			columns, values = append(columns, c.name), values+", "+ofNew
		}
	}
	return fmt.Sprintf(`INSERT INTO %s (%s) SELECT %s FROM (%s) AS s
		WHERE NOT EXISTS (SELECT FROM %s AS t WHERE %s AND %s)`,
		public(t), listed(columns, quoted), values, v.saved(t),
		public(t), t.same("t", "s"), v.within(t, "t"))
}
