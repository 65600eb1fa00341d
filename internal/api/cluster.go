package api

import (
	"context"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/cluster"
)

// The versions of the operations on clusters. Atlas, "Clusters".
var (
	clusterVersions = []version{
		{date: cluster.Version20230101, successor: cluster.Version20230201, sunset: "2027-07-01"},
		{date: cluster.Version20230201, successor: cluster.Version20240805, sunset: "2027-07-01"},
		{date: cluster.Version20240805},
	}
	clusterWriteVersions = []version{
		{date: cluster.Version20230101, successor: cluster.Version20230201, sunset: "2027-07-01"},
		{date: cluster.Version20230201, successor: cluster.Version20240805, sunset: "2027-07-01"},
		{date: cluster.Version20240805, successor: "2024-10-23", sunset: "2027-03-01"},
		{date: "2024-10-23"},
	}
	clusterDeleteVersions = []version{
		{date: cluster.Version20230101, successor: cluster.Version20230201, sunset: "2027-07-01"},
		{date: cluster.Version20230201},
	}
	processArgsVersions = []version{
		{date: "2023-01-01", successor: "2024-08-05", sunset: "2027-07-01"},
		{date: "2024-08-05"},
	}
	// Atlas says in the header that this one has a successor; its specification knows
	// none.
	scalingModeVersions = []version{{date: "2024-08-05", successor: "2024-10-23"}}
	searchNodeVersions  = []version{
		{date: "2023-01-01", successor: "2024-05-30", sunset: "2027-07-01"},
		{date: "2024-05-30", successor: "2025-03-12", sunset: "2027-07-01"},
		{date: "2025-03-12"},
	}
	flexVersions = []version{{date: "2024-11-13"}}
)

// clusterChange reads the body that creates or changes a cluster in the caller's version.
func clusterChange(c *call) (cluster.Change, error) { //nolint:ireturn // It differs by version.
	switch c.version.date {
	case cluster.Version20230101:
		return decodeAs[cluster.Request20230101](c)
	case cluster.Version20230201:
		return decodeAs[cluster.Request20230201](c)
	default:
		return decodeAs[cluster.Request](c)
	}
}

// processArgsChange reads the body that changes process arguments in the caller's version.
func processArgsChange(c *call) (cluster.ProcessArgsChange, error) { //nolint:ireturn // Likewise.
	if c.version.date == "2023-01-01" {
		return decodeAs[cluster.ProcessArgsUpdate20230101](c)
	}
	return decodeAs[cluster.ProcessArgsUpdate](c)
}

func (s *Server) createCluster(
	ctx context.Context, project atlas.ClusterWriter, c *call, change cluster.Change,
) (clusterBody, error) {
	created, err := s.cluster.CreateCluster(ctx, project, change)
	if err != nil {
		return clusterBody{}, err
	}
	body := newClusterBody(c, created)
	if len(created.Settings.Tags) == 0 && c.version.date < cluster.Version20240805 {
		body.Tags = nil // in this answer alone
	}
	return body, nil
}

func (s *Server) listClusters(
	ctx context.Context, project atlas.ProjectReader, c *call, page atlas.Page,
) (atlas.List[clusterBody], error) {
	clusters, err := s.cluster.ListClusters(ctx, c.version.date, project, page)
	if err != nil {
		return atlas.List[clusterBody]{}, err
	}
	return atlas.MapList(clusters, func(of cluster.Cluster) clusterBody { return newClusterBody(c, of) }), nil
}

func (s *Server) getCluster(ctx context.Context, project atlas.ProjectReader, c *call) (clusterBody, error) {
	of, err := s.cluster.GetClusterIn(ctx, c.version.date, project, c.param("clusterName"))
	if err != nil {
		return clusterBody{}, err
	}
	return newClusterBody(c, of), nil
}

