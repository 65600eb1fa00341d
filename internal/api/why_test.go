package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"exportbuckets/staging"
)

// refusedCall is a request, and the code that it is refused with; none if it only prepares
// what follows.
type refusedCall struct {
	code         string
	method, path string // below the demo project, unless it begins with a slash
	body         string
	key          string // demoownr if empty
	accept       string // the newest versions if empty
}

const (
	demoCluster = "/groups/" + demoBackups + "/clusters/Cluster0"
	noObject    = "5f0000000000000000000fff"
)

// clusterWith is a body that creates a cluster, with one thing replaced.
func clusterWith(from, to string) string { return strings.Replace(newCluster("c"), from, to, 1) }

// refusals provoke a code each, one after the other, on the demo tenant.
var refusals = []refusedCall{
	{"", "POST", "/clusters", newCluster("c"), "", ""},
	{"", "POST", "/clusters", freeCluster, "", ""},
	{"", "POST", "/databaseUsers", newUser("u"), "", ""},
	{"", "POST", demoCluster + "/backup/snapshots", `{"retentionInDays":1}`, "", ""},

	// Before the operation.
	{"RESOURCE_NOT_FOUND", "GET", "/exportBucket", "", "", ""},
	{"UNSUPPORTED_FOR_CURRENT_CONFIG", "GET", "/streams/accountDetails", "", "", ""},
	{"IP_ADDRESS_NOT_ON_ACCESS_LIST", "GET", "", "", "farawayk", ""},
	{"ORG_REQUIRES_ACCESS_LIST", "GET", "", "", "strictno", ""},
	{"INVALID_VERSION_DATE", "GET", "", "", "", "application/json"},
	{"USER_UNAUTHORIZED", "POST", "/backup/exportBuckets", awsBody, "demoread", ""},
	{"INVALID_GROUP_ID", "GET", "/groups/none", "", "", ""},
	{"GROUP_NOT_FOUND", "GET", "/groups/" + noObject, "", "", ""},
	{"INVALID_ORG_ID", "GET", "/orgs/none", "", "", ""},
	{"ORG_NOT_FOUND", "GET", "/orgs/" + noObject, "", "", ""},
	{"NOT_ORG_GROUP_CREATOR", "POST", "/groups", `{"name":"p","orgId":"` + demoOrg + `"}`, "demoread", ""},
	{"NOT_IN_GROUP", "GET", "/groups/byName/none", "", "", ""},
	{"PATH_PARAM_PARSE_ERROR", "GET", "/backup/exportBuckets/none", "", "", ""},
	{"INVALID_QUERY_PARAMETER", "GET", "/backup/exportBuckets?pageNum=x", "", "", ""},
	{"MALFORMED_JSON", "POST", "/backup/exportBuckets", "{", "", ""},
	{"INVALID_JSON", "POST", "/backup/exportBuckets", "[]", "", ""},
	{"INVALID_JSON_ATTRIBUTE", "POST", "/backup/exportBuckets", `{"cloudProvider":1}`, "", ""},

	// Export buckets and access roles.
	{"MISSING_ATTRIBUTE", "POST", "/backup/exportBuckets", "{}", "", ""},
	{"ATTRIBUTE_READ_ONLY", "POST", "/backup/exportBuckets", `{"region":"us-east-1"}`, "", ""},
	{"INVALID_ENUM_VALUE", "POST", "/backup/exportBuckets", `{"cloudProvider":"IBM"}`, "", ""},
	{"INVALID_ATTRIBUTE", "POST", "/backup/exportBuckets", `{"cloudProvider":"AWS","serviceUrl":"x"}`, "", ""},
	{"EXPORT_BUCKET_NAME_INVALID", "POST", "/backup/exportBuckets", strings.Replace(awsBody, "export-bucket", "B", 1), "", ""},
	{
		"CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND", "POST", "/backup/exportBuckets", strings.Replace(awsBody, awsRole, azureRole, 1),
		"", "",
	},
	{
		"CLOUD_PROVIDER_ACCESS_ROLE_NOT_AUTHORIZED", "POST", "/backup/exportBuckets",
		strings.Replace(awsBody, awsRole, unauthorizedRole, 1), "", "",
	},
	{"EXPORT_BUCKET_NOT_FOUND", "GET", "/backup/exportBuckets/" + noObject, "", "", ""},
	{
		"EXPORT_BUCKET_DELETE_FAILED_BUCKET_IN_USE", "DELETE",
		"/groups/" + demoBackups + "/backup/exportBuckets/5f0000000000000000000f01", "", "", "",
	},
	{
		"AWS_IAM_ROLE_IN_USE", "DELETE", "/groups/" + demoBackups + "/cloudProviderAccess/AWS/5f0000000000000000000d10", "",
		"", "",
	},
	{
		"CANNOT_ASSUME_ROLE", "PATCH", "/cloudProviderAccess/" + awsRole, `{"providerName":"AWS","iamAssumedRoleArn":"x"}`,
		"", "",
	},
	{
		"CLOUD_PROVIDER_ACCESS_AZURE_SERVICE_PRINCIPAL_INVALID", "POST", "/cloudProviderAccess",
		`{"providerName":"AZURE","servicePrincipalId":"x","tenantId":"y"}`, "", "",
	},
	{
		"DUPLICATE_AZURE_SERVICE_PRINCIPAL", "POST", "/cloudProviderAccess", `{"providerName":"AZURE",` +
			`"servicePrincipalId":"22f1d2a6-d0e9-482a-83a4-b8dd7dddc2c1","tenantId":"4297fc77-1592-4de8-a6d5-a8c32401df87"}`,
		"", "",
	},
	{"INVALID_PROVIDER", "DELETE", "/cloudProviderAccess/IBM/" + awsRole, "", "", ""},

	// Projects and credentials.
	{"INVALID_GROUP_NAME", "POST", "/groups", `{"name":"<","orgId":"` + demoOrg + `"}`, "", ""},
	{"GROUP_ALREADY_EXISTS", "POST", "/groups", `{"name":"Demo Project","orgId":"` + demoOrg + `"}`, "", ""},
	{"CANNOT_CLOSE_GROUP_ACTIVE_ATLAS_CLUSTERS", "DELETE", "", "", "", ""},
	{"API_KEY_REQUIRES_DESCRIPTION", "POST", "/apiKeys", `{"roles":["GROUP_OWNER"]}`, "", ""},
	{"MISSING_API_KEY_ROLES", "POST", "/apiKeys", `{"desc":"k"}`, "", ""},
	{"INVALID_ROLE_FOR_GROUP", "POST", "/apiKeys", `{"desc":"k","roles":["ORG_OWNER"]}`, "", ""},
	{"INVALID_ROLE_FOR_ORG", "POST", "/orgs/" + demoOrg + "/apiKeys", `{"desc":"k","roles":["GROUP_OWNER"]}`, "", ""},
	{
		"BAD_WHITELIST_ADD_REQUEST", "POST", "/orgs/" + demoOrg + "/apiKeys/5f0000000000000000000e17/accessList",
		`[{"ipAddress":"192.0.2.1","cidrBlock":"192.0.2.0/24"}]`, "", "",
	},
	{
		"API_KEY_ACCESS_LIST_ACCESS_DENIED", "GET", "/orgs/" + demoOrg + "/apiKeys/5f0000000000000000000e17/accessList", "",
		"demoread", "",
	},
	{
		"API_KEY_ACCESS_LIST_NOT_FOUND", "DELETE",
		"/orgs/" + demoOrg + "/apiKeys/5f0000000000000000000e17/accessList/192.0.2.1", "", "", "",
	},
	{
		"CANNOT_REMOVE_CALLER_FROM_ACCESS_LIST", "DELETE",
		"/orgs/" + demoOrg + "/apiKeys/5f0000000000000000000e16/accessList/127.0.0.1", "", "nearbyke", "",
	},
	{"SERVICE_ACCOUNT_NOT_FOUND", "GET", "/serviceAccounts/none", "", "", ""},
	{
		"ACCESS_LIST_ENTRY_NOT_FOUND", "DELETE",
		"/orgs/" + demoOrg + "/serviceAccounts/" + demoClientID + "/accessList/192.0.2.1", "", "", "",
	},
	{"VALIDATION_ERROR", "PATCH", "/orgs/" + demoOrg, `{"name":"` + strings.Repeat("n", 200) + `"}`, "", ""},
	{"TEAM_NOT_FOUND", "POST", "/teams", `[{"teamId":"` + noObject + `","roleNames":["GROUP_OWNER"]}]`, "", ""},
	{"EVENT_NOT_FOUND", "GET", "/events/" + noObject, "", "", ""},
	{"ORG_EVENT_NOT_FOUND", "GET", "/orgs/" + demoOrg + "/events/" + noObject, "", "", ""},

	// Clusters.
	{"CLUSTER_NOT_FOUND", "GET", "/clusters/none", "", "", ""},
	{"DUPLICATE_CLUSTER_NAME", "POST", "/clusters", newCluster("c"), "", ""},
	{"CLUSTER_NAME_INVALID", "POST", "/clusters", newCluster("c_"), "", ""},
	{"CLUSTER_NAME_TOO_LONG", "POST", "/clusters", newCluster(strings.Repeat("c", 65)), "", ""},
	{"CLUSTER_NAME_PREFIX_INVALID", "POST", "/clusters", newCluster(strings.Repeat("c", 22) + "-c"), "", ""},
	{"ATLAS_RESERVED_CLUSTER_NAME", "POST", "/clusters", newCluster("atlas-abc123"), "", ""},
	{"MONGODB_VERSION_INVALID", "POST", "/clusters", clusterWith("{", `{"mongoDBMajorVersion":"3.6",`), "", ""},
	{"CANNOT_CREATE_PAUSED_CLUSTER", "POST", "/clusters", clusterWith("{", `{"paused":true,`), "", ""},
	{"INVALID_CLUSTER_CONFIGURATION", "POST", "/clusters", clusterWith(`"nodeCount":3`, `"nodeCount":2`), "", ""},
	{"CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API", "POST", "/clusters", clusterWith(`"AWS"`, `"FLEX"`), "", ""},
	{"CLUSTER_DISK_SIZE_INVALID", "POST", "/clusters", clusterWith(`"nodeCount":3`, `"nodeCount":3,"diskSizeGB":0`), "", ""},
	{"CLUSTER_CANNOT_CHANGE_NAME", "PATCH", "/clusters/c", `{"name":"d"}`, "", ""},
	{"TENANT_CLUSTER_PROCESS_ARGS_NOT_SUPPORTED", "PATCH", "/clusters/free/processArgs", `{"noTableScan":true}`, "", ""},
	{"TENANT_CLUSTER_UPDATE_UNSUPPORTED", "PATCH", "/clusters/free", `{"paused":true}`, "", ""},
	{"", "PATCH", "/clusters/c", `{"terminationProtectionEnabled":true}`, "", ""},
	{"CANNOT_TERMINATE_CLUSTER_WHEN_TERMINATION_PROTECTION_ENABLED", "DELETE", "/clusters/c", "", "", ""},
	{"", "PATCH", "/clusters/c", `{"terminationProtectionEnabled":false}`, "", ""},
	{"CANNOT_UPDATE_AND_PAUSE_CLUSTER", "PATCH", "/clusters/c", `{"paused":true,"backupEnabled":true}`, "", ""},
	{"", "PATCH", "/clusters/c", `{"paused":true}`, "", ""},
	{"CLUSTER_ALREADY_PAUSED", "PATCH", "/clusters/c", `{"paused":true}`, "", ""},
	{"CANNOT_UPDATE_PAUSED_CLUSTER", "PATCH", "/clusters/c", `{"backupEnabled":true}`, "", ""},
	{"", "DELETE", "/clusters/c", "", "", ""},
	{"CLUSTER_ALREADY_REQUESTED_DELETION", "DELETE", "/clusters/c", "", "", ""},
	{"ATLAS_GENERAL_ERROR", "PATCH", "/clusters/c", `{"paused":false}`, "", ""},

	// Backups.
	{"BACKUP_JOB_NOT_FOUND", "POST", "/clusters/free/backup/snapshots", "{}", "", ""},
	{"BACKUP_CONFIG_NOT_FOUND", "GET", "/clusters/free/backup/schedule", "", "", ""},
	{"UNFINISHED_ON_DEMAND_SNAPSHOT", "POST", demoCluster + "/backup/snapshots", "{}", "", ""},
	{"BACKUP_SNAPSHOT_RETENTION_VALUE_INVALID", "POST", demoCluster + "/backup/snapshots", `{"retentionInDays":0}`, "", ""},
	{"SNAPSHOT_NOT_FOUND", "GET", demoCluster + "/backup/snapshots/" + noObject, "", "", ""},
	{
		"EXPORT_JOB_NOT_FOUND", "GET", demoCluster + "/backup/exports/" + noObject, "", "", "",
	},
	{"INVALID_REFERENCE_HOUR_OF_DAY", "PATCH", demoCluster + "/backup/schedule", `{"referenceHourOfDay":24}`, "", ""},
	{"INVALID_REFERENCE_MINUTE_OF_HOUR", "PATCH", demoCluster + "/backup/schedule", `{"referenceMinuteOfHour":60}`, "", ""},
	{"INVALID_RESTORE_WINDOW", "PATCH", demoCluster + "/backup/schedule", `{"restoreWindowDays":0}`, "", ""},
	{"INVALID_NUM_OF_POLICIES", "PATCH", demoCluster + "/backup/schedule", `{"policies":[]}`, "", ""},

	// Who may connect.
	{"ATLAS_NETWORK_PERMISSION_ENTRY_NOT_FOUND", "GET", "/accessList/192.0.2.1", "", "", ""},
	{"INVALID_IP_ADDRESS_OR_CIDR_NOTATION", "POST", "/accessList", `[{"ipAddress":"x"}]`, "", ""},
	{"IPV6_UNSUPPORTED", "POST", "/accessList", `[{"ipAddress":"2001:db8::1"}]`, "", ""},
	{"MISSING_ONE_OF_THREE_ATTRIBUTES", "POST", "/accessList", `[{"comment":"x"}]`, "", ""},
	{"EXPIRATION_DATE_IN_PAST", "POST", "/accessList", `[{"ipAddress":"192.0.2.1","deleteAfterDate":"2020-01-01"}]`, "", ""},
	{
		"EXPIRATION_DATE_EXCEEDS_MAX", "POST", "/accessList", `[{"ipAddress":"192.0.2.1","deleteAfterDate":"2030-01-01"}]`, "",
		"",
	},
	{"GROUP_MISMATCH", "POST", "/accessList", `[{"ipAddress":"192.0.2.1","groupId":"` + demoBackups + `"}]`, "", ""},
	{"DUPLICATE_ADDRESSES_IN_INPUT", "POST", "/accessList", `[{"ipAddress":"192.0.2.1"},{"ipAddress":"192.0.2.1"}]`, "", ""},
	{"USER_ALREADY_EXISTS", "POST", "/databaseUsers", newUser("u"), "", ""},
	{"WEAK_PASSWORD", "POST", "/databaseUsers", strings.Replace(newUser("v"), `"password":"password"`, `"password":"pass"`, 1), "", ""},
	{"USERNAME_NOT_FOUND", "GET", "/databaseUsers/admin/none", "", "", ""},
	{"USER_NOT_FOUND", "DELETE", "/databaseUsers/admin/none", "", "", ""},
	{"DATABASE_USERNAME_CANNOT_BE_CHANGED", "PATCH", "/databaseUsers/admin/u", `{"username":"v"}`, "", ""},
	{"ATLAS_INVALID_ROLE", "POST", "/databaseUsers", strings.Replace(newUser("v"), "atlasAdmin", "none", 1), "", ""},
	{
		"PERMANENT_ENTITY_CANNOT_BE_MADE_TEMPORARY", "PATCH", "/databaseUsers/admin/u", `{"deleteAfterDate":"2026-08-11"}`, "",
		"",
	},
}

