package db_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"exportbuckets/db"
	"exportbuckets/internal/dbtest"
)

// plannedQuery is a query that requests make, and by which columns of each table it
// looks rows up.
type plannedQuery struct {
	record func(context.Context, *db.Queries, db.DBTX) error
	lookup map[string][]string
}

// plannedQueries are the queries on the way of every request, by their names.
var plannedQueries = map[string]plannedQuery{
	"ListPrincipals": {
		func(ctx context.Context, q *db.Queries, tx db.DBTX) error {
			_, err := q.ListPrincipals(ctx, tx, nil)
			return err
		},
		map[string][]string{
			"access_list_entries": {"org_id", "principal_id"},
			"access_tokens":       {"token_hash"},
			"api_keys":            {"public_key"},
			"org_role_grants":     {"org_id", "principal_id"},
			"orgs":                {"id"},
			"principals":          {"id"},
			"project_role_grants": {"project_id", "principal_id"},
			"projects":            {"id"},
		},
	},
	"ListExportBucketsByID": {
		func(ctx context.Context, q *db.Queries, tx db.DBTX) error {
			_, err := q.ListExportBucketsByID(ctx, tx, db.ListExportBucketsByIDParams{})
			return err
		},
		map[string][]string{"export_buckets": {"project_id", "id"}},
	},
	"InsertExportBuckets": {
		func(ctx context.Context, q *db.Queries, tx db.DBTX) error {
			_, err := q.InsertExportBuckets(ctx, tx, nil)
			return err
		},
		map[string][]string{"cloud_provider_access_roles": {"project_id", "id"}, "principals": {"id"}},
	},
	"ListExportBuckets": {
		func(ctx context.Context, q *db.Queries, tx db.DBTX) error {
			_, err := q.ListExportBuckets(ctx, tx, db.ListExportBucketsParams{})
			return err
		},
		map[string][]string{"export_buckets": {"project_id"}},
	},
	"ListAccessRoles": {
		func(ctx context.Context, q *db.Queries, tx db.DBTX) error {
			_, err := q.ListAccessRoles(ctx, tx, db.ListAccessRolesParams{})
			return err
		},
		map[string][]string{
			"cloud_provider_access_roles": {"project_id", "id"},
			"export_buckets":              {"project_id", "role_id"},
		},
	},
	"DeleteExportBucket": {
		func(ctx context.Context, q *db.Queries, tx db.DBTX) error {
			_, err := q.DeleteExportBucket(ctx, tx, db.DeleteExportBucketParams{})
			return err
		},
		map[string][]string{"export_buckets": {"project_id", "id"}},
	},
}

// manyRows puts rows into every table that the queries read, as many as are
// given. One project in ten has roles and export buckets, ten of each: were there
// one, an index on the project alone would do as well as the key.
func manyRows(rows int) string {
	return fmt.Sprintf(`
CREATE FUNCTION pg_temp.an_id(kind text, i integer) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN kind || lpad(to_hex(i), 22, '0');
CREATE FUNCTION pg_temp.a_key(i integer) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN translate(lpad(i::text, 8, '0'), '0123456789', 'abcdefghij');
CREATE TEMPORARY TABLE n AS SELECT i,
	pg_temp.an_id('0a', i) AS org, pg_temp.an_id('0b', i) AS project, pg_temp.an_id('0b', i %% (%[1]d / 10) + 1) AS owner,
	pg_temp.an_id('0c', i) AS account, pg_temp.an_id('0e', i) AS key,
	pg_temp.an_id('0d', i) AS role, pg_temp.an_id('0f', i) AS bucket
	FROM generate_series(1, %[1]d) AS i;
INSERT INTO orgs (id, name, api_access_list_required, created_at)
	SELECT org, 'org', false, now() FROM n;
INSERT INTO projects (id, org_id, name, created_at, with_default_alerts_settings, managed_slow_ms, tags, settings, limits)
	SELECT project, org, 'project', now(), true, true, '[]', '{}', '{}' FROM n;
INSERT INTO principals (org_id, id, kind) SELECT org, key, 'API_KEY' FROM n;
INSERT INTO principals (org_id, id, kind) SELECT org, account, 'SERVICE_ACCOUNT' FROM n;
INSERT INTO api_keys (org_id, id, description, public_key, ha1, created_at)
	SELECT org, key, 'key', pg_temp.a_key(i), decode(md5(key), 'hex'), now() FROM n;
INSERT INTO service_accounts (org_id, id, name, description, created_at)
	SELECT org, account, 'account', 'account', now() FROM n;
INSERT INTO service_account_secrets (org_id, service_account_id, id, secret_hash, created_at, expires_at)
	SELECT org, account, account, sha256(account::bytea), now(), now() + interval '1 year' FROM n;
INSERT INTO access_tokens (token_hash, org_id, service_account_id, secret_id, created_at, expires_at)
	SELECT sha256(account::bytea), org, account, account, now(), now() + interval '1 hour' FROM n;
INSERT INTO access_list_entries (org_id, principal_id, cidr_block, created_at)
	SELECT org, key, '127.0.0.1', now() FROM n;
INSERT INTO org_role_grants (org_id, principal_id, role) SELECT org, key, 'ORG_OWNER' FROM n;
INSERT INTO project_role_grants (project_id, principal_id, role, org_id)
	SELECT project, key, 'GROUP_OWNER', org FROM n;
INSERT INTO cloud_provider_access_roles (project_id, id, cloud_provider, created_at, updated_at,
	assumed_role_external_id, iam_assumed_role_arn, authorized_at)
	SELECT owner, role, 'AWS', now(), now(), 'external', 'arn', now() FROM n;
INSERT INTO export_buckets (project_id, id, cloud_provider, bucket_name, role_id, created_at, require_private_networking)
	SELECT owner, bucket, 'AWS', 'bucket', role, now(), false FROM n;
ANALYZE;
`, rows)
}

