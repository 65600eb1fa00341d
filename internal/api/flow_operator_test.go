package api_test

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

// What the Atlas Kubernetes operator reads.
type (
	opProject struct {
		ID                        *string `json:"id"`
		Name                      *string `json:"name"`
		OrgID                     *string `json:"orgId"`
		WithDefaultAlertsSettings *bool   `json:"withDefaultAlertsSettings"`
	}
	opTaggedProject struct {
		opProject

		Tags []struct {
			Key   *string `json:"key"`
			Value *string `json:"value"`
		} `json:"tags"`
	}
	opRole struct {
		AtlasAWSAccountARN         *string `json:"atlasAWSAccountArn"`
		AtlasAssumedRoleExternalID *string `json:"atlasAssumedRoleExternalId"`
		CreatedDate                *string `json:"createdDate"`
		FeatureUsages              []any   `json:"featureUsages"`
		ProviderName               *string `json:"providerName"`
		RoleID                     *string `json:"roleId"`
	}
	// It is told from an authorized role by both.
	opNewRole struct {
		opRole

		AuthorizedDate    *string `json:"authorizedDate" client:"unset"`
		IAMAssumedRoleARN *string `json:"iamAssumedRoleArn" client:"unset"`
	}
	opAuthorizedRole struct {
		opRole

		AuthorizedDate    *string `json:"authorizedDate"`
		IAMAssumedRoleARN *string `json:"iamAssumedRoleArn"`
	}
	opEncryption struct {
		AWSKMS *struct {
			Enabled *bool   `json:"enabled"`
			Region  *string `json:"region" client:"unset"`
			Valid   *bool   `json:"valid"`
		} `json:"awsKms"`
		AzureKeyVault *struct {
			AzureEnvironment  *string `json:"azureEnvironment" client:"unset"`
			ClientID          *string `json:"clientID" client:"unset"`
			Enabled           *bool   `json:"enabled"`
			ResourceGroupName *string `json:"resourceGroupName" client:"unset"`
			TenantID          *string `json:"tenantID" client:"unset"`
		} `json:"azureKeyVault"`
		GoogleCloudKMS *struct {
			Enabled *bool `json:"enabled"`
		} `json:"googleCloudKms"`
	}
	opAuditLog struct {
		AuditAuthorizationSuccess *bool   `json:"auditAuthorizationSuccess"`
		AuditFilter               *string `json:"auditFilter" client:"unset"`
		Enabled                   *bool   `json:"enabled"`
	}
	opSwitch struct {
		Enabled *bool `json:"enabled"`
	}
)

// none is a bare array without elements.
var none = reads(func(t *testing.T, _ *flow, got []any) {
	t.Helper()
	equal(t, "elements", len(got), 0)
})

// opEndpoints are the private endpoint services that the operator lists before
// it configures or deletes a project.
func opEndpoints() []step {
	var steps []step
	for _, provider := range []string{"AWS", "AZURE", "GCP"} {
		steps = append(steps, step{
			does: "list the endpoint services of " + provider, accept: "2023-01-01", reads: none,
			send: "GET /api/atlas/v2/groups/{project}/privateEndpoint/" + provider + "/endpointService",
		})
	}
	return steps
}

// opFound finds the project, with its tags.
func opFound(tags int) step {
	return step{
		does: "find the project", send: "GET /api/atlas/v2/groups/byName/Operator%20project", accept: "2023-01-01",
		reads: reads(func(t *testing.T, f *flow, got opTaggedProject) {
			t.Helper()
			equal(t, "id", *got.ID, f.kept["project"])
			equal(t, "withDefaultAlertsSettings", *got.WithDefaultAlertsSettings, true)
			equal(t, "tags", len(got.Tags), tags)
		}),
	}
}

// opNotFound is how the operator learns that it has to create the project, or
// that it is gone. Any other code stops it.
var opNotFound = step{
	does: "find no project", send: "GET /api/atlas/v2/groups/byName/Operator%20project", accept: "2023-01-01",
	status: http.StatusUnauthorized, reads: refused("NOT_IN_GROUP"),
}

