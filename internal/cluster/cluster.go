package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
)

// Cluster is a cluster as it is at the time of a request.
type Cluster struct {
	db.Cluster

	Settings Settings // in place of what is stored
	State    State
	Made     bool // it is not being created any longer
}

// HasBackup reports whether snapshots of the cluster are taken.
func (c Cluster) HasBackup() bool { return c.Settings.BackupEnabled && c.State != Deleting }

// MongoDBVersion returns the version of MongoDB to the patch.
func (c Cluster) MongoDBVersion() string { return patchOf(c.Settings.MongoDBMajorVersion) }

// At returns the cluster of a row as it is at a time.
func At(row db.Cluster, now time.Time) (Cluster, error) {
	settings, err := decodeSettings(row.Settings)
	return Cluster{
		Cluster:  row,
		Settings: settings,
		State:    state(row.ReadyAt, row.AppliedAt, row.GoneAt, now),
		Made:     !now.Before(row.ReadyAt),
	}, err
}

// NewRow returns the row of a new cluster with what the body asks for, which is made and
// ready at once. It returns an *atlas.Error for the first rule that the body breaks.
func NewRow(
	projectID, id objectid.ID, change Change, now time.Time, newID func() objectid.ID,
) (db.InsertClusterParams, Settings, error) {
	row := db.InsertClusterParams{ProjectID: projectID, ID: id, CreatedAt: now}
	settings := defaultSettings()
	if missing := change.missing(); missing != "" {
		return row, settings, atlas.NewError(atlas.CodeMissingAttribute, missing)
	}
	row.Name = *change.fields().Name
	if err := checkName(row.Name); err != nil {
		return row, settings, err
	}
	if paused := change.fields().Paused; paused != nil && *paused {
		return row, settings, atlas.NewError(atlas.CodeCannotCreatePausedCluster, row.Name).Fact("paused", "true", "false")
	}
	err := change.apply(&settings, newID)
	if err == nil {
		err = settings.check()
	}
	if err != nil {
		return row, settings, refusal(err, row.Name)
	}
	begin(&row, settings, now, now)
	row.FirstVersion = settings.firstVersion()
	row.Settings, err = json.Marshal(settings)
	return row, settings, atlas.Wrap(err, "encode settings of cluster")
}

// begin sets when a new cluster is ready, and its last change is applied.
func begin(row *db.InsertClusterParams, settings Settings, ready, applied time.Time) {
	row.ReadyAt, row.AppliedAt, row.DueAt = ready, applied, &ready
	if settings.BackupEnabled {
		row.BackupSince = &ready
	}
}

// refusal names the cluster in the refusal of a flex cluster.
func refusal(err error, name string) error {
	if errors.Is(err, errFlex) {
		return atlas.NewError(atlas.CodeFlexInClusterAPI, name)
	}
	return err
}

// The constraints whose violation is an answer and not a fault.
const (
	clustersNameKey       = "clusters_project_id_name_key"
	clustersNamePrefixKey = "clusters_project_id_name_prefix_key"
)

// CreateCluster adds a cluster to the project, with the network containers that it needs.
// It returns an *atlas.Error for the first rule that the body breaks, and
// DUPLICATE_CLUSTER_NAME or DUPLICATE_CLUSTER_NAME_PREFIX if the project has a cluster
// with the same name, or with one that begins the same.
func (s *Service) CreateCluster(ctx context.Context, project atlas.ClusterWriter, change Change) (Cluster, error) {
	now := project.Now()
	newID := func() objectid.ID { return s.env.NewID(now) }
	row, settings, err := NewRow(project.ProjectID(), newID(), change, now, newID)
	if err != nil {
		return Cluster{}, err
	}
	ready := now.Add(s.env.Pace.Creating)
	applied := ready
	if settings.IsFree() {
		ready = now.Add(s.env.Pace.FreeCreating)
		applied = ready.Add(s.env.Pace.Updating)
	}
	begin(&row, settings, ready, applied)
	created, err := write.Do(ctx, s.pool, project, func(tx pgx.Tx) (Cluster, error) {
		if err := write.LockProject(ctx, tx, row.ProjectID); err != nil {
			return Cluster{}, err
		}
		inserted, err := s.q.InsertCluster(ctx, tx, row)
		if err != nil {
			return Cluster{}, err
		}
		if err := InsertContainers(ctx, tx, row.ProjectID, settings, now, newID); err != nil {
			return Cluster{}, err
		}
		created, err := At(inserted, now)
		if err != nil {
			return Cluster{}, err
		}
		events := []event.Event{created.By(event.By(s.env, project), event.ClusterCreated)}
		if err := event.Write(ctx, tx, append(events, created.making(s.env)...)...); err != nil {
			return Cluster{}, err
		}
		return created, s.q.UpdateProjectDueAt(ctx, tx, row.ProjectID)
	})
	switch {
	case write.IsViolation(err, clustersNameKey):
		err = atlas.NewError(atlas.CodeDuplicateClusterName,
			"cluster or serverless instance", row.Name, row.ProjectID.String())
	case write.IsViolation(err, clustersNamePrefixKey):
		err = atlas.NewError(atlas.CodeDuplicateClusterNamePrefix, row.Name, namePrefix)
	}
	return created, atlas.Wrap(err, "insert cluster")
}

// GetCluster returns the project's cluster of that name, whoever may look at it. It
// returns CLUSTER_NOT_FOUND if there is none.
func (s *Service) GetCluster(ctx context.Context, project atlas.ProjectProof, name string) (Cluster, error) {
	return Get(ctx, s.pool, project, name)
}