// There is an index for every lookup, however few rows there are. Of several
// that begin with the same column any will do: empty tables make them equal.
func TestQueriesOfEveryRequestCanUseIndexes(t *testing.T) {
	t.Parallel()
	wantIndexScans(t, connect(t, "SET enable_seqscan = off"), 1)
}

// Postgres chooses the index by itself when there are rows, and looks up one
// row for each that is asked for. A hash or a merge join reads a whole table: it
// would do that for a few lookups while a table is rather small.
func TestQueriesOfEveryRequestUseIndexes(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{1_000, 10_000} {
		t.Run(strconv.Itoa(rows), func(t *testing.T) {
			t.Parallel()
			wantIndexScans(t, connect(t, manyRows(rows)), 2)
		})
	}
}

// connect returns a connection to a database of its own, on which every plan is
// made before the parameters are known, after it has run the statements.
func connect(t *testing.T, sql string) *pgx.Conn {
	t.Helper()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, dbtest.NewURL(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(ctx)) })
	if _, err := conn.Exec(ctx, "SET plan_cache_mode = force_generic_plan;"+sql); err != nil {
		t.Fatal(err)
	}
	return conn
}

// wantIndexScans fails on a query that reads a table other than by the first
// columns of its lookup, as many as are given.
func wantIndexScans(t *testing.T, conn *pgx.Conn, columns int) {
	t.Helper()
	for name, query := range plannedQueries {
		plan := explain(t, conn, name, query)
		missing := maps.Clone(query.lookup)
		for node := range plan.all {
			switch node.Type {
			case "Seq Scan", "Hash Join", "Merge Join":
				t.Errorf("%s: got a %s %s, want lookups by index", name, node.Type, node.Relation)
			}
			if !strings.HasSuffix(node.Type, "Scan") || node.Relation == "" {
				continue
			}
			lookup, ok := query.lookup[node.Relation]
			if !ok {
				t.Errorf("%s: got a %s of %s, want none", name, node.Type, node.Relation)
			}
			delete(missing, node.Relation)
			condition := word.FindAllString(node.IndexCond+node.RecheckCond, -1)
			for _, column := range lookup[:min(columns, len(lookup))] {
				if !slices.Contains(condition, column) {
					t.Errorf("%s: %s of %s: got the index condition %q, want %s in it",
						name, node.Type, node.Relation, node.IndexCond+node.RecheckCond, column)
				}
			}
		}
		for table := range missing {
			t.Errorf("%s: got no scan of %s, want one", name, table)
		}
	}
}

// A scan of an index takes memory, also one that finds nothing.
func TestQueryForPrincipalBeginsNoScanForWhatIsNotNamed(t *testing.T) {
	t.Parallel()
	const (
		name     = "ListPrincipals"
		anyToken = "SELECT encode(token_hash, 'base64') FROM access_tokens LIMIT 1"
	)
	conn := connect(t, manyRows(1_000))
	var token string
	if err := conn.QueryRow(t.Context(), anyToken).Scan(&token); err != nil {
		t.Fatal(err)
	}
	asked := fmt.Sprintf(`[{"ordinal": 0, "token_hash": %q, "now": "2026-08-10T03:03:36Z"}]`, token)
	scans := map[string]int{}
	for node := range explain(t, conn, name, plannedQueries[name], "'"+asked+"'").all {
		scans[node.Alias] += node.Loops
	}
	for alias, want := range map[string]int{"access_tokens": 1, "api_keys": 0, "named_org": 0} {
		if got, ok := scans[alias]; !ok || got != want {
			t.Errorf("%s: got %d scans (in the plan: %t), want %d", alias, got, ok, want)
		}
	}
}

