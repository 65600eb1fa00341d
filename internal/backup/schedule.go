package backup

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
)

// Schedule is a backup schedule.
type Schedule struct {
	db.BackupSchedule

	Cluster cluster.Cluster
	// In place of what is stored.
	Policy         []PolicyItem
	CopySettings   []CopySetting
	ExtraRetention []ExtraRetention // nil until it is set
}

// NewSchedule returns the schedule that Atlas gives a cluster when its backup begins.
func NewSchedule(of cluster.Cluster, newID func() objectid.ID) Schedule {
	since := *of.BackupSince
	at := reference{since.Hour(), since.Minute()}
	schedule := Schedule{
		BackupSchedule: db.BackupSchedule{
			ProjectID:         of.ProjectID,
			ClusterID:         of.ID,
			PolicyID:          newID(),
			ReferenceHour:     int16(at.hour),   //nolint:gosec // An hour.
			ReferenceMinute:   int16(at.minute), //nolint:gosec // A minute.
			RestoreWindowDays: 7,
		},
		Cluster:      of,
		Policy:       defaultPolicy(of.Settings.PITEnabled),
		CopySettings: []CopySetting{},
	}
	for i := range schedule.Policy {
		item := &schedule.Policy[i]
		item.ID, item.Next = newID(), item.after(since, at)
	}
	return schedule
}

// NewScheduleOf returns the schedule of a row.
func NewScheduleOf(of cluster.Cluster, row db.BackupSchedule) (Schedule, error) {
	schedule := Schedule{BackupSchedule: row, Cluster: of}
	for _, part := range []struct {
		stored []byte
		value  any
	}{
		{row.PolicyItems, &schedule.Policy},
		{row.CopySettings, &schedule.CopySettings},
		{row.ExtraRetention, &schedule.ExtraRetention},
	} {
		if part.stored == nil {
			continue
		}
		if err := json.Unmarshal(part.stored, part.value); err != nil {
			return Schedule{}, atlas.Wrap(err, "decode backup schedule")
		}
	}
	return schedule, nil
}

// encode writes into the row what stands in place of it.
func (s *Schedule) encode() error {
	s.findDue()
	for _, part := range []struct {
		stored *[]byte
		value  any
	}{
		{&s.PolicyItems, s.Policy},
		{&s.BackupSchedule.CopySettings, s.CopySettings},
		{&s.BackupSchedule.ExtraRetention, s.ExtraRetention},
	} {
		if reflect.ValueOf(part.value).IsNil() {
			continue
		}
		encoded, err := json.Marshal(part.value)
		if err != nil {
			return atlas.Wrap(err, "encode backup schedule")
		}
		*part.stored = encoded
	}
	return nil
}

// findDue finds anew when the next snapshot is due.
func (s *Schedule) findDue() {
	s.DueAt = nil
	if next, due := dueFirst(s.Policy); len(due) > 0 {
		s.DueAt = &next
	}
}

// Skip leaves out the snapshots that are due.
func (s *Schedule) Skip(now time.Time) {
	for i, item := range s.Policy {
		if !item.Next.After(now) {
			s.Policy[i].Next = item.after(now, s.reference())
		}
	}
	s.findDue()
}

// RestartSchedules lets the schedules of an organization that is held begin anew at a time
// or, if a project is given, of that alone.
func RestartSchedules(
	ctx context.Context, tx pgx.Tx, orgID objectid.ID, projectID *objectid.ID, now time.Time,
) error {
	rows, err := db.New().ListOrgBackupSchedules(ctx, tx,
		db.ListOrgBackupSchedulesParams{OrgID: orgID, ProjectID: projectID})
	if err != nil {
		return atlas.Wrap(err, "list backup schedules")
	}
	for _, row := range rows {
		of, err := cluster.At(row.Cluster, now)
		if err != nil {
			return err
		}
		schedule, err := NewScheduleOf(of, row.BackupSchedule)
		if err != nil {
			return err
		}
		for i, item := range schedule.Policy {
			schedule.Policy[i].Next = item.after(now, schedule.reference())
		}
		if err := SaveSchedule(ctx, tx, &schedule); err != nil {
			return err
		}
	}
	return nil
}

