package api_test

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

// What clients do with snapshots, backup schedules and export jobs.

const (
	flowBuckets  = "/api/atlas/v2/groups/{demo}/backup/exportBuckets"
	flowBackup   = flowClusters + "/c/backup"
	flowSchedule = flowBackup + "/schedule"
)

// flowScheduleBody is what clients read of a backup schedule. Without a policy, two of them
// crash.
type flowScheduleBody struct {
	AutoExportEnabled *bool   `json:"autoExportEnabled"`
	ClusterID         *string `json:"clusterId"`
	Policies          []struct {
		ID          *string `json:"id"`
		PolicyItems []struct {
			FrequencyInterval *int    `json:"frequencyInterval"`
			FrequencyType     *string `json:"frequencyType"`
			ID                *string `json:"id"`
			RetentionUnit     *string `json:"retentionUnit"`
			RetentionValue    *int    `json:"retentionValue"`
		} `json:"policyItems"`
	} `json:"policies"`
	ReferenceHourOfDay    *int `json:"referenceHourOfDay"`
	ReferenceMinuteOfHour *int `json:"referenceMinuteOfHour"`
	RestoreWindowDays     *int `json:"restoreWindowDays"`
}

type flowExport struct {
	ExportBucketID *string `json:"exportBucketId"`
	FrequencyType  *string `json:"frequencyType"`
}

// exportsTo reads a schedule that exports snapshots of a frequency.
func exportsTo(frequency string) bodyReader {
	return reads(func(t *testing.T, f *flow, got struct {
		flowScheduleBody

		Export *flowExport `json:"export"`
	}) {
		t.Helper()
		equal(t, "exportBucketId", *got.Export.ExportBucketID, f.kept["bucket"])
		equal(t, "frequencyType", *got.Export.FrequencyType, frequency)
		f.keep("policy", got.Policies[0].ID)
	})
}

// exportsNothing reads a schedule without exports.
var exportsNothing = reads(func(t *testing.T, f *flow, got struct {
	flowScheduleBody

	Export *flowExport `json:"export" client:"unset"`
}) {
	t.Helper()
	equal(t, "autoExportEnabled", *got.AutoExportEnabled, false)
	f.keep("policy", got.Policies[0].ID)
})

// backupSteps make a bucket, and the cluster c with backup.
func backupSteps(wait time.Duration) []step {
	return []step{
		{
			does: "create the bucket", send: "POST " + flowBuckets, accept: "2024-05-30", body: awsBody + "\n",
			reads: reads(func(_ *testing.T, f *flow, got tfAWSBucket) { f.keep("bucket", got.ID) }),
		},
		{
			does: "create the cluster", send: "POST " + flowClusters, accept: "2024-10-23", body: backedUp("c") + "\n",
			status: http.StatusCreated, reads: inState("CREATING"),
		},
		look("wait for it", "IDLE", wait),
	}
}

