package api

import (
	"context"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/objectid"
)

// The private endpoints by which backups reach export buckets. There are some at AWS alone.

var privateEndpointVersions = []version{{date: "2024-11-13"}}

// privateEndpointBody is a private endpoint for object storage.
type privateEndpointBody struct {
	CloudProvider  db.CloudProvider `json:"cloudProvider"`
	ID             objectid.ID      `json:"id"`
	ConnectionName string           `json:"privateEndpointConnectionName,omitzero"` // when it is active
	RegionName     string           `json:"regionName"`
	Status         string           `json:"status"`
	VPCRegionName  string           `json:"vpcRegionName"`
}

// newPrivateEndpointBody is an endpoint as the caller's time shows it. The name that AWS
// would give follows from its id: the last of its digits, in which all differ.
func (c *call) newPrivateEndpointBody(endpoint db.BackupPrivateEndpoint) privateEndpointBody {
	body := privateEndpointBody{
		CloudProvider: db.CloudProviderAWS, ID: endpoint.ID, RegionName: endpoint.Region, Status: "INITIATING",
		VPCRegionName: endpoint.VPCRegion,
	}
	if !c.principal.Now().Before(endpoint.ActiveAt) {
		body.Status, body.ConnectionName = "ACTIVE", "vpce-"+endpoint.ID.String()[7:]
	}
	return body
}

// checkEndpointProvider returns INVALID_PROVIDER for a cloud provider in the path at which no
// endpoint can be.
func checkEndpointProvider(c *call) error {
	if provider := c.param("cloudProvider"); provider != string(db.CloudProviderAWS) {
		return atlas.NewError(atlas.CodeInvalidProvider, provider)
	}
	return nil
}

func (s *Server) createPrivateEndpoint(
	ctx context.Context, project atlas.ProjectOwner, c *call, req backup.PrivateEndpointRequest,
) (privateEndpointBody, error) {
	if err := checkEndpointProvider(c); err != nil {
		return privateEndpointBody{}, err
	}
	endpoint, err := s.backup.CreatePrivateEndpoint(ctx, project, req)
	return c.newPrivateEndpointBody(endpoint), err
}

func (s *Server) listPrivateEndpoints(
	ctx context.Context, project atlas.ProjectOwner, c *call, page atlas.Page,
) (atlas.List[privateEndpointBody], error) {
	if err := checkEndpointProvider(c); err != nil {
		return atlas.List[privateEndpointBody]{}, err
	}
	endpoints, err := s.backup.ListPrivateEndpoints(ctx, project, page)
	return atlas.MapList(endpoints, c.newPrivateEndpointBody), err
}

func (s *Server) getPrivateEndpoint(
	ctx context.Context, project atlas.ProjectOwner, c *call,
) (privateEndpointBody, error) {
	if err := checkEndpointProvider(c); err != nil {
		return privateEndpointBody{}, err
	}
	endpoint, err := s.backup.GetPrivateEndpoint(ctx, project, c.id("endpointId"))
	return c.newPrivateEndpointBody(endpoint), err
}

func (s *Server) deletePrivateEndpoint(ctx context.Context, project atlas.ProjectOwner, c *call) (noContent, error) {
	if err := checkEndpointProvider(c); err != nil {
		return noContent{}, err
	}
	return noContent{}, s.backup.DeletePrivateEndpoint(ctx, project, c.id("endpointId"))
}
