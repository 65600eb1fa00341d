package api_test

import (
	"net/http"
	"testing"
	"time"

	"go.mongodb.org/atlas-sdk/v20250312001/admin"
)

// TestTheAtlasGoSDKHasClusters goes the way of a cluster with the SDK's own client. Its
// decoder refuses what is not as its models say.
func TestTheAtlasGoSDKHasClusters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	client, err := admin.NewClient(admin.UseBaseURL(b.server.URL), admin.UseDigestAuth("demoownr", privateKeys["demoownr"]))
	if err != nil {
		t.Fatal(err)
	}
	ctx, clusters := t.Context(), client.ClustersApi
	fatal := func(doing string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: got %v, want no error", doing, err)
		}
	}
	created, resp, err := clusters.CreateCluster(ctx, demoProject, &admin.ClusterDescription20240805{
		Name: new("c"), ClusterType: new("REPLICASET"), BackupEnabled: new(true),
		ReplicationSpecs: &[]admin.ReplicationSpec20240805{{RegionConfigs: &[]admin.CloudRegionConfig20240805{{
			ProviderName: new("AWS"), RegionName: new("US_EAST_1"), Priority: new(7),
			ElectableSpecs: &admin.HardwareSpec20240805{InstanceSize: new("M10"), NodeCount: new(3)},
		}}}},
	}).Execute()
	fatal("create", err)
	if resp.StatusCode != http.StatusCreated || created.GetStateName() != "CREATING" {
		t.Errorf("create: got %s and a cluster that is %s, want 201 and CREATING", resp.Status, created.GetStateName())
	}
	b.clock.advance(10 * time.Second)
	got, _, err := clusters.GetCluster(ctx, demoProject, "c").Execute()
	fatal("get", err)
	specs := got.GetReplicationSpecs()
	regions := specs[0].GetRegionConfigs()
	if got.GetStateName() != "IDLE" || regions[0].ReadOnlySpecs.GetInstanceSize() != "M10" {
		t.Errorf("get: got %+v, want an idle cluster with nodes of M10", got)
	}
	updated, _, err := clusters.UpdateCluster(ctx, demoProject, "c", got).Execute()
	fatal("send back what was got", err)
	if updated.GetStateName() != "UPDATING" {
		t.Errorf("update: got %s, want UPDATING", updated.GetStateName())
	}
	list, _, err := clusters.ListClusters(ctx, demoProject).Execute()
	fatal("list", err)
	if list.GetTotalCount() != 1 {
		t.Errorf("list: got %d clusters, want 1", list.GetTotalCount())
	}
	args, _, err := clusters.GetClusterAdvancedConfiguration(ctx, demoProject, "c").Execute()
	fatal("get process arguments", err)
	args.NoTableScan = new(true)
	args, _, err = clusters.UpdateClusterAdvancedConfiguration(ctx, demoProject, "c", args).Execute()
	fatal("update process arguments", err)
	if !args.GetNoTableScan() {
		t.Errorf("process arguments: got %+v, want no table scans", args)
	}
	status, _, err := clusters.GetClusterStatus(ctx, demoProject, "c").Execute()
	fatal("get status", err)
	if status.GetChangeStatus() != "PENDING" {
		t.Errorf("status: got %s, want PENDING", status.GetChangeStatus())
	}
	containers, _, err := client.NetworkPeeringApi.ListPeeringContainerByCloudProvider(ctx, demoProject).
		ProviderName("AWS").Execute()
	fatal("list containers", err)
	if containers.GetTotalCount() != 1 {
		t.Errorf("containers: got %d, want 1", containers.GetTotalCount())
	}
	_, err = clusters.DeleteCluster(ctx, demoProject, "c").Execute()
	fatal("delete", err)
	got, _, err = clusters.GetCluster(ctx, demoProject, "c").Execute()
	fatal("get what is being deleted", err)
	if got.GetStateName() != "DELETING" {
		t.Errorf("get: got %s, want DELETING", got.GetStateName())
	}
	b.clock.advance(10 * time.Second)
	if _, _, err = clusters.GetCluster(ctx, demoProject, "c").Execute(); !admin.IsErrorCode(err, "CLUSTER_NOT_FOUND") {
		t.Errorf("get what is gone: got %v, want CLUSTER_NOT_FOUND", err)
	}
}
