package main

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/torture"
)

// However many replicas migrate a database at once, and whenever one of them is
// killed, the schema is the same in the end.
func TestTortureMigrations(t *testing.T) {
	t.Parallel()
	want := schema(t, dbtest.NewURL(t))
	deadline := torture.Deadline(t, 0)
	rounds, killed := 0, 0
	for rounds == 0 || time.Now().Before(deadline) && !t.Failed() {
		address := dbtest.NewEmptyURL(t)
		s := settings{
			flags: []string{"--seed", demoSeedFile},
			env:   []string{"DATABASE_URL=" + address},
		}
		var starters []*program
		for range 4 {
			starters = append(starters, launchServer(t, s))
		}
		for _, p := range starters[1:] {
			pause(t.Context(), time.Duration(rand.N(200))*time.Millisecond)
			p.signal(syscall.SIGKILL)
			killed++
		}
		starters[0].waitServing(t)
		starters[0].stop(t)
		if diff := cmp.Diff(want, schema(t, address)); diff != "" {
			t.Errorf("round %d: schema (-want +got):\n%s", rounds, diff)
		}
		rounds++
	}
	torture.Figure(t, "rounds", rounds)
	torture.Figure(t, "killed", killed)
}

// schema returns the columns, constraints and indexes of a database, and which
// migrations were applied.
func schema(t *testing.T, databaseURL string) []string {
	t.Helper()
	return query[string](t, connect(t, databaseURL), `
		SELECT concat_ws(' ', table_name, column_name, data_type, column_default, is_nullable)
		FROM information_schema.columns WHERE table_schema = 'public'
		UNION ALL
		SELECT concat_ws(' ', conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid))
		FROM pg_constraint WHERE connamespace = 'public'::regnamespace
		UNION ALL
		SELECT concat_ws(' ', indexrelid::regclass, indisvalid, pg_get_indexdef(indexrelid))
		FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = 'public'::regnamespace
		UNION ALL
		SELECT concat_ws(' ', version_id, is_applied) FROM goose_db_version
		ORDER BY 1`)
}
