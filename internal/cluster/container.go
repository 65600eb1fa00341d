package cluster

import (
	"context"
	"fmt"
	"slices"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// InsertContainers adds the network containers that a cluster with the settings needs and
// its project lacks: one for each region at AWS and Azure, and one in all at Google Cloud.
func InsertContainers(
	ctx context.Context, tx db.DBTX, projectID objectid.ID, settings Settings, now time.Time, newID func() objectid.ID,
) error {
	for i, region := range settings.regions() {
		if region.Provider == tenant || slices.ContainsFunc(settings.regions()[:i], func(r Region) bool {
			return r.Provider == region.Provider && (r.Name == region.Name || r.Provider == gcp)
		}) {
			continue
		}
		row := db.InsertNetworkContainerParams{
			ProjectID: projectID, ID: newID(), CloudProvider: db.CloudProvider(region.Provider), CreatedAt: now,
		}
		if region.Provider != gcp {
			row.Region = &region.Name
		}
		if err := db.New().InsertNetworkContainer(ctx, tx, row); err != nil {
			return fmt.Errorf("insert network container: %w", err)
		}
	}
	return nil
}

// ListContainers returns one page of the project's network containers, oldest first: those
// at a cloud provider, or all if none is named.
func (s *Service) ListContainers(
	ctx context.Context, project atlas.ProjectReader, provider *db.CloudProvider, page atlas.Page,
) (atlas.List[db.NetworkContainer], error) {
	type row = db.ListNetworkContainersRow
	return atlas.NewList("network containers", page, func(limit int32, offset int64) ([]row, error) {
		return s.q.ListNetworkContainers(ctx, s.pool, db.ListNetworkContainersParams{
			ProjectID: project.ProjectID(), CloudProvider: provider, RowLimit: limit, RowOffset: offset,
		})
	}, func(r row) (db.NetworkContainer, int64) { return r.NetworkContainer, r.TotalCount })
}
