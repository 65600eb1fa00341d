package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/atlas"
)

// timeline returns the events of the demo project since a time, the oldest first: the seconds
// after it, the type, and an asterisk if somebody did it.
func (b *bundle) timeline(t *testing.T, since time.Time) []string {
	t.Helper()
	var page struct {
		Results []struct {
			listedEvent

			Created time.Time
		}
	}
	parse(t, b.send(t, 200, http.MethodGet, demoEvents+"?itemsPerPage=500", ""), &page)
	lines := make([]string, len(page.Results))
	for i, event := range page.Results {
		actor := ""
		if event.RemoteAddress != "" {
			actor = "*"
		}
		lines[len(lines)-1-i] = fmt.Sprintf("%d %s%s", int(event.Created.Sub(since).Seconds()), event.EventTypeName, actor)
	}
	return lines
}

func (b *bundle) wantTimeline(t *testing.T, since time.Time, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, b.timeline(t, since)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// autoExporting is a schedule of a daily snapshot at 04:00, which is exported.
func autoExporting(bucket string) string {
	return `{"autoExportEnabled":true,"export":{"exportBucketId":"` + bucket + `","frequencyType":"daily"},` +
		`"referenceHourOfDay":4,"referenceMinuteOfHour":0,"policies":[{"policyItems":[` +
		`{"frequencyInterval":1,"frequencyType":"daily","retentionUnit":"days","retentionValue":2}]}]}`
}

// In the order of the recordings. What time does is seen when it has happened, and not
// before.
func TestWhatIsToldOfAClusterAndItsBackups(t *testing.T) {
	t.Parallel()
	b := setup(t)
	start := b.clock.Now()
	bucket := bucketID(t, b.create(t, awsBody).body)
	b.sendAs(t, "2024-10-23", 201, http.MethodPost, demoClusters, backedUp("c"))
	const role = "CLOUD_PROVIDER_ACCESS_AWS_IAM_ROLE_UPDATED*"
	want := []string{"0 " + role, "0 BUCKET_CREATED_AUDIT*", "0 CLUSTER_CREATED*"}
	b.wantTimeline(t, start, want...)
	advance := func(after time.Duration, lines ...string) {
		t.Helper()
		b.clock.advance(after)
		want = append(want, lines...)
		b.wantTimeline(t, start, want...)
	}
	advance(5 * time.Second)
	advance(time.Second, "6 CLUSTER_READY")
	advance(4 * time.Second)
	path := demoClusters + "/c"

	b.sendAs(t, "2024-10-23", 200, http.MethodPatch, path, `{"tags":[{"key":"k","value":"v"}]}`)
	advance(0, "10 CLUSTER_UPDATE_SUBMITTED*", "10 CLUSTER_TAGS_MODIFIED*", "10 CLUSTER_UPDATE_STARTED")
	b.clock.advance(time.Second) // what is changed meanwhile is applied with it
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, path+"/processArgs", `{"noTableScan":true}`)
	advance(0, "11 CLUSTER_PROCESS_ARGS_UPDATE_SUBMITTED*")
	advance(time.Second)
	advance(time.Second, "13 CLUSTER_UPDATE_COMPLETED")
	b.sendAs(t, "2024-10-23", 400, http.MethodPatch, path, `{"name":"d"}`)
	advance(7 * time.Second)

	snapshot := cut(t, b.sendAs(t, "2023-01-01", 200, http.MethodPost, demoSnapshots, `{}`), `"id":"`)
	advance(0, "20 CPS_ON_DEMAND_SNAPSHOT_REQUESTED*")
	advance(time.Second, "21 CPS_SNAPSHOT_STARTED")
	advance(4*time.Second, "25 CPS_SNAPSHOT_SUCCESSFUL")
	b.sendAs(t, "2023-01-01", 200, http.MethodPatch, demoSnapshots+"/"+snapshot, `{"retentionUnit":"DAYS","retentionValue":2}`)
	b.sendAs(t, "2023-01-01", 200, http.MethodPost, demoExports, newExport(bucket, snapshot))
	advance(0, "25 CPS_SNAPSHOT_RETENTION_MODIFIED_AUDIT*")
	advance(5 * time.Second)
	advance(time.Second, "31 CPS_EXPORT_SUCCESSFUL")
	b.sendAs(t, "2023-01-01", 204, http.MethodDelete, demoSnapshots+"/"+snapshot, "")
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule, autoExporting(bucket))
	b.sendAs(t, "2024-08-05", 200, http.MethodDelete, demoSchedule, "")
	advance(0, "31 CPS_SNAPSHOT_DELETED_AUDIT*", "31 CPS_SNAPSHOT_SCHEDULE_UPDATED_AUDIT*",
		"31 CPS_SNAPSHOT_SCHEDULE_UPDATED_AUDIT*")

	b.sendAs(t, "2023-02-01", 202, http.MethodDelete, path, "")
	advance(0, "31 CLUSTER_DELETE_SUBMITTED*")
	advance(6*time.Second, "37 CLUSTER_DELETED")
	b.send(t, 204, http.MethodDelete, demoBuckets+"/"+bucket, "")
	advance(0, "37 "+role, "37 BUCKET_DELETED_AUDIT*")
	advance(30 * 24 * time.Hour)

	golden(t, "events_of_cluster", b.send(t, 200, http.MethodGet, demoEvents+"?clusterNames=c&itemsPerPage=500", ""))
	golden(t, "event_of_tags", b.send(t, 200, http.MethodGet, demoEvents+"?eventType=CLUSTER_TAGS_MODIFIED", ""))
}

