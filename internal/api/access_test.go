package api_test

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"exportbuckets/internal/api"
)

// callers are every kind of caller, by what it is.
var callers = map[string]request{
	"no credentials":                 {bare: true},
	"wrong secret":                   {bare: true}, // signed by the test
	"organization owner":             {key: "demoownr"},
	"organization owner, by account": {},
	"project owner":                  {key: "demoproj"},
	"backup manager":                 {key: "backupmg"},
	"cluster manager":                {key: "clustmgr"},
	"database access admin":          {key: "dbaccess"},
	"project reader":                 {key: "demoread"},
	"organization reader":            {key: "orgreadr"},
	"member without a project":       {key: "orgmembr"},
	"owner of another project":       {key: "otherprj"},
	"owner of another organization":  {key: "stranger"},
}

// A level is what a caller may do on the demo project. Each includes those before
// it, but for the last two writers, who need not be those of anything else.
type level int

const (
	nobody         level = iota // without valid credentials
	guest                       // of another organization
	member                      // of the organization, without a role on the project
	reader                      // of the project
	snapshotWriter              // of its snapshots
	scheduleWriter              // of its backup schedules
	writer                      // of its export buckets
	clusterWriter               // of its snapshots and clusters
	userWriter                  // of its database users
	owner                       // of the project
	creator                     // of projects in its organization
)

// allows reports whether a caller who may do as much may do what takes at least a level.
func (l level) allows(least level) bool {
	if l > writer && l < owner && least > reader {
		return l == least || l == clusterWriter && least == snapshotWriter
	}
	return l >= least
}

// access is a request and who may make it.
type access struct {
	route   string // as in the route table
	path    string // if it does not follow from the route
	accept  string // the newest version if empty
	body    string
	least   level
	enters  level         // whom the proof admits, if the operation refuses some of them
	status  int           // of the answer to who may
	refusal string        // of who may not; that of a role too low if empty
	after   time.Duration // since the one before it
}

func (a access) methodAndPath() (method, path string) {
	method, path, _ = strings.Cut(a.route, " ")
	if a.path != "" {
		return method, a.path
	}
	return method, exampleOf.Replace(path)
}

// What prepare makes besides what exampleOf names.
const (
	spareBucket   = "6a7900010203040506000002"
	spareSnapshot = "5f0000000000000000000e02"
	spareEndpoint = "5f0000000000000000000e04"
)

// prepare makes what accesses name.
func (b *bundle) prepare(t *testing.T) {
	t.Helper()
	b.create(t, awsBody)
	b.create(t, awsBody)
	b.createBackedUp(t, "c")
	b.insertSnapshots(t, "c", exampleOf.Replace(":snapshotId"), spareSnapshot)
	b.insertExportJob(t, "c", exampleOf.Replace(":exportId"))
	b.insertPrivateEndpoint(t, spareEndpoint)
	b.sendNewest(t, http.StatusCreated, http.MethodPost, demoNetworks, `[{"ipAddress":"192.0.2.1"}]`, nil)
	b.sendNewest(t, http.StatusCreated, http.MethodPost, demoUsers, newUser("app"), nil)
}

// pass lets time pass, and has what is past its time removed.
func (b *bundle) pass(t testing.TB, after time.Duration) {
	t.Helper()
	if after == 0 {
		return
	}
	b.clock.advance(after)
	if got := b.do(t, request{path: demoClusters}); got.status != http.StatusOK {
		t.Fatalf("list clusters: got %d %s, want 200", got.status, got.body)
	}
}

// writes are those of accesses that change something, and may.
func writes() []access {
	return slices.DeleteFunc(accesses(), func(a access) bool {
		return strings.HasPrefix(a.route, "GET ") || a.status >= http.StatusMultipleChoices
	})
}

