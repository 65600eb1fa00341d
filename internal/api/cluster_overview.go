package api

import (
	"context"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/tenant"
)

// projectClustersBody is a project with its clusters in short.
type projectClustersBody struct {
	Clusters  []clusterOverviewBody `json:"clusters"`
	GroupID   objectid.ID           `json:"groupId"`
	GroupName string                `json:"groupName"`
	OrgID     objectid.ID           `json:"orgId"`
	OrgName   string                `json:"orgName"`
	PlanType  string                `json:"planType"`
	Tags      []string              `json:"tags"` // always none, as at Atlas
}

// clusterOverviewBody is a cluster in short. No data is kept, and no alerts are made.
type clusterOverviewBody struct {
	AlertCount    int         `json:"alertCount"`
	AuthEnabled   bool        `json:"authEnabled"`
	Availability  string      `json:"availability"`
	BackupEnabled bool        `json:"backupEnabled"`
	ClusterID     objectid.ID `json:"clusterId"`
	DataSizeBytes int64       `json:"dataSizeBytes"`
	Name          string      `json:"name"`
	NodeCount     int         `json:"nodeCount"`
	SSLEnabled    bool        `json:"sslEnabled"`
	Type          string      `json:"type"`
	Versions      []string    `json:"versions"` // of MongoDB
}

func newClusterOverviewBody(of cluster.Cluster) clusterOverviewBody {
	body := clusterOverviewBody{
		AuthEnabled:   true,
		Availability:  "available",
		BackupEnabled: of.HasBackup(),
		ClusterID:     of.ID,
		Name:          of.Name,
		NodeCount:     of.Settings.NodeCount(),
		SSLEnabled:    true,
		Type:          "REPLICA_SET",
		Versions:      []string{of.MongoDBVersion()},
	}
	if !of.Made || of.Settings.Paused {
		body.Availability = "unavailable"
	}
	if of.Settings.IsSharded() {
		body.Type = "SHARDED_CLUSTER"
	}
	return body
}

// listClusterOverviews lists the caller's projects, each with its clusters: those that
// the operation's one version can show.
func (s *Server) listClusterOverviews(
	ctx context.Context, p *atlas.Principal, c *call, page atlas.Page,
) (atlas.List[projectClustersBody], error) {
	none := atlas.List[projectClustersBody]{}
	projects, err := s.tenant.ListProjects(ctx, p, "", page)
	if err != nil {
		return none, err
	}
	org, err := s.tenant.GetOwnOrg(ctx, p)
	if err != nil {
		return none, err
	}
	ids := make([]objectid.ID, len(projects.Items))
	for i, project := range projects.Items {
		ids[i] = project.ID
	}
	clusters, err := s.cluster.ListClustersOf(ctx, c.version.date, p, ids)
	if err != nil {
		return none, err
	}
	return atlas.MapList(projects, func(project tenant.Project) projectClustersBody {
		body := projectClustersBody{
			Clusters:  make([]clusterOverviewBody, len(clusters[project.ID])),
			GroupID:   project.ID,
			GroupName: project.Name,
			OrgID:     org.ID,
			OrgName:   org.Name,
			PlanType:  "Cloud",
			Tags:      []string{},
		}
		for i, of := range clusters[project.ID] {
			body.Clusters[i] = newClusterOverviewBody(of)
		}
		return body
	}), nil
}
