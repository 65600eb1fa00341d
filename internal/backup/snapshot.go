package backup

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
)

// OnDemand is the frequency of snapshots that somebody asked for.
const OnDemand = "ondemand"

// SnapshotState is the state of a snapshot, as Atlas names it.
type SnapshotState string

// The states of snapshots.
const (
	SnapshotQueued     SnapshotState = "queued"
	SnapshotInProgress SnapshotState = "inProgress"
	SnapshotCompleted  SnapshotState = "completed"
	SnapshotFailed     SnapshotState = "failed"
)

// Snapshot is a snapshot as it is at the time of a request.
type Snapshot struct {
	db.Snapshot

	Cluster cluster.Cluster
	State   SnapshotState
	Taken   bool             // the time that it shows is known
	Members []SnapshotMember // in place of what is stored; nil if the cluster is not sharded
}

// SnapshotMember is the snapshot of one replica set of a sharded cluster.
type SnapshotMember struct {
	ID             objectid.ID `json:"id"`
	ReplicaSetName string      `json:"replicaSetName"`
}

// SnapshotAt returns the snapshot of a row as it is at a time.
func SnapshotAt(of cluster.Cluster, row db.Snapshot, now time.Time) (Snapshot, error) {
	snapshot := Snapshot{Snapshot: row, Cluster: of, Taken: !now.Before(row.TakenAt)}
	switch {
	case now.Before(row.StartedAt):
		snapshot.State = SnapshotQueued
	case now.Before(row.CompletedAt):
		snapshot.State = SnapshotInProgress
	case row.Failed:
		snapshot.State = SnapshotFailed
	default:
		snapshot.State = SnapshotCompleted
	}
	if !snapshot.isDone() { // Atlas counts from the request at first
		snapshot.ExpiresAt = retention{row.RetentionUnit, int(row.RetentionValue)}.end(row.RequestedAt)
	}
	if row.Members != nil {
		if err := json.Unmarshal(row.Members, &snapshot.Members); err != nil {
			return Snapshot{}, atlas.Wrap(err, "decode members of snapshot")
		}
	}
	return snapshot, nil
}

// isDone reports whether nothing is to be waited for any longer.
func (s Snapshot) isDone() bool { return s.State == SnapshotCompleted || s.State == SnapshotFailed }

// SnapshotRequest is the body that takes a snapshot.
type SnapshotRequest struct {
	Description     *string `json:"description"`
	RetentionInDays *int    `json:"retentionInDays"` // 1 if left out

	Links any `json:"links"` // ignored
}

// check checks the body, and returns how long the snapshot is to be kept.
func (r SnapshotRequest) check() (retention, error) {
	kept := retention{"days", 1}
	if r.RetentionInDays != nil {
		kept.value = *r.RetentionInDays
	}
	switch {
	case !kept.isPossible():
		return kept, atlas.NewError(atlas.CodeSnapshotRetentionInvalid).
			Fact("retentionInDays", strconv.Itoa(kept.value), "from 1 to that of 100 years")
	case r.Description != nil && !atlas.HasLength(*r.Description, 0, atlas.MaxDescription):
		return kept, atlas.NewError(atlas.CodeInvalidAttribute, "description")
	}
	return kept, nil
}

// newSnapshotRow returns a snapshot of the cluster that is asked for at a time.
func newSnapshotRow(
	of cluster.Cluster, frequency string, kept retention, at time.Time, env atlas.Env,
) (db.Snapshot, error) {
	row := db.Snapshot{
		ProjectID:      of.ProjectID,
		ID:             env.NewID(at),
		ClusterID:      of.ID,
		FrequencyType:  frequency,
		PolicyItemIDs:  []string{},
		CloudProvider:  db.CloudProvider(of.Settings.Provider()),
		MongoDBVersion: of.MongoDBVersion(),
		RetentionUnit:  kept.unit,
		RetentionValue: int32(kept.value), //nolint:gosec // Bounded by isPossible.
		RequestedAt:    at,
		StartedAt:      at.Add(env.Pace.SnapshotQueued),
		TakenAt:        at.Add(env.Pace.SnapshotTaken),
		CompletedAt:    at.Add(env.Pace.SnapshotCompleted),
	}
	row.ExpiresAt = kept.end(row.CompletedAt)
	row.DueAt = row.CompletedAt
	if !of.Settings.IsSharded() {
		return row, nil
	}
	members := []SnapshotMember{}
	for _, name := range of.ReplicaSets() {
		members = append(members, SnapshotMember{ID: env.NewID(at), ReplicaSetName: name})
	}
	var err error
	row.Members, err = json.Marshal(members)
	return row, atlas.Wrap(err, "encode members of snapshot")
}

