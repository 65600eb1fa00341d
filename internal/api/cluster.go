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
	clusterDeleteVersions = []version{
		{date: "2023-01-01", successor: "2023-02-01", sunset: "2027-07-01"},
		{date: "2023-02-01"},
	}
	searchNodeVersions = []version{
		{date: "2023-01-01", successor: "2024-05-30", sunset: "2027-07-01"},
		{date: "2024-05-30", successor: "2025-03-12", sunset: "2027-07-01"},
		{date: "2025-03-12"},
	}
	flexVersions = []version{{date: "2024-11-13"}}
)

// clusterNotFound answers for a cluster and all that it has. The code is in Atlas'
// public list; its sentence is not recorded.
func clusterNotFound[P atlas.Proof](_ context.Context, _ P, c *call) (noContent, error) {
	return noContent{}, atlas.NewError(atlas.CodeClusterNotFound, c.param("clusterName"), c.param("groupId"))
}
