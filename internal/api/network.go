package api

import (
	"context"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// The networks of a project.

// containerBody is a network container. What belongs to another cloud provider is left
// out. The names that a cloud would give follow from its id.
type containerBody struct {
	AtlasCIDRBlock      string           `json:"atlasCidrBlock"`
	AzureSubscriptionID string           `json:"azureSubscriptionId,omitzero"` // AZURE
	GCPProjectID        string           `json:"gcpProjectId,omitzero"`        // GCP
	ID                  objectid.ID      `json:"id"`
	NetworkName         string           `json:"networkName,omitzero"` // GCP
	ProviderName        db.CloudProvider `json:"providerName"`
	Provisioned         bool             `json:"provisioned"`
	Region              *string          `json:"region,omitzero"`     // AZURE
	RegionName          *string          `json:"regionName,omitzero"` // AWS
	Regions             []string         `json:"regions,omitzero"`    // GCP; none for all
	VNetName            string           `json:"vnetName,omitzero"`   // AZURE
	VPCID               string           `json:"vpcId,omitzero"`      // AWS
}

func newContainerBody(container db.NetworkContainer) containerBody {
	body := containerBody{
		AtlasCIDRBlock: "192.168.248.0/21", ID: container.ID, ProviderName: container.CloudProvider, Provisioned: true,
	}
	name := container.ID.String()
	switch container.CloudProvider {
	case db.CloudProviderAWS:
		body.RegionName, body.VPCID = container.Region, "vpc-"+name[:17]
	case db.CloudProviderAZURE:
		body.Region, body.AzureSubscriptionID, body.VNetName = container.Region, name, "vnet_"+name
	case db.CloudProviderGCP:
		body.AtlasCIDRBlock = "192.168.0.0/18"
		body.GCPProjectID, body.NetworkName, body.Regions = "p-"+name, "nt-"+name+"-"+name[:8], []string{}
	}
	return body
}

// listContainers lists the network containers in one cloud, which is AWS if the query
// names none.
func (s *Server) listContainers(
	ctx context.Context, project atlas.ProjectReader, c *call, page atlas.Page,
) (atlas.List[containerBody], error) {
	provider := c.gin.DefaultQuery("providerName", string(db.CloudProviderAWS))
	if err := checkProvider(provider); err != nil {
		return atlas.List[containerBody]{}, err
	}
	containers, err := s.cluster.ListContainers(ctx, project, new(db.CloudProvider(provider)), page)
	return atlas.MapList(containers, newContainerBody), err
}

// listAllContainers lists the network containers in all clouds.
func (s *Server) listAllContainers(
	ctx context.Context, project atlas.ProjectReader, _ *call, page atlas.Page,
) (atlas.List[containerBody], error) {
	containers, err := s.cluster.ListContainers(ctx, project, nil, page)
	return atlas.MapList(containers, newContainerBody), err
}

// listPeers lists the network peerings in one cloud, which is AWS if the query
// names none.
func (s *Server) listPeers(_ context.Context, _ atlas.ProjectReader, c *call) (list, error) {
	if err := checkProvider(c.gin.DefaultQuery("providerName", string(db.CloudProviderAWS))); err != nil {
		return list{}, err
	}
	return emptyList(c)
}

// listEndpointServices lists the private endpoint services in one cloud, in a bare
// array.
func (s *Server) listEndpointServices(_ context.Context, _ atlas.ProjectReader, c *call) ([]struct{}, error) {
	return []struct{}{}, checkProvider(c.param("cloudProvider"))
}

// getEndpointService answers for a private endpoint service, of which there are none.
func (s *Server) getEndpointService(_ context.Context, _ atlas.ProjectReader, c *call) (noContent, error) {
	if err := checkProvider(c.param("cloudProvider")); err != nil {
		return noContent{}, err
	}
	return noContent{}, atlas.NewError(atlas.CodePrivateLinkNotFound, c.param("endpointServiceId"))
}

func checkProvider(name string) error {
	if !db.CloudProvider(name).Valid() {
		return atlas.NewError(atlas.CodeInvalidProvider, name)
	}
	return nil
}

// addressesBody is the IP addresses of a project's services.
type addressesBody struct {
	GroupID  objectid.ID `json:"groupId"`
	Services struct {
		Clusters []struct{} `json:"clusters"`
	} `json:"services"`
}

func (s *Server) listProjectAddresses(
	_ context.Context, project atlas.ProjectReader, _ *call,
) (addressesBody, error) {
	return addressesBody{GroupID: project.ProjectID()}, nil
}