// Take returns the snapshot that is due first. It serves all policy items that are due at
// that time, and is kept as long as the rarest says.
func (s *Schedule) Take(env atlas.Env) (db.Snapshot, error) {
	at, due := dueFirst(s.Policy)
	row, err := newSnapshotRow(s.Cluster, due[0].FrequencyType, due[0].retention(), at, env)
	for _, item := range due {
		row.PolicyItemIDs = append(row.PolicyItemIDs, item.ID.String())
	}
	for i, item := range s.Policy {
		if item.Next.Equal(at) {
			s.Policy[i].Next = item.after(at, s.reference())
		}
	}
	s.findDue()
	return row, err
}

// Exports reports whether a snapshot is of the frequency that is exported: one of those of
// the policy items that it serves.
func (s *Schedule) Exports(row db.Snapshot) bool {
	return row.FrequencyType == *s.ExportFrequency || slices.ContainsFunc(s.Policy, func(item PolicyItem) bool {
		return item.FrequencyType == *s.ExportFrequency && slices.Contains(row.PolicyItemIDs, item.ID.String())
	})
}

func (s *Schedule) reference() reference {
	return reference{int(s.ReferenceHour), int(s.ReferenceMinute)}
}

// GetSchedule returns the backup schedule of the cluster. It returns CLUSTER_NOT_FOUND, or
// BACKUP_CONFIG_NOT_FOUND if the cluster is not backed up, or not made yet.
func (s *Service) GetSchedule(ctx context.Context, project atlas.ProjectReader, name string) (Schedule, error) {
	return s.getSchedule(ctx, s.pool, project, name)
}

func (s *Service) getSchedule(
	ctx context.Context, conn db.DBTX, project atlas.ProjectProof, name string,
) (Schedule, error) {
	of, err := cluster.Get(ctx, conn, project, name)
	if err != nil {
		return Schedule{}, err
	}
	notFound := atlas.NewError(atlas.CodeBackupConfigNotFound, of.ID.String(), of.ProjectID.String())
	if !of.Made || !of.Settings.BackupEnabled {
		return Schedule{}, notFound
	}
	row, err := s.q.GetBackupSchedule(ctx, conn, db.GetBackupScheduleParams{ProjectID: of.ProjectID, ClusterID: of.ID})
	if err != nil {
		return Schedule{}, atlas.WrapMissing(err, "get backup schedule", notFound)
	}
	return NewScheduleOf(of, row)
}

// UpdateSchedule changes the backup schedule of the cluster and returns it. It returns
// what GetSchedule does, an *atlas.Error for the first rule that the body breaks, and
// EXPORT_BUCKET_NOT_FOUND if the project has no such bucket.
func (s *Service) UpdateSchedule(
	ctx context.Context, project atlas.ScheduleWriter, name string, update ScheduleUpdate,
) (Schedule, error) {
	now := project.Now()
	newID := func() objectid.ID { return s.env.NewID(now) }
	return s.writeSchedule(ctx, project, name, func(conn db.DBTX, schedule *Schedule) error {
		if err := update.apply(schedule, now, newID); err != nil {
			return err
		}
		if update.Export == nil || update.Export.ExportBucketID == nil {
			return nil
		}
		id := *update.Export.ExportBucketID
		_, err := s.q.GetExportBucket(ctx, conn, db.GetExportBucketParams{ProjectID: schedule.ProjectID, ID: id})
		return atlas.WrapMissing(err, "get export bucket", bucketNotFound(id))
	}, func(tx pgx.Tx, before, after Schedule) ([]event.Event, error) {
		return s.updateSnapshots(ctx, tx, project, before, after, update)
	})
}

// DeleteSchedule takes all policy items from the schedule of the cluster and returns what
// is left. Exports to a bucket stay as they are: Atlas leaves them, too. It returns what
// GetSchedule does.
func (s *Service) DeleteSchedule(ctx context.Context, project atlas.ScheduleWriter, name string) (Schedule, error) {
	return s.writeSchedule(ctx, project, name, func(_ db.DBTX, schedule *Schedule) error {
		schedule.Policy = []PolicyItem{}
		return nil
	}, func(pgx.Tx, Schedule, Schedule) ([]event.Event, error) { return nil, nil })
}

// exportBucketFkey is broken by a schedule that exports to a bucket that is gone, and by
// the deletion of a bucket that a schedule exports to.
const exportBucketFkey = "backup_schedules_project_id_export_bucket_id_fkey"

