package api_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
)

func TestListsOfWhatThereIsNoneOf(t *testing.T) {
	t.Parallel()
	b := setup(t)
	project, org := projects+"/"+demoProject, apiRoot+"/orgs/"+demoOrg
	for path, query := range map[string]string{
		project + "/clusters":                       "?",
		project + "/containers":                     "?providerName=GCP&",
		project + "/containers/all":                 "?",
		project + "/flexClusters":                   "?",
		project + "/integrations":                   "?",
		project + "/peers":                          "?providerName=AZURE&",
		project + "/processes":                      "?",
		project + "/alertConfigs":                   "?",
		project + "/alerts":                         "?status=OPEN&",
		project + "/logIntegrations":                "?",
		project + "/serverless":                     "?",
		project + "/streams":                        "?",
		project + "/streams/privateLinkConnections": "?",
		project + "/teams":                          "?",
		project + "/users":                          "?",
		org + "/teams":                              "?",
		org + "/users":                              "?",
	} {
		want := `{"links":[{"href":"https://cloud.example.com` + path + query +
			`includeCount=true&pageNum=1&itemsPerPage=100","rel":"self"}],"results":[],"totalCount":0}`
		got := b.do(t, request{
			path:   path + query + "includeCount=true&itemsPerPage=100&pageNum=1",
			header: http.Header{"Accept": {v2025}},
		})
		if got.status != http.StatusOK || got.body != want {
			t.Errorf("%s: got %d %s, want %s", path, got.status, got.body, want)
		}
	}
}

func TestDocumentsOfWhatAProjectHasNot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for path, name := range map[string]string{
		"/auditLog":                              "audit_log",
		"/backupCompliancePolicy":                "backup_compliance_policy",
		"/customDBRoles/roles":                   "nothing",
		"/awsCustomDNS":                          "regional_mode",
		"/dataFederation":                        "nothing",
		"/invites":                               "nothing",
		"/maintenanceWindow":                     "maintenance_window",
		"/privateIpMode":                         "regional_mode",
		"/pushBasedLogExport":                    "push_based_log_export",
		"/userSecurity":                          "user_security",
		"/encryptionAtRest":                      "encryption_at_rest",
		"/ipAddresses":                           "ip_addresses",
		"/privateEndpoint/AWS/endpointService":   "nothing",
		"/privateEndpoint/AZURE/endpointService": "nothing",
		"/privateEndpoint/GCP/endpointService":   "nothing",
		"/privateEndpoint/regionalMode":          "regional_mode",
	} {
		golden(t, name, b.send(t, 200, http.MethodGet, projects+"/"+demoProject+path, ""))
	}
	const org = apiRoot + "/orgs/" + demoOrg
	golden(t, "nothing", b.send(t, 200, http.MethodGet, org+"/invites", ""))
	golden(t, "nothing", b.sendAs(t, "2024-08-05", 200, http.MethodGet, org+"/resourcePolicies", ""))
	golden(t, "alert_matcher_fields", b.send(t, 200, http.MethodGet, apiRoot+"/alertConfigs/matchers/fieldNames", ""))
	equal(t, "federation", b.send(t, 404, http.MethodGet, org+"/federationSettings", ""),
		refusal(404, "RESOURCE_NOT_FOUND", "Cannot find resource "+org+"/federationSettings.", org+"/federationSettings"))
}

