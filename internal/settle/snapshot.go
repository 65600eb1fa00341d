package settle

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
)

// snapshots exports those that are completed, where a schedule says so, and removes those
// that have expired: at most maxRows, the oldest first. It returns the events that tell of
// the exports.
func (s *Service) snapshots(
	ctx context.Context, tx pgx.Tx, projectID objectid.ID, now time.Time,
) ([]event.Event, error) {
	rows, err := s.q.ListDueSnapshots(ctx, tx, db.ListDueSnapshotsParams{
		ProjectID: projectID, Now: now, RowLimit: maxRows,
	})
	if err != nil {
		return nil, atlas.Wrap(err, "list due snapshots")
	}
	ids := make([]string, len(rows))
	schedules := make(map[objectid.ID]*backup.Schedule)
	var queue *backup.ExportQueue
	var jobs []db.ExportJob
	var events []event.Event
	for i, row := range rows {
		ids[i] = row.ID.String()
		if row.FrequencyType == backup.OnDemand || row.Failed || !row.DueAt.Equal(row.CompletedAt) {
			continue
		}
		if _, ok := schedules[row.ClusterID]; !ok {
			if schedules[row.ClusterID], err = s.exporting(ctx, tx, row, now); err != nil {
				return nil, err
			}
		}
		schedule := schedules[row.ClusterID]
		if schedule == nil || !schedule.Exports(row) {
			continue
		}
		if queue == nil {
			if queue, err = backup.NewExportQueue(ctx, tx, projectID, row.CompletedAt); err != nil {
				return nil, err
			}
		}
		job, err := s.export(ctx, tx, *schedule, row, queue)
		if err != nil {
			return nil, err
		}
		if job != nil {
			jobs = append(jobs, *job)
			events = append(events, backup.ExportEvents(s.env, schedule.Cluster, *job, now)...)
		}
	}
	if err := backup.InsertExportJobs(ctx, tx, jobs...); err != nil {
		return nil, err
	}
	err = s.q.UpdateSnapshotsDueAt(ctx, tx, db.UpdateSnapshotsDueAtParams{ProjectID: projectID, IDs: ids})
	if err != nil {
		return nil, atlas.Wrap(err, "update due time of snapshots")
	}
	err = s.q.DeleteExpiredSnapshots(ctx, tx, db.DeleteExpiredSnapshotsParams{ProjectID: projectID, Now: now})
	return events, atlas.Wrap(err, "delete expired snapshots")
}

// exporting returns the schedule of the snapshot's cluster if it exports to a bucket, else
// nil.
func (s *Service) exporting(
	ctx context.Context, tx pgx.Tx, snapshot db.Snapshot, now time.Time,
) (*backup.Schedule, error) {
	row, err := s.q.GetExportingSchedule(ctx, tx, db.GetExportingScheduleParams{
		ProjectID: snapshot.ProjectID, ClusterID: snapshot.ClusterID,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // There is none.
	}
	if err != nil {
		return nil, atlas.Wrap(err, "get exporting schedule")
	}
	of, err := cluster.At(row.Cluster, now)
	if err != nil {
		return nil, err
	}
	schedule, err := backup.NewScheduleOf(of, row.BackupSchedule)
	return &schedule, err
}

// export returns the job that exports a snapshot when it is completed, or nil if somebody
// has begun to export it.
func (s *Service) export(
	ctx context.Context, tx pgx.Tx, schedule backup.Schedule, row db.Snapshot, queue *backup.ExportQueue,
) (*db.ExportJob, error) {
	snapshot, err := backup.SnapshotAt(schedule.Cluster, row, row.CompletedAt)
	if err != nil {
		return nil, err
	}
	job, err := queue.Add(ctx, tx, snapshot, *schedule.ExportBucketID, nil, row.CompletedAt, s.env)
	if refusal, ok := errors.AsType[*atlas.Error](err); ok && refusal.Code == atlas.CodeExportJobActive {
		return nil, nil //nolint:nilnil // There is none.
	}
	return &job, err
}