// opReconcile is what the operator asks a project with an empty spec for before
// it calls it Ready: each must answer, and with nothing to take care of.
func opReconcile() []step {
	const project = "GET /api/atlas/v2/groups/{project}"
	peers := func(provider string) step {
		return step{
			does: "list the peers of " + provider, accept: "2023-01-01", reads: empty,
			send: project + "/peers" + firstPage + "&providerName=" + provider,
		}
	}
	return slices.Concat(
		[]step{{does: "list the access list", send: project + "/accessList" + firstPage, accept: "2023-01-01", reads: empty}},
		opEndpoints(),
		[]step{
			{
				does: "read the regional mode", send: project + "/privateEndpoint/regionalMode", accept: "2023-01-01",
				reads: reads(func(t *testing.T, _ *flow, got opSwitch) {
					t.Helper()
					equal(t, "enabled", *got.Enabled, false)
				}),
			},
			peers("AWS"), peers("GCP"), peers("AZURE"),
			{does: "list the integrations", send: project + "/integrations" + firstPage, accept: "2023-01-01", reads: empty},
			{
				does: "read the encryption", send: project + "/encryptionAtRest", accept: "2023-01-01",
				reads: reads(func(t *testing.T, _ *flow, got opEncryption) {
					t.Helper()
					equal(t, "awsKms.enabled", *got.AWSKMS.Enabled, false)
					equal(t, "azureKeyVault.enabled", *got.AzureKeyVault.Enabled, false)
					equal(t, "googleCloudKms.enabled", *got.GoogleCloudKMS.Enabled, false)
				}),
			},
			{
				does: "read the auditing", send: project + "/auditLog", accept: "2023-01-01",
				reads: reads(func(t *testing.T, _ *flow, got opAuditLog) {
					t.Helper()
					equal(t, "enabled", *got.Enabled, false) // else the operator changes it
					equal(t, "auditAuthorizationSuccess", *got.AuditAuthorizationSuccess, false)
				}),
			},
			{
				does: "read the settings", send: project + "/settings", accept: "2023-01-01",
				reads: reads(func(*testing.T, *flow, tfSettings) {}),
			},
			{does: "list the database roles", send: project + "/customDBRoles/roles", accept: "2023-01-01", reads: none},
			{does: "list the teams", send: project + "/teams" + firstPage, accept: "2023-01-01", reads: empty},
			{
				does: "read the compliance policy", send: project + "/backupCompliancePolicy", accept: "2023-10-01",
				// Whatever it says makes it a policy, which the operator can't delete.
				reads: reads(func(t *testing.T, _ *flow, got map[string]any) {
					t.Helper()
					equal(t, "members", len(got), 0)
				}),
			},
		},
	)
}

// opRoles reads the list of roles, which has no pages.
func opRoles[T any](check func(t *testing.T, f *flow, aws []T)) bodyReader {
	return reads(func(t *testing.T, f *flow, got struct {
		AWSIAMRoles            []T   `json:"awsIamRoles"`
		AzureServicePrincipals []any `json:"azureServicePrincipals"`
		GCPServiceAccounts     []any `json:"gcpServiceAccounts"`
	}) {
		t.Helper()
		check(t, f, got.AWSIAMRoles)
	})
}

// opAccess makes, authorizes and removes a role of the spec, one request in each
// reconciliation, and lists the roles before.
func opAccess() []step {
	const access = "/api/atlas/v2/groups/{project}/cloudProviderAccess"
	list := func(does string, reads bodyReader) step {
		return step{does: does, send: "GET " + access, accept: "2023-01-01", reads: reads}
	}
	return []step{
		list("list no roles", opRoles(func(t *testing.T, _ *flow, aws []opRole) {
			t.Helper()
			equal(t, "roles", len(aws), 0)
		})),
		{
			does: "create a role", send: "POST " + access, accept: "2023-01-01", body: `{"providerName":"AWS"}` + "\n",
			reads: reads(func(_ *testing.T, f *flow, got opNewRole) { f.keep("role", got.RoleID) }),
		},
		list("list the new role", opRoles(func(t *testing.T, f *flow, aws []opNewRole) {
			t.Helper()
			equal(t, "roles", len(aws), 1)
			equal(t, "roleId", *aws[0].RoleID, f.kept["role"])
		})),
		{
			does: "authorize the role", send: "PATCH " + access + "/{role}", accept: "2023-01-01",
			body:  `{"providerName":"AWS","iamAssumedRoleArn":"` + flowRoleARN + `"}` + "\n",
			reads: reads(func(*testing.T, *flow, opAuthorizedRole) {}),
		},
		list("list the authorized role", opRoles(func(t *testing.T, _ *flow, aws []opAuthorizedRole) {
			t.Helper()
			equal(t, "roles", len(aws), 1)
			equal(t, "iamAssumedRoleArn", *aws[0].IAMAssumedRoleARN, flowRoleARN)
		})),
		{
			does: "delete the role", send: "DELETE " + access + "/AWS/{role}", accept: "2023-01-01",
			status: http.StatusNoContent,
		},
		list("list no roles again", opRoles(func(t *testing.T, _ *flow, aws []opRole) {
			t.Helper()
			equal(t, "roles", len(aws), 0)
		})),
	}
}