// CreateSnapshot begins to take a snapshot of the cluster and returns it. It returns
// CLUSTER_NOT_FOUND, BACKUP_SNAPSHOT_RETENTION_VALUE_INVALID, BACKUP_JOB_NOT_FOUND if the
// cluster is not backed up, CANNOT_UPDATE_PAUSED_CLUSTER, or UNFINISHED_ON_DEMAND_SNAPSHOT
// if the one before is underway.
func (s *Service) CreateSnapshot(
	ctx context.Context, project atlas.SnapshotWriter, name string, req SnapshotRequest,
) (Snapshot, error) {
	kept, err := req.check()
	if err != nil {
		return Snapshot{}, err
	}
	find := func(conn db.DBTX) (cluster.Cluster, error) {
		of, err := cluster.Get(ctx, conn, project, name)
		if err == nil {
			err = s.checkNewSnapshot(ctx, conn, of, project.Now())
		}
		return of, err
	}
	if _, err := find(s.pool); err != nil { // whoever is refused waits for nobody
		return Snapshot{}, err
	}
	return write.Do(ctx, s.pool, project, func(tx pgx.Tx) (Snapshot, error) {
		if err := write.LockProject(ctx, tx, project.ProjectID()); err != nil {
			return Snapshot{}, err
		}
		of, err := find(tx)
		if err != nil {
			return Snapshot{}, err
		}
		row, err := newSnapshotRow(of, OnDemand, kept, project.Now(), s.env)
		if err != nil {
			return Snapshot{}, err
		}
		row.Description = req.Description
		if err := InsertSnapshots(ctx, tx, row); err != nil {
			return Snapshot{}, err
		}
		events := []event.Event{of.By(event.By(s.env, project), event.SnapshotRequested)}
		if err := event.Write(ctx, tx, append(events, SnapshotEvents(s.env, of, row, project.Now())...)...); err != nil {
			return Snapshot{}, err
		}
		if err := s.q.UpdateProjectDueAt(ctx, tx, row.ProjectID); err != nil {
			return Snapshot{}, atlas.Wrap(err, "update due time of project")
		}
		return SnapshotAt(of, row, project.Now())
	})
}

// checkNewSnapshot refuses a snapshot on demand that can't be taken at the moment.
func (s *Service) checkNewSnapshot(ctx context.Context, conn db.DBTX, of cluster.Cluster, now time.Time) error {
	switch {
	case !of.Made || !of.HasBackup():
		return atlas.NewError(atlas.CodeBackupJobNotFound).Fact("cluster", of.ID.String(), "").
			Fact("stateName", string(of.State), "not CREATING").
			Fact("backupEnabled", strconv.FormatBool(of.Settings.BackupEnabled), "true")
	case of.Settings.Paused:
		return atlas.NewError(atlas.CodeCannotUpdatePausedCluster, of.Name).Fact("paused", "true", "false")
	}
	unfinished, err := s.q.CountUnfinishedSnapshots(ctx, conn, db.CountUnfinishedSnapshotsParams{
		ProjectID: of.ProjectID, ClusterID: of.ID, Now: now,
	})
	if err == nil && unfinished > 0 {
		return atlas.NewError(atlas.CodeUnfinishedSnapshot).Fact("cluster", of.ID.String(), "").
			Fact("unfinishedSnapshots", strconv.FormatInt(unfinished, 10), "0")
	}
	return atlas.Wrap(err, "look for an unfinished snapshot")
}

// InsertSnapshots adds snapshots to a project that is locked, with one round trip.
func InsertSnapshots(ctx context.Context, tx db.DBTX, rows ...db.Snapshot) error {
	if len(rows) == 0 {
		return nil
	}
	params := make([]db.InsertSnapshotParams, len(rows))
	for i, row := range rows {
		params[i] = db.InsertSnapshotParams(row)
	}
	return insertAll("insert snapshots", db.New().InsertSnapshot(ctx, tx, params).Exec)
}

// insertAll returns the first error of a batch of statements.
func insertAll(what string, exec func(func(int, error))) error {
	var first error
	exec(func(_ int, err error) {
		if first == nil {
			first = err
		}
	})
	return atlas.Wrap(first, what)
}