func (s *Server) updateCluster(
	ctx context.Context, project atlas.ClusterWriter, c *call, change cluster.Change,
) (clusterBody, error) {
	of, err := s.cluster.UpdateCluster(ctx, c.version.date, project, c.param("clusterName"), change)
	if err != nil {
		return clusterBody{}, err
	}
	return newClusterBody(c, of), nil
}

func (s *Server) deleteCluster(ctx context.Context, project atlas.ProjectOwner, c *call) (struct{}, error) {
	return struct{}{}, s.cluster.DeleteCluster(ctx, project, c.param("clusterName"))
}

// clusterStatusBody tells whether what was asked for is so.
type clusterStatusBody struct {
	ChangeStatus string `json:"changeStatus"`
}

func (s *Server) getClusterStatus(
	ctx context.Context, project atlas.ProjectReader, c *call,
) (clusterStatusBody, error) {
	of, err := s.cluster.GetCluster(ctx, project, c.param("clusterName"))
	if of.State == cluster.Idle {
		return clusterStatusBody{ChangeStatus: "APPLIED"}, err
	}
	return clusterStatusBody{ChangeStatus: "PENDING"}, err
}

// scalingModeBody tells whether each shard can scale by itself.
type scalingModeBody struct {
	AutoScalingMode string `json:"autoScalingMode"`
}

func (s *Server) getScalingMode(ctx context.Context, project atlas.ProjectReader, c *call) (scalingModeBody, error) {
	of, err := s.cluster.GetCluster(ctx, project, c.param("clusterName"))
	if of.Settings.IndependentShardScaling {
		return scalingModeBody{AutoScalingMode: "INDEPENDENT_SHARD_SCALING"}, err
	}
	return scalingModeBody{AutoScalingMode: "CLUSTER_WIDE_SCALING"}, err
}

// globalWritesBody is where a global cluster writes what, of which nothing is kept here.
// Atlas shows the zones by their ids since 2024-08-05.
type globalWritesBody struct {
	CustomZoneMapping       struct{}   `json:"customZoneMapping"`
	CustomZoneMappingZoneID *struct{}  `json:"customZoneMappingZoneId,omitzero"`
	ManagedNamespaces       []struct{} `json:"managedNamespaces"`
	SelfManagedSharding     bool       `json:"selfManagedSharding"`
}

func (s *Server) getGlobalWrites(
	ctx context.Context, project atlas.ProjectReader, c *call,
) (globalWritesBody, error) {
	of, err := s.cluster.GetCluster(ctx, project, c.param("clusterName"))
	body := globalWritesBody{SelfManagedSharding: of.Settings.GlobalClusterSelfManagedSharding}
	if c.version.date >= cluster.Version20240805 {
		body.CustomZoneMappingZoneID = new(struct{})
	}
	return body, err
}

// listRestoreJobs lists the restores of a cluster, of which there are none.
func (s *Server) listRestoreJobs(ctx context.Context, project atlas.ProjectReader, c *call) (list, error) {
	if _, err := s.cluster.GetCluster(ctx, project, c.param("clusterName")); err != nil {
		return list{}, err
	}
	return emptyList(c)
}

// getSearchNodes answers for the search nodes of a cluster, of which there are none.
func (s *Server) getSearchNodes(ctx context.Context, project atlas.ProjectReader, c *call) (noContent, error) {
	_, err := s.cluster.GetCluster(ctx, project, c.param("clusterName"))
	if err == nil {
		err = resourceNotFound(c.gin)
	}
	return noContent{}, err
}

// notFlex answers for a flex cluster, of which there are none: a cluster of that name is
// of another kind. Clients go on with that one by the code.
func notFlex[P atlas.ProjectProof](s *Server) func(context.Context, P, *call) (noContent, error) {
	return func(ctx context.Context, project P, c *call) (noContent, error) {
		of, err := s.cluster.GetCluster(ctx, project, c.param("clusterName"))
		if err == nil {
			err = atlas.NewError(atlas.CodeNonFlexInFlexAPI, of.Name)
		}
		return noContent{}, err
	}
}
