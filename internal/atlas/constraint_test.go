package atlas

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"exportbuckets/internal/dbtest"
)

// A constraint that is renamed by a migration would turn an answer into an
// internal error, and nothing but this would tell.
func TestTheConstraintsThatAreRecognisedExist(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	names := constraintConstants(t)
	if !slices.Contains(names, exportBucketsRoleFkey) {
		t.Fatalf("constants: got %q, want %s among them", names, exportBucketsRoleFkey)
	}
	for _, name := range names {
		var exists bool
		err := pool.QueryRow(t.Context(), `SELECT EXISTS (
			SELECT FROM pg_constraint WHERE conname = $1 AND connamespace = 'public'::regnamespace
			UNION ALL
			SELECT FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid
			WHERE relname = $1 AND relnamespace = 'public'::regnamespace AND indisunique
		)`, name).Scan(&exists)
		if err != nil {
			t.Fatal(err)
		}
		if !exists {
			t.Errorf("%s: got no such constraint in the schema", name)
		}
	}
}

func TestIsViolationKnowsTheConstraint(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"the constraint": {&pgconn.PgError{Code: "23503", ConstraintName: exportBucketsRoleFkey}, true},
		"the constraint, wrapped": {
			fmt.Errorf("insert: %w", &pgconn.PgError{Code: "23503", ConstraintName: exportBucketsRoleFkey}), true,
		},
		"another constraint": {&pgconn.PgError{Code: "23503", ConstraintName: "export_buckets_pkey"}, false},
		"no constraint":      {&pgconn.PgError{Code: "57014"}, false},
		"another error":      {errors.New(exportBucketsRoleFkey), false},
		"no error":           {nil, false},
	} {
		if got := isViolation(tt.err, exportBucketsRoleFkey); got != tt.want {
			t.Errorf("%s: got %t, want %t", name, got, tt.want)
		}
	}
}

// constraintConstants returns the values of the package's constants that have
// the form of a constraint's name, and fails the test for a call of isViolation
// with anything but a constant.
func constraintConstants(t *testing.T) []string {
	t.Helper()
	form := regexp.MustCompile(`^[a-z0-9_]+_(?:pkey|fkey|key|check|excl)$`)
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	values := make(map[string]string) // by the constant's name
	var asked []string
	files := token.NewFileSet()
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, entry.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.GenDecl:
				if node.Tok != token.CONST {
					return true
				}
				for _, spec := range node.Specs {
					spec, ok := spec.(*ast.ValueSpec)
					if !ok {
						continue
					}
					for i, value := range spec.Values {
						if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
							text, err := strconv.Unquote(literal.Value)
							if err != nil {
								t.Fatal(err)
							}
							values[spec.Names[i].Name] = text
						}
					}
				}
			case *ast.CallExpr:
				if called, ok := node.Fun.(*ast.Ident); ok && called.Name == "isViolation" {
					name, ok := node.Args[1].(*ast.Ident)
					if !ok {
						t.Errorf("%s: want a constant as the constraint", files.Position(node.Pos()))
						return true
					}
					asked = append(asked, name.Name)
				}
			}
			return true
		})
	}
	var names []string
	for _, value := range values {
		if form.MatchString(value) {
			names = append(names, value)
		}
	}
	for _, name := range asked {
		if !slices.Contains(names, values[name]) {
			t.Errorf("isViolation(err, %s): got %q, want the name of a constraint", name, values[name])
		}
	}
	return names
}
