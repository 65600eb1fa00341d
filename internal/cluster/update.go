package cluster

import (
	"context"
	"encoding/json"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
)

// UpdateCluster changes the cluster, in a version of the API, and returns it. It returns
// CLUSTER_NOT_FOUND, what GetClusterIn does if the version can't show the cluster, an
// *atlas.Error for the first rule that the body breaks, and USER_UNAUTHORIZED if it
// changes the termination protection and the caller does not own the project.
func (s *Service) UpdateCluster(
	ctx context.Context, version string, project atlas.ClusterWriter, name string, change Change,
) (Cluster, error) {
	decide := func(conn db.DBTX, cluster Cluster, newID func() objectid.ID) (Settings, error) {
		if err := cluster.checkVersion(version); err != nil {
			return Settings{}, err
		}
		if renamed := change.fields().Name; renamed != nil && *renamed != name {
			return Settings{}, atlas.NewError(atlas.CodeClusterCannotChangeName).Fact("name", *renamed, name)
		}
		settings, err := decodeSettings(cluster.Cluster.Settings) // apart from those before
		if err == nil {
			err = change.apply(&settings, newID)
		}
		if err == nil {
			err = settings.check()
		}
		if err != nil {
			return Settings{}, refusal(err, name)
		}
		if settings.TerminationProtectionEnabled != cluster.Settings.TerminationProtectionEnabled && !project.OwnsProject() {
			return Settings{}, atlas.NewError(atlas.CodeUserUnauthorized).
				Fact("terminationProtectionEnabled", "to be changed", "the role GROUP_OWNER")
		}
		if err := checkPause(name, cluster.Settings, settings, change.fields().Paused); err != nil {
			return Settings{}, err
		}
		return settings, s.checkContinuousBackup(ctx, conn, cluster, settings)
	}
	return s.update(ctx, project, name, event.ClusterUpdateSubmitted, decide)
}

// update changes a cluster that is not being deleted, and tells so by an event of a type: f
// returns the settings that it is to have. What f refuses is refused before anyone is waited for, and again when the
// project is locked.
func (s *Service) update(
	ctx context.Context, project atlas.ClusterWriter, name string, submitted event.Type,
	f func(conn db.DBTX, cluster Cluster, newID func() objectid.ID) (Settings, error),
) (Cluster, error) {
	decide := func(conn db.DBTX, newID func() objectid.ID) (Cluster, Settings, error) {
		cluster, err := Get(ctx, conn, project, name)
		if err != nil {
			return cluster, Settings{}, err
		}
		if cluster.State == Deleting {
			return cluster, Settings{}, atlas.NewError(atlas.CodeGeneral, atlas.ReasonClusterDeleting).
				Fact("clusterId", cluster.ID.String(), "").Fact("stateName", string(cluster.State), "another")
		}
		settings, err := f(conn, cluster, newID)
		return cluster, settings, err
	}
	if _, _, err := decide(s.pool, func() objectid.ID { return objectid.ID{} }); err != nil {
		return Cluster{}, err
	}
	now := project.Now()
	newID := func() objectid.ID { return s.env.NewID(now) }
	updated, err := write.Do(ctx, s.pool, project, func(tx pgx.Tx) (Cluster, error) {
		if err := write.LockProject(ctx, tx, project.ProjectID()); err != nil {
			return Cluster{}, err
		}
		before, settings, err := decide(tx, newID)
		if err != nil {
			return Cluster{}, err
		}
		row, err := s.updatedRow(before, settings, now)
		if err != nil {
			return Cluster{}, err
		}
		if err := InsertContainers(ctx, tx, row.ProjectID, settings, now, newID); err != nil {
			return Cluster{}, err
		}
		updated, err := s.q.UpdateCluster(ctx, tx, row)
		if err != nil {
			return Cluster{}, err
		}
		after, err := At(updated, now)
		if err != nil {
			return Cluster{}, err
		}
		if err := s.tellUpdate(ctx, tx, project, submitted, before, after); err != nil {
			return Cluster{}, err
		}
		return after, s.q.UpdateProjectDueAt(ctx, tx, row.ProjectID)
	})
	return updated, atlas.Wrap(err, "update cluster")
}

