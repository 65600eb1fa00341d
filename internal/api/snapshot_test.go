package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/atlas"
)

const demoSnapshots = demoClusters + "/c/backup/snapshots"

func TestASnapshotPassesThroughItsStates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.createBackedUp(t, "c")
	created := b.sendAs(t, "2023-01-01", 200, http.MethodPost, demoSnapshots,
		`{"description":"test-snapshot","retentionInDays":1}`)
	golden(t, "snapshot_queued", created)
	path := demoSnapshots + "/" + cut(t, created, `"id":"`)
	for _, tt := range []struct {
		method, body, code string
	}{
		{http.MethodPost, `{}`, "UNFINISHED_ON_DEMAND_SNAPSHOT"},
		{http.MethodDelete, "", "CANNOT_DELETE_IN_PROGRESS_SNAPSHOT"},
		{http.MethodPatch, `{"retentionUnit":"DAYS","retentionValue":2}`, "CANNOT_MODIFY_IN_PROGRESS_SNAPSHOT_RETENTION"},
	} {
		at := path
		if tt.method == http.MethodPost {
			at = demoSnapshots
		}
		if got := b.sendAs(t, "2023-01-01", 400, tt.method, at, tt.body); !strings.Contains(got, `"`+tt.code+`"`) {
			t.Errorf("%s, while it is queued: got %s, want %s", tt.method, got, tt.code)
		}
	}
	b.clock.advance(time.Second)
	golden(t, "snapshot_in_progress", b.sendAs(t, "2023-01-01", 200, http.MethodGet, path, ""))
	b.clock.advance(2 * time.Second)
	golden(t, "snapshot_taken", b.sendAs(t, "2023-01-01", 200, http.MethodGet, path, ""))
	b.clock.advance(2 * time.Second)
	golden(t, "snapshot_completed", b.sendAs(t, "2023-01-01", 200, http.MethodGet, path, ""))
	golden(t, "snapshots", b.sendAs(t, "2023-01-01", 200, http.MethodGet,
		demoSnapshots+"?includeCount=true&itemsPerPage=100&pageNum=1", ""))
	golden(t, "snapshot_kept", b.sendAs(t, "2023-01-01", 200, http.MethodPatch, path,
		`{"retentionUnit":"MONTHS","retentionValue":2}`))

	// Another one, which is listed first, and expires.
	second := cut(t, b.sendAs(t, "2023-01-01", 200, http.MethodPost, demoSnapshots, `{}`), `"id":"`)
	if got := b.sendAs(t, "2023-01-01", 200, http.MethodGet, demoSnapshots, ""); cut(t, got, `"id":"`) != second {
		t.Errorf("got %s, want %s first", got, second)
	}
	b.clock.advance(24*time.Hour + 4*time.Second)
	b.sendAs(t, "2023-01-01", 200, http.MethodGet, demoSnapshots+"/"+second, "")
	b.clock.advance(time.Second)
	want := refusal(404, "SNAPSHOT_NOT_FOUND", "No snapshot with ID "+second+" exists for cluster c.", second, "c")
	if got := b.sendAs(t, "2023-01-01", 404, http.MethodGet, demoSnapshots+"/"+second, ""); got != want {
		t.Errorf("one that has expired: got %s, want %s", got, want)
	}
	b.sendAs(t, "2023-01-01", 204, http.MethodDelete, path, "")
	b.sendAs(t, "2023-01-01", 404, http.MethodGet, path, "")
}

