package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const demoExports = demoClusters + "/c/backup/exports"

// newExport is a body that exports a snapshot.
func newExport(bucket, snapshot string) string {
	return fmt.Sprintf(`{"customData":[],"exportBucketId":%q,"snapshotId":%q}`, bucket, snapshot)
}

func TestAnExportJobPassesThroughItsStates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bucket := bucketID(t, b.create(t, awsBody).body)
	b.createBackedUp(t, "c")
	b.insertSnapshots(t, "c", spareSnapshot)
	created := b.sendAs(t, "2023-01-01", 200, http.MethodPost, demoExports,
		strings.Replace(newExport(bucket, spareSnapshot), `[]`, `[{"key":"ticket","value":"42"}]`, 1))
	golden(t, "export_job_queued", created)
	path := demoExports + "/" + cut(t, created, `"id":"`)
	want := refusal(409, "EXPORT_JOB_ALREADY_ACTIVE",
		"An export job for snapshot "+spareSnapshot+" is already in progress.", spareSnapshot)
	if got := b.sendAs(t, "2023-01-01", 409, http.MethodPost, demoExports, newExport(bucket, spareSnapshot)); got != want {
		t.Errorf("of the same snapshot: got %s, want %s", got, want)
	}
	for _, tt := range []struct {
		after time.Duration
		state string
	}{
		{time.Second, "Queued"}, {time.Second, "InProgress"}, {3 * time.Second, "InProgress"}, {time.Second, "Successful"},
	} {
		b.clock.advance(tt.after)
		if got := b.sendAs(t, "2023-01-01", 200, http.MethodGet, path, ""); cut(t, got, `"state":"`) != tt.state {
			t.Errorf("%s later: got %s, want %s", tt.after, got, tt.state)
		}
	}
	golden(t, "export_job_successful", b.sendAs(t, "2023-01-01", 200, http.MethodGet, path, ""))
	golden(t, "export_jobs", b.sendAs(t, "2023-01-01", 200, http.MethodGet,
		demoExports+"?includeCount=true&itemsPerPage=100&pageNum=1", ""))

	// It outlives bucket and snapshot, and another one is listed before it.
	b.clock.advance(time.Second)
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule, `{"useOrgAndGroupNamesInExportPrefix":true}`)
	second := b.sendAs(t, "2023-01-01", 200, http.MethodPost, demoExports, newExport(bucket, spareSnapshot))
	golden(t, "export_job_named", second)
	b.send(t, 204, http.MethodDelete, demoBuckets+"/"+bucket, "")
	b.sendAs(t, "2023-01-01", 204, http.MethodDelete, demoSnapshots+"/"+spareSnapshot, "")
	list := b.sendAs(t, "2023-01-01", 200, http.MethodGet, demoExports, "")
	if cut(t, list, `"id":"`) != cut(t, second, `"id":"`) || !strings.HasSuffix(list, `"totalCount":2}`) {
		t.Errorf("got %s, want two, and the second first", list)
	}
	b.insertExportJob(t, "c", "5f0000000000000000000e03")
	golden(t, "export_job_failed", b.sendAs(t, "2023-01-01", 200, http.MethodGet, demoExports+"/5f0000000000000000000e03", ""))
}

func TestExportsThatCannotBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bucket := bucketID(t, b.create(t, awsBody).body)
	b.createBackedUp(t, "c")
	b.createBackedUp(t, "d")
	b.insertSnapshots(t, "c", spareSnapshot)
	unfinished := cut(t, b.sendAs(t, "2023-01-01", 200, http.MethodPost, demoSnapshots, "{}"), `"id":"`)
	const none = "6a7900010203040506999999"
	for _, tt := range []struct{ cluster, body, code string }{
		{"c", `{"snapshotId":"` + spareSnapshot + `"}`, "MISSING_ATTRIBUTE"},
		{"c", `{"exportBucketId":"` + bucket + `"}`, "MISSING_ATTRIBUTE"},
		{"c", newExport("x", spareSnapshot), "INVALID_JSON_ATTRIBUTE"},
		{"c", newExport(none, spareSnapshot), "EXPORT_BUCKET_NOT_FOUND"},
		{"c", newExport(bucket, none), "SNAPSHOT_NOT_FOUND"},
		{"d", newExport(bucket, spareSnapshot), "SNAPSHOT_NOT_FOUND"}, // it is another cluster's
		{"e", newExport(bucket, spareSnapshot), "CLUSTER_NOT_FOUND"},
		{"c", newExport(bucket, unfinished), "SNAPSHOT_NOT_COMPLETED"},
		{"c", strings.Replace(newExport(bucket, spareSnapshot), "[]", `[{"key":"k"}]`, 1), "MISSING_ATTRIBUTE"},
		{"c", strings.Replace(newExport(bucket, spareSnapshot), "[]", `[{"key":"","value":"v"}]`, 1), "INVALID_ATTRIBUTE"},
	} {
		got := b.do(t, request{
			path: demoClusters + "/" + tt.cluster + "/backup/exports", body: tt.body, header: http.Header{"Accept": {v2025}},
		})
		if got.header.Get("X-Error-Code") != tt.code {
			t.Errorf("%s %s: got %d %s, want %s", tt.cluster, tt.body, got.status, got.body, tt.code)
		}
	}
	want := refusal(404, "EXPORT_JOB_NOT_FOUND", "No export job with ID "+none+" exists for cluster c.", none, "c")
	if got := b.sendAs(t, "2023-01-01", 404, http.MethodGet, demoExports+"/"+none, ""); got != want {
		t.Errorf("get: got %s, want %s", got, want)
	}
}

// A job waits as long as five replica sets of its project are exported.
func TestFiveReplicaSetsAreExportedAtATime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bucket := bucketID(t, b.create(t, awsBody).body)
	b.createBackedUp(t, "c")
	var snapshots []string
	for i := range 7 {
		snapshots = append(snapshots, fmt.Sprintf("5f0000000000000000000e%02d", i))
	}
	b.insertSnapshots(t, "c", snapshots...)
	for _, snapshot := range snapshots {
		b.sendAs(t, "2023-01-01", 200, http.MethodPost, demoExports, newExport(bucket, snapshot))
	}
	states := func() map[string]int {
		count := make(map[string]int)
		for _, part := range strings.Split(b.sendAs(t, "2023-01-01", 200, http.MethodGet, demoExports, ""), `"state":"`)[1:] {
			state, _, _ := strings.Cut(part, `"`)
			count[state]++
		}
		return count
	}
	for _, want := range []map[string]int{
		{"Queued": 7},
		{"Queued": 2, "InProgress": 5},
		{"Queued": 2, "InProgress": 5},
		{"Successful": 5, "InProgress": 2},
		{"Successful": 5, "InProgress": 2},
		{"Successful": 7},
	} {
		if diff := cmp.Diff(want, states()); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
		b.clock.advance(2 * time.Second)
	}
}

func TestASnapshotOfAShardedClusterIsExportedByOneJob(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bucket := bucketID(t, b.create(t, awsBody).body)
	b.sendAs(t, "2024-10-23", 201, http.MethodPost, demoClusters, strings.NewReplacer(
		"REPLICASET", "SHARDED", newShard, newShard+","+newShard).Replace(backedUp("c")))
	b.pass(t, 10*time.Second)
	snapshot := cut(t, b.sendAs(t, "2023-01-01", 200, http.MethodPost, demoSnapshots, "{}"), `"id":"`)
	b.clock.advance(5 * time.Second)
	golden(t, "export_job_sharded", b.sendAs(t, "2023-01-01", 200, http.MethodPost, demoExports, newExport(bucket, snapshot)))
}

