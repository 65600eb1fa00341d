package backup

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/objectid"
)

// DeclareExportBucket adds an export bucket in a transaction, unless the project has one
// of that id. It returns an *atlas.Error for the first rule that the body breaks, or if the
// access role is not the project's and the cloud provider's, or is not authorized.
func DeclareExportBucket(
	ctx context.Context, tx db.DBTX, bucket db.InsertExportBucketParams, req ExportBucketRequest,
) error {
	asked, err := req.parse(db.AllCloudProviderValues())
	if err != nil {
		return err
	}
	q := db.New()
	there, err := q.ListExportBucketsByID(ctx, tx, db.ListExportBucketsByIDParams{
		ProjectIDs: []string{bucket.ProjectID.String()}, IDs: []string{bucket.ID.String()},
	})
	if err != nil || len(there) > 0 {
		return atlas.Wrap(err, "get export bucket")
	}
	role, err := q.GetAccessRole(ctx, tx, db.GetAccessRoleParams{ProjectID: bucket.ProjectID, ID: asked.RoleID})
	if err := asked.checkAccessRole(role, err); err != nil {
		return err
	}
	bucket.CloudProvider, bucket.BucketName, bucket.RoleID = asked.CloudProvider, asked.BucketName, asked.RoleID
	bucket.RequirePrivateNetworking, bucket.ServiceURL = asked.RequirePrivateNetworking, asked.ServiceURL
	bucket.TenantID = role.TenantID
	if asked.CloudProvider != db.CloudProviderAWS {
		bucket.Region = nil
	}
	return atlas.Wrap(q.InsertExportBucket(ctx, tx, bucket), "insert export bucket")
}

// DeclarePrivateEndpoint adds a private endpoint in a transaction, which is active, unless the
// project has one of that id. It returns an *atlas.Error for the first rule that the body
// breaks.
func DeclarePrivateEndpoint(
	ctx context.Context, tx db.DBTX, projectID, id objectid.ID, req PrivateEndpointRequest, now time.Time,
) error {
	row, err := req.row()
	if err != nil {
		return err
	}
	row.ProjectID, row.ID, row.CreatedAt, row.ActiveAt = projectID, id, now, now
	q := db.New()
	_, err = q.GetBackupPrivateEndpoint(ctx, tx, db.GetBackupPrivateEndpointParams{ProjectID: projectID, ID: id})
	if errors.Is(err, pgx.ErrNoRows) {
		_, err = q.InsertBackupPrivateEndpoint(ctx, tx, row)
	}
	return atlas.Wrap(err, "insert private endpoint")
}

// DeclareAWSRole returns what NewAWSRoleRow does, with the external id or, if there is none, one that
// follows from the other ids.
func DeclareAWSRole(
	projectID, id objectid.ID, externalID, arn *string, now time.Time,
) db.InsertAccessRoleParams {
	row := NewAWSRoleRow(projectID, id, arn, now)
	if row.AssumedRoleExternalID = externalID; externalID != nil {
		return row
	}
	row.AssumedRoleExternalID = new(uuid.NewSHA1(uuid.NameSpaceOID, []byte(projectID.String()+id.String())).String())
	return row
}

// DeclareSchedule gives a new cluster its backup schedule in a transaction, with what the
// body changes of the one that Atlas makes, and with the ids that the body has. It returns
// an *atlas.Error for the first rule that the body breaks, and BACKUP_CONFIG_NOT_FOUND if
// the cluster is not backed up.
func DeclareSchedule(
	ctx context.Context, tx db.DBTX, of cluster.Cluster, update ScheduleUpdate, now time.Time, newID func() objectid.ID,
) error {
	if !of.HasBackup() {
		return atlas.NewError(atlas.CodeBackupConfigNotFound, of.ID.String(), of.ProjectID.String())
	}
	schedule := NewSchedule(of, newID)
	policyIDs, itemIDs, err := takeIDs(&update)
	if err != nil {
		return err
	}
	if err := update.apply(&schedule, now, newID); err != nil {
		return err
	}
	for _, id := range policyIDs {
		schedule.PolicyID = id
	}
	for i, id := range itemIDs {
		if !id.IsZero() {
			schedule.Policy[i].ID = id
		}
	}
	return SaveSchedule(ctx, tx, &schedule)
}

