//go:build linux

package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
)

// createSQL is what a create is to PostgreSQL, in the form of pgbench's scripts.
type createSQL struct {
	statements []string
	variables  []variable // whose values stay
	computed   []computed // what stands for the values that change
}

// variable is a variable of pgbench.
type variable struct{ name, value string }

// computed is a value that pgbench computes anew for each create.
type computed struct {
	expression string
	typ        string // in SQL
	example    string
}

// createStatements returns what pgbench runs for one create: the statement that
// authenticates a request with a bearer token, and the one that adds one export
// bucket. Each is a transaction of its own.
//
// This is the one place that says what a create is to PostgreSQL. The text is
// the server's: sqlc's functions are called, with a connection that keeps what
// they would have sent.
func createStatements(now time.Time) (createSQL, error) {
	who := tenant(0)
	project, role, id, hash := who.project(), who.role(), number(bucketPrefix, 0), who.tokenHash()
	region, private := awsRegion, false
	s := scribe{sql: createSQL{computed: []computed{
		{digitsAfter(projectPrefix, "tenant"), "object_id", project.String()},
		{digitsAfter(rolePrefix, "tenant"), "object_id", role.String()},
		{digitsAfter(newBucketPrefix(now), "serial"), "object_id", id.String()},
		{"sha256(" + digitsAfter(tokenPrefix, "tenant") + "::bytea)", "bytea", hexBytes(hash)},
	}}}
	queries := db.New()
	_, authErr := queries.GetPrincipal(context.Background(), &s, db.GetPrincipalParams{
		ProjectID: &project,
		TokenHash: hash,
		Now:       now,
	})
	_, insertErr := queries.InsertExportBucket(context.Background(), &s, db.InsertExportBucketParams{
		ProjectID:                project,
		ID:                       id,
		BucketName:               bucketName,
		CreatedAt:                now,
		Region:                   &region,
		RequirePrivateNetworking: &private,
		RoleID:                   role,
		CloudProvider:            db.CloudProviderAWS,
	})
	for _, err := range []error{authErr, insertErr, s.err} {
		if err != nil && !errors.Is(err, errWrittenDown) {
			return createSQL{}, fmt.Errorf("statements of a create: %w", err)
		}
	}
	if missing := s.sql.missing(); len(s.sql.statements) != 2 || missing != "" {
		return createSQL{}, fmt.Errorf("statements of a create: got %d, want 2; missing in them: %q",
			len(s.sql.statements), missing)
	}
	return s.sql, nil
}

// missing returns a value that should be in the statements and is not.
func (c createSQL) missing() string {
	all := strings.Join(c.statements, "\n")
	for _, v := range c.computed {
		if !strings.Contains(all, v.expression) {
			return v.expression
		}
	}
	return ""
}

func hexBytes(b []byte) string { return `\x` + hex.EncodeToString(b) }

// digitsAfter is SQL for a prefix and then a variable of pgbench, which computes
// numbers only.
func digitsAfter(prefix, name string) string {
	return "('" + prefix + "' || :" + name + "::text)"
}

// newBucketPrefix begins the ids that pgbench makes. As in those of the server,
// the time is in it.
func newBucketPrefix(now time.Time) string {
	return fmt.Sprintf("%08x", now.Unix())[:len(bucketPrefix)]
}

// scribe is a connection that writes the statements down and runs none.
type scribe struct {
	sql createSQL
	err error
}

// errWrittenDown is all that a statement of a scribe returns.
var errWrittenDown = errors.New("statement was written down, not run")

// Exec writes a statement down.
func (s *scribe) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	s.write(sql, args)
	return pgconn.CommandTag{}, errWrittenDown
}

// Query writes a statement down.
//
//nolint:ireturn // As pgx has it.
func (s *scribe) Query(_ context.Context, sql string, args ...any) (pgx.Rows, error) {
	s.write(sql, args)
	return nil, errWrittenDown
}

// QueryRow writes a statement down.
//
//nolint:ireturn // As pgx has it.
func (s *scribe) QueryRow(_ context.Context, sql string, args ...any) pgx.Row {
	s.write(sql, args)
	return noRow{}
}

type noRow struct{}

// Scan returns errWrittenDown.
func (noRow) Scan(...any) error { return errWrittenDown }

var (
	parameter  = regexp.MustCompile(`\$[0-9]+`)
	sqlComment = regexp.MustCompile(`(?m)^\s*--.*\n`)
)

func (s *scribe) write(sql string, args []any) {
	// Pgbench would look for variables in comments.
	sql = sqlComment.ReplaceAllString(sql, "")
	sql = parameter.ReplaceAllStringFunc(sql, func(p string) string {
		n, err := strconv.Atoi(p[1:])
		if err != nil || n < 1 || n > len(args) {
			s.err = fmt.Errorf("no argument %s in:\n%s", p, sql)
			return p
		}
		return s.argument(args[n-1])
	})
	s.sql.statements = append(s.sql.statements, strings.TrimSpace(sql)+";")
}

// argument returns what stands for an argument in pgbench's script. Pgbench
// sends no NULL, so a NULL is in the text.
func (s *scribe) argument(arg any) string {
	switch arg := arg.(type) {
	case objectid.ID:
		return s.value(arg.String())
	case *objectid.ID:
		if arg != nil {
			return s.value(arg.String())
		}
	case []byte:
		return s.value(hexBytes(arg))
	case *string:
		if arg != nil {
			return s.value(*arg)
		}
	case *bool:
		if arg != nil {
			return s.value(strconv.FormatBool(*arg))
		}
	case time.Time:
		return s.value(arg.UTC().Format("2006-01-02 15:04:05.999999Z07:00"))
	case string:
		return s.value(arg)
	case db.CloudProvider:
		return s.value(string(arg))
	default:
		s.err = fmt.Errorf("cannot tell pgbench of an argument of type %T", arg)
	}
	return "NULL"
}

// value returns what is computed instead of the value, or else a variable that
// has it.
func (s *scribe) value(text string) string {
	for _, v := range s.sql.computed {
		if v.example == text {
			return v.expression
		}
	}
	for _, v := range s.sql.variables {
		if v.value == text {
			return ":" + v.name
		}
	}
	v := variable{name: fmt.Sprintf("constant%d", len(s.sql.variables)+1), value: text}
	s.sql.variables = append(s.sql.variables, v)
	return ":" + v.name
}
