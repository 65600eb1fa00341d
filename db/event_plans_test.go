package db_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exportbuckets/db"
)

// manyEvents gives a project and an organization 20,000 events. So few could as well be found
// by a bitmap and sorted, which is not to be seen here.
const manyEvents = `
SET enable_bitmapscan = off;
INSERT INTO orgs (id, name, api_access_list_required, created_at)
	VALUES (repeat('0', 24), 'org', false, now());
INSERT INTO project_events (project_id, id, created_at, type)
	SELECT repeat('0', 24), lpad(to_hex(i), 24, '0'), now() - i * interval '1 minute', 'T'
	FROM generate_series(1, 20000) AS i;
INSERT INTO org_events (org_id, id, created_at, type)
	SELECT repeat('0', 24), lpad(to_hex(i), 24, '0'), now() - i * interval '1 minute', 'T'
	FROM generate_series(1, 20000) AS i;
`

// A page is read as it stands in the index, without sorting all events, and they are
// counted without reading them.
func TestEventsAreCountedInTheIndexAloneAndReadInItsOrder(t *testing.T) {
	t.Parallel()
	conn := connect(t, manyEvents)
	if _, err := conn.Exec(t.Context(), "VACUUM (ANALYZE) project_events, org_events"); err != nil {
		t.Fatal(err)
	}
	for name, query := range map[string]plannedQuery{
		"ListProjectEvents": {
			func(ctx context.Context, q *db.Queries, tx db.DBTX) error {
				_, err := q.ListProjectEvents(ctx, tx, db.ListProjectEventsParams{})
				return err
			},
			map[string][]string{"project_events": {"project_id", "created_at"}},
		},
		"ListOrgEvents": {
			func(ctx context.Context, q *db.Queries, tx db.DBTX) error {
				_, err := q.ListOrgEvents(ctx, tx, db.ListOrgEventsParams{})
				return err
			},
			map[string][]string{"org_events": {"org_id", "created_at"}},
		},
	} {
		ways := make(map[string]int)
		for node := range explain(t, conn, name, query).all {
			ways[node.Type]++
			for _, column := range query.lookup[node.Relation] {
				if !strings.Contains(node.IndexCond, column) {
					t.Errorf("%s: got the index condition %q, want %s in it", name, node.IndexCond, column)
				}
			}
		}
		want := map[string]int{"Limit": 1, "Index Scan": 1, "Aggregate": 1, "Index Only Scan": 1}
		delete(ways, "Result") // which knows the parameters alone
		if diff := cmp.Diff(want, ways); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