// Get is GetCluster on a connection.
func Get(ctx context.Context, conn db.DBTX, project atlas.ProjectProof, name string) (Cluster, error) {
	notFound := atlas.NewError(atlas.CodeClusterNotFound, name, project.ProjectID().String())
	if !nameForm.MatchString(name) {
		return Cluster{}, notFound
	}
	row, err := db.New().GetCluster(ctx, conn, db.GetClusterParams{ProjectID: project.ProjectID(), Name: name})
	if err != nil {
		return Cluster{}, atlas.WrapMissing(err, "get cluster", notFound)
	}
	return At(row, project.Now())
}

// GetClusterIn is GetCluster for a version of the API. It returns
// ASYMMETRIC_SHARD_UNSUPPORTED or MULTI_CLOUD_CLUSTER_INVALID if the version can't show
// the cluster.
func (s *Service) GetClusterIn(
	ctx context.Context, version string, project atlas.ProjectReader, name string,
) (Cluster, error) {
	cluster, err := s.GetCluster(ctx, project, name)
	if err == nil {
		err = cluster.checkVersion(version)
	}
	return cluster, err
}

func (c Cluster) checkVersion(version string) error {
	switch {
	case version >= c.FirstVersion:
		return nil
	case c.FirstVersion == Version20230201:
		return atlas.NewError(atlas.CodeMultiCloudUnsupported).Fact("version", version, c.FirstVersion+" or later")
	}
	return atlas.NewError(atlas.CodeAsymmetricShardUnsupported).Fact("version", version, c.FirstVersion+" or later")
}

// ListClusters returns one page of the project's clusters, oldest first, of those that a
// version of the API can show.
func (s *Service) ListClusters(
	ctx context.Context, version string, project atlas.ProjectReader, page atlas.Page,
) (atlas.List[Cluster], error) {
	rows, err := atlas.NewList("clusters", page, func(limit int32, offset int64) ([]db.ListClustersRow, error) {
		return s.q.ListClusters(ctx, s.pool, db.ListClustersParams{
			ProjectID: project.ProjectID(), Version: version, RowLimit: limit, RowOffset: offset,
		})
	}, func(row db.ListClustersRow) (db.Cluster, int64) { return row.Cluster, row.TotalCount })
	if err != nil {
		return atlas.List[Cluster]{}, err
	}
	return atlas.DecodeList(rows, func(row db.Cluster) (Cluster, error) { return At(row, project.Now()) })
}

// ListClustersOf returns the clusters of projects of the caller's organization, oldest first,
// of those that a version of the API can show. Whether the caller may look at the projects
// is for it to know. What time does to clusters is seen here without settling: states
// follow from the clock, and those that are gone by it are left out.
func (s *Service) ListClustersOf(
	ctx context.Context, version string, p *atlas.Principal, projects []objectid.ID,
) (map[objectid.ID][]Cluster, error) {
	rows, err := s.q.ListClustersOfProjects(ctx, s.pool, db.ListClustersOfProjectsParams{
		OrgID: p.OrgID(), ProjectIDs: objectid.Strings(projects), Version: version, Now: p.Now(),
	})
	if err != nil {
		return nil, fmt.Errorf("list clusters of projects: %w", err)
	}
	clusters := make(map[objectid.ID][]Cluster)
	for _, row := range rows {
		cluster, err := At(row, p.Now())
		if err != nil {
			return nil, err
		}
		clusters[row.ProjectID] = append(clusters[row.ProjectID], cluster)
	}
	return clusters, nil
}

// DeleteCluster begins the deletion of the cluster, which takes its time. It returns
// CLUSTER_NOT_FOUND, CLUSTER_ALREADY_REQUESTED_DELETION, or
// CANNOT_TERMINATE_CLUSTER_WHEN_TERMINATION_PROTECTION_ENABLED.
func (s *Service) DeleteCluster(ctx context.Context, project atlas.ProjectOwner, name string) error {
	check := func(cluster Cluster, err error) error {
		switch {
		case err != nil:
			return err
		case cluster.State == Deleting:
			return atlas.NewError(atlas.CodeClusterAlreadyDeleting, name).
				Fact("clusterId", cluster.ID.String(), "").Fact("stateName", string(cluster.State), "another")
		case cluster.Settings.TerminationProtectionEnabled:
			return atlas.NewError(atlas.CodeTerminationProtection, name, project.ProjectID().String()).
				Fact("clusterId", cluster.ID.String(), "").Fact("terminationProtectionEnabled", "true", "false")
		}
		return nil
	}
	if err := check(s.GetCluster(ctx, project, name)); err != nil {
		return err
	}
	err := write.Begin(ctx, s.pool, project, func(tx pgx.Tx) error {
		if err := write.LockProject(ctx, tx, project.ProjectID()); err != nil {
			return err
		}
		cluster, err := Get(ctx, tx, project, name)
		if err := check(cluster, err); err != nil {
			return err
		}
		goneAt := project.Now().Add(s.env.Pace.Deleting)
		err = s.q.UpdateClusterDeletion(ctx, tx, db.UpdateClusterDeletionParams{
			ProjectID: cluster.ProjectID, ID: cluster.ID, GoneAt: goneAt,
		})
		if err != nil {
			return err
		}
		if err := s.tellDeletion(ctx, tx, project, cluster, goneAt); err != nil {
			return err
		}
		return s.q.UpdateProjectDueAt(ctx, tx, cluster.ProjectID)
	})
	return atlas.Wrap(err, "delete cluster")
}