// A change before a cluster is ready begins then, and a cluster that is deleted before is
// not ready any longer.
func TestWhatIsToldOfAClusterThatIsChangedBeforeItIsReady(t *testing.T) {
	t.Parallel()
	for name, pace := range map[string]struct {
		ready, updated string
	}{"fast": {"6", "8"}, "atlas": {"767", "1067"}, "instant": {"6", "6"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(s *settings) { s.pace = atlas.Paces[name] })
			start := b.clock.Now()
			b.createCluster(t, "c")
			b.createCluster(t, "d")
			for range 2 {
				b.sendAs(t, "2024-10-23", 200, http.MethodPatch, demoClusters+"/c", `{"terminationProtectionEnabled":false}`)
			}
			b.sendAs(t, "2023-02-01", 202, http.MethodDelete, demoClusters+"/d", "")
			b.clock.advance(time.Hour)
			gone := fmt.Sprint(atlas.Paces[name].Deleting.Seconds())
			want := []string{
				"0 CLUSTER_CREATED*", "0 CLUSTER_CREATED*", "0 CLUSTER_UPDATE_SUBMITTED*", "0 CLUSTER_UPDATE_SUBMITTED*",
				"0 CLUSTER_DELETE_SUBMITTED*", pace.ready + " CLUSTER_READY", pace.ready + " CLUSTER_UPDATE_STARTED",
				pace.updated + " CLUSTER_UPDATE_COMPLETED", gone + " CLUSTER_DELETED",
			}
			got := b.timeline(t, start)
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			got = strings.Fields(b.eventTypes(t, demoEvents+"?clusterNames=c"))
			if diff := cmp.Diff([]string{
				"CLUSTER_CREATED", "CLUSTER_UPDATE_SUBMITTED", "CLUSTER_UPDATE_SUBMITTED", "CLUSTER_READY",
				"CLUSTER_UPDATE_STARTED", "CLUSTER_UPDATE_COMPLETED",
			}, got); diff != "" {
				t.Errorf("events in order (-want +got):\n%s", diff)
			}
		})
	}
}

// A free cluster is updated after it is made.
func TestWhatIsToldOfAFreeCluster(t *testing.T) {
	t.Parallel()
	b := setup(t)
	start := b.clock.Now()
	b.sendAs(t, "2024-10-23", 201, http.MethodPost, demoClusters, freeCluster)
	b.clock.advance(time.Hour)
	b.wantTimeline(t, start, "0 CLUSTER_CREATED*", "6 CLUSTER_READY", "6 CLUSTER_UPDATE_STARTED", "8 CLUSTER_UPDATE_COMPLETED")
}