// Completed snapshots of the frequency are exported by themselves, though nobody looks.
func TestSnapshotsAreExportedAsTheScheduleSays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bucket := bucketID(t, b.create(t, awsBody).body)
	b.createBackedUp(t, "c")
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule, `{"autoExportEnabled":true,"export":{"exportBucketId":"`+
		bucket+`","frequencyType":"daily"},"referenceHourOfDay":4,"referenceMinuteOfHour":0,"policies":[{"policyItems":[`+
		`{"frequencyInterval":12,"frequencyType":"hourly","retentionUnit":"days","retentionValue":2},`+
		`{"frequencyInterval":1,"frequencyType":"daily","retentionUnit":"days","retentionValue":2},`+
		`{"frequencyInterval":3,"frequencyType":"weekly","retentionUnit":"weeks","retentionValue":4}]}]}`)
	b.clock.advance(4 * 24 * time.Hour)
	var created []string
	body := b.sendAs(t, "2023-01-01", 200, http.MethodGet, demoExports, "")
	for _, part := range strings.Split(body, `{"createdAt":"`)[1:] {
		created = append(created, part[:20]+" "+cut(t, part, `"state":"`))
	}
	// That of the second day serves a weekly item, too. Snapshots take five seconds.
	want := []string{
		"2026-08-13T04:00:05Z Successful", "2026-08-12T04:00:05Z Successful", "2026-08-11T04:00:05Z Successful",
		"2026-08-10T04:00:05Z Successful",
	}
	if diff := cmp.Diff(want, created); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
	count := func(when, want string) {
		t.Helper()
		b.pass(t, 3*24*time.Hour)
		got := b.sendAs(t, "2023-01-01", 200, http.MethodGet, demoExports+"?itemsPerPage=1", "")
		if !strings.HasSuffix(got, `"totalCount":`+want+`}`) {
			t.Errorf("%s: got %s, want %s", when, got, want)
		}
	}
	count("three days later", "7")
	b.sendAs(t, "2024-08-05", 200, http.MethodDelete, demoSchedule, "")
	count("when the last daily snapshot has expired", "7") // and is not exported again
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule, `{"autoExportEnabled":false,"policies":[{"policyItems":[`+
		`{"frequencyInterval":1,"frequencyType":"daily","retentionUnit":"days","retentionValue":2}]}]}`)
	count("with exports off", "7")
}

// A snapshot keeps its frequency when the policy item that it was taken for is gone.
func TestASnapshotOfAPolicyItemThatIsGoneIsExported(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bucket := bucketID(t, b.create(t, awsBody).body)
	b.createBackedUp(t, "c")
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule, autoExporting(bucket))
	b.pass(t, time.Date(2026, 8, 10, 4, 0, 1, 0, time.UTC).Sub(b.clock.Now())) // it is being taken
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule, `{"policies":[{"policyItems":[`+
		`{"frequencyInterval":1,"frequencyType":"weekly","retentionUnit":"weeks","retentionValue":2}]}]}`)
	b.pass(t, time.Minute)
	if got := b.sendAs(t, "2023-01-01", 200, http.MethodGet, demoExports, ""); !strings.HasSuffix(got, `"totalCount":1}`) {
		t.Errorf("got %s, want one job", got)
	}
}

// Nobody is refused because a snapshot that is due to be exported by itself is being
// exported.
func TestAnAutomaticExportLeavesASnapshotToWhoeverExportsIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bucket := bucketID(t, b.create(t, awsBody).body)
	b.createBackedUp(t, "c")
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule, `{"autoExportEnabled":true,"export":{"exportBucketId":"`+
		bucket+`","frequencyType":"daily"},"referenceHourOfDay":3,"referenceMinuteOfHour":4,"policies":[{"policyItems":[`+
		`{"frequencyInterval":1,"frequencyType":"daily","retentionUnit":"days","retentionValue":2}]}]}`)
	b.pass(t, 15*time.Second) // to 03:04:01
	snapshot := cut(t, b.sendAs(t, "2023-01-01", 200, http.MethodGet, demoSnapshots, ""), `"id":"`)
	b.insertExportJob(t, "c", "5f0000000000000000000e03")
	_, err := b.pool.Exec(t.Context(), "UPDATE export_jobs SET snapshot_id = $1, finished_at = finished_at + interval '1 hour'", snapshot)
	if err != nil {
		t.Fatal(err)
	}
	b.pass(t, 5*time.Second)
	if got := b.sendAs(t, "2023-01-01", 200, http.MethodGet, demoExports, ""); !strings.HasSuffix(got, `"totalCount":1}`) {
		t.Errorf("got %s, want one job", got)
	}
}
