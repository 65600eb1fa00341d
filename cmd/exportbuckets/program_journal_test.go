package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/waittest"
)

// writeEntry writes an entry of the demo tenant to its journal, as a replica does when a
// request that began at a time has ended.
func writeEntry(t *testing.T, conn *pgx.Conn, operation string, at time.Time) {
	t.Helper()
	execute(t, conn, `INSERT INTO journal_entries (org_id, id, at, kind, operation, status, error_code, fault, project,
			principal, user_agent, request_id, size, entry)
		SELECT '5f0000000000000000000a01', new.id, new.at, 'request', new.operation, 200, '', '', '', '', '', '', 100,
			json_build_object('id', new.id, 'kind', 'request', 'at', new.at, 'operation', new.operation, 'status', 200)
		FROM (SELECT lpad(to_hex((extract(epoch FROM $2::timestamptz) * 1000000)::bigint), 16, '0')
			|| substr(md5(random()::text), 1, 8) AS id, $1::text AS operation, $2::timestamptz AS at) AS new`, operation, at)
}

// A request is in the journal when it has ended, and later ones may be there before.
func TestATailShowsWhatBeganBeforeOthersAndEndsAfterThem(t *testing.T) {
	t.Parallel()
	token, url := filepath.Join(t.TempDir(), "token"), dbtest.NewURL(t)
	if err := os.WriteFile(token, []byte(strings.Repeat("x", 40)), 0o600); err != nil {
		t.Fatal(err)
	}
	admin := withAdmin("--staging", "--admin-token-file", token, "--seed", demoSeedFile)
	admin.env = []string{"DATABASE_URL=" + url}
	p := serve(t, admin)
	conn := connect(t, url)
	writeEntry(t, conn, "before", time.Now().Add(-time.Second))
	tail := launch(t, []string{
		"EXPORTBUCKETS_SERVER=" + p.admin(t), "EXPORTBUCKETS_TOKEN_FILE=" + token,
		"EXPORTBUCKETS_ORG=5f0000000000000000000a01",
	}, "journal", "tail")
	shows := func(operation string) func() bool {
		return func() bool { return strings.Contains(tail.out.String(), "  "+operation+"  ") }
	}
	waittest.Until(t, "the tail has begun", func() bool {
		writeEntry(t, conn, "begun", time.Now())
		return shows("begun")()
	})
	for operation, ago := range map[string]time.Duration{"slow": 50 * time.Second, "slower": 100 * time.Second} {
		writeEntry(t, conn, operation, time.Now().Add(-ago))
		waittest.Until(t, "the tail shows what ends late", shows(operation))
	}
	writeEntry(t, conn, "last", time.Now())
	waittest.Until(t, "the tail shows the last", shows("last"))
	if got := tail.stop(t); got.code != 0 || shows("before")() {
		t.Errorf("got %+v, want the end, and nothing from before the beginning", got)
	}
	seen := make(map[string]bool)
	for line := range strings.Lines(tail.out.String()) {
		if seen[line] {
			t.Errorf("got %s twice", line)
		}
		seen[line] = true
	}
}