func TestWhatDependsOnThingsThatAreNot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root := projects + "/" + demoProject
	noCluster := refusal(404, "CLUSTER_NOT_FOUND", "No cluster named c exists in group "+demoProject+".", "c", demoProject)
	noProvider := refusal(400, "INVALID_PROVIDER", "No provider aws exists.", "aws")
	const team = "5f0000000000000000000fff"
	for _, tt := range []struct{ method, path, body, want string }{
		{http.MethodGet, "/clusters/c", "", noCluster},
		{http.MethodDelete, "/clusters/c", "", noCluster},
		{http.MethodGet, "/clusters/c/backup/restoreJobs", "", noCluster},
		{http.MethodGet, "/clusters/c/backup/schedule", "", noCluster},
		{http.MethodGet, "/clusters/c/globalWrites", "", noCluster},
		{http.MethodGet, "/clusters/c/search/deployment", "", noCluster},
		{http.MethodGet, "/clusters/c/status", "", noCluster},
		// The Atlas CLI and the Kubernetes operator go on to clusters by this code alone.
		{http.MethodGet, "/flexClusters/c", "", noCluster},
		{http.MethodPatch, "/flexClusters/c", "{", noCluster},
		{http.MethodDelete, "/flexClusters/c", "", noCluster},
		{http.MethodPost, "/flexClusters/c/backup/download", `{"snapshotId":"x"}`, noCluster},
		{http.MethodPost, "/flexClusters/c/backup/restoreJobs", "", noCluster},
		{http.MethodGet, "/flexClusters/c/backup/restoreJobs?pageNum=1", "", noCluster},
		{http.MethodGet, "/flexClusters/c/backup/restoreJobs/" + team, "", noCluster},
		{http.MethodGet, "/flexClusters/c/backup/snapshots?pageNum=1", "", noCluster},
		{http.MethodGet, "/flexClusters/c/backup/snapshots/" + team, "", noCluster},
		{http.MethodGet, "/containers?providerName=aws", "", noProvider},
		{http.MethodGet, "/peers?providerName=aws", "", noProvider},
		{http.MethodGet, "/privateEndpoint/aws/endpointService", "", noProvider},
		{http.MethodPost, "/teams", `[{"roleNames":["GROUP_OWNER"],"teamId":"` + team + `"}]`,
			refusal(404, "TEAM_NOT_FOUND", "No team with ID "+team+" exists.", team)},
		{http.MethodPost, "/teams", `[{"teamId":"x"}]`,
			malformedAttribute("0.teamId")},
		{http.MethodPost, "/teams", `[{"roleNames":["GROUP_OWNER"]}]`,
			refusal(400, "MISSING_ATTRIBUTE", "The required attribute teamId was not specified.", "teamId")},
		{http.MethodPost, "/teams", `{"teamId":"` + team + `"}`,
			refusal(400, "INVALID_JSON", "Received JSON does not match expected format.")},
		{http.MethodPost, "/teams", `[{"teamId":1}]`, malformedAttribute("0.teamId")},
	} {
		got := b.do(t, request{
			method: tt.method, path: root + tt.path, body: tt.body, header: http.Header{"Accept": {v2025}},
		})
		if got.body != tt.want {
			t.Errorf("%s %s %s: got %d %s, want %s", tt.method, tt.path, tt.body, got.status, got.body, tt.want)
		}
	}
}

// Terraform takes something for gone by the status, clients tell by the code.
func TestThingsOfWhichThereAreNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const (
		project = projects + "/" + demoProject
		org     = apiRoot + "/orgs/" + demoOrg
		id      = "6A7900010203040506999999" // in whichever case
	)
	none := func(code, detail string, parameters ...string) string {
		return refusal(404, code, detail, parameters...)
	}
	nowhere := func(path string) string { return none("RESOURCE_NOT_FOUND", "Cannot find resource "+path+".", path) }
	noAlertConfig := none("ALERT_CONFIG_NOT_FOUND",
		"No alert configuration with ID "+absentID+" exists in group "+demoProject+".", absentID, demoProject)
	for _, tt := range []struct{ path, want string }{
		{project + "/alertConfigs/" + id, noAlertConfig},
		{project + "/alertConfigs/" + id + "/alerts", noAlertConfig},
		{project + "/alerts/" + id, none("ALERT_NOT_FOUND",
			"No alert with ID "+absentID+" exists in group "+demoProject+".", absentID, demoProject)},
		{project + "/customDBRoles/roles/a%20role", none("ATLAS_CUSTOM_ROLE_NOT_FOUND",
			"The specified custom db role a role does not exist.", "a role")},
		{project + "/dataFederation/d", none("DATA_FEDERATION_TENANT_NOT_FOUND_FOR_NAME",
			"Data Federation tenant for project "+demoProject+" and name d not found.", demoProject, "d")},
		{project + "/integrations/PAGER_DUTY", none("INTEGRATION_NOT_CONFIGURED",
			"The integration of type 'PAGER_DUTY' is not configured for this group.", "PAGER_DUTY")},
		{project + "/invites/" + id, nowhere(project + "/invites/" + id)},
		{project + "/logIntegrations/" + id, nowhere(project + "/logIntegrations/" + id)},
		{project + "/peers/" + id, none("PEER_NOT_FOUND",
			"No peer with ID "+absentID+" exists in project "+demoProject+".", absentID, demoProject)},
		{project + "/privateEndpoint/AZURE/endpointService/" + id, none("PRIVATELINK_NOT_FOUND",
			"A PrivateLink with id "+absentID+" does not exist.", absentID)},
		{project + "/privateEndpoint/aws/endpointService/" + id,
			refusal(400, "INVALID_PROVIDER", "No provider aws exists.", "aws")},
		{project + "/serverless/s", none("SERVERLESS_INSTANCE_NOT_FOUND",
			"No serverless instance named s exists in group "+demoProject+".", "s", demoProject)},
		{project + "/streams/s", none("STREAM_TENANT_NOT_FOUND_FOR_NAME",
			"Stream instance for project "+demoProject+" and name s not found.", demoProject, "s")},
		{project + "/userSecurity/ldap/verify/" + id, none("LDAP_VERIFY_CONNECTIVITY_REQUEST_NOT_FOUND",
			"LDAP connectivity verification request "+absentID+" not found for group "+demoProject+".",
			absentID, demoProject)},
		{org + "/invites/" + id, nowhere(org + "/invites/" + id)},
		{org + "/resourcePolicies/" + id, nowhere(org + "/resourcePolicies/" + id)},
	} {
		got := b.do(t, request{path: tt.path, header: http.Header{"Accept": {v2025}}})
		if got.body != tt.want {
			t.Errorf("%s: got %d %s, want %s", tt.path, got.status, got.body, tt.want)
		}
		path := strings.Replace(tt.path, id, "x", 1)
		if path == tt.path {
			continue
		}
		want := refusal(400, "PATH_PARAM_PARSE_ERROR",
			"One or more path parameter in the request URI "+path+" is malformed.", path)
		if got := b.do(t, request{path: path, header: http.Header{"Accept": {v2025}}}); got.body != want {
			t.Errorf("%s: got %d %s, want %s", path, got.status, got.body, want)
		}
	}
}

