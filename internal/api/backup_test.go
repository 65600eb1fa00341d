package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// backedUp is a body that creates a cluster with backup.
func backedUp(name string) string {
	return strings.Replace(newCluster(name), "{", `{"backupEnabled":true,`, 1)
}

// createBackedUp creates a cluster with backup and waits until it is there.
func (b *bundle) createBackedUp(t testing.TB, name string) {
	t.Helper()
	b.sendAs(t, "2024-10-23", http.StatusCreated, http.MethodPost, demoClusters, backedUp(name))
	b.pass(t, 10*time.Second)
}

// insertSnapshots adds completed snapshots to a cluster of the demo project, which are kept
// for a year.
func (b *bundle) insertSnapshots(t testing.TB, name string, ids ...string) {
	t.Helper()
	for _, id := range ids {
		tag, err := b.pool.Exec(t.Context(), `INSERT INTO snapshots SELECT project_id, $3, id, 'd', 'ondemand', '{}',
			'AWS', '8.0.29', NULL, 'years', 1, $4, $4, $4, $4, false, $5, $5
			FROM clusters WHERE project_id = $1 AND name = $2`,
			demoProject, name, id, b.clock.Now(), b.clock.Now().AddDate(1, 0, 0))
		if err != nil || tag.RowsAffected() != 1 {
			t.Fatalf("insert snapshot: got error %v and %d rows, want one", err, tag.RowsAffected())
		}
	}
}

// insertExportJob adds a job of a cluster of the demo project that failed.
func (b *bundle) insertExportJob(t testing.TB, name, id string) {
	t.Helper()
	tag, err := b.pool.Exec(t.Context(), `INSERT INTO export_jobs SELECT project_id, $3, id, $3, $3, '[]', 'prefix', NULL,
		1, $4, $4, $4, '{"errorCode":"BUCKET_NOT_WRITABLE","message":"The bucket can''t be written to."}'
		FROM clusters WHERE project_id = $1 AND name = $2`, demoProject, name, id, b.clock.Now())
	if err != nil || tag.RowsAffected() != 1 {
		t.Fatalf("insert export job: got error %v and %d rows, want one", err, tag.RowsAffected())
	}
}