func TestSnapshotsOfAShardedCluster(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sendAs(t, "2024-10-23", 201, http.MethodPost, demoClusters, strings.NewReplacer(
		"REPLICASET", "SHARDED", newShard, newShard+","+newShard).Replace(backedUp("c")))
	b.pass(t, 10*time.Second)
	created := b.sendAs(t, "2023-01-01", 200, http.MethodPost, demoSnapshots, `{"description":"d"}`)
	id := cut(t, created, `"id":"`)
	b.clock.advance(5 * time.Second)
	got := b.sendAs(t, "2023-01-01", 200, http.MethodGet, demoSnapshots+"/shardedCluster/"+id, "")
	golden(t, "snapshot_sharded", got)
	if other := b.sendAs(t, "2023-01-01", 200, http.MethodGet, demoSnapshots+"/"+id, ""); other != got {
		t.Errorf("by the path of replica sets: got %s, want %s", other, got)
	}
	for path, want := range map[string]string{"": "0", "/shardedClusters": "1"} {
		if got := b.sendAs(t, "2023-01-01", 200, http.MethodGet, demoSnapshots+path, ""); !strings.HasSuffix(got, `"totalCount":`+want+`}`) {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	b.sendAs(t, "2023-01-01", 204, http.MethodDelete, demoSnapshots+"/shardedCluster/"+id, "")

	b.createBackedUp(t, "r")
	b.insertSnapshots(t, "r", spareSnapshot)
	replicas := demoClusters + "/r/backup/snapshots/shardedCluster"
	b.sendAs(t, "2023-01-01", 404, http.MethodGet, replicas+"/"+spareSnapshot, "")
	if got := b.sendAs(t, "2023-01-01", 200, http.MethodGet, replicas+"s", ""); !strings.HasSuffix(got, `"totalCount":0}`) {
		t.Errorf("of a replica set: got %s, want none", got)
	}
}

func TestSnapshotsThatCannotBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.createBackedUp(t, "c")
	b.createCluster(t, "plain")
	b.sendAs(t, "2024-10-23", 201, http.MethodPost, demoClusters, backedUp("paused"))
	b.sendAs(t, "2024-10-23", 201, http.MethodPost, demoClusters, backedUp("gone"))
	b.pass(t, 10*time.Second)
	b.sendAs(t, "2024-10-23", 200, http.MethodPatch, demoClusters+"/paused", `{"paused":true}`)
	b.sendAs(t, "2023-02-01", 202, http.MethodDelete, demoClusters+"/gone", "")
	b.sendAs(t, "2024-10-23", 201, http.MethodPost, demoClusters, backedUp("new"))
	b.insertSnapshots(t, "c", spareSnapshot)
	for _, tt := range []struct{ method, path, body, code string }{
		{http.MethodPost, "/c", `{"retentionInDays":0}`, "BACKUP_SNAPSHOT_RETENTION_VALUE_INVALID"},
		{http.MethodPost, "/c", `{"retentionInDays":40000}`, "BACKUP_SNAPSHOT_RETENTION_VALUE_INVALID"},
		{http.MethodPost, "/c", `{"description":"` + strings.Repeat("d", 251) + `"}`, "INVALID_ATTRIBUTE"},
		{http.MethodPost, "/plain", `{}`, "BACKUP_JOB_NOT_FOUND"},
		{http.MethodPost, "/new", `{}`, "BACKUP_JOB_NOT_FOUND"},
		{http.MethodPost, "/gone", `{}`, "BACKUP_JOB_NOT_FOUND"},
		{http.MethodPost, "/paused", `{}`, "CANNOT_UPDATE_PAUSED_CLUSTER"},
		{http.MethodPost, "/none", `{}`, "CLUSTER_NOT_FOUND"},
		{http.MethodPatch, "/c", `{"retentionValue":1}`, "MISSING_ATTRIBUTE"},
		{http.MethodPatch, "/c", `{"retentionUnit":"DAYS"}`, "MISSING_ATTRIBUTE"},
		{http.MethodPatch, "/c", `{"retentionUnit":"days","retentionValue":1}`, "INVALID_ENUM_VALUE"},
		{http.MethodPatch, "/c", `{"retentionUnit":"YEARS","retentionValue":101}`, "BACKUP_SNAPSHOT_RETENTION_VALUE_INVALID"},
		{http.MethodPatch, "/plain", `{"retentionUnit":"DAYS","retentionValue":1}`, "SNAPSHOT_NOT_FOUND"},
		{http.MethodDelete, "/plain", "", "SNAPSHOT_NOT_FOUND"}, // it is another cluster's
		{http.MethodGet, "/plain", "", "SNAPSHOT_NOT_FOUND"},
		{http.MethodGet, "/none", "", "CLUSTER_NOT_FOUND"},
	} {
		path := demoClusters + tt.path + "/backup/snapshots"
		if tt.method != http.MethodPost {
			path += "/" + spareSnapshot
		}
		got := b.do(t, request{method: tt.method, path: path, body: tt.body, header: http.Header{"Accept": {v2025}}})
		if got.header.Get("X-Error-Code") != tt.code {
			t.Errorf("%s %s %s: got %d %s, want %s", tt.method, tt.path, tt.body, got.status, got.body, tt.code)
		}
	}
}

// taken returns the frequencies of the snapshots of the cluster, and when they were taken,
// the newest first.
func (b *bundle) taken(t *testing.T) []string {
	t.Helper()
	var taken []string
	body := b.sendAs(t, "2023-01-01", 200, http.MethodGet, demoSnapshots+"?itemsPerPage=500", "")
	for _, part := range strings.Split(body, `{"cloudProvider"`)[1:] {
		taken = append(taken, cut(t, part, `"frequencyType":"`)+" "+cut(t, part, `"createdAt":"`))
	}
	return taken
}

// Snapshots are taken when they are due, though nobody looks.
func TestSnapshotsAreTakenAsTheScheduleSays(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.pace = atlas.Paces["instant"] })
	b.createBackedUp(t, "c")
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule, `{"referenceHourOfDay":4,"referenceMinuteOfHour":0,`+
		`"policies":[{"policyItems":[{"frequencyInterval":12,"frequencyType":"hourly","retentionUnit":"days","retentionValue":2},`+
		`{"frequencyInterval":1,"frequencyType":"daily","retentionUnit":"days","retentionValue":3},`+
		`{"frequencyInterval":3,"frequencyType":"weekly","retentionUnit":"weeks","retentionValue":4},`+
		`{"frequencyInterval":40,"frequencyType":"monthly","retentionUnit":"months","retentionValue":2}]}]}`)
	b.clock.advance(-10 * time.Second) // to when it began
	b.clock.advance(4 * 24 * time.Hour)
	// 2026-08-12 is a Wednesday: one snapshot serves the daily and the weekly item.
	want := []string{
		"hourly 2026-08-13T15:03:46Z", "daily 2026-08-13T04:00:00Z", "hourly 2026-08-13T03:03:46Z",
		"hourly 2026-08-12T15:03:46Z", "weekly 2026-08-12T04:00:00Z", "hourly 2026-08-12T03:03:46Z",
		"daily 2026-08-11T04:00:00Z",
	}
	if diff := cmp.Diff(want, b.taken(t)); diff != "" {
		t.Errorf("after four days (-want +got):\n%s", diff)
	}
	schedule := b.sendAs(t, "2024-08-05", 200, http.MethodGet, demoSchedule, "")
	if got := cut(t, schedule, `"nextSnapshot":"`); got != "2026-08-14T03:03:46Z" {
		t.Errorf("next: got %s, want 2026-08-14T03:03:46Z", got)
	}
	// A cluster that is paused is left out, and what it misses is not made up for.
	b.sendAs(t, "2024-10-23", 200, http.MethodPatch, demoClusters+"/c", `{"paused":true}`)
	b.pass(t, 24*time.Hour)
	b.sendAs(t, "2024-10-23", 200, http.MethodPatch, demoClusters+"/c", `{"paused":false}`)
	want = []string{
		"hourly 2026-08-13T15:03:46Z", "daily 2026-08-13T04:00:00Z", "hourly 2026-08-13T03:03:46Z",
		"weekly 2026-08-12T04:00:00Z",
	}
	if diff := cmp.Diff(want, b.taken(t)); diff != "" {
		t.Errorf("after a pause (-want +got):\n%s", diff)
	}
	b.pass(t, 17*24*time.Hour)
	if got := b.taken(t); !slices.Contains(got, "monthly 2026-08-31T04:00:00Z") {
		t.Errorf("after the last day of the month: got %q, want a monthly snapshot", got)
	}
}