func TestTheTerraformProviderExportsSnapshots(t *testing.T) {
	t.Parallel()
	get := func(does string, reads bodyReader) step {
		return step{does: does, send: "GET " + flowSchedule, accept: "2024-08-05", reads: reads}
	}
	items := func(rest string) string {
		return `"policies":[{"id":"{policy}","policyItems":[{"frequencyInterval":1,"frequencyType":"daily",` +
			`"retentionUnit":"days","retentionValue":7},{"frequencyInterval":40,"frequencyType":"monthly",` +
			`"retentionUnit":"months","retentionValue":12}` + rest + `]}],"referenceHourOfDay":3,"referenceMinuteOfHour":45,` +
			`"restoreWindowDays":4}` + "\n"
	}
	change := func(does, frequency, rest string) step {
		return step{
			does: does, send: "PATCH " + flowSchedule, accept: "2024-08-05", reads: exportsTo(frequency),
			body: `{"autoExportEnabled":true,"export":{"exportBucketId":"{bucket}","frequencyType":"` + frequency + `"},` + items(rest),
		}
	}
	runFlow(t, "terraform-provider-mongodbatlas/2.1.0 Terraform/1.13.4", forGood, slices.Concat(
		backupSteps(30*time.Second),
		[]step{
			{does: "remove the default policy", send: "DELETE " + flowSchedule, accept: "2024-08-05", reads: exportsNothing},
			get("read it", exportsNothing),
			change("create the schedule", "monthly", ""),
			get("plan", exportsTo("monthly")),
			change("change the frequency", "yearly",
				`,{"frequencyInterval":12,"frequencyType":"yearly","retentionUnit":"years","retentionValue":1}`),
			get("plan again", exportsTo("yearly")),
			{
				does: "export a snapshot: take it", send: "POST " + flowBackup + "/snapshots", accept: "2023-01-01",
				body: `{"description":"d","retentionInDays":1}` + "\n",
				reads: reads(func(_ *testing.T, f *flow, got struct {
					ID *string `json:"id"`
				}) {
					f.keep("snapshot", got.ID)
				}),
			},
			{
				does: "wait for it", send: "GET " + flowBackup + "/snapshots/{snapshot}", accept: "2023-01-01", after: time.Minute,
				reads: reads(func(t *testing.T, _ *flow, got struct {
					CreatedAt      *string `json:"createdAt"`
					ReplicaSetName *string `json:"replicaSetName"`
					Status         *string `json:"status"`
				}) {
					t.Helper()
					equal(t, "status", *got.Status, "completed")
				}),
			},
			{
				does: "is it of a sharded cluster?", send: "GET " + flowBackup + "/snapshots/shardedCluster/{snapshot}",
				accept: "2023-01-01", status: http.StatusNotFound, reads: refused("SNAPSHOT_NOT_FOUND"),
			},
			{
				does: "export it", send: "POST " + flowBackup + "/exports", accept: "2023-01-01",
				body: `{"customData":[],"exportBucketId":"{bucket}","snapshotId":"{snapshot}"}` + "\n",
				reads: reads(func(_ *testing.T, f *flow, got struct {
					ID     *string `json:"id"`
					Prefix *string `json:"prefix"`
				}) {
					f.keep("export", got.ID)
				}),
			},
			{does: "read the export", send: "GET " + flowBackup + "/exports/{export}", accept: "2023-01-01"},
			{does: "destroy: the snapshot", send: "DELETE " + flowBackup + "/snapshots/{snapshot}", accept: "2023-01-01", status: 204},
			{does: "destroy: the schedule", send: "DELETE " + flowSchedule, accept: "2024-08-05", reads: exportsTo("yearly")},
			// What Terraform is not told to do after the cluster it does before.
			{
				does: "destroy: the bucket, too early", send: "DELETE " + flowBuckets + "/{bucket}", accept: "2023-01-01",
				status: http.StatusBadRequest, reads: refused("EXPORT_BUCKET_DELETE_FAILED_BUCKET_IN_USE"),
			},
		},
		deleteSteps(30*time.Second),
		[]step{{
			does: "destroy: the bucket", send: "DELETE " + flowBuckets + "/{bucket}", accept: "2023-01-01", status: 204,
		}},
	), revoke)
}

