package api_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// families are the operations of Atlas by what they are on, and the paths where they
// begin, of which the longest counts. {p} is a project, {o} an organization, {c} a
// cluster.
var families = []struct{ on, paths string }{
	{"export buckets", "{p}/backup/exportBuckets"},
	{"cloud provider access", "{p}/cloudProviderAccess"},
	{"projects", "/groups {o}/groups /defaultGroupLimits"},
	{"organizations", "/orgs"},
	{"API keys", "{p}/apiKeys {o}/apiKeys"},
	{"service accounts", "{p}/serviceAccounts {o}/serviceAccounts"},
	{"users, teams, invitations", "{p}/users {o}/users /users {p}/teams {o}/teams {p}/invites {o}/invites {p}/access"},
	{"federated authentication", "/federationSettings {o}/federationSettings"},
	{"resource policies", "{o}/resourcePolicies {o}/nonCompliantResources"},
	{"IP access lists of projects", "{p}/accessList"},
	{"database users and roles", "{p}/databaseUsers {p}/customDBRoles {p}/userSecurity {p}/dbAccessHistory"},
	{"clusters", "{p}/clusters /clusters {p}/clusterConfigurations {p}/mongoDBVersions {p}/sampleDatasetLoad"},
	{"flex clusters", "{p}/flexClusters"},
	{"serverless instances", "{p}/serverless {p}/privateEndpoint/serverless"},
	{"snapshots, schedules, export jobs, restores", "{c}/backup {c}/backupCheckpoints {c}/snapshots " +
		"{c}/snapshotSchedule {c}/restoreJobs {c}/collectionRestoreJobs {p}/backupCompliancePolicy"},
	{"private endpoints for object storage", "{p}/backup/{cloudProvider}/privateEndpoints"},
	{"online archives, Data Federation", "{c}/onlineArchives {p}/dataFederation {c}/sqlInterface"},
	{"global clusters", "{c}/globalWrites"},
	{"Search", "{c}/search {c}/fts {p}/hosts"},
	{"simulated outages and overloads", "{c}/outageSimulation {c}/overloadSimulations"},
	{"networks", "{p}/containers {p}/peers {p}/privateEndpoint {p}/privateIpMode {p}/privateNetworkSettings " +
		"{p}/awsCustomDNS {p}/ipAddresses /unauth"},
	{"encryption and auditing", "{p}/encryptionAtRest {p}/auditLog"},
	{"alerts", "{p}/alertConfigs {p}/alerts /alertConfigs"},
	{"events", "{p}/events {o}/events /eventTypes {p}/activityFeed {o}/activityFeed"},
	{"monitoring, logs, integrations", "{p}/processes {p}/clusters/{hostName} {p}/integrations {p}/logIntegrations " +
		"{p}/metricIntegrations {p}/pushBasedLogExport"},
	{"performance", "{p}/managedSlowMs {c}/performanceAdvisor {c}/queryShapeInsights {c}/queryShapes " +
		"{c}/collStats {c}/{clusterView} {p}/collStats {c}/index"},
	{"maintenance windows", "{p}/maintenanceWindow {o}/maintenanceSettings"},
	{"stream processing", "{p}/streams"},
	{"live migrations, standby links", "{p}/liveMigrations {o}/liveMigrations {p}/standbyLinks"},
	{"AI models, MCP", "{p}/aiModelApi {o}/aiModelApi {p}/mcpConfigs {o}/mcpConfigs"},
	{"sandboxes", "{p}/sandbox {o}/sandboxConfig"},
	{"invoices", "{o}/invoices {o}/associatedInvoices {o}/billing /skus"},
	{"the API itself", " /rateLimits"},
}

// familyOf returns the place of an operation's family.
func familyOf(op atlasOperation) int {
	rest := strings.TrimPrefix(op.path, apiRoot)
	places := strings.NewReplacer("{p}", "/groups/{groupId}", "{o}", "/orgs/{orgId}",
		"{c}", "/groups/{groupId}/clusters/{clusterName}")
	family, longest := 0, -1
	for i, f := range families {
		for path := range strings.SplitSeq(f.paths, " ") {
			if path = places.Replace(path); len(path) > longest && strings.HasPrefix(rest, path) {
				family, longest = i, len(path)
			}
		}
	}
	return family
}

// With -update the table is written anew.
func TestWhichOperationsOfAtlasAreServed(t *testing.T) {
	t.Parallel()
	const file = "../../docs/differences.md"
	atlas, here := make([]int, len(families)), make([]int, len(families))
	all, served := 0, 0
	for _, op := range atlasOperations(t) {
		family := familyOf(op)
		atlas[family]++
		all++
		if op.served {
			here[family]++
			served++
			t.Logf("%s %s is served, of %s", op.method, op.path, families[family].on)
		}
	}
	const head = "| operations on | Atlas has | served |\n|---|---|---|\n"
	var rows strings.Builder
	for i, family := range families {
		fmt.Fprintf(&rows, "| %s | %d | %d |\n", family.on, atlas[i], here[i])
	}
	fmt.Fprintf(&rows, "| all | %d | %d |\n", all, served)

	document, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(document), head)
	said, after, closed := strings.Cut(rest, "\n\n")
	if !ok || !closed {
		t.Fatalf("%s: got no table that begins with %q", file, head)
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+head+rows.String()+"\n"+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(rows.String(), said+"\n"); diff != "" {
		t.Errorf("%s (-served +said):\n%s", file, diff)
	}
}
