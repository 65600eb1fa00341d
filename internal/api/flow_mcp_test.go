package api_test

import (
	"net/http"
	"testing"
)

// mcpSteps are tools of the MongoDB MCP server. It asks for one version everywhere, and
// takes an answer for a refusal only if there is something in its body.
func mcpSteps() []step {
	const project = "/api/atlas/v2/groups/{project}"
	get := func(does, target, served string, status int, reads bodyReader) step {
		return step{
			does: does, send: "GET " + target, accept: "2025-03-12", served: served, status: status, reads: reads,
		}
	}
	return []step{
		get("atlas-list-orgs", "/api/atlas/v2/orgs", "2023-01-01", http.StatusOK,
			reads(func(*testing.T, *flow, oldPage[any]) {})),
		{
			does: "atlas-create-project", send: "POST /api/atlas/v2/groups", accept: "2025-03-12", served: "2023-01-01",
			body: `{"name":"MCP project","orgId":"{org}"}`, status: http.StatusCreated,
			reads: reads(func(_ *testing.T, f *flow, got oldProject) { f.keep("project", got.ID) }),
		},
		get("atlas-list-clusters: the project", project, "2023-01-01", http.StatusOK,
			reads(func(*testing.T, *flow, oldProject) {})),
		get("atlas-list-clusters: clusters", project+"/clusters", "2024-08-05", http.StatusOK, empty),
		get("atlas-list-clusters: flex clusters", project+"/flexClusters", "2024-11-13", http.StatusOK, empty),
		get("atlas-inspect-cluster", project+"/clusters/c", "", http.StatusNotFound, refused("CLUSTER_NOT_FOUND")),
		get("atlas-inspect-cluster: flex", project+"/flexClusters/c", "", http.StatusNotFound, refused("CLUSTER_NOT_FOUND")),
		get("atlas-inspect-access-list", project+"/accessList", "2023-01-01", http.StatusOK, empty),
		get("atlas-list-db-users", project+"/databaseUsers", "2023-01-01", http.StatusOK, empty),
		get("atlas-list-alerts", project+"/alerts", "2023-01-01", http.StatusOK, empty),
		{
			does: "atlas-create-free-cluster: the address", send: "GET /api/private/ipinfo",
			reads: reads(func(t *testing.T, f *flow, got struct {
				CurrentIPv4Address *string `json:"currentIpv4Address"`
			}) {
				t.Helper()
				f.keep("address", got.CurrentIPv4Address)
			}),
		},
		{
			does: "atlas-create-free-cluster: the access list", send: "POST " + project + "/accessList",
			accept: "2025-03-12", served: "2023-01-01", status: http.StatusCreated, reads: lists(1),
			body: `[{"groupId":"{project}","ipAddress":"{address}","comment":"Added by MongoDB MCP Server to enable tool access"}]`,
		},
		{
			does: "atlas-create-free-cluster", send: "POST " + project + "/clusters", accept: "2025-03-12",
			served: "2024-10-23", status: http.StatusCreated, reads: inState("CREATING"),
			body: `{"groupId":"{project}","name":"c","clusterType":"REPLICASET","replicationSpecs":[{"zoneName":"Zone 1",` +
				`"regionConfigs":[{"providerName":"TENANT","backingProviderName":"AWS","regionName":"US_EAST_1",` +
				`"electableSpecs":{"instanceSize":"M0"}}]}],"terminationProtectionEnabled":false}`,
		},
		{
			does: "atlas-create-db-user", send: "POST " + project + "/databaseUsers",
			accept: "2025-03-12", served: "2023-01-01", status: http.StatusCreated,
			body: `{"groupId":"{project}","awsIAMType":"NONE","databaseName":"admin","ldapAuthType":"NONE","oidcAuthType":"NONE",` +
				`"x509Type":"NONE","username":"u","password":"a-password","scopes":[],` +
				`"roles":[{"roleName":"readAnyDatabase","databaseName":"admin"}]}`,
			reads: reads(func(*testing.T, *flow, flowUser) {}),
		},
	}
}

func TestTheMongoDBMCPServer(t *testing.T) {
	t.Parallel()
	runFlow(t, "mongodb-mcp-server/1.3.0", forGood, mcpSteps(), revoke)
}
