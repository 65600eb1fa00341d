package db_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/dbtest"
)

// crossTenant are the queries that touch a tenant's table without naming the
// tenant, each with the reason.
var crossTenant = map[string]string{
	"DeleteJournalEntriesBefore":  "ends the entries of all that are too old",
	"DeleteJournalEntriesPast":    "the oldest of all go when there are too many",
	"DeleteStagingSession":        "ends the session of who has its id",
	"DeleteStagingSessionsBefore": "ends those of all that have expired",
	"DeleteStagingSessionsPast":   "the oldest of a token go, the operator's among them",
	"GetStagingSession":           "finds a caller by the session, and with it the token",
	"GetJournalSize":              "is how large the table is",
	"GetSealed":                   "looks at the start whether anything in the database is sealed",
	"GetStagingToken":             "finds a team by its token",
	"ListOrgs":                    "counts what each organization has, which is named by that; the operator sees all",
	"ListAPIKeysToSeal":           "seals at the start what is to be, whoever it belongs to",
	"ListExportBucketsByID":       "finds buckets of many projects; each is asked for with its own",
	"ListPrincipals": "finds callers by their credentials, and with them their organizations; the project is the " +
		"request's, and its organization is compared with the caller's",
	"InsertExportBuckets": "adds buckets of many projects; each of them names its role's project, which must be its own",
	"ListClientSecrets":   "finds a client by its id: the token request does not say which organization it is of",
}

// whole are the lists without a limit, each with the reason.
var whole = map[string]string{
	"ListAccessRoles":                     "Atlas does not page the access roles of a project",
	"ListAccessRolesForUpdate":            "holds them all",
	"ListClustersOfProjects":              "belongs to a page of projects; Atlas does not page the clusters of each",
	"ListExpiredDatabaseUsers":            "all that are past their time are removed",
	"ListExpiredProjectAccessListEntries": "all that are past their time are removed",
	"ListExportBucketsByID":               "has at most one row for each that was asked for",
	"ListPrincipalsForNoKeyUpdate":        "locks them all",
	"ListPrincipalsForUpdate":             "locks them all",
	"ListProjectsForUpdate":               "locks them all",
	"ListPrincipals":                      "has at most one row for each that was asked for",
	"ListUnfinishedExportJobs":            "a new job waits for them all",
	"ListProjectNames":                    "has at most one row for each that was asked for",
	"ListProjectRoleGrantsForUpdate":      "locks them all",
	"ListPolicyItemSnapshots":             "all snapshots of a policy item are kept anew",
}

// order is the place of each verb within a file. An upsert is an insert.
var order = map[string]int{"Insert": 0, "Upsert": 0, "Get": 1, "List": 2, "Count": 3, "Update": 4, "Delete": 5}

var (
	header = regexp.MustCompile(`(?m)^-- name:.*$`)
	// nameLine takes Verb, Noun and sqlc's command.
	nameLine = regexp.MustCompile(`^-- name: (Insert|Upsert|Get|List|Count|Update|Delete)([A-Z][A-Za-z]*) ` +
		`:(one|many|exec|execrows|batchexec|copyfrom)$`)
	comment       = regexp.MustCompile(`(?m)--.*$`)
	databaseClock = regexp.MustCompile(`(?i)\bnow\(|\b(current|local)_?time(stamp)?\b|\bcurrent_date\b|` +
		`\b(clock|statement|transaction)_timestamp\b|\btimeofday\b`)
	positional = regexp.MustCompile(`\$[0-9]`)
	// tenantIs is the condition that keeps tenants apart: by name, by the id of a
	// project, which is a tenant, or by that of the project around.
	tenantIs = regexp.MustCompile(
		`\b((project_id|org_id|id) = @(project_id|org_id)|org_id = projects\.org_id|project_id = projects\.id)\b`)
	// conflictWhere is the same of an upsert whose key does not hold the tenant.
	conflictWhere = regexp.MustCompile(`\b(project_id|org_id) = excluded\.(project_id|org_id)\b`)
	conflict      = regexp.MustCompile(`\bON CONFLICT \(([^)]*)\) DO UPDATE\b`)
	tenantColumn  = regexp.MustCompile(`\b(project_id|org_id)\b`)
	orderBy       = regexp.MustCompile(`\bORDER BY [^)]*\n\s*LIMIT `)
	word          = regexp.MustCompile(`[a-z_]+`)
)