// However many buckets a role has, a list of roles reads 1000 of them, as they stand
// in the index; also where all buckets are of one role, and no index on the project
// alone seems to read too many.
func TestAListOfAccessRolesReadsTheOldestBucketsAlone(t *testing.T) {
	t.Parallel()
	const (
		name    = "ListAccessRoles"
		most    = 1000
		buckets = `
TRUNCATE export_buckets CASCADE;
INSERT INTO export_buckets (project_id, id, cloud_provider, bucket_name, role_id, created_at, require_private_networking)
	SELECT owner, pg_temp.an_id('aa', i), 'AWS', 'bucket', pg_temp.an_id('0d', i %% %d + 1), now() - i * interval '1 second', false
	FROM (SELECT owner FROM n LIMIT 1) AS n, generate_series(1, 20000) AS i;
ANALYZE;
`
	)
	for _, roles := range []int{1, 10} {
		t.Run(strconv.Itoa(roles), func(t *testing.T) {
			t.Parallel()
			conn := connect(t, manyRows(10)+fmt.Sprintf(buckets, roles))
			scans := 0
			for node := range explain(t, conn, name, plannedQueries[name], "pg_temp.an_id('0b', 1)", "NULL").all {
				if node.Relation != "export_buckets" {
					continue
				}
				scans += node.Loops
				if node.Rows > most || node.Removed > 0 {
					t.Errorf("%s: got %v rows of a role read and %v thrown away, want at most %d and none",
						node.Type, node.Rows, node.Removed, most)
				}
			}
			if scans != 10 {
				t.Errorf("got %d scans, want one for each of the project's 10 roles", scans)
			}
		})
	}
}

// explain returns the plan that Postgres makes for any parameters. Given values
// for them, it also runs it.
func explain(t *testing.T, conn *pgx.Conn, name string, query plannedQuery, values ...string) *planNode {
	t.Helper()
	ctx := t.Context()
	var statement recorder
	if err := query.record(ctx, db.New(), &statement); !errors.Is(err, errRecorded) {
		t.Fatalf("%s: got %v, want its statement", name, err)
	}
	if !strings.HasPrefix(statement.sql, "-- name: "+name+" ") {
		t.Fatalf("%s: got another statement: %.40q", name, statement.sql)
	}
	prepared, err := conn.Prepare(ctx, name, statement.sql)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	run := len(values) > 0
	if !run {
		values = slices.Repeat([]string{"NULL"}, len(prepared.ParamOIDs))
	}
	execute := fmt.Sprintf("EXPLAIN (FORMAT JSON, ANALYZE %t) EXECUTE %q (%s)", run, name, strings.Join(values, ", "))
	var text []byte
	if err := conn.QueryRow(ctx, execute).Scan(&text); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var generic int64
	const count = "SELECT generic_plans FROM pg_prepared_statements WHERE name = $1"
	if err := conn.QueryRow(ctx, count, name).Scan(&generic); err != nil || generic != 1 {
		t.Fatalf("%s: got %d plans for any parameters, %v; want one", name, generic, err)
	}
	var plans []struct{ Plan *planNode }
	if err := json.Unmarshal(text, &plans); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(plans) != 1 || plans[0].Plan == nil {
		t.Fatalf("%s: got %s, want one plan", name, text)
	}
	return plans[0].Plan
}

// planNode is a step of a plan.
type planNode struct {
	Type        string      `json:"Node Type"`
	Relation    string      `json:"Relation Name"`
	IndexCond   string      `json:"Index Cond"`
	RecheckCond string      `json:"Recheck Cond"`
	Alias       string      `json:"Alias"`
	Loops       int         `json:"Actual Loops"` // how often it ran
	Rows        float64     `json:"Actual Rows"`  // that it found each time
	Removed     float64     `json:"Rows Removed by Filter"`
	Plans       []*planNode `json:"Plans"`
}

// all yields the step and all below it until yield has enough.
func (n *planNode) all(yield func(*planNode) bool) {
	n.walk(yield)
}

func (n *planNode) walk(yield func(*planNode) bool) bool {
	if !yield(n) {
		return false
	}
	for _, below := range n.Plans {
		if !below.walk(yield) {
			return false
		}
	}
	return true
}

var errRecorded = errors.New("recorded, not run")

// recorder takes a statement down instead of running it.
type recorder struct {
	db.DBTX // for what the queries here don't use

	sql string
}

func (r *recorder) Exec(_ context.Context, sql string, _ ...any) (pgconn.CommandTag, error) {
	r.sql = sql
	return pgconn.CommandTag{}, errRecorded
}

func (r *recorder) Query(_ context.Context, sql string, _ ...any) (pgx.Rows, error) { //nolint:ireturn // as db.DBTX has it
	r.sql = sql
	return nil, errRecorded
}

func (r *recorder) QueryRow(_ context.Context, sql string, _ ...any) pgx.Row { //nolint:ireturn // as db.DBTX has it
	r.sql = sql
	return r
}

func (r *recorder) CopyFrom(context.Context, pgx.Identifier, []string, pgx.CopyFromSource) (int64, error) {
	return 0, errRecorded
}

// Scan makes the recorder the row that it returns.
func (*recorder) Scan(...any) error { return errRecorded }
