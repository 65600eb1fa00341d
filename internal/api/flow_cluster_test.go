package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// What clients do with clusters: the Atlas CLI, and the Terraform provider's
// advanced_cluster and cluster.

const flowClusters = "/api/atlas/v2/groups/{demo}/clusters"

// inState reads the state of a cluster.
func inState(want string) bodyReader {
	return reads(func(t *testing.T, _ *flow, got struct {
		StateName *string `json:"stateName"`
	}) {
		t.Helper()
		equal(t, "stateName", *got.StateName, want)
	})
}

// look is a look at the cluster c, which must be in a state.
func look(does, state string, after time.Duration) step {
	return step{
		does: does, send: "GET " + flowClusters + "/c", accept: "2024-08-05", reads: inState(state), after: after,
	}
}

// deleteSteps delete the cluster c, and look for it until it is gone, which clients must
// have seen.
func deleteSteps(every time.Duration) []step {
	const cluster = flowClusters + "/c"
	return []step{
		{does: "delete the cluster", send: "DELETE " + cluster, accept: "2023-02-01", status: http.StatusAccepted},
		look("look at it", "DELETING", 0),
		{
			does: "look at what is gone", send: "GET " + cluster, accept: "2024-08-05", after: 2 * every,
			status: http.StatusNotFound, reads: refused("CLUSTER_NOT_FOUND"),
		},
	}
}

// cliCluster is what the CLI reads of a cluster.
type cliCluster struct {
	ConnectionStrings *struct {
		Standard    *string `json:"standard"`
		StandardSrv *string `json:"standardSrv"`
	} `json:"connectionStrings"`
	DiskSizeGB       *float64 `json:"diskSizeGB"`
	ID               *string  `json:"id"`
	MongoDBVersion   *string  `json:"mongoDBVersion"`
	Name             *string  `json:"name"`
	ReplicationSpecs []struct {
		ID *string `json:"id"`
	} `json:"replicationSpecs"`
	StateName *string `json:"stateName"`
}

func TestTheAtlasCLIHasClusters(t *testing.T) {
	t.Parallel()
	const cluster = flowClusters + "/c"
	runFlow(t, "atlascli/1.46.2 (linux;amd64;)", forGood, slices.Concat([]step{
		{
			does: "clusters availableRegions list", accept: "2023-01-01",
			send: "GET " + flowClusters + "/provider/regions" + firstPage + "&providers=AWS&tier=M10",
			reads: reads(func(t *testing.T, _ *flow, got struct {
				Results []struct {
					Provider      *string `json:"provider"`
					InstanceSizes []struct {
						Name             *string `json:"name"`
						AvailableRegions []struct {
							Name    *string `json:"name"`
							Default *bool   `json:"default"`
						} `json:"availableRegions"`
					} `json:"instanceSizes"`
				} `json:"results"`
			}) {
				t.Helper()
				equal(t, "region", *got.Results[0].InstanceSizes[0].AvailableRegions[0].Name, "US_EAST_1")
			}),
		},
		{
			does: "clusters create", send: "POST " + flowClusters, accept: "2023-02-01", status: http.StatusCreated,
			body: `{"backupEnabled":true,"clusterType":"REPLICASET","diskSizeGB":2,"groupId":"{demo}","name":"c",` +
				`"pitEnabled":true,"replicationSpecs":[{"numShards":1,"regionConfigs":[{"electableSpecs":{"instanceSize":"M10",` +
				`"nodeCount":3},"priority":7,"providerName":"AWS","readOnlySpecs":{"instanceSize":"M10","nodeCount":0},` +
				`"regionName":"US_EAST_1"}],"zoneName":"Zone 1"}],"terminationProtectionEnabled":false}` + "\n",
			reads: inState("CREATING"),
		},
		look("clusters create --watch", "CREATING", 4*time.Second), // or it fails
		look("clusters create --watch, again", "IDLE", 4*time.Second),
		{
			does: "clusters list", accept: "2023-02-01",
			send: "GET " + flowClusters + "?includeCount=true&includeDeletedWithRetainedBackups=false&itemsPerPage=100&pageNum=1",
			reads: reads(func(t *testing.T, _ *flow, got struct {
				Results    []cliCluster `json:"results"`
				TotalCount *int         `json:"totalCount"`
			}) {
				t.Helper()
				equal(t, "totalCount", *got.TotalCount, 1)
			}),
		},
		{
			does: "clusters describe", send: "GET " + cluster, accept: "2023-02-01",
			reads: reads(func(*testing.T, *flow, cliCluster) {}),
		},
		{does: "clusters pause", send: "PATCH " + cluster, accept: "2023-02-01", body: `{"paused":true}` + "\n"},
		look("clusters watch", "IDLE", 4*time.Second),
		{does: "clusters start", send: "PATCH " + cluster, accept: "2023-02-01", body: `{"paused":false}` + "\n"},
		look("clusters watch, again", "IDLE", 4*time.Second),
		{
			does: "clusters update: is it one of shards that scale apart?", accept: "2024-08-05",
			send: "GET " + cluster + "/autoScalingConfiguration",
			reads: reads(func(t *testing.T, _ *flow, got struct {
				AutoScalingMode *string `json:"autoScalingMode"`
			}) {
				t.Helper()
				equal(t, "autoScalingMode", *got.AutoScalingMode, "CLUSTER_WIDE_SCALING")
			}),
		},
		{
			does: "clusters update: read it", send: "GET " + cluster, accept: "2023-02-01",
			reads: func(_ *testing.T, f *flow, body string) { f.kept["document"] = body },
		},
		{
			does: "clusters update", send: "PATCH " + cluster, accept: "2023-02-01", body: "{document}",
			reads: inState("UPDATING"),
		},
		{
			does: "clusters advancedSettings update", send: "PATCH " + cluster + "/processArgs", accept: "2023-01-01",
			body: `{"minimumEnabledTlsProtocol":"TLS1_3"}` + "\n",
		},
		{
			does: "clusters advancedSettings describe", send: "GET " + cluster + "/processArgs", accept: "2023-01-01",
			reads: reads(func(t *testing.T, _ *flow, got struct {
				MinimumEnabledTLSProtocol *string `json:"minimumEnabledTlsProtocol"`
			}) {
				t.Helper()
				equal(t, "minimumEnabledTlsProtocol", *got.MinimumEnabledTLSProtocol, "TLS1_3")
			}),
		},
		{
			does: "clusters describe, asking whether it is flex", send: "GET /api/atlas/v2/groups/{demo}/flexClusters/c",
			accept: "2024-11-13", status: http.StatusBadRequest, reads: refused("CANNOT_USE_NON_FLEX_CLUSTER_IN_FLEX_API"),
		},
	}, deleteSteps(4*time.Second)))
}