// takeIDs takes the ids of the policy and of its items out of a body that declares them, and
// returns them: zero for an item without one.
func takeIDs(u *ScheduleUpdate) (policies, items []objectid.ID, err error) {
	if u.Policies == nil {
		return nil, nil, nil
	}
	without := slices.Clone(*u.Policies)
	for i, policy := range without {
		if policy.ID != nil {
			id, err := objectid.Parse(*policy.ID)
			if err != nil {
				return nil, nil, atlas.NewError(atlas.CodeInvalidPolicyID, *policy.ID)
			}
			policies = append(policies, id)
			without[i].ID = nil
		}
		if policy.PolicyItems == nil {
			continue
		}
		cloned := slices.Clone(*policy.PolicyItems)
		for j, item := range cloned {
			var id objectid.ID
			if item.ID != nil {
				if id, err = objectid.Parse(*item.ID); err != nil {
					return nil, nil, atlas.NewError(atlas.CodeInvalidPolicyItemID, *item.ID)
				}
				cloned[j].ID = nil
			}
			items = append(items, id)
		}
		without[i].PolicyItems = &cloned
	}
	u.Policies = &without
	return policies, items, nil
}

// declared is the time and chance of what is declared to be in a state: what has ended has
// done so at once, and the rest goes on as in a server that is fast.
func declared(now time.Time, newID func() objectid.ID, ended bool) atlas.Env {
	env := atlas.Env{
		Clock: func() time.Time { return now }, NewID: func(time.Time) objectid.ID { return newID() },
	}
	if !ended {
		env.Pace = atlas.Paces["fast"]
	}
	return env
}

// DeclareSnapshot adds a snapshot of a new cluster, on demand and in a state, in a
// transaction. It returns an *atlas.Error for the first rule that the body breaks.
func DeclareSnapshot(
	ctx context.Context, tx db.DBTX, of cluster.Cluster, id objectid.ID, req SnapshotRequest, state SnapshotState,
	now time.Time, newID func() objectid.ID,
) error {
	kept, err := req.check()
	if err != nil {
		return err
	}
	if !of.HasBackup() {
		return atlas.NewError(atlas.CodeBackupJobNotFound)
	}
	env := declared(now, newID, state == SnapshotCompleted || state == SnapshotFailed)
	at := now
	if state == SnapshotInProgress {
		at = now.Add(-env.Pace.SnapshotQueued)
	}
	row, err := newSnapshotRow(of, OnDemand, kept, at, env)
	if err != nil {
		return err
	}
	row.ID, row.Description, row.Failed = id, req.Description, state == SnapshotFailed
	return InsertSnapshots(ctx, tx, row)
}

// DeclareExportJob adds a job that exports a snapshot of a new cluster, in a state, in a
// transaction. It returns what Service.CreateExportJob does.
func DeclareExportJob(
	ctx context.Context, tx db.DBTX, of cluster.Cluster, id objectid.ID, req ExportJobRequest, state ExportJobState,
	now time.Time, newID func() objectid.ID,
) error {
	if err := req.check(); err != nil {
		return err
	}
	snapshot, err := snapshotOf(ctx, tx, of, *req.SnapshotID, now)
	if err != nil {
		return err
	}
	env := declared(now, newID, state == ExportJobSuccessful || state == ExportJobFailed)
	at := now
	if state == ExportJobInProgress {
		at = now.Add(-env.Pace.ExportQueued)
	}
	row, err := prepareExport(ctx, tx, snapshot, req, at, env)
	if err != nil {
		return err
	}
	row.ID = id
	if state == ExportJobFailed {
		row.Failure = []byte(`{"errorCode":"DECLARED","message":"The seed file says so."}`)
	}
	return InsertExportJobs(ctx, tx, row)
}