// Firewalls are set up by them before there are credentials.
func TestTheAddressesOfTheControlPlaneAreForEveryone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const path = apiRoot + "/unauth/controlPlaneIPAddresses"
	ask := func(method, accept string) answer {
		return b.do(t, request{method: method, path: path, bare: true, header: http.Header{"Accept": {accept}}})
	}
	got := ask(http.MethodGet, v2025)
	golden(t, "control_plane_addresses", got.body)
	if contentType := got.header.Get("Content-Type"); contentType != "application/vnd.atlas.2023-11-15+json;charset=utf-8" {
		t.Errorf("got %q, want that of version 2023-11-15", contentType)
	}
	if got := ask(http.MethodHead, v2025); got.status != http.StatusOK || got.body != "" {
		t.Errorf("HEAD: got %d %q, want 200 and no body", got.status, got.body)
	}
	equal(t, "before its first version", ask(http.MethodGet, v2023).body,
		refusal(406, "INVALID_VERSION_DATE", "Invalid accept header or version date."))
	for left := 396; left >= 0; left-- {
		got := ask(http.MethodGet, v2025)
		if limit := got.header.Get("RateLimit-Limit"); limit != "400" || got.header.Get("RateLimit-Remaining") != strconv.Itoa(left) {
			t.Fatalf("got %s left of %s, want %d of 400", got.header.Get("RateLimit-Remaining"), limit, left)
		}
	}
	if got := ask(http.MethodGet, v2025); got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") != "60" {
		t.Errorf("got %d, retry after %q, want 429 after 60", got.status, got.header.Get("Retry-After"))
	}
	// It is the address that is limited, and here alone.
	b.send(t, 200, http.MethodGet, apiRoot, "")
}

// What changes by Atlas' version is served in each of them.
func TestVersionsOfWhatThereIsNoneOf(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tt := range []struct{ path, accept, served, deprecated string }{
		{"/clusters/c/backup/schedule", "2023-01-01", "", "Mon, 5 Aug 2024 00:00:00 GMT"},
		{"/clusters/c/backup/schedule", "2024-08-05", "", ""},
		{"/backupCompliancePolicy", "2023-01-01", "2023-01-01", "Sun, 1 Oct 2023 00:00:00 GMT"},
		{"/backupCompliancePolicy", "2023-10-01", "2023-10-01", ""},
		{"/backupCompliancePolicy", "2025-03-12", "2023-10-01", ""},
		{"/users", "2023-01-01", "2023-01-01", "Wed, 19 Feb 2025 00:00:00 GMT"},
		{"/users", "2025-02-19", "2025-02-19", ""},
		{"/invites", "2023-01-01", "2023-01-01", "Wed, 4 Oct 2023 00:00:00 GMT"},
		{"/maintenanceWindow", "preview", "preview", ""},
		{"/pushBasedLogExport", "2025-03-12", "2023-01-01", ""},
		{"/streams", "2023-01-01", "", ""},
		{"/invites/" + absentID, "2023-01-01", "", "Wed, 4 Oct 2023 00:00:00 GMT"},
	} {
		got := b.do(t, request{
			path:   projects + "/" + demoProject + tt.path,
			header: http.Header{"Accept": {"application/vnd.atlas." + tt.accept + "+json"}},
		})
		want := "application/json" // of a refusal
		if tt.served != "" {
			want = "application/vnd.atlas." + tt.served + "+json;charset=utf-8"
		}
		if got.header.Get("Content-Type") != want || got.header.Get("Deprecation") != tt.deprecated {
			t.Errorf("%s as of %s: got %s, deprecated %q; want %s, %q", tt.path, tt.accept,
				got.header.Get("Content-Type"), got.header.Get("Deprecation"), want, tt.deprecated)
		}
	}
}
