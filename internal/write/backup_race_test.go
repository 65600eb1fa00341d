package write_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/settle"
	"exportbuckets/internal/tenant"
	"exportbuckets/internal/torture"
)

// backupBundle is a tenant whose clusters are there, and gone, at once.
type backupBundle struct {
	*credentialBundle

	clusters *cluster.Service
	settle   *settle.Service
}

func setupBackups(t *testing.T) backupBundle {
	t.Helper()
	b := backupBundle{credentialBundle: setupCredentials(t)}
	b.clusters, b.settle = cluster.New(b.pool, b.env), settle.New(b.pool, b.env)
	return b
}

// proofs are those of the owner on a project.
type proofs struct {
	reader    atlas.ProjectReader
	owner     atlas.ProjectOwner
	clusters  atlas.ClusterWriter
	schedules atlas.ScheduleWriter
	snapshots atlas.SnapshotWriter
	buckets   atlas.BackupWriter
}

func (b backupBundle) prove(t *testing.T, project string) proofs {
	t.Helper()
	principal := b.principal(t, iam.Origin{Project: project})
	var p proofs
	var errs [6]error
	p.reader, errs[0] = principal.ProjectReader()
	p.owner, errs[1] = principal.ProjectOwner()
	p.clusters, errs[2] = principal.ClusterWriter()
	p.schedules, errs[3] = principal.ScheduleWriter()
	p.snapshots, errs[4] = principal.SnapshotWriter()
	p.buckets, errs[5] = principal.BackupWriter()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	return p
}

// newBackedUp is a request for a cluster with backup.
func newBackedUp(name string) cluster.Request {
	return cluster.Request{
		RequestFields: cluster.RequestFields{Name: &name, ClusterType: new("REPLICASET"), BackupEnabled: new(true)},
		ReplicationSpecs: &[]cluster.ShardRequest{{RegionConfigs: &[]cluster.RegionRequest{{
			ProviderName: new("AWS"), RegionName: new("US_EAST_1"),
			ElectableSpecs: &cluster.HardwareRequest{InstanceSize: new("M10"), NodeCount: new(3)},
		}}}},
	}
}

// createBackedUp makes a cluster with a schedule and returns proofs of now.
func (b backupBundle) createBackedUp(t *testing.T, project, name string) proofs {
	t.Helper()
	if _, err := b.clusters.CreateCluster(t.Context(), b.prove(t, project).clusters, newBackedUp(name)); err != nil {
		t.Fatal(err)
	}
	p := b.prove(t, project)
	if err := b.settle.Project(t.Context(), p.reader); err != nil {
		t.Fatal(err)
	}
	return p
}

// exports is a change that exports to a bucket.
func exports(bucket objectid.ID) backup.ScheduleUpdate {
	return backup.ScheduleUpdate{
		AutoExportEnabled: new(true),
		Export:            &backup.ExportRequest{ExportBucketID: &bucket, FrequencyType: new("daily")},
	}
}

// dangling counts what must not be: schedules without their bucket, and rows of clusters
// and projects that are gone.
func (b backupBundle) dangling(t *testing.T) (count int) {
	t.Helper()
	err := b.pool.QueryRow(t.Context(), `SELECT
		(SELECT count(*) FROM backup_schedules AS s WHERE export_bucket_id IS NOT NULL AND NOT EXISTS (
			SELECT FROM export_buckets AS b WHERE b.project_id = s.project_id AND b.id = s.export_bucket_id)) +
		(SELECT count(*) FROM backup_schedules AS s WHERE NOT EXISTS (
			SELECT FROM clusters AS c WHERE c.project_id = s.project_id AND c.id = s.cluster_id)) +
		(SELECT count(*) FROM snapshots AS s WHERE NOT EXISTS (
			SELECT FROM clusters AS c WHERE c.project_id = s.project_id AND c.id = s.cluster_id)) +
		(SELECT count(*) FROM export_jobs AS j WHERE NOT EXISTS (
			SELECT FROM clusters AS c WHERE c.project_id = j.project_id AND c.id = j.cluster_id)) +
		(SELECT count(*) FROM clusters AS c WHERE NOT EXISTS (SELECT FROM projects AS p WHERE p.id = c.project_id)) +
		(SELECT count(*) FROM export_buckets AS b WHERE NOT EXISTS (SELECT FROM projects AS p WHERE p.id = b.project_id)) +
		(SELECT count(*) FROM export_buckets AS b WHERE NOT EXISTS (
			SELECT FROM cloud_provider_access_roles AS r WHERE r.project_id = b.project_id AND r.id = b.role_id))`,
	).Scan(&count)
	if err != nil {
		t.Fatal(err)
	}
	return count
}

// refusedWith says whether the error is a refusal with one of the codes.
func refusedWith(err error, codes ...atlas.Code) bool {
	refusal, ok := errors.AsType[*atlas.Error](err)
	for _, code := range codes {
		if ok && refusal.Code == code {
			return true
		}
	}
	return false
}