// accesses are in an order in which each is allowed after those before it.
func accesses() []access {
	const (
		buckets = apiRoot + "/groups/:groupId/backup/exportBuckets"
		roles   = apiRoot + "/groups/:groupId/cloudProviderAccess"
		project = apiRoot + "/groups/:groupId"
		cluster = project + "/clusters/:clusterName"
		flex    = project + "/flexClusters"
		user    = project + "/databaseUsers/:databaseName/:username"

		endpoints   = project + "/backup/:cloudProvider/privateEndpoints"
		newEndpoint = `{"regionName":"EU_WEST_1"}`

		exports   = cluster + "/backup/exports"
		schedule  = cluster + "/backup/schedule"
		snapshots = cluster + "/backup/snapshots"
		unknown   = "/" + absentID
		org       = apiRoot + "/orgs/:orgId"
		newKey    = `{"desc":"new","roles":["GROUP_READ_ONLY"]}`

		projectAccounts = project + "/serviceAccounts"
		orgAccounts     = org + "/serviceAccounts"
		newAccount      = `{"name":"n","description":"d","secretExpiresAfterHours":8,"roles":["GROUP_READ_ONLY"]}`
		newOrgAccount   = `{"name":"n","description":"d","secretExpiresAfterHours":8,"roles":["ORG_MEMBER"]}`
		newSecret       = `{"secretExpiresAfterHours":8}`
		newNetwork      = `[{"ipAddress":"192.0.2.1"}]`
	)
	notCreator := refusal(401, "NOT_ORG_GROUP_CREATOR",
		"The currently logged in user does not have the group creator role in organization "+demoOrg+".", demoOrg)
	notInProject := refusal(401, "NOT_IN_GROUP", "The current user is not in the group, or the group does not exist.")
	return []access{
		{route: "POST " + projects, body: newProject, least: creator, status: 201, refusal: notCreator},
		{route: "GET " + apiRoot, least: guest, status: 200},
		{route: "GET " + apiRoot + "/orgs", least: guest, status: 200},
		{route: "GET " + apiRoot + "/orgs/:orgId", least: member, status: 200},
		{route: "GET " + apiRoot + "/orgs/:orgId/groups", least: member, status: 200},
		{route: "GET " + apiRoot + "/orgs/:orgId/teams", least: member, status: 200},
		{route: "GET " + apiRoot + "/orgs/:orgId/users", least: member, status: 200},
		{route: "GET " + projects, least: guest, status: 200},
		{route: "GET " + projects + "/byName/:groupName", least: reader, status: 200, refusal: notInProject},
		{route: "GET " + project, least: reader, status: 200},
		{route: "PATCH " + project, body: `{"withDefaultAlertsSettings":false}`, least: owner, status: 200},

		{route: "POST " + project + "/apiKeys", body: newKey, least: owner, status: 200},
		{route: "GET " + project + "/apiKeys", least: reader, status: 200},
		{
			route: "POST " + project + "/apiKeys/:apiUserId", body: `[{"roles":["GROUP_READ_ONLY"]}]`,
			least: owner, status: 204,
		},
		{route: "PATCH " + project + "/apiKeys/:apiUserId", body: newKey, least: owner, status: 200},
		{route: "DELETE " + project + "/apiKeys/:apiUserId", least: owner, status: 204},

		{route: "POST " + projectAccounts, body: newAccount, least: owner, status: 201},
		{route: "GET " + projectAccounts, least: reader, status: 200},
		{route: "GET " + projectAccounts + "/:clientId", least: reader, status: 200},
		{route: "PATCH " + projectAccounts + "/:clientId", body: `{"name":"changed"}`, least: owner, status: 200},
		{
			route: "POST " + projectAccounts + "/:clientId:invite", body: `{"roles":["GROUP_READ_ONLY"]}`,
			path: demoAccounts + "/" + freeAccount + ":invite", least: creator, status: 200,
		},
		// Whether the caller may is told before the body is looked at.
		{route: "POST " + projectAccounts + "/:clientId:invite", body: "{", least: creator, status: 400},
		{route: "POST " + projectAccounts + "/:clientId/accessList", body: newNetwork, least: owner, status: 200},
		{route: "GET " + projectAccounts + "/:clientId/accessList", least: reader, status: 200},
		{route: "DELETE " + projectAccounts + "/:clientId/accessList/:ipAddress", least: owner, status: 204},
		{route: "POST " + projectAccounts + "/:clientId/secrets", body: newSecret, least: owner, status: 201},
		// Seeded secrets have ids made by chance.
		{route: "DELETE " + projectAccounts + "/:clientId/secrets/:secretId", least: owner, status: 404},
		{route: "DELETE " + projectAccounts + "/:clientId", least: owner, status: 204},

		{route: "POST " + orgAccounts, body: newOrgAccount, least: creator, status: 201},
		{route: "GET " + orgAccounts, least: member, status: 200},
		{route: "GET " + orgAccounts + "/:clientId", least: member, status: 200},
		{route: "PATCH " + orgAccounts + "/:clientId", body: `{"name":"changed"}`, least: creator, status: 200},
		{route: "POST " + orgAccounts + "/:clientId/accessList", body: newNetwork, least: creator, status: 200},
		{route: "GET " + orgAccounts + "/:clientId/accessList", least: member, status: 200},
		{route: "DELETE " + orgAccounts + "/:clientId/accessList/:ipAddress", least: creator, status: 204},
		{route: "GET " + orgAccounts + "/:clientId/groups", least: member, status: 200},
		{
			route: "POST " + orgAccounts + "/:clientId/secrets", body: newSecret,
			path: demoOrgAccounts + "/" + freeAccount + "/secrets", least: creator, status: 201,
		},
		{route: "DELETE " + orgAccounts + "/:clientId/secrets/:secretId", least: creator, status: 404},
		{route: "DELETE " + orgAccounts + "/:clientId", least: creator, status: 204},

		{route: "PATCH " + org, body: `{"name":"Demo Organization"}`, least: creator, status: 200},
		{
			route: "POST " + org + "/apiKeys", body: `{"desc":"new","roles":["ORG_MEMBER"]}`,
			least: creator, status: 200,
		},
		{route: "GET " + org + "/apiKeys", least: member, status: 200},
		{route: "GET " + org + "/apiKeys/:apiUserId", least: member, status: 200},
		{route: "PATCH " + org + "/apiKeys/:apiUserId", body: `{"desc":"changed"}`, least: creator, status: 200},
		{
			route: "POST " + org + "/apiKeys/:apiUserId/accessList", body: `[{"ipAddress":"192.0.2.1"}]`,
			least: creator, enters: member, status: 200, refusal: notListReader,
		},
		{
			route: "GET " + org + "/apiKeys/:apiUserId/accessList",
			least: creator, enters: member, status: 200, refusal: notListReader,
		},
		{
			route: "GET " + org + "/apiKeys/:apiUserId/accessList/:ipAddress",
			least: creator, enters: member, status: 200, refusal: notListReader,
		},
		{
			route: "DELETE " + org + "/apiKeys/:apiUserId/accessList/:ipAddress",
			least: creator, enters: member, status: 204, refusal: notListReader,
		},
		{route: "DELETE " + org + "/apiKeys/:apiUserId", least: creator, status: 204},
		{route: "GET " + org + "/settings", least: member, status: 200},
		{route: "PATCH " + org + "/settings", body: `{"multiFactorAuthRequired":true}`, least: creator, status: 200},

		{route: "POST " + buckets, body: awsBody, least: writer, status: 200},
		// Whether the caller may is told before the body is looked at.
		{route: "POST " + buckets, body: "{", least: writer, status: 400},
		{route: "GET " + buckets, least: reader, status: 200},
		{route: "GET " + buckets + "/:exportBucketId", least: reader, status: 200},
		{route: "GET " + buckets + "/:exportBucketId", path: demoBuckets + unknown, least: reader, status: 404},
		{
			route: "PATCH " + buckets + "/:exportBucketId", body: `{"requirePrivateNetworking":true}`,
			least: writer, status: 200,
		},
		{route: "DELETE " + buckets + "/:exportBucketId", least: writer, status: 204},
		{route: "DELETE " + buckets + "/:exportBucketId", path: demoBuckets + unknown, least: writer, status: 404},

		{route: "POST " + roles, body: newAWS, least: owner, status: 200},
		{route: "GET " + roles, least: reader, status: 200},
		{route: "GET " + roles + "/:roleId", least: reader, status: 200},
		{
			route: "PATCH " + roles + "/:roleId", least: owner, status: 200,
			body: `{"providerName":"AWS","iamAssumedRoleArn":"arn:aws:iam::123456789012:role/x"}`,
		},
		{route: "DELETE " + roles + "/:cloudProvider/:roleId", least: owner, status: 204},

		{route: "GET " + project + "/clusters", least: reader, status: 200},
		{route: "POST " + project + "/clusters", body: newCluster("d"), least: clusterWriter, status: 201},
		// Whether the caller may is told before the body is looked at.
		{route: "POST " + project + "/clusters", body: "{", least: clusterWriter, status: 400},
		{route: "GET " + project + "/clusters/provider/regions", least: reader, status: 200},
		{route: "GET " + cluster, least: reader, status: 200},
		{route: "PATCH " + cluster, body: `{"backupEnabled":true}`, least: clusterWriter, status: 200},
		{route: "GET " + cluster + "/autoScalingConfiguration", least: reader, status: 200},
		{route: "GET " + cluster + "/status", least: reader, status: 200},
		{route: "GET " + cluster + "/backup/restoreJobs", least: reader, status: 200},
		{
			route: "POST " + exports, least: scheduleWriter, status: 200,
			body: `{"customData":[],"exportBucketId":"` + spareBucket + `","snapshotId":"` + spareSnapshot + `"}`,
		},
		{route: "GET " + exports, least: snapshotWriter, status: 200},
		{route: "GET " + exports + "/:exportId", least: snapshotWriter, status: 200},
		{route: "GET " + schedule, least: reader, status: 200},
		{
			route: "PATCH " + schedule, least: scheduleWriter, status: 200,
			body: `{"autoExportEnabled":true,"export":{"exportBucketId":"` + spareBucket + `","frequencyType":"monthly"}}`,
		},
		{route: "DELETE " + schedule, least: scheduleWriter, status: 200},
		{route: "PATCH " + schedule, body: `{"autoExportEnabled":false}`, least: scheduleWriter, status: 200},
		{route: "POST " + snapshots, body: `{"description":"d","retentionInDays":2}`, least: snapshotWriter, status: 200},
		{route: "GET " + snapshots, least: reader, status: 200},
		{route: "GET " + snapshots + "/shardedClusters", least: reader, status: 200},
		{route: "GET " + snapshots + "/:snapshotId", least: reader, status: 200},
		{route: "GET " + snapshots + "/shardedCluster/:snapshotId", least: reader, status: 404},
		{
			route: "PATCH " + snapshots + "/:snapshotId", least: snapshotWriter, status: 200,
			body: `{"retentionUnit":"WEEKS","retentionValue":2}`,
		},
		{route: "DELETE " + snapshots + "/shardedCluster/:snapshotId", path: demoClusters +
			"/c/backup/snapshots/shardedCluster/" + spareSnapshot, least: snapshotWriter, status: 204},
		{route: "DELETE " + snapshots + "/:snapshotId", least: snapshotWriter, status: 204},
		{route: "GET " + cluster + "/globalWrites", least: reader, status: 200},
		{route: "GET " + cluster + "/processArgs", least: reader, status: 200},
		{route: "PATCH " + cluster + "/processArgs", body: `{"noTableScan":true}`, least: clusterWriter, status: 200},
		{route: "GET " + cluster + "/search/deployment", least: reader, status: 404}, // there are none
		{route: "GET " + flex, least: reader, status: 200},
		{route: "GET " + flex + "/:clusterName", least: reader, status: 400},
		{route: "PATCH " + flex + "/:clusterName", body: "{}", least: owner, status: 400},
		{route: "DELETE " + flex + "/:clusterName", least: owner, status: 400},
		{route: "POST " + flex + "/:clusterName/backup/download", body: "{}", least: owner, status: 400},
		{route: "POST " + flex + "/:clusterName/backup/restoreJobs", body: "{}", least: owner, status: 400},
		{route: "GET " + flex + "/:clusterName/backup/restoreJobs", least: reader, status: 400},
		{route: "GET " + flex + "/:clusterName/backup/restoreJobs/:restoreJobId", least: reader, status: 400},
		{route: "GET " + flex + "/:clusterName/backup/snapshots", least: reader, status: 400},
		{route: "GET " + flex + "/:clusterName/backup/snapshots/:snapshotId", least: reader, status: 400},
		{route: "POST " + project + "/accessList", body: `[{"cidrBlock":"10.0.0.0/8"}]`, least: owner, status: 201},
		{route: "GET " + project + "/accessList", least: reader, status: 200},
		{route: "GET " + project + "/accessList/:entryValue", least: reader, status: 200},
		{route: "GET " + project + "/accessList/:entryValue/status", least: reader, status: 200},
		{route: "DELETE " + project + "/accessList/:entryValue", least: owner, status: 204},
		{route: "GET " + project + "/auditLog", least: owner, status: 200},
		{route: "GET " + project + "/backupCompliancePolicy", least: owner, status: 200},
		{route: "POST " + endpoints, body: newEndpoint, least: owner, status: 201},
		// Whether the caller may is told before the body is looked at.
		{route: "POST " + endpoints, body: "{", least: owner, status: 400},
		{route: "GET " + endpoints, least: owner, status: 200},
		{route: "GET " + endpoints + "/:endpointId", least: owner, status: 200},
		{route: "DELETE " + endpoints + "/:endpointId", least: owner, status: 204},
		{route: "GET " + project + "/containers", least: reader, status: 200},
		{route: "GET " + project + "/containers/all", least: reader, status: 200},
		{route: "GET " + project + "/customDBRoles/roles", least: reader, status: 200},
		{route: "GET " + project + "/customDBRoles/roles/:roleName", least: reader, status: 404},
		{route: "POST " + project + "/databaseUsers", body: newUser("other"), least: userWriter, status: 201},
		// Whether the caller may is told before the body is looked at.
		{route: "POST " + project + "/databaseUsers", body: "{", least: userWriter, status: 400},
		{route: "GET " + apiRoot + "/clusters", least: guest, status: 200},
		{route: "GET " + apiRoot + "/alertConfigs/matchers/fieldNames", least: guest, status: 200},
		{route: "GET " + apiRoot + "/unauth/controlPlaneIPAddresses", least: nobody, status: 200},
		{route: "GET " + project + "/alertConfigs", least: reader, status: 200},
		{route: "GET " + project + "/alertConfigs/:alertConfigId", least: reader, status: 404},
		{route: "GET " + project + "/alertConfigs/:alertConfigId/alerts", least: reader, status: 404},
		{route: "GET " + project + "/alerts", least: reader, status: 200},
		{route: "GET " + project + "/alerts/:alertId", least: reader, status: 404},
		{route: "GET " + project + "/awsCustomDNS", least: reader, status: 200},
		{route: "GET " + project + "/dataFederation", least: reader, status: 200},
		{route: "GET " + project + "/dataFederation/:tenantName", least: reader, status: 404},
		{route: "GET " + project + "/invites", least: owner, status: 200},
		{route: "GET " + project + "/invites/:invitationId", least: owner, status: 404},
		{route: "GET " + project + "/logIntegrations", least: owner, status: 200},
		{route: "GET " + project + "/logIntegrations/:id", least: owner, status: 404},
		{route: "GET " + project + "/maintenanceWindow", least: reader, status: 200},
		{route: "GET " + project + "/privateIpMode", least: reader, status: 200},
		{route: "GET " + project + "/pushBasedLogExport", least: owner, status: 200},
		{route: "GET " + project + "/serverless", least: reader, status: 200},
		{route: "GET " + project + "/serverless/:name", least: reader, status: 404},
		{route: "GET " + project + "/streams", least: reader, status: 200},
		{route: "GET " + project + "/streams/:tenantName", least: reader, status: 404},
		{route: "GET " + project + "/streams/privateLinkConnections", least: reader, status: 200},
		{route: "GET " + project + "/userSecurity", least: owner, status: 200},
		{route: "GET " + project + "/userSecurity/ldap/verify/:requestId", least: owner, status: 404},
		{route: "GET " + org + "/federationSettings", least: creator, status: 404}, // there is none
		{route: "GET " + org + "/invites", least: creator, status: 200},
		{route: "GET " + org + "/invites/:invitationId", least: creator, status: 404},
		{route: "GET " + org + "/resourcePolicies", least: member, status: 200},
		{route: "GET " + org + "/resourcePolicies/:resourcePolicyId", least: member, status: 404},
		{route: "GET " + apiRoot + "/eventTypes", least: guest, status: 200},
		{route: "GET " + project + "/events", least: reader, status: 200},
		{route: "GET " + project + "/events/:eventId", least: reader, status: 200},
		{route: "GET " + org + "/events", least: member, status: 200},
		{route: "GET " + org + "/events/:eventId", least: member, status: 404}, // it is of the project
		{route: "GET " + project + "/databaseUsers", least: reader, status: 200},
		{route: "GET " + user, least: reader, status: 200},
		{route: "PATCH " + user, body: `{"description":"changed"}`, least: userWriter, status: 200},
		{route: "DELETE " + user, least: userWriter, status: 204},
		{route: "GET " + project + "/encryptionAtRest", least: reader, status: 200},
		{route: "GET " + project + "/integrations", least: owner, status: 200},
		{route: "GET " + project + "/integrations/:integrationType", least: owner, status: 404},
		{route: "GET " + project + "/peers", least: reader, status: 200},
		{route: "GET " + project + "/peers/:peerId", least: reader, status: 404},
		{route: "GET " + project + "/privateEndpoint/regionalMode", least: reader, status: 200},
		{route: "GET " + project + "/privateEndpoint/:cloudProvider/endpointService", least: reader, status: 200},
		{
			route: "GET " + project + "/privateEndpoint/:cloudProvider/endpointService/:endpointServiceId",
			least: reader, status: 404,
		},
		{route: "GET " + project + "/processes", least: reader, status: 200},
		{route: "POST " + project + "/teams", body: "[]", least: owner, status: 200},
		{route: "GET " + project + "/ipAddresses", least: reader, status: 200},
		{route: "GET " + project + "/limits", least: reader, status: 200},
		{route: "GET " + project + "/limits/:limitName", least: reader, status: 200},
		{route: "PATCH " + project + "/limits/:limitName", body: `{"value":300}`, least: owner, status: 200},
		{route: "DELETE " + project + "/limits/:limitName", least: owner, status: 204},
		{route: "GET " + project + "/managedSlowMs", least: reader, status: 200},
		{route: "DELETE " + project + "/managedSlowMs/disable", least: owner, status: 204},
		{route: "POST " + project + "/managedSlowMs/enable", least: owner, status: 204},
		{route: "GET " + project + "/settings", least: reader, status: 200},
		{route: "PATCH " + project + "/settings", body: `{"isSchemaAdvisorEnabled":false}`, least: owner, status: 200},
		{route: "GET " + project + "/teams", least: reader, status: 200},
		{route: "GET " + project + "/users", least: reader, status: 200},

		{route: "DELETE " + cluster, least: owner, status: 202},
		{route: "DELETE " + cluster, path: demoClusters + "/d", least: owner, status: 202},
		{route: "DELETE " + project, least: owner, status: 409},
		{route: "DELETE " + project, least: owner, status: 202, after: 6 * time.Second},
	}
}