type (
	// tfHardware is what the provider reads of nodes.
	tfHardware struct {
		DiskSizeGB   *float64 `json:"diskSizeGB"`
		InstanceSize *string  `json:"instanceSize"`
		NodeCount    *int     `json:"nodeCount"`
	}
	// tfCluster is what the provider reads of a cluster. Without a zone's name it fails.
	tfCluster struct {
		ID                  *string   `json:"id"`
		BackupEnabled       *bool     `json:"backupEnabled"`
		ClusterType         *string   `json:"clusterType"`
		Labels              []tfTag   `json:"labels"`
		MongoDBMajorVersion *string   `json:"mongoDBMajorVersion"`
		PITEnabled          *bool     `json:"pitEnabled"`
		RootCertType        *string   `json:"rootCertType"`
		StateName           *string   `json:"stateName"`
		Tags                []tfTag   `json:"tags"`
		ConnectionStrings   *struct{} `json:"connectionStrings"`
		ReplicationSpecs    []struct {
			ID            *string `json:"id"`
			ZoneID        *string `json:"zoneId"`
			ZoneName      *string `json:"zoneName"`
			RegionConfigs []struct {
				AnalyticsSpecs *tfHardware `json:"analyticsSpecs"`
				AutoScaling    *struct{}   `json:"autoScaling"`
				ElectableSpecs *tfHardware `json:"electableSpecs"`
				Priority       *int        `json:"priority"`
				ProviderName   *string     `json:"providerName"`
				ReadOnlySpecs  *tfHardware `json:"readOnlySpecs"`
				RegionName     *string     `json:"regionName"`
			} `json:"regionConfigs"`
		} `json:"replicationSpecs"`
		VersionReleaseSystem *string `json:"versionReleaseSystem"`
	}
)

// tfReadCluster is what the provider reads whenever it looks at a cluster. It fails if a
// region has no container.
func tfReadCluster(does, size string) []step {
	return []step{
		{
			does: does, send: "GET " + flowClusters + "/c", accept: "2024-08-05",
			reads: reads(func(t *testing.T, _ *flow, got tfCluster) {
				t.Helper()
				equal(t, "stateName", *got.StateName, "IDLE")
				equal(t, "zoneName", *got.ReplicationSpecs[0].ZoneName, "ZoneName managed by Terraform")
				equal(t, "instanceSize", *got.ReplicationSpecs[0].RegionConfigs[0].ElectableSpecs.InstanceSize, size)
			}),
			after: 30 * time.Second,
		},
		{
			does: does + ": containers", accept: "2023-01-01",
			send: "GET /api/atlas/v2/groups/{demo}/containers" + firstPage + "&providerName=AWS",
			reads: reads(func(t *testing.T, _ *flow, got struct {
				Results []struct {
					ID         *string `json:"id"`
					RegionName *string `json:"regionName"`
				} `json:"results"`
			}) {
				t.Helper()
				equal(t, "regionName", *got.Results[0].RegionName, "US_EAST_1")
			}),
		},
		{
			does: does + ": process arguments", send: "GET " + flowClusters + "/c/processArgs", accept: "2024-08-05",
			reads: reads(func(*testing.T, *flow, struct {
				JavascriptEnabled *bool `json:"javascriptEnabled"`
			}) {
			}),
		},
	}
}