type query struct {
	file, line string // the file's name and the line of the query's name
	name, verb string
	command    string
	sql        string // on one line per line of the file, without comments
}

func TestQueriesOfTenantsNameTheTenant(t *testing.T) {
	t.Parallel()
	tables := tenantTables(t)
	exempt := make(map[string]bool)
	for name := range crossTenant {
		exempt[name] = true
	}
	for _, q := range queries(t) {
		faults := tenantFaults(q.sql, tables)
		if exempt[q.name] {
			if len(faults) == 0 {
				t.Errorf("%s: %s names its tenant, and needs no exception", q.file, q.name)
			}
			delete(exempt, q.name)
			continue
		}
		for _, fault := range faults {
			t.Errorf("%s: %s: %s", q.file, q.name, fault)
		}
	}
	for name := range exempt {
		t.Errorf("%s: excepted, but there is no such query", name)
	}
}

func TestTheTenantRuleSeesWhatItShould(t *testing.T) {
	t.Parallel()
	tables := []string{"buckets", "roles"}
	for sql, want := range map[string]int{
		"SELECT * FROM buckets WHERE project_id = @project_id AND id = @id":                                     0,
		"SELECT * FROM buckets WHERE id = @id":                                                                  1,
		"SELECT * FROM buckets WHERE project_id = @id":                                                          1,
		"SELECT * FROM buckets AS b JOIN roles AS r ON r.id = b.role_id":                                        2,
		"SELECT * FROM orgs WHERE id = @id":                                                                     0,
		"UPDATE buckets SET name = @name WHERE id = @id":                                                        1,
		"UPDATE buckets SET name = @name WHERE id = @id AND project_id = @project_id":                           0,
		"DELETE FROM buckets WHERE id = @id":                                                                    1,
		"DELETE FROM buckets WHERE org_id = @org_id":                                                            0,
		"WITH buckets AS (SELECT b.* FROM buckets AS b WHERE b.project_id = @project_id) SELECT * FROM buckets": 0,
		"WITH buckets AS (SELECT b.* FROM buckets AS b WHERE b.id = @id) SELECT count(*) FROM buckets":          1,
		"INSERT INTO buckets (project_id, id) VALUES (@project_id, @id)":                                        0,
		"INSERT INTO buckets (id) VALUES (@id)":                                                                 1,
		"WITH r AS (SELECT id FROM roles WHERE roles.id = @id) " +
			"INSERT INTO buckets (project_id, id) SELECT @project_id, r.id FROM r WHERE project_id = @project_id": 1,
		"WITH r AS (SELECT id FROM roles WHERE roles.project_id = @project_id) " +
			"INSERT INTO buckets (project_id, id) SELECT @project_id, r.id FROM r": 0,
		"INSERT INTO buckets (project_id, id) VALUES (@project_id, @id) " +
			"ON CONFLICT (id) DO UPDATE SET name = excluded.name": 1,
		"INSERT INTO buckets (project_id, id) VALUES (@project_id, @id) " +
			"ON CONFLICT (project_id, id) DO UPDATE SET name = excluded.name": 0,
		"INSERT INTO buckets (project_id, id) VALUES (@project_id, @id) " +
			"ON CONFLICT (id) DO UPDATE SET name = excluded.name WHERE buckets.project_id = excluded.project_id": 0,
		"INSERT INTO buckets (project_id, id) VALUES (@project_id, @id) " +
			"ON CONFLICT (id) DO UPDATE SET project_id = excluded.project_id": 1,
	} {
		if got := tenantFaults(sql, tables); len(got) != want {
			t.Errorf("%s: got faults %q, want %d", sql, got, want)
		}
	}
}

