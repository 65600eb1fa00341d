//go:build linux

package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// pgbenchWork is an operation of pgbench: how it draws the tenant and the export
// bucket, and the statements that it runs then, each its own transaction.
type pgbenchWork struct {
	draw    string
	send    send
	example func(d dataset, next int) example // next is the first to be deleted
	rows    int64                             // that the last statement returns, adds or deletes
}

// The work of pgbench. A new bucket has any number; those that are there have
// numbers from the first on, and their tenants take turns.
var (
	createWork = pgbenchWork{
		draw: `\set tenant random(:first, :first + :tenants - 1)
\set serial random(:first, :last)
`,
		send: sendInsert,
		rows: 1,
		example: func(d dataset, _ int) example {
			prefix := newBucketPrefix(d.now)
			return example{data: d, bucket: number(prefix, 0), idPrefix: prefix}
		},
	}
	getWork = pgbenchWork{
		draw: `\set serial random(:first, :first + :buckets - 1)
\set tenant :first + (:serial - :first) % :tenants
`,
		send: sendGet,
		rows: 1,
		example: func(d dataset, _ int) example {
			return example{data: d, bucket: d.bucket(0).id, idPrefix: bucketPrefix}
		},
	}
	listWork = pgbenchWork{
		draw: `\set tenant random(:first + :tenants, :first + :tenants + :full - 1)
`,
		send: sendList,
		rows: pageSize,
		example: func(d dataset, _ int) example {
			return example{data: d, tenant: d.fullTenant(0), bucket: d.bucket(0).id, idPrefix: bucketPrefix}
		},
	}
	// The clients take turns, too, as no two may delete the same.
	deleteWork = pgbenchWork{
		draw: `\set turn :turn + 1
\set serial :first + :next + :turn * :clients + :client_id
\set tenant :first + (:serial - :first) % :tenants
`,
		send: sendDelete,
		rows: 2, // the events that tell of it
		example: func(d dataset, next int) example {
			b := d.deletable(next)
			return example{data: d, tenant: b.tenant, bucket: b.id, idPrefix: deletablePrefix}
		},
	}
)

// newBucketPrefix begins the ids that pgbench makes. As in those of the server,
// the time is in it.
func newBucketPrefix(now time.Time) string {
	return fmt.Sprintf("%08x", now.Unix())[:len(bucketPrefix)]
}

// script is a script of pgbench with the values of its variables.
type script struct {
	text      string
	variables []variable
	computed  []computed
	// replaced are the arguments that pgbench computes, each as often as it does.
	replaced []computed
}

// variable is a variable of pgbench.
type variable struct{ name, value string }

// newScript returns the script of an operation, for a database that has the
// dataset and an export bucket to be deleted. The connection tells what the
// arguments look like as text.
func newScript(ctx context.Context, conn *pgx.Conn, w *pgbenchWork, d dataset, next int) (*script, error) {
	x := w.example(d, next)
	statements, err := x.record(ctx, w.send)
	if err != nil {
		return nil, err
	}
	if err := w.try(ctx, conn, statements); err != nil {
		return nil, err
	}
	s := &script{
		text:     w.draw,
		computed: x.computed(),
		variables: []variable{
			{"first", strconv.Itoa(firstNumber)},
			{"last", strconv.Itoa(lastNumber)},
			{"tenants", strconv.Itoa(d.tenants)},
			{"buckets", strconv.Itoa(d.buckets)},
			{"full", strconv.Itoa(d.full)},
			{"turn", "-1"},
		},
	}
	for _, statement := range statements {
		if err := s.add(ctx, conn, statement); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// try runs the statements and takes back what they did. Each must find what it
// asks for: what pgbench would measure otherwise is something else.
func (w *pgbenchWork) try(ctx context.Context, conn *pgx.Conn, statements []statement) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("try statements: %w", err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	for i, statement := range statements {
		want := int64(1)
		if i == len(statements)-1 {
			want = w.rows
		}
		tag, err := tx.Exec(ctx, statement.sql, statement.args...)
		if err != nil {
			return fmt.Errorf("try a statement: %w\n%s", err, statement.sql)
		}
		if got := tag.RowsAffected(); got != want {
			return fmt.Errorf("try a statement: got %d rows, want %d\n%s", got, want, statement.sql)
		}
	}
	return nil
}

var (
	parameter  = regexp.MustCompile(`\$[0-9]+`)
	sqlComment = regexp.MustCompile(`(?m)^\s*--.*\n`)
)

// add adds a statement with expressions of pgbench for its arguments.
func (s *script) add(ctx context.Context, conn *pgx.Conn, statement statement) error {
	arguments, err := texts(ctx, conn, statement)
	if err != nil {
		return err
	}
	// Pgbench would look for variables in comments.
	sql := sqlComment.ReplaceAllString(statement.sql, "")
	sql = parameter.ReplaceAllStringFunc(sql, func(p string) string {
		n, err := strconv.Atoi(p[1:])
		if err != nil || n > len(arguments) {
			return p // PostgreSQL would have refused it.
		}
		return s.argument(arguments[n-1])
	})
	s.text += strings.TrimSpace(sql) + ";\n"
	return nil
}

// texts returns the arguments of a statement in the form of text, as PostgreSQL
// would get them; nil is NULL.
func texts(ctx context.Context, conn *pgx.Conn, statement statement) ([][]byte, error) {
	described, err := conn.Prepare(ctx, "", statement.sql)
	if err != nil {
		return nil, fmt.Errorf("prepare a statement: %w\n%s", err, statement.sql)
	}
	list := make([][]byte, len(statement.args))
	for i, arg := range statement.args {
		list[i], err = conn.TypeMap().Encode(described.ParamOIDs[i], pgx.TextFormatCode, arg, []byte{})
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w of\n%s", i+1, err, statement.sql)
		}
	}
	return list, nil
}

// argument returns what stands for an argument. Pgbench sends no NULL, so a NULL
// is in the text.
func (s *script) argument(text []byte) string {
	switch {
	case text == nil:
		return "NULL"
	case len(text) == 0:
		return ":" + s.variable("")
	}
	parts := s.parts(string(text))
	if len(parts) == 1 && strings.HasPrefix(parts[0], ":") {
		return parts[0]
	}
	for i, part := range parts {
		if strings.HasPrefix(part, ":") {
			parts[i] = part + "::text"
		}
	}
	sql := "(" + strings.Join(parts, " || ") + ")"
	s.replaced = append(s.replaced, computed{example: string(text), sql: sql})
	return sql
}

// parts returns what is computed of a text, and variables for what lies between.
func (s *script) parts(text string) []string {
	if text == "" {
		return nil
	}
	for _, c := range s.computed {
		if before, after, found := strings.Cut(text, c.example); found {
			return slices.Concat(s.parts(before), []string{c.sql}, s.parts(after))
		}
	}
	return []string{":" + s.variable(text)}
}

// variable returns the name of a variable that has a value.
func (s *script) variable(value string) string {
	i := slices.IndexFunc(s.variables, func(v variable) bool {
		return v.value == value && strings.HasPrefix(v.name, "constant")
	})
	if i < 0 {
		i = len(s.variables)
		s.variables = append(s.variables, variable{fmt.Sprintf("constant%d", i), value})
	}
	return s.variables[i].name
}
