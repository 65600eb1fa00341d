package api_test

import (
	"testing"
	"time"

	"go.mongodb.org/atlas-sdk/v20250312001/admin"
)

// TestTheAtlasGoSDKExportsSnapshots goes the way of a snapshot with the SDK's own client.
func TestTheAtlasGoSDKExportsSnapshots(t *testing.T) {
	t.Parallel()
	b := setup(t)
	client, err := admin.NewClient(admin.UseBaseURL(b.server.URL), admin.UseDigestAuth("demoownr", privateKeys["demoownr"]))
	if err != nil {
		t.Fatal(err)
	}
	bucket := bucketID(t, b.create(t, awsBody).body)
	b.createBackedUp(t, "c")
	ctx, backups := t.Context(), client.CloudBackupsApi
	fatal := func(doing string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: got %v, want no error", doing, err)
		}
	}
	schedule, _, err := backups.GetBackupSchedule(ctx, demoProject, "c").Execute()
	fatal("get schedule", err)
	schedule.AutoExportEnabled = new(true)
	schedule.Export = &admin.AutoExportPolicy{ExportBucketId: &bucket, FrequencyType: new("monthly")}
	schedule.UpdateSnapshots = new(true)
	schedule, _, err = backups.UpdateBackupSchedule(ctx, demoProject, "c", schedule).Execute()
	fatal("send back the schedule, with exports", err)
	if schedule.Export.GetExportBucketId() != bucket || len(schedule.GetPolicies()) != 1 {
		t.Errorf("schedule: got %+v, want exports to %s, and a policy", schedule, bucket)
	}
	taken, _, err := backups.TakeSnapshot(ctx, demoProject, "c",
		&admin.DiskBackupOnDemandSnapshotRequest{Description: new("d"), RetentionInDays: new(1)}).Execute()
	fatal("take snapshot", err)
	b.clock.advance(10 * time.Second)
	snapshot, _, err := backups.GetReplicaSetBackup(ctx, demoProject, "c", taken.GetId()).Execute()
	fatal("get snapshot", err)
	if snapshot.GetStatus() != "completed" || snapshot.GetReplicaSetName() != "c" {
		t.Errorf("snapshot: got %+v, want a completed one of c", snapshot)
	}
	_, _, err = backups.UpdateSnapshotRetention(ctx, demoProject, "c", taken.GetId(),
		&admin.BackupSnapshotRetention{RetentionUnit: "WEEKS", RetentionValue: 2}).Execute()
	fatal("keep snapshot", err)
	job, _, err := backups.CreateBackupExportJob(ctx, demoProject, "c", &admin.DiskBackupExportJobRequest{
		ExportBucketId: bucket, SnapshotId: taken.GetId(), CustomData: &[]admin.BackupLabel{{Key: new("k"), Value: new("v")}},
	}).Execute()
	fatal("create export job", err)
	b.clock.advance(10 * time.Second)
	job, _, err = backups.GetBackupExportJob(ctx, demoProject, "c", job.GetId()).Execute()
	fatal("get export job", err)
	if job.GetState() != "Successful" || job.GetFinishedAt().IsZero() {
		t.Errorf("export job: got %+v, want a successful one", job)
	}
	jobs, _, err := backups.ListBackupExportJobs(ctx, demoProject, "c").Execute()
	fatal("list export jobs", err)
	snapshots, _, err := backups.ListReplicaSetBackups(ctx, demoProject, "c").Execute()
	fatal("list snapshots", err)
	if jobs.GetTotalCount() != 1 || snapshots.GetTotalCount() != 1 {
		t.Errorf("got %d jobs and %d snapshots, want one each", jobs.GetTotalCount(), snapshots.GetTotalCount())
	}
	_, _, err = backups.DeleteReplicaSetBackup(ctx, demoProject, "c", taken.GetId()).Execute()
	fatal("delete snapshot", err)
	_, _, err = backups.DeleteExportBucket(ctx, demoProject, bucket).Execute()
	if !admin.IsErrorCode(err, "EXPORT_BUCKET_DELETE_FAILED_BUCKET_IN_USE") {
		t.Errorf("delete bucket: got %v, want that it is in use", err)
	}
	_, _, err = backups.DeleteAllBackupSchedules(ctx, demoProject, "c").Execute()
	fatal("delete schedule", err)
}
