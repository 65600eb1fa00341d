package backup

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
)

// endpointSetUp is for how long an endpoint is set up, at every pace.
const endpointSetUp = 2 * time.Second

// The constraints of endpoints whose violation is an answer and not a fault.
const (
	endpointsProjectFkey = "backup_private_endpoints_project_id_fkey"
	endpointsRegionKey   = "backup_private_endpoints_project_id_region_vpc_region_key"
)

// PrivateEndpointRequest is the body that creates a private endpoint for object storage. A
// field is nil if the body lacks it or says null.
type PrivateEndpointRequest struct {
	CloudProvider *string `json:"cloudProvider"` // AWS
	RegionName    *string `json:"regionName"`    // required: of the buckets, such as US_EAST_1
	VPCRegionName *string `json:"vpcRegionName"` // of the network that reaches them; regionName if left out
}

// row returns the endpoint that the body asks for, but for its project, its id and its times.
func (r PrivateEndpointRequest) row() (db.InsertBackupPrivateEndpointParams, error) {
	var row db.InsertBackupPrivateEndpointParams
	aws := string(db.CloudProviderAWS)
	if r.CloudProvider != nil && *r.CloudProvider != aws {
		return row, atlas.NewError(atlas.CodeInvalidEnumValue, *r.CloudProvider).
			Fact("cloudProvider", *r.CloudProvider, aws)
	}
	if r.RegionName == nil {
		return row, atlas.NewError(atlas.CodeMissingAttribute, "regionName")
	}
	row.Region, row.VPCRegion = *r.RegionName, *r.RegionName
	if r.VPCRegionName != nil {
		row.VPCRegion = *r.VPCRegionName
	}
	switch {
	case !cluster.HasRegion(aws, row.Region):
		return row, atlas.NewError(atlas.CodeInvalidAttribute, "regionName")
	case !cluster.HasRegion(aws, row.VPCRegion):
		return row, atlas.NewError(atlas.CodeInvalidAttribute, "vpcRegionName")
	}
	return row, nil
}

// CreatePrivateEndpoint adds a private endpoint at AWS to the project and returns it. It
// returns an *atlas.Error for the first rule that the body breaks, and
// PRIVATELINK_ENDPOINT_SERVICE_ALREADY_EXISTS_FOR_REGION if the project has one between
// the two regions.
func (s *Service) CreatePrivateEndpoint(
	ctx context.Context, project atlas.ProjectOwner, req PrivateEndpointRequest,
) (db.BackupPrivateEndpoint, error) {
	row, err := req.row()
	if err != nil {
		return db.BackupPrivateEndpoint{}, err
	}
	row.ProjectID, row.CreatedAt = project.ProjectID(), project.Now()
	row.ID, row.ActiveAt = s.env.NewID(row.CreatedAt), row.CreatedAt.Add(endpointSetUp)
	endpoint, err := write.Do(ctx, s.pool, project, func(tx pgx.Tx) (db.BackupPrivateEndpoint, error) {
		return s.q.InsertBackupPrivateEndpoint(ctx, tx, row)
	})
	switch {
	case write.IsViolation(err, endpointsProjectFkey):
		err = atlas.NewError(atlas.CodeProjectNotFound, row.ProjectID.String())
	case write.IsViolation(err, endpointsRegionKey):
		err = atlas.NewError(atlas.CodePrivateLinkExists, row.Region).
			Fact("backup_private_endpoints.vpc_region", row.VPCRegion, "another")
	}
	return endpoint, atlas.Wrap(err, "insert private endpoint")
}

// GetPrivateEndpoint returns one private endpoint of the project. It returns
// PRIVATELINK_NOT_FOUND if the project has none of that id.
func (s *Service) GetPrivateEndpoint(
	ctx context.Context, project atlas.ProjectOwner, id objectid.ID,
) (db.BackupPrivateEndpoint, error) {
	endpoint, err := s.q.GetBackupPrivateEndpoint(ctx, s.pool,
		db.GetBackupPrivateEndpointParams{ProjectID: project.ProjectID(), ID: id})
	return endpoint, atlas.WrapMissing(err, "get private endpoint", endpointNotFound(id))
}

func endpointNotFound(id objectid.ID) error {
	return atlas.NewError(atlas.CodePrivateLinkNotFound, id.String())
}

// ListPrivateEndpoints returns one page of the project's private endpoints, oldest first.
func (s *Service) ListPrivateEndpoints(
	ctx context.Context, project atlas.ProjectOwner, page atlas.Page,
) (atlas.List[db.BackupPrivateEndpoint], error) {
	rows := func(limit int32, offset int64) ([]db.ListBackupPrivateEndpointsRow, error) {
		return s.q.ListBackupPrivateEndpoints(ctx, s.pool, db.ListBackupPrivateEndpointsParams{
			ProjectID: project.ProjectID(), RowLimit: limit, RowOffset: offset,
		})
	}
	return atlas.NewList("private endpoints", page, rows,
		func(row db.ListBackupPrivateEndpointsRow) (db.BackupPrivateEndpoint, int64) {
			return row.BackupPrivateEndpoint, row.TotalCount
		})
}

// DeletePrivateEndpoint removes a private endpoint, at once. Buckets that require private
// networking stay as they are. It returns PRIVATELINK_NOT_FOUND if the project has none of
// that id.
func (s *Service) DeletePrivateEndpoint(ctx context.Context, project atlas.ProjectOwner, id objectid.ID) error {
	err := write.Begin(ctx, s.pool, project, func(tx pgx.Tx) error {
		_, err := s.q.DeleteBackupPrivateEndpoint(ctx, tx,
			db.DeleteBackupPrivateEndpointParams{ProjectID: project.ProjectID(), ID: id})
		return err
	})
	return atlas.WrapMissing(err, "delete private endpoint", endpointNotFound(id))
}