// do sends the request.
func (r refusedCall) do(t *testing.T, b *bundle) answer {
	t.Helper()
	path := r.path
	switch {
	case !strings.HasPrefix(path, "/groups") && !strings.HasPrefix(path, "/orgs"):
		path = projects + "/" + demoProject + path
	default:
		path = apiRoot + path
	}
	accept, key := r.accept, r.key
	if accept == "" {
		accept = "application/vnd.atlas.2025-03-12+json"
	}
	if key == "" {
		key = "demoownr"
	}
	return b.do(t, request{method: r.method, path: path, body: r.body, key: key, header: http.Header{"Accept": {accept}}})
}

// Of each refusal the journal has the rule that was broken, and what that rests on: which
// row, what it says and what it would have to say.
func TestTheJournalSaysWhyARequestIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.RateLimits = false })
	b.clock.advance(time.Minute)
	type why struct {
		Code    string       `json:"code"`
		Request string       `json:"request"`
		Step    staging.Step `json:"step"`
	}
	var all []why
	for _, r := range refusals {
		got := r.do(t, b)
		if code := got.header.Get("X-Error-Code"); code != r.code || r.code == "" && got.status >= 300 {
			t.Errorf("%s %s %s: got %d %s, want %q", r.method, r.path, r.body, got.status, got.body, r.code)
		}
		if r.code == "" {
			continue
		}
		entry := b.journal.last()
		if entry.ErrorCode != r.code {
			t.Errorf("%s: got an entry with %s", r.code, entry.ErrorCode)
			continue
		}
		all = append(all, why{r.code, r.method + " " + r.path, entry.Steps[len(entry.Steps)-1]})
	}
	if len(all) < 60 {
		t.Errorf("got %d codes, want 60 at least", len(all))
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "why", string(text)+"\n")
}
