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

// createStatements returns what pgbench runs for one create: the statement that
// authenticates a request with a bearer token, and the one that adds one export
// bucket. Each is a transaction of its own.
//
// This is the one place that says what a create is to PostgreSQL. The text is
// the server's: sqlc's functions are called, with a connection that keeps what
// they would have sent.
func createStatements(now time.Time) (statements []string, variables []variable, err error) {
	project, role, id := tenant(0).project(), tenant(0).role(), number(bucketPrefix, 0)
	hash := tenant(0).tokenHash()
	region, private := awsRegion, false
	s := scribe{known: map[any]string{
		project:                  digitsAfter(projectPrefix, "tenant"),
		role:                     digitsAfter(rolePrefix, "tenant"),
		id:                       digitsAfter(newBucketPrefix(now), "serial"),
		hex.EncodeToString(hash): "sha256(" + digitsAfter(tokenPrefix, "tenant") + "::bytea)",
	}}
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
			return nil, nil, fmt.Errorf("statements of a create: %w", err)
		}
	}
	if len(s.statements) != 2 || s.missing() != "" {
		return nil, nil, fmt.Errorf("statements of a create: got %d, want 2; missing in them: %q", len(s.statements), s.missing())
	}
	return s.statements, s.variables, nil
}

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

// variable is a variable of pgbench whose value stays.
type variable struct{ name, value string }

// scribe is a connection that writes the statements down in the form of
// pgbench's scripts and runs none.
type scribe struct {
	known      map[any]string // what stands for an argument
	statements []string
	variables  []variable
	err        error
}

// errWrittenDown is all that a statement of a scribe returns.
var errWrittenDown = errors.New("statement was written down, not run")

// Exec writes a statement down.
func (s *scribe) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	s.write(sql, args)
	return pgconn.CommandTag{}, errWrittenDown
}

// Query writes a statement down.
func (s *scribe) Query(_ context.Context, sql string, args ...any) (pgx.Rows, error) {
	s.write(sql, args)
	return nil, errWrittenDown
}

// QueryRow writes a statement down.
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
	s.statements = append(s.statements, strings.TrimSpace(sql)+";")
}

// argument returns what stands for an argument in pgbench's script. Pgbench
// sends no NULL, so a NULL is in the text.
func (s *scribe) argument(arg any) string {
	var value string
	switch arg := arg.(type) {
	case objectid.ID:
		return s.knownID(arg)
	case *objectid.ID:
		if arg == nil {
			return "NULL"
		}
		return s.knownID(*arg)
	case []byte:
		return s.known[hex.EncodeToString(arg)]
	case *string:
		if arg == nil {
			return "NULL"
		}
		value = *arg
	case *bool:
		if arg == nil {
			return "NULL"
		}
		value = strconv.FormatBool(*arg)
	case time.Time:
		value = arg.UTC().Format("2006-01-02 15:04:05.999999Z07:00")
	case string:
		value = arg
	case db.CloudProvider:
		value = string(arg)
	default:
		s.err = fmt.Errorf("cannot tell pgbench of an argument of type %T", arg)
	}
	return s.constant(value)
}

func (s *scribe) knownID(id objectid.ID) string {
	if text, ok := s.known[id]; ok {
		return text
	}
	return s.constant(id.String())
}

// constant returns a variable that has the value.
func (s *scribe) constant(value string) string {
	for _, v := range s.variables {
		if v.value == value {
			return ":" + v.name
		}
	}
	v := variable{name: fmt.Sprintf("constant%d", len(s.variables)+1), value: value}
	s.variables = append(s.variables, v)
	return ":" + v.name
}

// missing returns what should be in the statements and is not.
func (s *scribe) missing() string {
	all := strings.Join(s.statements, "\n")
	for _, text := range s.known {
		if !strings.Contains(all, text) {
			return text
		}
	}
	return ""
}