// What takes no time is told at once, and in order.
func TestWhatIsToldWhereNothingTakesTime(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.pace = atlas.Paces["instant"] })
	start := b.clock.Now()
	bucket := bucketID(t, b.create(t, awsBody).body)
	b.createBackedUp(t, "c")
	b.sendAs(t, "2024-10-23", 200, http.MethodPatch, demoClusters+"/c", `{"redactClientLogData":true}`)
	b.clock.advance(time.Second)
	snapshot := cut(t, b.sendAs(t, "2023-01-01", 200, http.MethodPost, demoSnapshots, `{}`), `"id":"`)
	b.clock.advance(time.Second)
	b.sendAs(t, "2023-01-01", 200, http.MethodPost, demoExports, newExport(bucket, snapshot))
	b.wantTimeline(t, start, "0 CLOUD_PROVIDER_ACCESS_AWS_IAM_ROLE_UPDATED*", "0 BUCKET_CREATED_AUDIT*",
		"0 CLUSTER_CREATED*", "6 CLUSTER_READY",
		"10 CLUSTER_UPDATE_SUBMITTED*", "10 CLUSTER_UPDATE_STARTED", "10 CLUSTER_UPDATE_COMPLETED",
		"11 CPS_ON_DEMAND_SNAPSHOT_REQUESTED*", "11 CPS_SNAPSHOT_STARTED", "11 CPS_SNAPSHOT_SUCCESSFUL",
		"12 CPS_EXPORT_SUCCESSFUL")
}

// Whoever looks, and however late, each step is told once, with its own time.
func TestWhatHappensInAMonthIsToldOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.RateLimits = false })
	start := b.clock.Now()
	bucket := bucketID(t, b.create(t, awsBody).body)
	b.createBackedUp(t, "c")
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule, autoExporting(bucket))
	b.sendAs(t, "2024-10-23", 200, http.MethodPatch, demoClusters+"/c", `{"redactClientLogData":true}`)
	b.clock.advance(30 * 24 * time.Hour)
	token := b.token(t)
	var looking sync.WaitGroup
	for i := range 8 {
		path := []string{demoEvents, demoClusters, demoSnapshots, demoExports}[i%4]
		looking.Go(func() {
			got := b.do(t, request{path: path, token: token, header: http.Header{"Accept": {v2025}}})
			if got.status != http.StatusOK {
				t.Errorf("%s: got %d %s, want 200", path, got.status, got.body)
			}
		})
	}
	looking.Wait()
	want := []string{
		"0 CLOUD_PROVIDER_ACCESS_AWS_IAM_ROLE_UPDATED*", "0 BUCKET_CREATED_AUDIT*", "0 CLUSTER_CREATED*",
		"6 CLUSTER_READY", "10 CPS_SNAPSHOT_SCHEDULE_UPDATED_AUDIT*", "10 CLUSTER_UPDATE_SUBMITTED*",
		"10 CLUSTER_UPDATE_STARTED", "12 CLUSTER_UPDATE_COMPLETED",
	}
	const first = 56*60 + 24 // until 04:00
	for day := range 30 {
		at := first + day*24*60*60
		want = append(want, fmt.Sprint(at+1, " CPS_SNAPSHOT_STARTED"), fmt.Sprint(at+5, " CPS_SNAPSHOT_SUCCESSFUL"),
			fmt.Sprint(at+11, " CPS_EXPORT_SUCCESSFUL"))
	}
	b.wantTimeline(t, start, want...)
}

// What the backups of a cluster would do when it is gone does not happen.
func TestNothingIsToldOfAClusterThatIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.pace.Exporting = time.Hour; s.pace.Updating = time.Hour })
	start := b.clock.Now()
	bucket := bucketID(t, b.create(t, awsBody).body)
	b.createBackedUp(t, "c")
	const another = "5f0000000000000000000e01"
	b.insertSnapshots(t, "c", spareSnapshot, another)
	b.sendAs(t, "2024-10-23", 200, http.MethodPatch, demoClusters+"/c", `{"redactClientLogData":true}`)
	b.sendAs(t, "2023-01-01", 200, http.MethodPost, demoExports, newExport(bucket, spareSnapshot))
	b.sendAs(t, "2023-01-01", 200, http.MethodPost, demoSnapshots, `{}`)
	b.sendAs(t, "2023-02-01", 202, http.MethodDelete, demoClusters+"/c", "")
	b.sendAs(t, "2023-01-01", 200, http.MethodPost, demoExports, newExport(bucket, another))
	b.createCluster(t, "other")
	b.clock.advance(24 * time.Hour)
	b.wantTimeline(t, start, "0 CLOUD_PROVIDER_ACCESS_AWS_IAM_ROLE_UPDATED*", "0 BUCKET_CREATED_AUDIT*",
		"0 CLUSTER_CREATED*", "6 CLUSTER_READY", "10 CLUSTER_UPDATE_SUBMITTED*", "10 CLUSTER_UPDATE_STARTED",
		"10 CPS_ON_DEMAND_SNAPSHOT_REQUESTED*", "10 CLUSTER_DELETE_SUBMITTED*", "10 CLUSTER_CREATED*",
		"11 CPS_SNAPSHOT_STARTED", "15 CPS_SNAPSHOT_SUCCESSFUL", "16 CLUSTER_DELETED", "16 CLUSTER_READY")
}

