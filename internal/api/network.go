package api

import (
	"context"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// The networks of a project, of which there are none here.

// listContainers lists the network containers in one cloud.
func (s *Server) listContainers(_ context.Context, _ atlas.ProjectReader, c *call) (list, error) {
	provider, ok := c.gin.GetQuery("providerName")
	if !ok {
		return list{}, atlas.NewError(atlas.CodeMissingQueryParameter, "providerName")
	}
	if err := checkProvider(provider); err != nil {
		return list{}, err
	}
	return emptyList(c)
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

func checkProvider(name string) error {
	if !db.CloudProvider(name).Valid() {
		return atlas.NewError(atlas.CodeInvalidProvider, name)
	}
	return nil
}

// switchBody is a setting that is on or off.
type switchBody struct {
	Enabled bool `json:"enabled"`
}

// getRegionalMode tells whether a project has private endpoints in several regions.
func (s *Server) getRegionalMode(context.Context, atlas.ProjectReader, *call) (switchBody, error) {
	return switchBody{}, nil
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