// SnapshotEvents returns the events of how a snapshot of the cluster is taken, as of now.
func SnapshotEvents(env atlas.Env, of cluster.Cluster, row db.Snapshot, now time.Time) []event.Event {
	return of.Events(env, now, event.Step{Type: event.SnapshotStarted, At: row.StartedAt},
		event.Step{Type: event.SnapshotSuccessful, At: row.CompletedAt})
}

// GetSnapshot returns a snapshot of the cluster. It returns CLUSTER_NOT_FOUND or
// SNAPSHOT_NOT_FOUND.
func (s *Service) GetSnapshot(
	ctx context.Context, project atlas.ProjectReader, name string, id objectid.ID,
) (Snapshot, error) {
	return s.getSnapshot(ctx, s.pool, project, name, id)
}

func (s *Service) getSnapshot(
	ctx context.Context, conn db.DBTX, project atlas.ProjectProof, name string, id objectid.ID,
) (Snapshot, error) {
	of, err := cluster.Get(ctx, conn, project, name)
	if err != nil {
		return Snapshot{}, err
	}
	return snapshotOf(ctx, conn, of, id, project.Now())
}

// snapshotOf returns the snapshot of the cluster, or SNAPSHOT_NOT_FOUND.
func snapshotOf(
	ctx context.Context, conn db.DBTX, of cluster.Cluster, id objectid.ID, now time.Time,
) (Snapshot, error) {
	row, err := db.New().GetSnapshot(ctx, conn, db.GetSnapshotParams{ProjectID: of.ProjectID, ClusterID: of.ID, ID: id})
	if err != nil {
		return Snapshot{}, atlas.WrapMissing(err, "get snapshot",
			atlas.NewError(atlas.CodeSnapshotNotFound, id.String(), of.Name))
	}
	return SnapshotAt(of, row, now)
}

// ListSnapshots returns one page of the snapshots of a cluster, newest first: those of
// replica sets, or those of sharded clusters.
func (s *Service) ListSnapshots(
	ctx context.Context, project atlas.ProjectReader, name string, sharded bool, page atlas.Page,
) (atlas.List[Snapshot], error) {
	of, err := cluster.Get(ctx, s.pool, project, name)
	if err != nil {
		return atlas.List[Snapshot]{}, err
	}
	rows, err := atlas.NewList("snapshots", page, func(limit int32, offset int64) ([]db.ListSnapshotsRow, error) {
		return s.q.ListSnapshots(ctx, s.pool, db.ListSnapshotsParams{
			ProjectID: of.ProjectID, ClusterID: of.ID, Sharded: sharded, RowLimit: limit, RowOffset: offset,
		})
	}, func(row db.ListSnapshotsRow) (db.Snapshot, int64) { return row.Snapshot, row.TotalCount })
	if err != nil {
		return atlas.List[Snapshot]{}, err
	}
	return atlas.DecodeList(rows, func(row db.Snapshot) (Snapshot, error) { return SnapshotAt(of, row, project.Now()) })
}

// SnapshotUpdate is the body that changes how long a snapshot is kept.
type SnapshotUpdate struct {
	RetentionUnit  *string `json:"retentionUnit"`  // required; DAYS, WEEKS, MONTHS or YEARS
	RetentionValue *int    `json:"retentionValue"` // required

	Links any `json:"links"` // ignored
}

// snapshotUnits are the names of retentionUnits in the body that changes a snapshot.
var snapshotUnits = map[string]string{"DAYS": "days", "WEEKS": "weeks", "MONTHS": "months", "YEARS": "years"}

func (u SnapshotUpdate) retention() (retention, error) {
	switch {
	case u.RetentionUnit == nil:
		return retention{}, atlas.NewError(atlas.CodeMissingAttribute, "retentionUnit")
	case u.RetentionValue == nil:
		return retention{}, atlas.NewError(atlas.CodeMissingAttribute, "retentionValue")
	}
	unit, ok := snapshotUnits[*u.RetentionUnit]
	if !ok {
		return retention{}, atlas.NewError(atlas.CodeInvalidEnumValue, *u.RetentionUnit)
	}
	kept := retention{unit, *u.RetentionValue}
	if !kept.isPossible() {
		return retention{}, atlas.NewError(atlas.CodeSnapshotRetentionInvalid).
			Fact("retentionValue", strconv.Itoa(kept.value), "from 1 to that of 100 years")
	}
	return kept, nil
}