// spareKey is an API key that calls nothing.
const spareKey = "5f0000000000000000000e17"

// notListReader is the refusal of who may not see the access list of an API key.
const notListReader = `{"detail":"API key access lists are only accessible by the API key or by a user administrator.",` +
	`"error":401,"errorCode":"API_KEY_ACCESS_LIST_ACCESS_DENIED","parameters":[],"reason":"Unauthorized"}`

// exampleOf names an object for each parameter of a route.
var exampleOf = strings.NewReplacer(
	":orgId", demoOrg,
	":groupId", demoProject,
	":groupName", "Demo%20Project",
	":exportBucketId", "6a7900010203040506000001",
	":roleId", unauthorizedRole, // no bucket uses it
	":cloudProvider", "AWS",
	":apiUserId", spareKey,
	":ipAddress", "192.0.2.1",
	":clientId", spareAccount,
	":secretId", absentID,
	":clusterName", "c",
	":entryValue", "192.0.2.1",
	":eventId", "6a7900e10203040506000002",
	":databaseName", "admin",
	":username", "app",
	":restoreJobId", absentID,
	":snapshotId", "5f0000000000000000000e01",
	":exportId", "5f0000000000000000000e03",
	":limitName", "atlas.project.security.databaseAccess.users",
	":alertConfigId", absentID,
	":alertId", absentID,
	":endpointServiceId", absentID,
	":endpointId", spareEndpoint,
	":id", absentID,
	":invitationId", absentID,
	":peerId", absentID,
	":requestId", absentID,
	":resourcePolicyId", absentID,
	":integrationType", "SLACK",
	":roleName", "r",
	":tenantName", "t",
	":name", "s",
)

