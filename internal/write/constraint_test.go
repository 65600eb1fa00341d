package write_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/write"
)

// A constraint that is renamed by a migration would turn an answer into an
// internal error, and nothing but this would tell.
func TestTheConstraintsThatAreRecognizedExist(t *testing.T) {
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

// exportBucketsRoleFkey is one of the constraints.
const exportBucketsRoleFkey = "export_buckets_project_id_role_id_cloud_provider_fkey"

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
		if got := write.IsViolation(tt.err, exportBucketsRoleFkey); got != tt.want {
			t.Errorf("%s: got %t, want %t", name, got, tt.want)
		}
	}
}

// constraintConstants returns the values of all constants of the program that have
// the form of a constraint's name, and fails the test for a call of IsViolation with
// anything but such a constant.
func constraintConstants(t *testing.T) []string {
	t.Helper()
	form := regexp.MustCompile(`^[a-z0-9_]+_(?:pkey|fkey|key|check|excl)$`)
	paths, err := filepath.Glob("../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	files := token.NewFileSet()
	packages := make(map[string]*sources)
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Dir(path)
		if packages[dir] == nil {
			packages[dir] = &sources{constants: make(map[string]string)}
		}
		ast.Inspect(file, packages[dir].read)
	}
	for dir, p := range packages {
		for _, value := range p.constants {
			if form.MatchString(value) {
				names = append(names, value)
			}
		}
		for _, asked := range p.asked {
			if !slices.Contains(names, p.constants[asked]) {
				t.Errorf("%s: IsViolation(err, %s): got %q, want the name of a constraint",
					dir, asked, p.constants[asked])
			}
		}
	}
	return names
}

// sources is what a package declares and asks.
type sources struct {
	constants map[string]string // of text, by their names
	asked     []string          // what IsViolation is called with
}

func (p *sources) read(node ast.Node) bool {
	switch node := node.(type) {
	case *ast.ValueSpec:
		for i, value := range node.Values {
			if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				p.constants[node.Names[i].Name], _ = strconv.Unquote(literal.Value)
			}
		}
	case *ast.CallExpr:
		name := ""
		switch called := node.Fun.(type) {
		case *ast.Ident:
			name = called.Name
		case *ast.SelectorExpr:
			name = called.Sel.Name
		}
		if name == "IsViolation" {
			argument, ok := node.Args[1].(*ast.Ident)
			if !ok {
				argument = ast.NewIdent("something that is no constant")
			}
			p.asked = append(p.asked, argument.Name)
		}
	}
	return true
}