func TestTheAtlasCLIExportsSnapshots(t *testing.T) {
	t.Parallel()
	watch := func(does, path, key, want string, after time.Duration) step {
		return step{
			does: does, send: "GET " + flowBackup + path, accept: "2023-01-01", after: after,
			reads: reads(func(t *testing.T, _ *flow, got map[string]any) {
				t.Helper()
				equal(t, key, got[key], any(want))
			}),
		}
	}
	isFlex := func(does, path string) step {
		return step{
			does: does + ": is it flex?", send: "GET /api/atlas/v2/groups/{demo}/flexClusters/c/backup" + path,
			accept: "2024-11-13", status: http.StatusBadRequest, reads: refused("CANNOT_USE_NON_FLEX_CLUSTER_IN_FLEX_API"),
		}
	}
	keepID := func(name string) bodyReader {
		return reads(func(_ *testing.T, f *flow, got struct {
			ID *string `json:"id"`
		}) {
			f.keep(name, got.ID)
		})
	}
	counts := func(want int) bodyReader {
		return reads(func(t *testing.T, _ *flow, got struct {
			TotalCount *int `json:"totalCount"`
		}) {
			t.Helper()
			equal(t, "totalCount", *got.TotalCount, want)
		})
	}
	runFlow(t, "atlascli/1.50.0 (linux;amd64;)", forGood, slices.Concat(
		backupSteps(8*time.Second),
		[]step{
			{
				does: "backups snapshots create", send: "POST " + flowBackup + "/snapshots", accept: "2023-01-01",
				body: `{"description":"d","retentionInDays":1}` + "\n", reads: keepID("snapshot"),
			},
			isFlex("backups snapshots watch", "/snapshots/{snapshot}"),
			watch("backups snapshots watch", "/snapshots/{snapshot}", "status", "queued", 0),
			watch("backups snapshots watch, again", "/snapshots/{snapshot}", "status", "inProgress", 4*time.Second),
			watch("backups snapshots watch, at last", "/snapshots/{snapshot}", "status", "completed", 4*time.Second),
			{
				does: "backups exports jobs create", send: "POST " + flowBackup + "/exports", accept: "2023-01-01",
				body: `{"customData":[],"exportBucketId":"{bucket}","snapshotId":"{snapshot}"}` + "\n", reads: keepID("export"),
			},
			watch("backups exports jobs watch", "/exports/{export}", "state", "InProgress", 4*time.Second),
			watch("backups exports jobs watch, again", "/exports/{export}", "state", "Successful", 4*time.Second),
			{
				does: "backups exports jobs list", send: "GET " + flowBackup + "/exports" + firstPage, accept: "2023-01-01",
				reads: counts(1),
			},
			isFlex("backups snapshots list", "/snapshots"+firstPage),
			{
				does: "backups snapshots list", send: "GET " + flowBackup + "/snapshots" + firstPage, accept: "2023-01-01",
				reads: counts(1),
			},
			{does: "backups snapshots delete", send: "DELETE " + flowBackup + "/snapshots/{snapshot}", accept: "2023-01-01", status: 204},
			{
				does: "backups snapshots watch, until it is gone", send: "GET " + flowBackup + "/snapshots/{snapshot}",
				accept: "2023-01-01", status: http.StatusNotFound, reads: refused("SNAPSHOT_NOT_FOUND"),
			},
			{does: "backups schedule describe", send: "GET " + flowSchedule, accept: "2023-01-01", reads: exportsNothing},
			{
				does: "backups schedule update --autoExport", send: "PATCH " + flowSchedule, accept: "2023-01-01",
				body: `{"autoExportEnabled":true,"clusterName":"c","export":{"exportBucketId":"{bucket}",` +
					`"frequencyType":"monthly"}}` + "\n",
				reads: exportsTo("monthly"),
			},
			{
				does: "backups exports buckets delete", send: "DELETE " + flowBuckets + "/{bucket}", accept: "2023-01-01",
				status: http.StatusBadRequest, reads: refused("EXPORT_BUCKET_DELETE_FAILED_BUCKET_IN_USE"),
			},
			{does: "backups schedule delete", send: "DELETE " + flowSchedule, accept: "2024-08-05", reads: exportsTo("monthly")},
			{
				does: "backups schedule update --noAutoExport", send: "PATCH " + flowSchedule, accept: "2023-01-01",
				body: `{"autoExportEnabled":false,"clusterName":"c"}` + "\n", reads: exportsNothing,
			},
			{does: "backups exports buckets delete, again", send: "DELETE " + flowBuckets + "/{bucket}", accept: "2023-01-01", status: 204},
		},
		deleteSteps(4*time.Second),
	))
}

// What the operator does with an AtlasBackupSchedule: it compares, and changes what differs.
func TestTheKubernetesOperatorExportsSnapshots(t *testing.T) {
	t.Parallel()
	runFlow(t, "MongoDBAtlasKubernetesOperator/2.14.0 (linux;amd64)", forGood, slices.Concat(
		backupSteps(10*time.Second),
		[]step{
			{
				does: "get the schedule", send: "GET " + flowSchedule, accept: "2024-08-05",
				reads: reads(func(_ *testing.T, f *flow, got flowScheduleBody) {
					f.keep("policy", got.Policies[0].ID)
					f.keep("cluster", got.ClusterID)
				}),
			},
			{
				does: "change it", send: "PATCH " + flowSchedule, accept: "2024-08-05", reads: exportsTo("monthly"),
				body: `{"autoExportEnabled":true,"clusterId":"{cluster}","clusterName":"c","copySettings":[],"export":` +
					`{"exportBucketId":"{bucket}","frequencyType":"monthly"},"policies":[{"id":"{policy}","policyItems":[` +
					`{"frequencyInterval":6,"frequencyType":"hourly","retentionUnit":"days","retentionValue":2}]}],` +
					`"referenceHourOfDay":10,"referenceMinuteOfHour":10,"restoreWindowDays":2,"updateSnapshots":false,` +
					`"useOrgAndGroupNamesInExportPrefix":false}` + "\n",
			},
			look("get the cluster", "IDLE", 0),
		},
		deleteSteps(10*time.Second),
	), revoke)
}