func TestQueriesAreNamedByVerbAndSorted(t *testing.T) {
	t.Parallel()
	var last query
	seen := make(map[string]string)
	for _, q := range queries(t) {
		if q.verb == "" {
			t.Errorf("%s: got %q, want -- name: VerbNoun :command, the verb one of %v", q.file, q.line, order)
			continue
		}
		if other, ok := seen[q.name]; ok {
			t.Errorf("%s: %s is in %s as well", q.file, q.name, other)
		}
		seen[q.name] = q.file
		if q.file == last.file && order[q.verb] < order[last.verb] {
			t.Errorf("%s: got %s after %s, want Insert or Upsert, Get, List, Count, Update, Delete", q.file, q.name, last.name)
		}
		last = q
	}
}

func TestVerbsDoWhatTheySay(t *testing.T) {
	t.Parallel()
	for _, q := range queries(t) {
		last := q.sql
		if strings.HasPrefix(q.sql, "WITH ") {
			last = afterWith(q.sql)
		}
		want := map[string]string{
			"Insert": "INSERT INTO ", "Upsert": "INSERT INTO ", "Get": "SELECT", "List": "SELECT", "Count": "SELECT",
			"Update": "UPDATE ", "Delete": "DELETE FROM ",
		}[q.verb]
		if !strings.HasPrefix(last, want) {
			t.Errorf("%s: %s: got a statement %.20q, want %s", q.file, q.name, last, want)
		}
		if got := conflict.MatchString(q.sql); got != (q.verb == "Upsert") {
			t.Errorf("%s: %s: got ON CONFLICT DO UPDATE %t, want it in each Upsert and nowhere else", q.file, q.name, got)
		}
		// An insert of many rows returns what became of each.
		plural := q.verb == "Insert" && strings.HasSuffix(q.name, "s") && q.command != "copyfrom"
		if got := q.command == "many"; got != (q.verb == "List" || plural) {
			t.Errorf("%s: %s: got :%s, want :many of each List, of each Insert of many, and of nothing else",
				q.file, q.name, q.command)
		}
	}
}