func TestTheTerraformProviderHasClusters(t *testing.T) {
	t.Parallel()
	const cluster = flowClusters + "/c"
	shard := func(size string) string {
		return `"replicationSpecs":[{"regionConfigs":[{"electableSpecs":{"instanceSize":"` + size + `","nodeCount":3},` +
			`"priority":7,"providerName":"AWS","regionName":"US_EAST_1"}],"zoneName":"ZoneName managed by Terraform"}]`
	}
	runFlow(t, "terraform-provider-mongodbatlas/2.1.0 Terraform/1.13.4", forGood, slices.Concat(
		[]step{{
			does: "create the cluster", send: "POST " + flowClusters, accept: "2024-10-23", status: http.StatusCreated,
			body:  `{"clusterType":"REPLICASET","labels":[],"name":"c",` + shard("M10") + `,"tags":[],"backupEnabled":true}` + "\n",
			reads: inState("CREATING"),
		}},
		tfReadCluster("wait for it", "M10"),
		tfReadCluster("plan", "M10"),
		[]step{{
			does: "change the size", send: "PATCH " + cluster, accept: "2024-10-23", body: `{` + shard("M20") + `}` + "\n",
			reads: inState("UPDATING"),
		}},
		tfReadCluster("wait for the change", "M20"),
		[]step{{
			does: "change an argument", send: "PATCH " + cluster + "/processArgs", accept: "2024-08-05",
			body: `{"javascriptEnabled":false}` + "\n",
		}},
		tfReadCluster("wait for the argument", "M20"),
		deleteSteps(30*time.Second),
	), revoke)
}

// The resource that the provider had first speaks to the API without versions, and waits
// in the newest.
func TestTheTerraformProviderHasClustersOfTheFirstVersion(t *testing.T) {
	t.Parallel()
	first := strings.Replace(flowClusters, "/v2/", "/v1.0/", 1)
	runFlow(t, "terraform-provider-mongodbatlas/2.1.0 Terraform/1.13.4", forGood, slices.Concat([]step{
		{
			does: "create the cluster", send: "POST " + first, status: http.StatusCreated, reads: inState("CREATING"),
			body: `{"autoScaling":{"compute":{"enabled":false,"scaleDownEnabled":false},"diskGBEnabled":true},` +
				`"clusterType":"REPLICASET","labels":[{"key":"Infrastructure Tool","value":"MongoDB Atlas Terraform Provider"}],` +
				`"name":"c","providerBackupEnabled":true,"providerSettings":{"instanceSizeName":"M10","providerName":"AWS",` +
				`"regionName":"US_EAST_1"}}` + "\n",
		},
		look("wait for it", "IDLE", 3*time.Minute),
		{
			does: "read it", send: "GET " + first + "/c",
			reads: reads(func(t *testing.T, _ *flow, got struct {
				ProviderBackupEnabled *bool `json:"providerBackupEnabled"`
				ProviderSettings      *struct {
					InstanceSizeName *string `json:"instanceSizeName"`
					ProviderName     *string `json:"providerName"`
					RegionName       *string `json:"regionName"`
				} `json:"providerSettings"`
				ReplicationSpecs []struct {
					ID        *string `json:"id"`
					NumShards *int    `json:"numShards"`
				} `json:"replicationSpecs"`
				SRVAddress *string `json:"srvAddress"`
			}) {
				t.Helper()
				equal(t, "providerBackupEnabled", *got.ProviderBackupEnabled, true)
			}),
		},
		{
			does: "read its containers", accept: "2023-01-01",
			send:  "GET /api/atlas/v2/groups/{demo}/containers?providerName=AWS",
			reads: reads(func(*testing.T, *flow, oldPage[any]) {}),
		},
		{
			does: "change it", send: "PATCH " + first + "/c", reads: inState("UPDATING"),
			body: `{"providerSettings":{"instanceSizeName":"M20","providerName":"AWS","regionName":"US_EAST_1"}}` + "\n",
		},
		look("wait for the change", "IDLE", time.Minute),
	}, deleteSteps(time.Minute)), revoke)
}