// absentID is the id of nothing.
const absentID = "6a7900010203040506999999"

func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	levels := map[string]level{
		"no credentials":                 nobody,
		"wrong secret":                   nobody,
		"organization owner":             creator,
		"organization owner, by account": creator,
		"project owner":                  owner,
		"backup manager":                 scheduleWriter,
		"cluster manager":                clusterWriter,
		"database access admin":          userWriter,
		"project reader":                 reader,
		"organization reader":            reader,
		"member without a project":       member,
		"owner of another project":       member,
		"owner of another organization":  guest,
	}
	if len(levels) != len(callers) {
		t.Errorf("got %d levels, want one for each of %d callers", len(levels), len(callers))
	}
	for caller, may := range levels {
		t.Run(caller, func(t *testing.T) {
			t.Parallel()
			checkAccess(t, setup(t), caller, may)
		})
	}
}

func TestBackupManagersMayChangeExportBucketsWhereASettingSaysSo(t *testing.T) {
	t.Parallel()
	for caller, may := range map[string]level{"backup manager": writer, "project reader": reader} {
		t.Run(caller, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(s *settings) { s.iam.BackupManagersWrite = true })
			checkAccess(t, b, caller, may)
		})
	}
}

// checkAccess makes every request of accesses as the caller.
func checkAccess(t *testing.T, b *bundle, caller string, may level) {
	t.Helper()
	who, ok := callers[caller]
	if !ok {
		t.Fatalf("got no caller %q, want one", caller)
	}
	b.prepare(t)
	nonce := b.nonce(t)
	unauthorized := refusal(401, "USER_UNAUTHORIZED", "Current user is not authorized to perform this action.")
	for _, tt := range accesses() {
		method, path := tt.methodAndPath()
		b.pass(t, tt.after)
		r := request{
			method: method, path: path, body: tt.body, key: who.key, bare: who.bare,
			header: http.Header{"Accept": {v2025}}, // of which each operation gives its newest version
		}
		if caller == "wrong secret" {
			r.header.Set("Authorization",
				digestHeader("demoownr", "00000000-0000-4000-8000-000000000000", nonce, method, path))
		}
		got := b.do(t, r)
		want := tt.refusal
		if want == "" || may < tt.enters {
			want = unauthorized
		}
		switch {
		case may == nobody && tt.least > nobody:
			checkChallenge(t, method+" "+path, got, "false")
		case !may.allows(tt.least) && (got.status != http.StatusUnauthorized || got.body != want):
			t.Errorf("%s %s: got %d %s, want 401 %s", method, path, got.status, got.body, want)
		case may.allows(tt.least) && got.status != tt.status:
			t.Errorf("%s %s: got %d %s, want %d", method, path, got.status, got.body, tt.status)
		}
	}
}