// A state that is restored may have an event to come that has been told.
func TestAnEventThatComesAgainIsToldOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	start := b.clock.Now()
	b.createCluster(t, "c")
	if _, err := b.pool.Exec(t.Context(), "CREATE TABLE saved AS SELECT * FROM coming_events"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		b.clock.advance(6 * time.Second)
		b.wantTimeline(t, start, "0 CLUSTER_CREATED*", "6 CLUSTER_READY")
		_, err := b.pool.Exec(t.Context(), "WITH again AS (INSERT INTO coming_events SELECT * FROM saved) "+
			"UPDATE projects SET due_at = created_at WHERE id = $1", demoProject)
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatASchedulesPolicyDoesToSnapshotsIsTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bucket := bucketID(t, b.create(t, awsBody).body)
	b.createBackedUp(t, "c")
	updated := b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule, autoExporting(bucket))
	b.pass(t, 36*time.Hour) // with two snapshots
	item := `{"frequencyInterval":1,"frequencyType":"daily","retentionUnit":"days","retentionValue":%d%s}`
	for _, tt := range []struct{ body, want string }{
		{fmt.Sprintf(`{"updateSnapshots":true,"policies":[{"policyItems":[`+item+`]}]}`, 3,
			`,"id":"`+cut(t, updated, `"policyItems":[{"frequencyInterval":1,"frequencyType":"daily","id":"`)+`"`), "RETENTION_MODIFIED"},
		{fmt.Sprintf(`{"deleteSnapshots":true,"policies":[{"policyItems":[`+item+`]}]}`, 2, ""), "DELETED"},
	} {
		b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule, tt.body)
		want := "CPS_SNAPSHOT_" + tt.want + "_AUDIT"
		if got := b.eventTypes(t, demoEvents+"?clusterNames=c&eventType="+want); got != want+" "+want {
			t.Errorf("%s: got %q, want %s twice", tt.body, got, want)
		}
	}
}

// Nobody removes what has a date to be deleted after.
func TestWhatExpiresIsTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	start := b.clock.Now()
	date := `"deleteAfterDate":"` + start.Add(time.Hour).Format(time.RFC3339) + `"`
	b.send(t, 201, http.MethodPost, demoNetworks, `[{"ipAddress":"192.0.2.1",`+date+`},{"ipAddress":"192.0.2.2"}]`)
	b.send(t, 201, http.MethodPost, demoUsers, strings.Replace(newUser("app"), "{", "{"+date+",", 1))
	b.clock.advance(2 * time.Hour)
	for range 2 {
		b.wantTimeline(t, start, "0 NETWORK_PERMISSION_ENTRY_ADDED*", "0 NETWORK_PERMISSION_ENTRY_ADDED*", "0 MONGODB_USER_ADDED*",
			"3600 NETWORK_PERMISSION_ENTRY_REMOVED", "3600 MONGODB_USER_DELETED")
	}
	events := b.events(t, demoEvents)
	if got := events[3].WhitelistEntry + " " + events[4].DBUserUsername; got != "192.0.2.1/32 app" {
		t.Errorf("got it of %s, want 192.0.2.1/32 app", got)
	}
}

// However many snapshots are due, they are taken, exported and told of in as many round
// trips as one.
func TestSettlingTakesNoRoundTripForEachSnapshot(t *testing.T) {
	t.Parallel()
	b, trips := setupCounting(t)
	bucket := bucketID(t, b.create(t, awsBody).body)
	b.createBackedUp(t, "c")
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoSchedule, autoExporting(bucket))
	b.pass(t, 24*time.Hour) // so that all statements are prepared
	look := func(after time.Duration) int64 {
		t.Helper()
		b.clock.advance(after)
		token := b.token(t)
		trips.Store(0)
		b.do(t, request{path: demoClusters, token: token, header: http.Header{"Accept": {v2025}}})
		return trips.Load()
	}
	if one, many := look(24*time.Hour), look(100*24*time.Hour); many != one {
		t.Errorf("got %d round trips for a day and %d for 100, want as many", one, many)
	}
}
