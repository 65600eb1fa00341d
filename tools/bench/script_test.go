//go:build linux

package main

import (
	"encoding/hex"
	"regexp"
	"strings"
	"testing"

	"exportbuckets/internal/objectid"
)

// anExample has one of everything that pgbench computes.
func anExample() example {
	return example{tenant: 3, bucket: number(bucketPrefix, 8), idPrefix: bucketPrefix, data: dataset{now: aMoment}}
}

func TestAnArgumentIsComputedWhereItHasPartsOfTheExample(t *testing.T) {
	t.Parallel()
	x := anExample()
	project, id := x.tenant.project().String(), x.bucket.String()
	projectSQL, idSQL := digitsAfter(projectPrefix, "tenant"), digitsAfter(bucketPrefix, "serial")
	for name, tt := range map[string]struct{ text, want string }{
		"an id":          {project, "(" + projectSQL + ")"},
		"an array":       {"{" + id + "}", "(:constant0::text || " + idSQL + " || :constant1::text)"},
		"several in one": {project + id, "(" + projectSQL + " || " + idSQL + ")"},
		"a constant":     {"us-east-1", ":constant0"},
		"empty text":     {"", ":constant0"},
		"another's id":   {tenant(4).project().String(), ":constant0"},
		"the hash of a token": {`\x` + hex.EncodeToString(x.tenant.tokenHash()),
			"(sha256((" + digitsAfter(tokenPrefix, "tenant") + ")::bytea))"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &script{computed: x.computed()}
			if got := s.argument([]byte(tt.text)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	s := &script{computed: x.computed()}
	if got := s.argument(nil); got != "NULL" {
		t.Errorf("a NULL: got %s, want it in the text", got)
	}
}

func TestAValueIsOneVariable(t *testing.T) {
	t.Parallel()
	s := &script{variables: []variable{{"first", "7"}}}
	if first, again := s.argument([]byte("x")), s.argument([]byte("x")); first != again {
		t.Errorf("got %s and %s, want one", first, again)
	}
	if got := s.argument([]byte("7")); got == ":first" {
		t.Errorf("got %s, want a variable of its own", got)
	}
	if len(s.variables) != 3 {
		t.Errorf("got %v, want three", s.variables)
	}
}

func TestParametersAreComputedAsOftenAsInACreate(t *testing.T) {
	t.Parallel()
	s := &script{computed: anExample().computed()}
	id := number(bucketPrefix, 8).String()
	for _, text := range []string{id, "constant", id} {
		s.argument([]byte(text))
	}
	scripts := s.parameters()
	idSQL := digitsAfter(bucketPrefix, "serial")
	if want := "SELECT :plain0::text, :plain1::text;\n"; !strings.HasSuffix(scripts[0].text, want) {
		t.Errorf("plain: got %q, want %q at its end", scripts[0].text, want)
	}
	if want := "SELECT (" + idSQL + "), (" + idSQL + ");\n"; !strings.HasSuffix(scripts[1].text, want) {
		t.Errorf("computed: got %q, want %q at its end", scripts[1].text, want)
	}
	if last := scripts[0].variables[len(scripts[0].variables)-1]; last != (variable{"plain1", id}) {
		t.Errorf("variables: got %v, want the value as the last", scripts[0].variables)
	}
}

// checkScript sees that a script has nothing but what pgbench knows.
func checkScript(t *testing.T, name string, s *script, want string) {
	t.Helper()
	if !strings.Contains(s.text, "FROM access_tokens") || !strings.Contains(s.text, want) {
		t.Errorf("%s: got\n%s\nwant the statement that authenticates, and %s", name, s.text, want)
	}
	if rest := regexp.MustCompile(`\$[0-9]+|(?m)^--.*`).FindString(s.text); rest != "" {
		t.Errorf("%s: got %q in\n%s\nwant nothing that pgbench does not know", name, rest, s.text)
	}
	defined := map[string]bool{
		"tenant": true, "serial": true, "turn": true, "clients": true, "client_id": true, "next": true,
	}
	for _, v := range s.variables {
		defined[v.name] = true
	}
	for _, used := range regexp.MustCompile(`[^:]:([a-z]\w*)`).FindAllStringSubmatch(s.text, -1) {
		if !defined[used[1]] {
			t.Errorf("%s: got a variable %s in\n%s\nwant only %v", name, used[1], s.text, s.variables)
		}
	}
	for _, id := range regexp.MustCompile(`[0-9a-f]{24}`).FindAllString(s.text, -1) {
		if _, err := objectid.Parse(id); err == nil {
			t.Errorf("%s: got the id %s in\n%s\nwant another each time", name, id, s.text)
		}
	}
}
