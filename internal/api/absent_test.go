package api_test

import (
	"net/http"
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