// A schedule that begins to export to a bucket, and the deletion of the bucket: one wins,
// and the other is told so.
func TestTortureABucketIsDeletedOrExportedTo(t *testing.T) {
	t.Parallel()
	b := setupBackups(t)
	p := b.createBackedUp(t, raceProject, "c")
	torture.Rounds(t, func() {
		bucket, err := b.create(t.Context(), raceAWSRole)
		if err != nil {
			t.Fatal(err)
		}
		errs := atOnce(t,
			func(ctx context.Context) error {
				_, err := b.backup.UpdateSchedule(ctx, p.schedules, "c", exports(bucket.ID))
				return err
			},
			func(ctx context.Context) error { return b.backup.DeleteExportBucket(ctx, p.buckets, bucket.ID) },
		)
		switch {
		case errs[0] == nil && refusedWith(errs[1], atlas.CodeExportBucketInUse):
		case errs[1] == nil && refusedWith(errs[0], atlas.CodeExportBucketNotFound):
		default:
			t.Fatalf("got %v and %v, want one refused", errs[0], errs[1])
		}
		if got := b.dangling(t); got != 0 {
			t.Fatalf("got %d rows that dangle, want none", got)
		}
		off := backup.ScheduleUpdate{AutoExportEnabled: new(false)}
		if _, err := b.backup.UpdateSchedule(t.Context(), p.schedules, "c", off); err != nil {
			t.Fatal(err)
		}
	})
}

// Bucket, schedule, cluster and project are deleted, and snapshots taken and exported, all
// at once.
func TestTortureAProjectIsDeletedWithAllThatItHas(t *testing.T) {
	t.Parallel()
	b := setupBackups(t)
	round := 0
	torture.Rounds(t, func() {
		ctx := t.Context()
		round++
		made, err := b.tenant.CreateProject(ctx, b.principal(t, iam.Origin{}), tenant.ProjectRequest{
			Name: new(fmt.Sprintf("round %d", round)), OrgID: new(objectid.MustParse(raceOrg)),
		})
		if err != nil {
			t.Fatal(err)
		}
		id := made.ID.String()
		_, err = b.pool.Exec(ctx, insertAWSRole, id, raceAWSRole)
		if err != nil {
			t.Fatal(err)
		}
		p := b.createBackedUp(t, id, "c")
		bucket, err := b.backup.CreateExportBucket(ctx, p.buckets, allProviders, bucketRequest(raceAWSRole))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.backup.UpdateSchedule(ctx, p.schedules, "c", exports(bucket.ID)); err != nil {
			t.Fatal(err)
		}
		snapshot, err := b.backup.CreateSnapshot(ctx, p.snapshots, "c", backup.SnapshotRequest{})
		if err != nil {
			t.Fatal(err)
		}
		errs := atOnce(t,
			func(ctx context.Context) error { return b.backup.DeleteExportBucket(ctx, p.buckets, bucket.ID) },
			func(ctx context.Context) error {
				_, err := b.backup.UpdateSchedule(ctx, p.schedules, "c", backup.ScheduleUpdate{AutoExportEnabled: new(false)})
				return err
			},
			func(ctx context.Context) error { return b.clusters.DeleteCluster(ctx, p.owner, "c") },
			func(ctx context.Context) error {
				_, err := b.backup.CreateSnapshot(ctx, p.snapshots, "c", backup.SnapshotRequest{})
				return err
			},
			func(ctx context.Context) error {
				_, err := b.backup.CreateExportJob(ctx, p.schedules, "c",
					backup.ExportJobRequest{ExportBucketID: &bucket.ID, SnapshotID: &snapshot.ID})
				return err
			},
			func(ctx context.Context) error {
				gone := b.prove(t, id)
				if err := b.settle.Project(ctx, gone.reader); err != nil {
					return err
				}
				return b.tenant.DeleteProject(ctx, gone.owner)
			},
		)
		for i, allowed := range [][]atlas.Code{
			{atlas.CodeExportBucketInUse, atlas.CodeExportBucketNotFound},
			{atlas.CodeClusterNotFound, atlas.CodeProjectNotFound, atlas.CodeBackupConfigNotFound},
			{atlas.CodeClusterNotFound, atlas.CodeProjectNotFound},
			{atlas.CodeClusterNotFound, atlas.CodeProjectNotFound, atlas.CodeBackupJobNotFound},
			{
				atlas.CodeClusterNotFound, atlas.CodeProjectNotFound, atlas.CodeSnapshotNotFound,
				atlas.CodeExportBucketNotFound,
			},
			{atlas.CodeProjectHasClusters},
		} {
			if errs[i] != nil && !refusedWith(errs[i], allowed...) {
				t.Fatalf("%d: got %v, want none, or one of %v", i, errs[i], allowed)
			}
		}
		if got := b.dangling(t); got != 0 {
			t.Fatalf("got %d rows that dangle, want none", got)
		}
		if _, err := db.New().GetProjectForNoKeyUpdate(ctx, b.pool, made.ID); err != nil {
			return // it is gone, and with it all
		}
		last := b.prove(t, id)
		_ = b.clusters.DeleteCluster(ctx, last.owner, "c")
		last = b.prove(t, id)
		if err := b.settle.Project(ctx, last.reader); err != nil {
			t.Fatal(err)
		}
		if err := b.tenant.DeleteProject(ctx, last.owner); err != nil {
			t.Fatal(err)
		}
	})
}
