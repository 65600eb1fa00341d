package settle

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/objectid"
)

// clusters removes clusters that are gone, and gives those a schedule whose backup begins.
func (s *Service) clusters(ctx context.Context, tx pgx.Tx, projectID objectid.ID, now time.Time) error {
	rows, err := s.q.ListDueClusters(ctx, tx, db.ListDueClustersParams{ProjectID: projectID, Now: now, RowLimit: maxRows})
	if err != nil {
		return atlas.Wrap(err, "list due clusters")
	}
	for _, row := range rows {
		if row.GoneAt != nil && !row.GoneAt.After(now) {
			err := s.q.DeleteCluster(ctx, tx, db.DeleteClusterParams{ProjectID: row.ProjectID, ID: row.ID})
			if err != nil {
				return atlas.Wrap(err, "delete cluster")
			}
			continue
		}
		if row.BackupSince != nil && !row.BackupSince.Before(*row.DueAt) && !row.BackupSince.After(now) {
			if err := s.beginBackup(ctx, tx, row, now); err != nil {
				return err
			}
		}
		err := s.q.UpdateClusterDueAt(ctx, tx, db.UpdateClusterDueAtParams{
			ProjectID: row.ProjectID, ID: row.ID, DueAt: next(now, &row.ReadyAt, &row.AppliedAt, row.GoneAt),
		})
		if err != nil {
			return atlas.Wrap(err, "update due time of cluster")
		}
	}
	return nil
}

// next returns the first of the times that is to come, or nil if there is none.
func next(now time.Time, times ...*time.Time) *time.Time {
	var first *time.Time
	for _, t := range times {
		if t != nil && t.After(now) && (first == nil || t.Before(*first)) {
			first = t
		}
	}
	return first
}

// beginBackup gives a cluster a schedule, unless it has one from when it was backed up
// before.
func (s *Service) beginBackup(ctx context.Context, tx pgx.Tx, row db.Cluster, now time.Time) error {
	count, err := s.q.CountBackupSchedules(ctx, tx, db.CountBackupSchedulesParams{
		ProjectID: row.ProjectID, ClusterID: row.ID,
	})
	if err != nil || count > 0 {
		return atlas.Wrap(err, "look for backup schedule")
	}
	of, err := cluster.At(row, now)
	if err != nil {
		return err
	}
	schedule := backup.NewSchedule(of, func() objectid.ID { return s.env.NewID(*row.BackupSince) })
	return atlas.Wrap(backup.SaveSchedule(ctx, tx, &schedule), "begin backup")
}