// writeSchedule lets one function change the schedule of the cluster, and then another do
// what follows from that, which returns the events that tell of it. What the first refuses
// is refused before anyone is waited for, and again when the project is locked.
func (s *Service) writeSchedule(
	ctx context.Context, project atlas.ScheduleWriter, name string,
	change func(conn db.DBTX, schedule *Schedule) error,
	follow func(tx pgx.Tx, before, after Schedule) ([]event.Event, error),
) (Schedule, error) {
	find := func(conn db.DBTX) (before, after Schedule, err error) {
		before, err = s.getSchedule(ctx, conn, project, name)
		if err != nil {
			return before, after, err
		}
		after = before
		after.Policy = slices.Clone(before.Policy)
		if err := change(conn, &after); err != nil {
			return before, after, err
		}
		return before, after, nil
	}
	_, wanted, err := find(s.pool)
	if err != nil {
		return Schedule{}, err
	}
	updated, err := write.Do(ctx, s.pool, project, func(tx pgx.Tx) (Schedule, error) {
		if err := write.LockProject(ctx, tx, project.ProjectID()); err != nil {
			return Schedule{}, err
		}
		before, after, err := find(tx)
		if err != nil {
			return Schedule{}, err
		}
		if err := SaveSchedule(ctx, tx, &after); err != nil {
			return Schedule{}, err
		}
		followed, err := follow(tx, before, after)
		if err != nil {
			return Schedule{}, err
		}
		events := []event.Event{after.Cluster.By(event.By(s.env, project), event.ScheduleUpdated)}
		if err := event.Write(ctx, tx, append(events, followed...)...); err != nil {
			return Schedule{}, err
		}
		return after, s.q.UpdateProjectDueAt(ctx, tx, after.ProjectID)
	})
	if write.IsViolation(err, exportBucketFkey) {
		err = bucketNotFound(*wanted.ExportBucketID)
	}
	return updated, atlas.Wrap(err, "update backup schedule")
}

// SaveSchedule stores a schedule, new or not, of a project that is locked.
func SaveSchedule(ctx context.Context, tx db.DBTX, schedule *Schedule) error {
	if err := schedule.encode(); err != nil {
		return err
	}
	row := db.UpsertBackupScheduleParams(schedule.BackupSchedule)
	return atlas.Wrap(db.New().UpsertBackupSchedule(ctx, tx, row), "upsert backup schedule")
}

// updateSnapshots does to the snapshots of the policy what the body asks for: those of
// items that are gone are deleted, and those of items that stay are kept as long as these
// say now, from the times that they show. It returns an event for each.
func (s *Service) updateSnapshots(
	ctx context.Context, tx pgx.Tx, project atlas.ScheduleWriter, before, after Schedule, update ScheduleUpdate,
) ([]event.Event, error) {
	var gone []string
	var events []event.Event
	by := event.By(s.env, project)
	for _, old := range before.Policy {
		i := slices.IndexFunc(after.Policy, func(item PolicyItem) bool { return item.ID == old.ID })
		if i < 0 {
			gone = append(gone, old.ID.String())
			continue
		}
		if update.UpdateSnapshots {
			kept, err := s.keepSnapshots(ctx, tx, after, after.Policy[i])
			if err != nil {
				return nil, err
			}
			for range kept {
				events = append(events, after.Cluster.By(by, event.SnapshotRetentionChanged))
			}
		}
	}
	if !update.DeleteSnapshots {
		return events, nil
	}
	deleted, err := s.q.DeletePolicyItemSnapshots(ctx, tx, db.DeletePolicyItemSnapshotsParams{
		ProjectID: after.ProjectID, ClusterID: after.ClusterID, PolicyItemIDs: gone, Now: project.Now(),
	})
	for range deleted {
		events = append(events, after.Cluster.By(by, event.SnapshotDeleted))
	}
	return events, atlas.Wrap(err, "delete snapshots of policy items")
}

// keepSnapshots keeps the snapshots of a policy item as long as it says, and returns how
// many there are.
func (s *Service) keepSnapshots(ctx context.Context, tx pgx.Tx, schedule Schedule, item PolicyItem) (int, error) {
	rows, err := s.q.ListPolicyItemSnapshots(ctx, tx, db.ListPolicyItemSnapshotsParams{
		ProjectID: schedule.ProjectID, ClusterID: schedule.ClusterID, PolicyItemID: item.ID.String(),
	})
	if err != nil {
		return 0, atlas.Wrap(err, "list snapshots of policy item")
	}
	for _, row := range rows {
		if _, err := s.keepSnapshot(ctx, tx, row, item.retention(), row.TakenAt); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}
