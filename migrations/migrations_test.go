package migrations_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/dbtest"
	"exportbuckets/migrations"
)

func TestUpAfterDownGivesTheSameSchema(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dsn := dbtest.NewEmptyURL(t)
	pool := open(t, dsn)
	empty := schema(t, pool)
	if err := migrations.Up(ctx, dsn); err != nil {
		t.Fatal(err)
	}
	want := schema(t, pool)
	if len(want) < 50 {
		t.Fatalf("schema after Up: got %d lines, want every column and constraint:\n%s",
			len(want), strings.Join(want, "\n"))
	}

	names := fileNames(t)
	for applied, name := range slices.Backward(names) {
		if err := migrations.Down(ctx, dsn); err != nil {
			t.Fatalf("Down of %s: %v", name, err)
		}
		wantStatus(t, dsn, applied)
	}
	if diff := cmp.Diff(empty, schema(t, pool)); diff != "" {
		t.Errorf("schema after every Down (-empty +got):\n%s", diff)
	}
	if err := migrations.Down(ctx, dsn); err == nil {
		t.Error("Down with nothing applied: got no error")
	}

	if err := migrations.Up(ctx, dsn); err != nil {
		t.Fatalf("Up after Down: %v", err)
	}
	if diff := cmp.Diff(want, schema(t, pool)); diff != "" {
		t.Errorf("schema after the second Up (-first +second):\n%s", diff)
	}
	wantStatus(t, dsn, len(names))
}

func TestUpTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	dsn := dbtest.NewURL(t)
	pool := open(t, dsn)
	want := append(schema(t, pool), versions(t, pool)...)
	if err := migrations.Up(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, append(schema(t, pool), versions(t, pool)...)); diff != "" {
		t.Errorf("database after the second Up (-before +after):\n%s", diff)
	}
	if err := migrations.Check(t.Context(), pool); err != nil {
		t.Errorf("Check: got %v, want nil", err)
	}
}

func TestSeveralUpsAtOnceAllSucceed(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dsn := dbtest.NewEmptyURL(t)
	const replicas = 4
	start := make(chan struct{})
	done := make(chan error, replicas)
	for range replicas {
		go func() {
			<-start
			done <- migrations.Up(ctx, dsn)
		}()
	}
	close(start)
	for range replicas {
		if err := <-done; err != nil {
			t.Errorf("Up: got %v, want nil", err)
		}
	}
	pool := open(t, dsn)
	if diff := cmp.Diff(schema(t, dbtest.New(t)), schema(t, pool)); diff != "" {
		t.Errorf("schema (-one Up +several):\n%s", diff)
	}
	// The zero version that goose begins with, and each file once.
	if got, want := len(versions(t, pool)), len(fileNames(t))+1; got != want {
		t.Errorf("versions: got %d, want %d", got, want)
	}
}

func TestANewerDatabaseIsRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(context.Context, string, *dbpool.Pool) error{
		"Up":    func(ctx context.Context, dsn string, _ *dbpool.Pool) error { return migrations.Up(ctx, dsn) },
		"Down":  func(ctx context.Context, dsn string, _ *dbpool.Pool) error { return migrations.Down(ctx, dsn) },
		"Check": func(ctx context.Context, _ string, pool *dbpool.Pool) error { return migrations.Check(ctx, pool) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := dbtest.NewURL(t)
			pool := open(t, dsn)
			newest := len(fileNames(t))
			exec(t, pool, "INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, true)", newest+1)
			want := append(schema(t, pool), versions(t, pool)...)

			err := run(t.Context(), dsn, pool)
			if !errors.Is(err, migrations.ErrAhead) {
				t.Fatalf("got %v, want ErrAhead", err)
			}
			for _, version := range []int{newest, newest + 1} {
				if !regexp.MustCompile(fmt.Sprintf(`\b%d\b`, version)).MatchString(err.Error()) {
					t.Errorf("error: got %q, want it to name version %d", err, version)
				}
			}
			if diff := cmp.Diff(want, append(schema(t, pool), versions(t, pool)...)); diff != "" {
				t.Errorf("database (-before +after):\n%s", diff)
			}
		})
	}
}

func TestCheckRefusesAnOlderDatabase(t *testing.T) {
	t.Parallel()
	for name, dsn := range map[string]func(*testing.T) string{
		"without any migration": func(t *testing.T) string {
			t.Helper()
			return dbtest.NewEmptyURL(t)
		},
		"without the newest migration": func(t *testing.T) string {
			t.Helper()
			dsn := dbtest.NewURL(t)
			if err := migrations.Down(t.Context(), dsn); err != nil {
				t.Fatal(err)
			}
			return dsn
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := dsn(t)
			pool := open(t, dsn)
			if err := migrations.Check(t.Context(), pool); !errors.Is(err, migrations.ErrBehind) {
				t.Errorf("Check: got %v, want ErrBehind", err)
			}
			// Check has not closed the pool.
			exec(t, pool, "SELECT")
			if err := migrations.Up(t.Context(), dsn); err != nil {
				t.Fatal(err)
			}
			if err := migrations.Check(t.Context(), pool); err != nil {
				t.Errorf("Check after Up: got %v, want nil", err)
			}
		})
	}
}

