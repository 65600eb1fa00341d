package settle

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
)

// schedules takes the snapshots of the project that are due, the oldest first, and at most
// maxRows of them. It returns the events that tell of them.
func (s *Service) schedules(
	ctx context.Context, tx pgx.Tx, projectID objectid.ID, now time.Time,
) ([]event.Event, error) {
	rows, err := s.q.ListDueBackupSchedules(ctx, tx, db.ListDueBackupSchedulesParams{
		ProjectID: projectID, Now: now, RowLimit: maxRows,
	})
	if err != nil {
		return nil, atlas.Wrap(err, "list due backup schedules")
	}
	schedules := make([]backup.Schedule, len(rows))
	for i, row := range rows {
		of, err := cluster.At(row.Cluster, now)
		if err == nil {
			schedules[i], err = backup.NewScheduleOf(of, row.BackupSchedule)
		}
		if err != nil {
			return nil, err
		}
		if !of.HasBackup() || of.Settings.Paused {
			schedules[i].Skip(now)
		}
	}
	var taken []db.Snapshot
	var events []event.Event
	for range maxRows {
		schedule := first(schedules, now)
		if schedule == nil {
			break
		}
		snapshot, err := schedule.Take(s.env)
		if err != nil {
			return nil, atlas.Wrap(err, "take scheduled snapshot")
		}
		taken = append(taken, snapshot)
		events = append(events, backup.SnapshotEvents(s.env, schedule.Cluster, snapshot, now)...)
	}
	if err := backup.InsertSnapshots(ctx, tx, taken...); err != nil {
		return nil, err
	}
	for i := range schedules {
		if err := backup.SaveSchedule(ctx, tx, &schedules[i]); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// first returns the schedule that is due first, or nil if none is.
func first(schedules []backup.Schedule, now time.Time) *backup.Schedule {
	var found *backup.Schedule
	for i := range schedules {
		schedule := &schedules[i]
		if schedule.DueAt == nil || schedule.DueAt.After(now) {
			continue
		}
		if found == nil || schedule.DueAt.Before(*found.DueAt) {
			found = schedule
		}
	}
	return found
}
