package migrations_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"exportbuckets/internal/dbtest"
)

func TestFilesAreNamedInAnUnbrokenSequence(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[0-9]{5}_[a-z]+(?:_[a-z0-9]+)+\.sql$`)
	for i, name := range fileNames(t) {
		if !form.MatchString(name) {
			t.Errorf("%s: want NNNNN_verb_object.sql", name)
		}
		if got, want := name[:5], fmt.Sprintf("%05d", i+1); got != want {
			t.Errorf("%s: got number %s, want %s", name, got, want)
		}
	}
}

func TestEachFileGoesUpAndDown(t *testing.T) {
	t.Parallel()
	for _, name := range fileNames(t) {
		up, down := parts(t, name)
		for part, sql := range map[string]string{"Up": up, "Down": down} {
			if !strings.Contains(sql, ";") {
				t.Errorf("%s: got no statement under %s", name, part)
			}
		}
	}
}

// written matches the names of constraints and indexes that a file adds or
// drops.
var written = regexp.MustCompile(`(?i)\b(?:(DROP|VALIDATE)\s+)?(?:CONSTRAINT|INDEX(?:\s+CONCURRENTLY)?)` +
	`(?:\s+IF\s+(?:NOT\s+)?EXISTS)?\s+"?([a-z0-9_]+)"?`)

func TestConstraintAndIndexNamesAreWrittenOutAndWhole(t *testing.T) {
	t.Parallel()
	want := make(map[string]bool)
	for _, name := range fileNames(t) {
		up, _ := parts(t, name)
		for _, match := range written.FindAllStringSubmatch(up, -1) {
			if strings.EqualFold(match[1], "DROP") {
				delete(want, match[2])
				continue
			}
			want[match[2]] = true
			if len(match[2]) > 63 {
				t.Errorf("%s: %s has %d bytes, and Postgres keeps 63", name, match[2], len(match[2]))
			}
		}
	}
	if len(want) < 30 {
		t.Fatalf("names in the files: got %d, want those of every table", len(want))
	}
	// From version 18 on NOT NULL is a constraint with a name of its own.
	got := strs(t, dbtest.New(t), `
		SELECT conname FROM pg_constraint
		WHERE connamespace = 'public'::regnamespace AND contype NOT IN ('n', 't')
			AND conrelid <> coalesce(to_regclass('goose_db_version'), 0)
		UNION
		SELECT relname FROM pg_class JOIN pg_index ON indexrelid = oid
		WHERE relnamespace = 'public'::regnamespace AND indrelid <> 'goose_db_version'::regclass`)
	for _, name := range got {
		if !want[name] {
			t.Errorf("%s: in the database, but no file writes the name out", name)
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("%s: written in a file, but not in the database", name)
	}
}