func TestFilesAreNamedAfterTheirTable(t *testing.T) {
	t.Parallel()
	tables := strs(t, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
	for _, q := range queries(t) {
		table := strings.TrimSuffix(q.file, ".sql")
		if !slices.Contains(tables, table) {
			t.Errorf("%s: got no table %s", q.file, table)
		}
		writes := slices.Contains([]string{"Insert", "Upsert", "Update", "Delete"}, q.verb)
		if writes && !slices.Contains(word.FindAllString(q.sql, -1), table) {
			t.Errorf("%s: got %s, which does not touch the table", q.file, q.name)
		}
	}
}

func TestParametersAreNamed(t *testing.T) {
	t.Parallel()
	for _, q := range queries(t) {
		if got := positional.FindString(q.sql); got != "" {
			t.Errorf("%s: %s: got %s, want @name", q.file, q.name, got)
		}
	}
}

// The time of a request comes with its caller, and is not the database's.
func TestNoQueryReadsAClock(t *testing.T) {
	t.Parallel()
	for _, q := range queries(t) {
		if got := databaseClock.FindString(q.sql); got != "" {
			t.Errorf("%s: %s: got %s, want a parameter", q.file, q.name, got)
		}
	}
}

func TestListsAreOrderedAndLimited(t *testing.T) {
	t.Parallel()
	lists := 0
	for _, q := range queries(t) {
		if q.verb != "List" || whole[q.name] != "" {
			continue
		}
		lists++
		if !orderBy.MatchString(q.sql) {
			t.Errorf("%s: %s: got no ORDER BY with a LIMIT after it:\n%s", q.file, q.name, q.sql)
		}
	}
	if lists == 0 {
		t.Error("got no :many query")
	}
}

// tenantFaults says where a query touches one of the tables without naming the
// tenant. What it looks at is the statement around the place: the innermost
// parentheses, or all of the query.
func tenantFaults(sql string, tables []string) []string {
	var faults []string
	for _, at := range word.FindAllStringIndex(sql, -1) {
		table := sql[at[0]:at[1]]
		if !slices.Contains(tables, table) || strings.HasPrefix(sql[at[1]:], ".") || strings.HasPrefix(sql[at[1]:], "_") {
			continue
		}
		before := sql[:at[0]]
		// The alias may have the name of a table, and sqlc.embed takes one.
		if strings.HasSuffix(before, " AS ") || strings.HasSuffix(before, "sqlc.embed(") {
			continue
		}
		if isWithQuery(sql, table, at[0]) {
			continue
		}
		statement := around(sql, at[0])
		if !strings.HasSuffix(before, "INSERT INTO ") {
			if !tenantIs.MatchString(statement) {
				faults = append(faults, table+" without project_id = @project_id or org_id = @org_id")
			}
			continue
		}
		columns, _, _ := strings.Cut(sql[at[1]:], ")")
		if !tenantColumn.MatchString(columns) {
			faults = append(faults, "a row of "+table+" without project_id or org_id")
		}
		target := conflict.FindStringSubmatchIndex(statement)
		if target == nil || tenantColumn.MatchString(statement[target[2]:target[3]]) {
			continue
		}
		_, where, _ := strings.Cut(statement[target[1]:], "WHERE")
		if !conflictWhere.MatchString(where) {
			faults = append(faults, "an update of "+table+" in another project or organization")
		}
	}
	return faults
}

// isWithQuery says whether the name of a table, at a place, is that of a WITH query:
// outside the query it stands for what the query returns.
func isWithQuery(sql, table string, at int) bool {
	begin := strings.Index(sql, "WITH "+table+" AS ")
	if begin < 0 {
		return false
	}
	open := begin + strings.IndexByte(sql[begin:], '(') + 1
	return at < open || at > open+len(around(sql, open))
}

// around returns what stands in the parentheses around a place.
func around(sql string, at int) string {
	depth := 0
	start := 0
	for i := at - 1; i >= 0; i-- {
		switch sql[i] {
		case ')':
			depth++
		case '(':
			depth--
		}
		if depth < 0 {
			start = i + 1
			break
		}
	}
	depth = 0
	for i := start; i < len(sql); i++ {
		switch sql[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth < 0 {
			return sql[start:i]
		}
	}
	return sql[start:]
}

// afterWith returns the statement that follows the last WITH query.
func afterWith(sql string) string {
	depth := 0
	for i := range len(sql) {
		switch sql[i] {
		case '(':
			depth++
		case ')':
			depth--
			rest := strings.TrimSpace(sql[i+1:])
			if depth == 0 && !strings.HasPrefix(rest, ",") && !strings.HasPrefix(rest, "AS ") {
				return rest
			}
		}
	}
	return ""
}

// queries returns the queries in the order of their files and places.
func queries(t *testing.T) []query {
	t.Helper()
	paths, err := filepath.Glob("queries/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	var list []query
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		places := header.FindAllIndex(text, -1)
		if len(places) == 0 || strings.TrimSpace(string(text[:places[0][0]])) != "" {
			t.Errorf("%s: want a query's name in the first line", path)
		}
		for i, place := range places {
			end := len(text)
			if i+1 < len(places) {
				end = places[i+1][0]
			}
			q := query{file: filepath.Base(path), line: string(text[place[0]:place[1]])}
			q.sql = strings.TrimSpace(comment.ReplaceAllString(string(text[place[1]:end]), ""))
			if match := nameLine.FindStringSubmatch(q.line); match != nil {
				q.verb, q.name, q.command = match[1], match[1]+match[2], match[3]
			}
			if strings.Count(q.sql, ";") != 1 || !strings.HasSuffix(q.sql, ";") {
				t.Errorf("%s: %s: want one statement that ends with a semicolon", q.file, q.line)
			}
			list = append(list, q)
		}
	}
	if len(list) < 20 {
		t.Fatalf("queries: got %d, want all", len(list))
	}
	return list
}

// tenantTables returns the tables whose rows are of a project or an
// organization.
func tenantTables(t *testing.T) []string {
	t.Helper()
	tables := strs(t, `
		SELECT DISTINCT table_name::text FROM information_schema.columns
		WHERE table_schema = 'public' AND column_name IN ('project_id', 'org_id')`)
	if len(tables) < 10 {
		t.Fatalf("tenants' tables: got %q, want all", tables)
	}
	return tables
}

func strs(t *testing.T, sql string) []string {
	t.Helper()
	rows, err := dbtest.New(t).Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}
