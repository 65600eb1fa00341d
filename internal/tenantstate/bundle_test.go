package tenantstate

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/seed"
	"exportbuckets/internal/write"
	"exportbuckets/staging"
)

const (
	operatorToken = "the-operator-of-tests-has-this-token"

	orgOne = "5f0000000000000000000a01" // the demo tenant
	// orgTwo is another of the same shape. All of its ids begin with foreign, and nothing
	// else does.
	orgTwo  = "6f0000000000000000000a01"
	foreign = "6f0000"

	demoProject    = "5f0000000000000000000b01"
	otherProject   = "5f0000000000000000000b02"
	backupsProject = "5f0000000000000000000b03"
)

// stateBundle is two organizations, of which one is reset.
type stateBundle struct {
	pool    *dbpool.Pool
	service *Service
	writer  Writer
	now     time.Time // what the service's clock says
}

func isOperation(text string) bool { return text == "createGroupBackupExportBucket" }

func setup(t testing.TB) *stateBundle {
	t.Helper()
	b := &stateBundle{pool: dbtest.New(t), now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	two := bytes.ReplaceAll(seed.Demo, []byte("5f00000"), []byte("6f00000"))
	two = bytes.ReplaceAll(two, []byte("publicKey: demo"), []byte("publicKey: four"))
	for _, text := range [][]byte{seed.Demo, two} {
		file, err := seed.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := seed.Apply(t.Context(), b.pool, new(iam.Sealer), file, b.now); err != nil {
			t.Fatal(err)
		}
	}
	b.exec(t, "UPDATE orgs SET protected = false WHERE TRUE")
	env := atlas.Env{
		Clock: func() time.Time { return b.now }, NewID: objectid.New, NewEventID: objectid.New,
	}
	b.service = New(b.pool, env, Config{
		Sealer: new(iam.Sealer), OperatorToken: operatorToken, IsOperation: isOperation, MaxThrowaways: 100,
	})
	b.writer = b.writerOf(t, orgOne)
	for _, writer := range []Writer{b.writer, b.writerOf(t, orgTwo)} {
		err := write.Hold(t.Context(), b.pool, writer, func(tx pgx.Tx) error {
			return b.service.settle.Org(t.Context(), tx, writer.OrgID(), b.now)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func (b *stateBundle) writerOf(t testing.TB, org string) Writer {
	t.Helper()
	caller, err := b.service.Authenticate(t.Context(), operatorToken)
	if err != nil {
		t.Fatal(err)
	}
	writer, err := caller.Writer(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	return writer
}

func (b *stateBundle) exec(t testing.TB, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		done, err := b.pool.Exec(t.Context(), sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if done.RowsAffected() == 0 && !strings.HasPrefix(sql, "CREATE") && sql != "ANALYZE" {
			t.Fatalf("%s: got no row changed", sql)
		}
	}
}

func (b *stateBundle) strs(t testing.TB, sql string, args ...any) []string {
	t.Helper()
	rows, err := b.pool.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return list
}

func (b *stateBundle) save(t testing.TB, name string) {
	t.Helper()
	if _, err := b.service.SaveState(t.Context(), b.writer, name); err != nil {
		t.Fatalf("save %s: %v", name, err)
	}
}

// declare saves what there is as the declared state.
func (b *stateBundle) declare(t testing.TB) {
	t.Helper()
	err := write.Hold(t.Context(), b.pool, b.writer, func(tx pgx.Tx) error {
		_, err := b.service.save(t.Context(), tx, b.writer.OrgID(), staging.Declared, b.now)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// restore returns what has changed, as exportBuckets +1 -2 ~3.
func (b *stateBundle) restore(t testing.TB, to staging.Reset) []string {
	t.Helper()
	changes, err := b.service.Restore(t.Context(), b.writer, to)
	if err != nil {
		t.Fatalf("restore %s: %v", to.To, err)
	}
	return lines(changes)
}

func lines(changes staging.Changes) []string {
	list := make([]string, len(changes.Changes))
	for i, c := range changes.Changes {
		list[i] = fmt.Sprintf("%s +%d -%d ~%d", c.Kind, c.Added, c.Removed, c.Updated)
	}
	return list
}

// dump returns the rows of all tables but those of the plane itself, without the columns
// that are named, as table.column.
func (b *stateBundle) dump(t testing.TB, without ...string) []string {
	t.Helper()
	tables := b.strs(t, `SELECT tablename FROM pg_tables
		WHERE schemaname = 'public' AND tablename NOT LIKE 'saved_%' AND tablename <> 'goose_db_version'
		ORDER BY 1`)
	var all []string
	for _, name := range tables {
		drop := []string{}
		for _, column := range without {
			if of, column, _ := strings.Cut(column, "."); of == name {
				drop = append(drop, column)
			}
		}
		all = append(all, b.strs(t, fmt.Sprintf(
			"SELECT '%[1]s: ' || (to_jsonb(t) - $1::text[])::text FROM %[1]s AS t ORDER BY 1", name), drop)...)
	}
	return all
}

// foreignRows returns those that belong to the other organization.
func foreignRows(rows []string) []string {
	var others []string
	for _, row := range rows {
		if strings.Contains(row, foreign) {
			others = append(others, row)
		}
	}
	return others
}

// keptColumns are those that no restore writes.
func keptColumns() []string {
	var list []string
	for column := range kept {
		list = append(list, column)
	}
	return list
}

func wantRows(t testing.TB, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func wantLines(t testing.TB, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func errorAs(err error) (*staging.Problem, bool) { return errors.AsType[*staging.Problem](err) }

func wantProblem(t testing.TB, err error, code staging.Code) {
	t.Helper()
	problem, ok := errors.AsType[*staging.Problem](err)
	if !ok || problem.Code != code {
		t.Errorf("error: got %v, want %s", err, code)
	}
}

func to(name string) staging.Reset { return staging.Reset{To: name} }

// withoutVersions returns the rows without those of principals, whose versions rise.
func withoutVersions(rows []string) []string {
	var others []string
	for _, row := range rows {
		if !strings.HasPrefix(row, "principals: ") {
			others = append(others, row)
		}
	}
	return others
}
