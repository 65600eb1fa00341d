package dbpool

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// tracedTx is a transaction whose changes a trace is told of. It reads them from the
// statements, all of which sqlc has made, so that none can be forgotten.
type tracedTx struct {
	pgx.Tx

	rows []staging.Row
}

// untold are the tables of which a trace is told nothing: every change writes to the first
// two, and it has a step of its own for faults.
var untold = []string{"project_events", "org_events", "staging_faults"}

// Exec is pgx.Tx's.
func (t *tracedTx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	tag, err := t.Tx.Exec(ctx, sql, args...)
	if err == nil {
		t.add(sql, args, tag.RowsAffected())
	}
	return tag, err
}

// Query is pgx.Tx's. The rows are counted when they have been read.
func (t *tracedTx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	rows, err := t.Tx.Query(ctx, sql, args...)
	if err != nil || changeOf(sql) == nil {
		return rows, err
	}
	return tracedRows{rows, func() { t.add(sql, args, rows.CommandTag().RowsAffected()) }}, nil
}

// QueryRow is pgx.Tx's.
func (t *tracedTx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	row := t.Tx.QueryRow(ctx, sql, args...)
	return scan(func(dest ...any) error {
		err := row.Scan(dest...)
		if err == nil {
			t.add(sql, args, 1)
		}
		return err
	})
}

// SendBatch is pgx.Tx's. Nothing is told of a batch that fails: its transaction does.
func (t *tracedTx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	for _, query := range b.QueuedQueries {
		t.add(query.SQL, query.Arguments, 1)
	}
	return t.Tx.SendBatch(ctx, b)
}

type tracedRows struct {
	pgx.Rows

	done func()
}

// Close is pgx.Rows'.
func (r tracedRows) Close() {
	r.Rows.Close()
	r.done()
}

func (t *tracedTx) add(sql string, args []any, count int64) {
	of := changeOf(sql)
	if of == nil || count == 0 || slices.Contains(untold, of.table) {
		return
	}
	row := staging.Row{Table: of.table, Change: of.verb, Count: count}
	if of.id > 0 && of.id <= len(args) {
		row.ID = idText(args[of.id-1])
	}
	t.rows = append(t.rows, row)
}

// idText returns what a row is found by.
func idText(arg any) string {
	switch arg := arg.(type) {
	case *objectid.ID:
		if arg == nil {
			return ""
		}
		return arg.String()
	case []byte: // a hash, or a document
		return ""
	}
	return fmt.Sprint(arg)
}

// change is what a statement changes.
type change struct {
	verb, table string
	id          int // the number of the parameter that names the row; 0 if none does
}

var changes sync.Map // *change by statement; nil of one that only reads

var (
	verbs = regexp.MustCompile(`(?m)^(INSERT INTO|UPDATE|DELETE FROM) (\w+)`)
	// keys are the columns that a row is named by, the best first.
	keys = []string{"id", "username", "cidr_block", "entry", "cluster_id", "service_account_id", "principal_id"}
)

// changeOf returns what a statement changes, or nil if it only reads.
func changeOf(sql string) *change {
	if known, ok := changes.Load(sql); ok {
		return known.(*change) //nolint:forcetypeassert // It is stored below.
	}
	var c *change
	if found := verbs.FindStringSubmatch(sql); found != nil && strings.HasPrefix(sql, "-- name:") {
		verb, _, _ := strings.Cut(strings.ToLower(found[1]), " ")
		c = &change{verb: verb, table: found[2], id: keyParameter(sql)}
	}
	changes.Store(sql, c)
	return c
}

var (
	insertion = regexp.MustCompile(`(?s)INSERT INTO \w+ \(([^)]*)\)\s*VALUES \(([^)]*)\)`)
	parameter = regexp.MustCompile(`^\s*\$([0-9]+)`)
)

// keyParameter returns the number of the parameter that names the row.
func keyParameter(sql string) int {
	if found := insertion.FindStringSubmatch(sql); found != nil {
		columns, values := strings.Split(found[1], ","), strings.Split(found[2], ",")
		for _, key := range keys {
			i := slices.IndexFunc(columns, func(column string) bool { return strings.TrimSpace(column) == key })
			if i >= 0 && i < len(values) {
				return number(parameter.FindStringSubmatch(values[i]))
			}
		}
		return 0
	}
	for _, key := range keys {
		if i := number(regexp.MustCompile(`\b` + key + ` = \$([0-9]+)`).FindStringSubmatch(sql)); i > 0 {
			return i
		}
	}
	return 0
}

func number(found []string) int {
	if found == nil {
		return 0
	}
	n, _ := strconv.Atoi(found[1])
	return n
}

// traced returns the transaction, of which the trace of ctx is told when done is called.
func traced(ctx context.Context, tx pgx.Tx) (same pgx.Tx, done func()) {
	trace := atlas.TraceOf(ctx)
	if trace == nil {
		return tx, nil
	}
	t := &tracedTx{Tx: tx}
	return t, func() { trace.Rows(t.rows...) }
}
