package api

import (
	"context"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/objectid"
)

// snapshotBody is a snapshot on the wire. What is not known yet is left out. Atlas,
// "Cloud Backups".
type snapshotBody struct {
	CloudProvider    db.CloudProvider     `json:"cloudProvider,omitzero"` // since it is in progress
	CopyRegions      []struct{}           `json:"copyRegions,omitzero"`   // of a replica set
	CreatedAt        time.Time            `json:"createdAt,omitzero"`     // the time that it shows
	Description      *string              `json:"description,omitzero"`
	ExpiresAt        time.Time            `json:"expiresAt"`
	FrequencyType    string               `json:"frequencyType"`
	ID               objectid.ID          `json:"id"`
	Links            []link               `json:"links"`
	Members          []snapshotMemberBody `json:"members,omitzero"`        // of a sharded cluster
	MongodVersion    string               `json:"mongodVersion,omitzero"`  // since it is in progress
	PolicyItems      []string             `json:"policyItems"`             // ids
	ReplicaSetName   string               `json:"replicaSetName,omitzero"` // of a replica set: the cluster's name
	SnapshotIDs      []objectid.ID        `json:"snapshotIds,omitzero"`    // of a sharded cluster
	SnapshotType     string               `json:"snapshotType"`            // onDemand or scheduled
	Status           backup.SnapshotState `json:"status"`
	StorageSizeBytes int                  `json:"storageSizeBytes"`
	Type             string               `json:"type"` // replicaSet or shardedCluster
}

type snapshotMemberBody struct {
	CloudProvider  db.CloudProvider `json:"cloudProvider"`
	ID             objectid.ID      `json:"id"`
	ReplicaSetName string           `json:"replicaSetName"`
}

// emptySize is the size of a snapshot of an M10 that has no data, as recorded.
const emptySize = 1_572_864_000

func newSnapshotBody(c *call, snapshot backup.Snapshot) snapshotBody {
	url := c.projectURL(snapshot.ProjectID) + "/clusters/" + snapshot.Cluster.Name
	body := snapshotBody{
		Description:   snapshot.Description,
		ExpiresAt:     wholeSeconds(snapshot.ExpiresAt),
		FrequencyType: snapshot.FrequencyType,
		ID:            snapshot.ID,
		Links: []link{
			{Href: url + "/backup/snapshots/" + snapshot.ID.String(), Rel: "self"},
			{Href: url, Rel: "https://cloud.mongodb.com/cluster"},
		},
		PolicyItems:  snapshot.PolicyItemIDs,
		SnapshotType: "scheduled",
		Status:       snapshot.State,
	}
	if snapshot.FrequencyType == backup.OnDemand {
		body.SnapshotType = "onDemand"
	}
	if snapshot.State != backup.SnapshotQueued {
		body.CloudProvider, body.MongodVersion = snapshot.CloudProvider, snapshot.MongoDBVersion
	}
	if snapshot.Taken {
		body.CreatedAt = wholeSeconds(snapshot.TakenAt)
	}
	if snapshot.State == backup.SnapshotCompleted {
		body.StorageSizeBytes = emptySize
	}
	if snapshot.Members == nil {
		body.Type, body.CopyRegions, body.ReplicaSetName = "replicaSet", []struct{}{}, snapshot.Cluster.Name
		return body
	}
	body.Type = "shardedCluster"
	for _, member := range snapshot.Members {
		body.SnapshotIDs = append(body.SnapshotIDs, member.ID)
		body.Members = append(body.Members, snapshotMemberBody{snapshot.CloudProvider, member.ID, member.ReplicaSetName})
	}
	return body
}

func (s *Server) createSnapshot(
	ctx context.Context, project atlas.SnapshotWriter, c *call, request backup.SnapshotRequest,
) (snapshotBody, error) {
	snapshot, err := s.backup.CreateSnapshot(ctx, project, c.param("clusterName"), request)
	if err != nil {
		return snapshotBody{}, err
	}
	return newSnapshotBody(c, snapshot), nil
}

// listSnapshots returns the handler that lists the snapshots of a cluster: those of sharded
// clusters, or the others.
func (s *Server) listSnapshots(sharded bool) func(
	context.Context, atlas.ProjectReader, *call, atlas.Page,
) (atlas.List[snapshotBody], error) {
	return func(
		ctx context.Context, project atlas.ProjectReader, c *call, page atlas.Page,
	) (atlas.List[snapshotBody], error) {
		snapshots, err := s.backup.ListSnapshots(ctx, project, c.param("clusterName"), sharded, page)
		if err != nil {
			return atlas.List[snapshotBody]{}, err
		}
		return atlas.MapList(snapshots, func(snapshot backup.Snapshot) snapshotBody {
			return newSnapshotBody(c, snapshot)
		}), nil
	}
}

func (s *Server) getSnapshot(ctx context.Context, project atlas.ProjectReader, c *call) (snapshotBody, error) {
	snapshot, err := s.backup.GetSnapshot(ctx, project, c.param("clusterName"), c.id("snapshotId"))
	if err != nil {
		return snapshotBody{}, err
	}
	return newSnapshotBody(c, snapshot), nil
}

// getShardedSnapshot is getSnapshot for a sharded cluster.
func (s *Server) getShardedSnapshot(ctx context.Context, project atlas.ProjectReader, c *call) (snapshotBody, error) {
	body, err := s.getSnapshot(ctx, project, c)
	if err == nil && body.Members == nil {
		err = atlas.NewError(atlas.CodeSnapshotNotFound, c.param("snapshotId"), c.param("clusterName"))
	}
	if err != nil {
		return snapshotBody{}, err
	}
	return body, nil
}

func (s *Server) updateSnapshot(
	ctx context.Context, project atlas.SnapshotWriter, c *call, update backup.SnapshotUpdate,
) (snapshotBody, error) {
	snapshot, err := s.backup.UpdateSnapshot(ctx, project, c.param("clusterName"), c.id("snapshotId"), update)
	if err != nil {
		return snapshotBody{}, err
	}
	return newSnapshotBody(c, snapshot), nil
}

func (s *Server) deleteSnapshot(ctx context.Context, project atlas.SnapshotWriter, c *call) (noContent, error) {
	return noContent{}, s.backup.DeleteSnapshot(ctx, project, c.param("clusterName"), c.id("snapshotId"))
}