func TestTheAccessToEveryRouteIsTested(t *testing.T) {
	t.Parallel()
	routes := api.Routes()
	tested := make(map[string]bool)
	for _, tt := range accesses() {
		tested[tt.route] = true
		if !slices.Contains(routes, tt.route) {
			t.Errorf("%s: got a test of what is no route", tt.route)
		}
	}
	for _, route := range routes {
		if !tested[route] {
			t.Errorf("%s: got no test of who may, want one in accesses", route)
		}
	}
}

// leastOf is the level that each proof takes, on a project and in an organization.
var leastOf = map[string]struct{ onProject, inOrg level }{
	"OrgReader":             {nobody, member},
	"OrgOwner":              {nobody, creator},
	"CredentialReader":      {reader, member},
	"CredentialOwner":       {owner, creator},
	"ServiceAccountInviter": {creator, nobody},
	"ProjectReader":         {reader, nobody},
	"ProjectOwner":          {owner, nobody},
	"BackupWriter":          {writer, nobody},
	"ClusterWriter":         {clusterWriter, nobody},
	"DatabaseUserWriter":    {userWriter, nobody},
	"SnapshotWriter":        {snapshotWriter, nobody},
	"ScheduleWriter":        {scheduleWriter, nobody},
}

func TestTheRouteTableSaysWhoMay(t *testing.T) {
	t.Parallel()
	access := api.Access()
	for _, tt := range accesses() {
		least, ok := leastOf[access[tt.route]]
		want := least.inOrg
		if strings.Contains(tt.route, ":groupId") {
			want = least.onProject
		}
		// The others prove nothing before the operation looks at the request.
		proves := access[tt.route] != "Principal" && tt.least > nobody
		if !ok && proves || ok && cmp.Or(tt.enters, tt.least) != want {
			t.Errorf("%s: got %q in the route table, but level %d is tested, want %d",
				tt.route, access[tt.route], cmp.Or(tt.enters, tt.least), want)
		}
	}
}

func TestProjectsThatAreNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tt := range []struct {
		project, want string
	}{
		{"5f0000000000000000000bff", refusal(404, "GROUP_NOT_FOUND",
			"No group with ID 5f0000000000000000000bff exists.", "5f0000000000000000000bff")},
		{"x", refusal(404, "INVALID_GROUP_ID", "An invalid group ID x was specified.", "x")},
		{"%ff%22", `{"detail":"An invalid group ID ` + "\ufffd" + `\" was specified.","error":404,` +
			`"errorCode":"INVALID_GROUP_ID","parameters":["` + "\ufffd" + `\""],"reason":"Not Found"}`},
	} {
		path := apiRoot + "/groups/" + tt.project + "/backup/exportBuckets"
		for name, r := range map[string]request{
			"list":           {path: path},
			"get":            {path: path + "/6a7900010203040506000001"},
			"create":         {path: path, body: awsBody},
			"create nothing": {path: path, body: "{"},
		} {
			if got := b.do(t, r); got.status != 404 || got.body != tt.want {
				t.Errorf("%s %s: got %d %s, want %s", name, tt.project, got.status, got.body, tt.want)
			}
		}
	}
}
