package api

import (
	"context"
	"slices"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/cluster"
)

// cloudBody is what a cloud provider has for clusters.
type cloudBody struct {
	InstanceSizes []sizeBody `json:"instanceSizes"`
	Provider      string     `json:"provider"`
}

// sizeBody is where an instance size is to be had.
type sizeBody struct {
	AvailableRegions []availableRegionBody `json:"availableRegions"`
	Name             string                `json:"name"`
}

type availableRegionBody struct {
	Default bool   `json:"default"`
	Name    string `json:"name"`
}

// listRegions lists the regions of the clouds and, if the query says so, of one instance
// size.
func (s *Server) listRegions(
	_ context.Context, _ atlas.ProjectReader, c *call, page atlas.Page,
) (atlas.List[cloudBody], error) {
	providers := c.gin.QueryArray("providers")
	for _, provider := range providers {
		if err := checkProvider(provider); err != nil {
			return atlas.List[cloudBody]{}, err
		}
	}
	var bodies []cloudBody
	for _, cloud := range cluster.Clouds {
		if len(providers) == 0 || slices.Contains(providers, cloud.Provider) {
			bodies = append(bodies, newCloudBody(cloud, c.query("tier")))
		}
	}
	total := int64(len(bodies))
	first := min((page.Number-1)*page.Size, len(bodies))
	last := min(first+page.Size, len(bodies))
	return atlas.List[cloudBody]{Items: bodies[first:last], More: last < len(bodies), TotalCount: &total}, nil
}

// newCloudBody returns what a cloud has of an instance size, or of all if none is named.
func newCloudBody(cloud cluster.Cloud, size string) cloudBody {
	body := cloudBody{InstanceSizes: []sizeBody{}, Provider: cloud.Provider}
	for _, name := range append([]string{cluster.FreeSize}, cloud.Sizes...) {
		if size != "" && size != name {
			continue
		}
		regions := cloud.Regions
		if name == cluster.FreeSize {
			regions = cloud.FreeRegions
		}
		of := sizeBody{Name: name}
		for _, region := range regions {
			of.AvailableRegions = append(of.AvailableRegions,
				availableRegionBody{slices.Contains(cloud.DefaultRegions, region), region})
		}
		body.InstanceSizes = append(body.InstanceSizes, of)
	}
	return body
}