// What was taken follows the policy if the body says so.
func TestSnapshotsFollowAChangeOfThePolicy(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.pace = atlas.Paces["instant"] })
	b.createBackedUp(t, "c")
	b.pass(t, 3*24*time.Hour)
	before := b.taken(t)
	if len(before) != 3 { // at the time of the day when it was made
		t.Fatalf("got %q, want three", before)
	}
	schedule := b.sendAs(t, "2024-08-05", 200, http.MethodGet, demoSchedule, "")
	daily := `{"id":"` + cut(t, schedule, `"frequencyType":"daily","id":"`) + `","frequencyInterval":1,` +
		`"frequencyType":"daily","retentionUnit":"days","retentionValue":2}`
	weekly := `{"frequencyInterval":1,"frequencyType":"weekly","retentionUnit":"weeks","retentionValue":2}`
	policies := func(items ...string) string { return `"policies":[{"policyItems":[` + strings.Join(items, ",") + `]}]` }
	expires := func() string {
		return cut(t, b.sendAs(t, "2023-01-01", 200, http.MethodGet, demoSnapshots, ""), `"expiresAt":"`)
	}
	was := expires()
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule, `{`+policies(daily)+`}`)
	if got := expires(); got != was {
		t.Errorf("without updateSnapshots: got %s, want %s", got, was)
	}
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule, `{"updateSnapshots":true,`+policies(daily)+`}`)
	if got := expires(); got != "2026-08-15T03:03:00Z" {
		t.Errorf("with updateSnapshots: got %s, want two days after 2026-08-13T03:03:00Z", got)
	}
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule, `{`+policies(weekly)+`}`)
	if got := b.taken(t); len(got) == 0 {
		t.Error("without deleteSnapshots: got no snapshot of an item that is gone")
	}
	// Of those whose item goes with it, deleteSnapshots leaves none.
	b.pass(t, 7*24*time.Hour)
	if got := b.taken(t); len(got) != 1 {
		t.Fatalf("after a week: got %q, want a weekly one", got)
	}
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule, `{"deleteSnapshots":true,`+policies(
		`{"frequencyInterval":1,"frequencyType":"daily","retentionUnit":"days","retentionValue":2}`)+`}`)
	if got := b.taken(t); len(got) != 0 {
		t.Errorf("with deleteSnapshots: got %q, want none", got)
	}
}

// A clock that jumps far makes so many snapshots at a look, the oldest first.
func TestALongTimeIsMadeUpForStepByStep(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.pace = atlas.Paces["instant"] })
	b.createBackedUp(t, "c")
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule, `{"policies":[{"policyItems":[`+
		`{"frequencyInterval":1,"frequencyType":"hourly","retentionUnit":"years","retentionValue":1}]}]}`)
	b.clock.advance(100 * 24 * time.Hour)
	for _, want := range []string{`"totalCount":2000}`, `"totalCount":2400}`, `"totalCount":2400}`} {
		got := b.sendAs(t, "2023-01-01", 200, http.MethodGet, demoSnapshots+"?itemsPerPage=1", "")
		if !strings.HasSuffix(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