// UpdateSnapshot changes how long a snapshot is kept after its completion, and returns it.
// It returns CLUSTER_NOT_FOUND, SNAPSHOT_NOT_FOUND, an *atlas.Error for the first rule that
// the body breaks, or CANNOT_MODIFY_IN_PROGRESS_SNAPSHOT_RETENTION.
func (s *Service) UpdateSnapshot(
	ctx context.Context, project atlas.SnapshotWriter, name string, id objectid.ID, update SnapshotUpdate,
) (Snapshot, error) {
	kept, err := update.retention()
	if err != nil {
		return Snapshot{}, err
	}
	return writeSnapshot(ctx, s, project, name, id, atlas.NewError(atlas.CodeCannotModifySnapshot),
		func(tx pgx.Tx, snapshot Snapshot) (Snapshot, error) {
			row, err := s.keepSnapshot(ctx, tx, snapshot.Snapshot, kept, snapshot.CompletedAt)
			if err != nil {
				return Snapshot{}, err
			}
			err = event.Write(ctx, tx, snapshot.Cluster.By(event.By(s.env, project), event.SnapshotRetentionChanged))
			if err != nil {
				return Snapshot{}, err
			}
			return SnapshotAt(snapshot.Cluster, row, project.Now())
		})
}

// keepSnapshot keeps a snapshot for so long from a time, and until its completion at least.
func (s *Service) keepSnapshot(
	ctx context.Context, tx pgx.Tx, row db.Snapshot, kept retention, from time.Time,
) (db.Snapshot, error) {
	end := kept.end(from)
	if end.Before(row.CompletedAt) {
		end = row.CompletedAt
	}
	row, err := s.q.UpdateSnapshotRetention(ctx, tx, db.UpdateSnapshotRetentionParams{
		ProjectID:      row.ProjectID,
		ID:             row.ID,
		RetentionUnit:  kept.unit,
		RetentionValue: int32(kept.value), //nolint:gosec // Bounded by isPossible.
		ExpiresAt:      end,
	})
	return row, atlas.Wrap(err, "update snapshot")
}

// DeleteSnapshot removes a snapshot. It returns CLUSTER_NOT_FOUND, SNAPSHOT_NOT_FOUND, or
// CANNOT_DELETE_IN_PROGRESS_SNAPSHOT.
func (s *Service) DeleteSnapshot(ctx context.Context, project atlas.SnapshotWriter, name string, id objectid.ID) error {
	_, err := writeSnapshot(ctx, s, project, name, id, atlas.NewError(atlas.CodeCannotDeleteSnapshot, id.String()),
		func(tx pgx.Tx, snapshot Snapshot) (Snapshot, error) {
			err := s.q.DeleteSnapshot(ctx, tx, db.DeleteSnapshotParams{
				ProjectID: snapshot.ProjectID, ID: snapshot.ID,
			})
			if err != nil {
				return Snapshot{}, atlas.Wrap(err, "delete snapshot")
			}
			return snapshot, event.Write(ctx, tx, snapshot.Cluster.By(event.By(s.env, project), event.SnapshotDeleted))
		})
	return err
}

// writeSnapshot runs f on a snapshot that is done, with its project locked. It returns the
// error unfinished for one that is not done.
func writeSnapshot(
	ctx context.Context, s *Service, project atlas.SnapshotWriter, name string, id objectid.ID, unfinished *atlas.Error,
	f func(tx pgx.Tx, snapshot Snapshot) (Snapshot, error),
) (Snapshot, error) {
	find := func(conn db.DBTX) (Snapshot, error) {
		snapshot, err := s.getSnapshot(ctx, conn, project, name, id)
		if err == nil && !snapshot.isDone() {
			err = unfinished.Fact("status", string(snapshot.State), "completed or failed")
		}
		return snapshot, err
	}
	if _, err := find(s.pool); err != nil { // whoever is refused waits for nobody
		return Snapshot{}, err
	}
	return write.Do(ctx, s.pool, project, func(tx pgx.Tx) (Snapshot, error) {
		if err := write.LockProject(ctx, tx, project.ProjectID()); err != nil {
			return Snapshot{}, err
		}
		snapshot, err := find(tx)
		if err != nil {
			return Snapshot{}, err
		}
		snapshot, err = f(tx, snapshot)
		if err != nil {
			return Snapshot{}, err
		}
		return snapshot, atlas.Wrap(s.q.UpdateProjectDueAt(ctx, tx, project.ProjectID()), "update due time of project")
	})
}
