package api

import (
	"context"

	"exportbuckets/internal/atlas"
)

// The versions of the operations on clusters, of which there are none here.
var (
	scheduleVersions = []version{
		{date: "2023-01-01", successor: "2024-08-05", sunset: "2027-07-01"},
		{date: "2024-08-05"},
	}
	clusterVersions = []version{
		{date: "2023-01-01", successor: "2023-02-01", sunset: "2027-07-01"},
		{date: "2023-02-01", successor: "2024-08-05", sunset: "2027-07-01"},
		{date: "2024-08-05"},
	}
)

// clusterNotFound answers for a cluster and all that it has. The code is in Atlas'
// public list; its sentence is not recorded.
func (s *Server) clusterNotFound(_ context.Context, _ atlas.ProjectReader, c *call) (noContent, error) {
	return noContent{}, atlas.NewError(atlas.CodeClusterNotFound, c.param("clusterName"), c.param("groupId"))
}