// checkPause refuses what can't be done with a cluster that is paused, or to be: asked is
// what the body says about it. A body that repeats what is so changes nothing.
func checkPause(name string, before, after Settings, asked *bool) error {
	others := after
	others.Paused = before.Paused
	changes := !reflect.DeepEqual(others, before)
	switch {
	case before.IsFree() && (after.Paused || !reflect.DeepEqual(before.Shards, after.Shards)):
		return atlas.NewError(atlas.CodeTenantUpdateUnsupported).Fact("instanceSize", FreeSize, "another")
	case before.Paused && asked != nil && *asked:
		return atlas.NewError(atlas.CodeClusterAlreadyPaused).Fact("cluster", name, "").Fact("paused", "true", "false")
	case before.Paused && (asked == nil || changes):
		return atlas.NewError(atlas.CodeCannotUpdatePausedCluster, name).Fact("paused", "true", "false")
	case !before.Paused && after.Paused && changes:
		return atlas.NewError(atlas.CodeCannotUpdateAndPauseCluster, name)
	}
	return nil
}

// updatedRow returns what the cluster becomes by a change of its settings: it is updated
// from now on, or when it is made, and so is its backup begun or ended.
func (s *Service) updatedRow(cluster Cluster, settings Settings, now time.Time) (db.UpdateClusterParams, error) {
	encoded, err := json.Marshal(settings)
	begins := now
	if cluster.ReadyAt.After(now) {
		begins = cluster.ReadyAt
	}
	applied := begins.Add(s.env.Pace.Updating)
	row := db.UpdateClusterParams{
		ProjectID:    cluster.ProjectID,
		ID:           cluster.ID,
		Settings:     encoded,
		FirstVersion: settings.firstVersion(),
		AppliedAt:    applied,
		BackupSince:  cluster.BackupSince,
		DueAt:        &applied,
	}
	switch {
	case !settings.BackupEnabled:
		row.BackupSince = nil
	case row.BackupSince == nil:
		row.BackupSince = &begins
	}
	if cluster.ReadyAt.After(now) || row.BackupSince != cluster.BackupSince {
		row.DueAt = &begins
	}
	return row, atlas.Wrap(err, "encode settings of cluster")
}

// checkContinuousBackup refuses to make the backup continuous if its schedule takes no
// hourly snapshots.
func (s *Service) checkContinuousBackup(ctx context.Context, conn db.DBTX, cluster Cluster, settings Settings) error {
	if !settings.PITEnabled || cluster.Settings.PITEnabled {
		return nil
	}
	without, err := s.q.CountSchedulesWithoutHourlyItem(ctx, conn, db.CountSchedulesWithoutHourlyItemParams{
		ProjectID: cluster.ProjectID, ClusterID: cluster.ID,
	})
	if err == nil && without > 0 {
		return atlas.NewError(atlas.CodeGeneral, atlas.ReasonNoHourlyItem)
	}
	return atlas.Wrap(err, "look for hourly snapshots")
}

// GetProcessArgs returns the process arguments of the cluster, or CLUSTER_NOT_FOUND.
func (s *Service) GetProcessArgs(ctx context.Context, project atlas.ProjectReader, name string) (ProcessArgs, error) {
	cluster, err := s.GetCluster(ctx, project, name)
	return cluster.Settings.ProcessArgs, err
}

// UpdateProcessArgs changes the process arguments of the cluster and returns them. It
// returns CLUSTER_NOT_FOUND, an *atlas.Error for the first rule that the body breaks,
// CANNOT_UPDATE_PAUSED_CLUSTER, and TENANT_CLUSTER_PROCESS_ARGS_NOT_SUPPORTED for a free
// cluster.
func (s *Service) UpdateProcessArgs(
	ctx context.Context, project atlas.ClusterWriter, name string, change ProcessArgsChange,
) (ProcessArgs, error) {
	decide := func(_ db.DBTX, cluster Cluster, _ func() objectid.ID) (Settings, error) {
		switch {
		case cluster.Settings.IsFree():
			return Settings{}, atlas.NewError(atlas.CodeTenantProcessArgsUnsupported).
				Fact("instanceSize", FreeSize, "another")
		case cluster.Settings.Paused:
			return Settings{}, atlas.NewError(atlas.CodeCannotUpdatePausedCluster, name).Fact("paused", "true", "false")
		}
		settings := cluster.Settings
		return settings, change.apply(&settings.ProcessArgs)
	}
	cluster, err := s.update(ctx, project, name, event.ClusterArgsSubmitted, decide)
	return cluster.Settings.ProcessArgs, err
}