func TestStatusListsEachFileInOrder(t *testing.T) {
	t.Parallel()
	dsn := dbtest.NewEmptyURL(t)
	wantStatus(t, dsn, 0)
	if err := migrations.Up(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	all := len(fileNames(t))
	wantStatus(t, dsn, all)
	if err := migrations.Down(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, dsn, all-1)
}

func TestAnAddressThatDoesNotAnswerIsAnError(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{"postgres:///?host=" + t.TempDir(), "postgres://host:port"} {
		if err := migrations.Up(t.Context(), dsn); err == nil {
			t.Errorf("Up(%s): got no error", dsn)
		}
		if err := migrations.Down(t.Context(), dsn); err == nil {
			t.Errorf("Down(%s): got no error", dsn)
		}
		if _, err := migrations.Status(t.Context(), dsn); err == nil {
			t.Errorf("Status(%s): got no error", dsn)
		}
	}
}

func open(t *testing.T, dsn string) *dbpool.Pool {
	t.Helper()
	pool, err := dbpool.Open(t.Context(), dsn, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func exec(t *testing.T, pool *dbpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func strs(t *testing.T, pool *dbpool.Pool, sql string) []string {
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

// schema lists what the migrations have made of the catalog, a line each.
func schema(t *testing.T, pool *dbpool.Pool) []string {
	t.Helper()
	list := strs(t, pool, `
		SELECT format('relation %s %s', relkind, relname)
		FROM pg_class WHERE relnamespace = 'public'::regnamespace
		UNION ALL
		SELECT format('column %s.%s %s: %s collate %s not null %s generated %s as %s', relname, attnum, attname,
			format_type(atttypid, atttypmod), attcollation, attnotnull, attgenerated, pg_get_expr(adbin, adrelid))
		FROM pg_attribute
		JOIN pg_class ON pg_class.oid = attrelid
		LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
		WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0
		UNION ALL
		SELECT format('type %s %s: %s collate %s not null %s default %s', typtype, typname,
			typbasetype::regtype, typcollation, typnotnull, typdefault)
		FROM pg_type
		WHERE typnamespace = 'public'::regnamespace
		UNION ALL
		SELECT format('value %s of %s', string_agg(enumlabel, ' ' ORDER BY enumsortorder), enumtypid::regtype)
		FROM pg_enum
		GROUP BY enumtypid
		UNION ALL
		SELECT format('constraint %s on %s%s: %s', conname, nullif(conrelid, 0)::regclass, nullif(contypid, 0)::regtype,
			pg_get_constraintdef(oid))
		FROM pg_constraint
		WHERE connamespace = 'public'::regnamespace
		UNION ALL
		SELECT format('index %s', indexdef)
		FROM pg_indexes
		WHERE schemaname = 'public'
		UNION ALL
		SELECT format('function %s', oid::regprocedure)
		FROM pg_proc
		WHERE pronamespace = 'public'::regnamespace
		UNION ALL
		SELECT format('trigger %s', pg_get_triggerdef(oid))
		FROM pg_trigger
		WHERE NOT tgisinternal`)
	list = slices.DeleteFunc(list, func(line string) bool { return strings.Contains(line, "goose_db_version") })
	slices.Sort(list)
	return list
}

// versions lists the rows of goose's own table.
func versions(t *testing.T, pool *dbpool.Pool) []string {
	t.Helper()
	return strs(t, pool, "SELECT v::text FROM goose_db_version AS v ORDER BY id")
}

func wantStatus(t *testing.T, dsn string, applied int) {
	t.Helper()
	var want []migrations.Migration
	for i, name := range fileNames(t) {
		want = append(want, migrations.Migration{Name: name, Applied: i < applied})
	}
	got, err := migrations.Status(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("status with %d applied (-want +got):\n%s", applied, diff)
	}
}

// fileNames returns the names of the migrations in order.
func fileNames(t *testing.T) []string {
	t.Helper()
	names, err := fs.Glob(migrations.FS, "*")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) < 14 {
		t.Fatalf("files: got %q, want all migrations", names)
	}
	slices.Sort(names)
	return names
}

// parts returns the statements of a file for Up and for Down, without comments.
func parts(t *testing.T, name string) (up, down string) {
	t.Helper()
	text, err := fs.ReadFile(migrations.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, okUp := strings.Cut(string(text), "-- +goose Up\n")
	up, down, okDown := strings.Cut(rest, "-- +goose Down\n")
	if !okUp || !okDown || strings.Contains(head, ";") {
		t.Errorf("%s: want -- +goose Up and then -- +goose Down", name)
	}
	comment := regexp.MustCompile(`(?m)--.*$`)
	return comment.ReplaceAllString(up, ""), comment.ReplaceAllString(down, "")
}
