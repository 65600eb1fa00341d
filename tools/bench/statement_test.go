//go:build linux

package main

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

var aMoment = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

func TestACreateIsOneReadAndOneInsertOfTheServers(t *testing.T) {
	t.Parallel()
	sql, err := createStatements(aMoment)
	if err != nil {
		t.Fatal(err)
	}
	if len(sql.statements) != 2 {
		t.Fatalf("got %d statements, want 2", len(sql.statements))
	}
	for i, want := range []string{"FROM access_tokens", "INSERT INTO export_buckets"} {
		if !strings.Contains(sql.statements[i], want) {
			t.Errorf("statement %d: got\n%s\nwant %s in it", i, sql.statements[i], want)
		}
	}
	all := strings.Join(sql.statements, "\n")
	if rest := regexp.MustCompile(`\$[0-9]+|(?m)^--.*`).FindString(all); rest != "" {
		t.Errorf("got %q in\n%s\nwant nothing that pgbench does not know", rest, all)
	}
	// What pgbench is told of, it is told of under a name that it has.
	defined := map[string]bool{"tenant": true, "serial": true}
	for _, v := range sql.variables {
		defined[v.name] = true
	}
	for _, name := range regexp.MustCompile(`[^:]:([a-z]\w*)`).FindAllStringSubmatch(all, -1) {
		if !defined[name[1]] {
			t.Errorf("got a variable %s in\n%s\nwant only %v", name[1], all, sql.variables)
		}
	}
}

func TestWhatTheServerSendsAsNullIsNullInTheText(t *testing.T) {
	t.Parallel()
	sql, err := createStatements(aMoment)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"public_key = NULL::text", "NULL::text"} {
		if !strings.Contains(sql.statements[i], want) {
			t.Errorf("statement %d: got\n%s\nwant %s in it", i, sql.statements[i], want)
		}
	}
}

func TestParametersAreComputedAsOftenAsInACreate(t *testing.T) {
	t.Parallel()
	sql := createSQL{
		statements: []string{"SELECT (a) WHERE (b) = (b)", "INSERT (a)"},
		computed:   []computed{{"(a)", "text", "x"}, {"(b)", "bytea", "y"}},
	}
	plain, computed, variables := sql.parameters()
	if want := "SELECT :plain0::text, :plain0::text, :plain1::bytea;"; plain != want {
		t.Errorf("plain: got %q, want %q", plain, want)
	}
	if want := "SELECT (a)::text, (a)::text, (b)::bytea, (b)::bytea;"; computed != want {
		t.Errorf("computed: got %q, want %q", computed, want)
	}
	if len(variables) != 2 || variables[1] != (variable{"plain1", "y"}) {
		t.Errorf("variables: got %v, want the two examples", variables)
	}
}

func TestAnArgumentOfAnUnknownTypeIsToldOf(t *testing.T) {
	t.Parallel()
	var s scribe
	s.write("SELECT $1", []any{struct{}{}})
	if s.err == nil {
		t.Errorf("got %q, want an error", s.sql.statements)
	}
	var short scribe
	short.write("SELECT $2", []any{"one"})
	if short.err == nil {
		t.Errorf("got %q, want an error", short.sql.statements)
	}
}