// opDeployment is what the operator does with an AtlasDeployment: it creates a cluster
// if there is none of either kind, and looks at all that one can have when it is there.
func opDeployment() []step {
	const (
		project = "/api/atlas/v2/groups/{project}"
		cluster = project + "/clusters/c"
	)
	noCluster := func(does, send, accept string) step {
		return step{
			does: does, send: send, accept: accept, status: http.StatusNotFound, reads: refused("CLUSTER_NOT_FOUND"),
		}
	}
	return []step{
		noCluster("find no cluster", "GET "+project+"/clusters/c", "2024-08-05"),
		noCluster("find no flex cluster", "GET "+project+"/flexClusters/c", "2024-11-13"),
		{
			does: "create the cluster", send: "POST " + project + "/clusters", accept: "2024-10-23",
			body: newCluster("c") + "\n", status: http.StatusCreated, reads: inState("CREATING"),
		},
		{
			does: "wait for it", send: "GET " + cluster, accept: "2024-08-05", reads: inState("IDLE"), after: 10 * time.Second,
		},
		{
			does: "find that it is not as it should be", send: "PATCH " + cluster, accept: "2024-10-23",
			body: `{"tags":[{"key":"k","value":"v"}]}` + "\n", reads: inState("UPDATING"),
		},
		{
			does: "wait for the change", send: "GET " + cluster, accept: "2024-08-05", reads: inState("IDLE"),
			after: 10 * time.Second,
		},
		{
			does: "get the process arguments", send: "GET " + cluster + "/processArgs", accept: "2024-08-05",
			reads: reads(func(t *testing.T, _ *flow, got struct {
				MinimumEnabledTLSProtocol *string `json:"minimumEnabledTlsProtocol"`
			}) {
				t.Helper()
				equal(t, "minimumEnabledTlsProtocol", *got.MinimumEnabledTLSProtocol, "TLS1_2")
			}),
		},
		{
			does: "get the search nodes", send: "GET " + cluster + "/search/deployment", accept: "2025-03-12",
			status: http.StatusNotFound, reads: refused("RESOURCE_NOT_FOUND"),
		},
		{
			does: "get the zones", send: "GET " + cluster + "/globalWrites", accept: "2024-08-05",
			reads: reads(func(*testing.T, *flow, struct {
				ManagedNamespaces   []any `json:"managedNamespaces"`
				SelfManagedSharding *bool `json:"selfManagedSharding"`
			}) {
			}),
		},
		{does: "delete the cluster", send: "DELETE " + cluster, accept: "2023-02-01", status: http.StatusAccepted},
		{
			does: "wait until it is gone", send: "GET " + cluster + "/status", accept: "2023-01-01",
			reads: reads(func(t *testing.T, _ *flow, got struct {
				ChangeStatus *string `json:"changeStatus"`
			}) {
				t.Helper()
				equal(t, "changeStatus", *got.ChangeStatus, "PENDING")
			}),
		},
		{
			does: "find that it is gone", send: "GET " + cluster + "/status", accept: "2023-01-01",
			status: http.StatusNotFound, reads: refused("CLUSTER_NOT_FOUND"), after: 10 * time.Second,
		},
		noCluster("delete what may be a flex cluster", "DELETE "+project+"/flexClusters/c", "2024-11-13"),
		{does: "list the clusters", send: "GET " + project + "/clusters", accept: "2024-08-05", reads: empty},
		{does: "list the flex clusters", send: "GET " + project + "/flexClusters", accept: "2024-11-13", reads: empty},
	}
}

func TestTheKubernetesOperator(t *testing.T) {
	t.Parallel()
	const project = "/api/atlas/v2/groups/{project}"
	runFlow(t, "MongoDBAtlasKubernetesOperator/2.14.0 (linux;amd64)", forGood, slices.Concat(
		[]step{
			opNotFound,
			{
				does: "create the project", send: "POST /api/atlas/v2/groups", accept: "2023-01-01",
				body: `{"clusterCount":0,"created":"0001-01-01T00:00:00Z","name":"Operator project","orgId":"{org}",` +
					`"regionUsageRestrictions":"","withDefaultAlertsSettings":true}` + "\n",
				status: http.StatusCreated,
				reads: reads(func(t *testing.T, f *flow, got opProject) {
					t.Helper()
					equal(t, "name", *got.Name, "Operator project")
					equal(t, "orgId", *got.OrgID, demoOrg)
					f.keep("project", got.ID)
				}),
			},
			opFound(0),
		},
		opReconcile(),
		[]step{
			{
				does: "set tags", send: "PATCH " + project, accept: "2023-01-01",
				body:  `{"tags":[{"key":"environment","value":"test"}]}` + "\n",
				reads: reads(func(*testing.T, *flow, opTaggedProject) {}),
			},
			opFound(1),
		},
		opAccess(),
		opDeployment(),
		[]step{opFound(1)},
		opEndpoints(),
		[]step{
			{does: "list the teams", send: "GET " + project + "/teams" + firstPage, accept: "2023-01-01", reads: empty},
			{does: "delete the project", send: "DELETE " + project, accept: "2023-01-01", status: http.StatusAccepted},
			opNotFound,
			{
				does: "delete what is gone", send: "DELETE " + project, accept: "2023-01-01",
				status: http.StatusNotFound, reads: refused("GROUP_NOT_FOUND"),
			},
		},
	))
}
