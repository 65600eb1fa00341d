package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// What the Terraform provider reads.
type (
	tfProject struct {
		ClusterCount              *int    `json:"clusterCount"`
		Created                   *string `json:"created"`
		ID                        *string `json:"id"`
		Name                      *string `json:"name"`
		OrgID                     *string `json:"orgId"`
		WithDefaultAlertsSettings *bool   `json:"withDefaultAlertsSettings"`
	}
	tfTaggedProject struct {
		tfProject

		Tags []tfTag `json:"tags"`
	}
	tfTag struct {
		Key   *string `json:"key"`
		Value *string `json:"value"`
	}
	// Without one of them the provider panics.
	tfSettings struct {
		IsCollectDatabaseSpecificsStatisticsEnabled *bool `json:"isCollectDatabaseSpecificsStatisticsEnabled"`
		IsDataExplorerEnabled                       *bool `json:"isDataExplorerEnabled"`
		IsExtendedStorageSizesEnabled               *bool `json:"isExtendedStorageSizesEnabled"`
		IsPerformanceAdvisorEnabled                 *bool `json:"isPerformanceAdvisorEnabled"`
		IsRealtimePerformancePanelEnabled           *bool `json:"isRealtimePerformancePanelEnabled"`
		IsSchemaAdvisorEnabled                      *bool `json:"isSchemaAdvisorEnabled"`
	}
	tfLimit struct {
		CurrentUsage *int    `json:"currentUsage"`
		DefaultLimit *int    `json:"defaultLimit"`
		MaximumLimit *int    `json:"maximumLimit"`
		Name         *string `json:"name"`
		Value        *int    `json:"value"`
	}
	tfAddresses struct {
		Services *struct {
			Clusters []any `json:"clusters"`
		} `json:"services"`
	}
	tfAWSRole struct {
		AtlasAWSAccountARN         *string   `json:"atlasAWSAccountArn"`
		AtlasAssumedRoleExternalID *string   `json:"atlasAssumedRoleExternalId"`
		CreatedDate                *string   `json:"createdDate"`
		FeatureUsages              []tfUsage `json:"featureUsages"`
		ProviderName               *string   `json:"providerName"`
		RoleID                     *string   `json:"roleId"`
	}
	tfNewAWSRole struct {
		tfAWSRole

		AuthorizedDate    *string `json:"authorizedDate" client:"unset"`
		IAMAssumedRoleARN *string `json:"iamAssumedRoleArn" client:"unset"`
	}
	tfAuthorizedAWSRole struct {
		tfAWSRole

		AuthorizedDate    *string `json:"authorizedDate"`
		IAMAssumedRoleARN *string `json:"iamAssumedRoleArn"`
	}
	tfUsage struct {
		FeatureID *struct {
			GroupID *string `json:"groupId"`
		} `json:"featureId"`
		FeatureType *string `json:"featureType"`
	}
	// Of Azure the provider reads _id, of the others roleId.
	tfAzureRole struct {
		ID                 *string   `json:"_id"`
		AtlasAzureAppID    *string   `json:"atlasAzureAppId"`
		CreatedDate        *string   `json:"createdDate"`
		FeatureUsages      []tfUsage `json:"featureUsages"`
		LastUpdatedDate    *string   `json:"lastUpdatedDate"`
		ProviderName       *string   `json:"providerName"`
		ServicePrincipalID *string   `json:"servicePrincipalId"`
		TenantID           *string   `json:"tenantId"`
	}
	tfGCPRole struct {
		CreatedDate               *string   `json:"createdDate"`
		FeatureUsages             []tfUsage `json:"featureUsages"`
		GCPServiceAccountForAtlas *string   `json:"gcpServiceAccountForAtlas"`
		ProviderName              *string   `json:"providerName"`
		RoleID                    *string   `json:"roleId"`
		Status                    *string   `json:"status"`
	}
	tfAWSBucket struct {
		ID            *string `json:"_id"`
		BucketName    *string `json:"bucketName"`
		CloudProvider *string `json:"cloudProvider"`
		IAMRoleID     *string `json:"iamRoleId"`
		RoleID        *string `json:"roleId" client:"unset"`
		ServiceURL    *string `json:"serviceUrl" client:"unset"`
		TenantID      *string `json:"tenantId" client:"unset"`
	}
	tfAzureBucket struct {
		ID            *string `json:"_id"`
		BucketName    *string `json:"bucketName"`
		CloudProvider *string `json:"cloudProvider"`
		IAMRoleID     *string `json:"iamRoleId" client:"unset"`
		RoleID        *string `json:"roleId"`
		ServiceURL    *string `json:"serviceUrl"`
		TenantID      *string `json:"tenantId"`
	}
	tfGCPBucket struct {
		ID            *string `json:"_id"`
		BucketName    *string `json:"bucketName"`
		CloudProvider *string `json:"cloudProvider"`
		IAMRoleID     *string `json:"iamRoleId" client:"unset"`
		RoleID        *string `json:"roleId"`
		ServiceURL    *string `json:"serviceUrl" client:"unset"`
		TenantID      *string `json:"tenantId" client:"unset"`
	}
	tfBuckets struct {
		Results []struct {
			ID            *string `json:"_id"`
			BucketName    *string `json:"bucketName"`
			CloudProvider *string `json:"cloudProvider"`
		} `json:"results"`
		TotalCount *int `json:"totalCount"`
	}
)

const (
	tfAzurePrincipal = `"atlasAzureAppId":"9f2deb0d-be22-4524-a403-df531868bac0",` +
		`"servicePrincipalId":"22f1d2a6-d0e9-482a-83a4-b8dd7dddc2c1","tenantId":"91402384-d71e-22f5-22dd-759e272cdc1c"`
	tfServiceURL = "https://examplestorageaccount.blob.core.windows.net/examplecontainer"
)

// tfProperties is what the provider asks a project for whenever it reads it.
// Each must answer.
func tfProperties(schemaAdvisor, slowMs bool) []step {
	return []step{
		{
			does: "read the teams", accept: "2023-01-01",
			send: "GET /api/atlas/v2/groups/{project}/teams" + firstPage, reads: empty,
		},
		{
			does: "read the limits", accept: "2023-01-01",
			send: "GET /api/atlas/v2/groups/{project}/limits",
			reads: reads(func(t *testing.T, _ *flow, got []tfLimit) {
				t.Helper()
				equal(t, "limits", len(got), 7)
			}),
		},
		{
			does: "read the settings", accept: "2023-01-01",
			send: "GET /api/atlas/v2/groups/{project}/settings", reads: tfSettingsWith(schemaAdvisor),
		},
		{
			does: "read the addresses", accept: "2023-01-01",
			send:  "GET /api/atlas/v2/groups/{project}/ipAddresses",
			reads: reads(func(*testing.T, *flow, tfAddresses) {}),
		},
		{
			does: "read the slow operation threshold", accept: "2023-01-01",
			send: "GET /api/atlas/v2/groups/{project}/managedSlowMs",
			reads: reads(func(t *testing.T, _ *flow, got *bool) {
				t.Helper()
				equal(t, "managedSlowMs", *got, slowMs)
			}),
		},
	}
}

func tfSettingsWith(schemaAdvisor bool) bodyReader {
	return reads(func(t *testing.T, _ *flow, got tfSettings) {
		t.Helper()
		equal(t, "isSchemaAdvisorEnabled", *got.IsSchemaAdvisorEnabled, schemaAdvisor)
		equal(t, "isDataExplorerEnabled", *got.IsDataExplorerEnabled, true)
	})
}

// tfProjectNamed reads what must come back as it was configured.
func tfProjectNamed(name string, tags int) bodyReader {
	return reads(func(t *testing.T, f *flow, got tfTaggedProject) {
		t.Helper()
		equal(t, "id", *got.ID, f.kept["project"])
		equal(t, "name", *got.Name, name)
		equal(t, "orgId", *got.OrgID, demoOrg)
		equal(t, "withDefaultAlertsSettings", *got.WithDefaultAlertsSettings, false)
		equal(t, "tags", len(got.Tags), tags)
	})
}

// tfProjectSteps make, read, look up and change a mongodbatlas_project.
func tfProjectSteps() []step {
	const project = "/api/atlas/v2/groups/{project}"
	steps := []step{
		{
			does: "create the project", send: "POST /api/atlas/v2/groups", accept: "2023-01-01",
			body: `{"clusterCount":0,"created":"0001-01-01T00:00:00Z","name":"Terraform project","orgId":"{org}",` +
				`"tags":[],"withDefaultAlertsSettings":false}` + "\n",
			status: http.StatusCreated,
			reads: reads(func(t *testing.T, f *flow, got tfProject) {
				t.Helper()
				equal(t, "withDefaultAlertsSettings", *got.WithDefaultAlertsSettings, false)
				f.keep("project", got.ID)
			}),
		},
		{
			does: "read the settings to change", send: "GET " + project + "/settings", accept: "2023-01-01",
			reads: tfSettingsWith(true),
		},
		{
			does: "change the settings", send: "PATCH " + project + "/settings", accept: "2023-01-01",
			body: `{"isCollectDatabaseSpecificsStatisticsEnabled":true,"isDataExplorerEnabled":true,` +
				`"isDataExplorerGenAIFeaturesEnabled":true,"isDataExplorerGenAISampleDocumentPassingEnabled":false,` +
				`"isExtendedStorageSizesEnabled":false,"isPerformanceAdvisorEnabled":true,` +
				`"isRealtimePerformancePanelEnabled":true,"isSchemaAdvisorEnabled":false}` + "\n",
			reads: tfSettingsWith(false),
		},
		{
			does: "read the new project", send: "GET " + project, accept: "2023-01-01",
			reads: tfProjectNamed("Terraform project", 0),
		},
		{
			does: "disable the slow operation threshold", accept: "2023-01-01",
			send: "DELETE " + project + "/managedSlowMs/disable", status: http.StatusNoContent,
		},
	}
	steps = append(steps, tfProperties(false, false)...)

	// The next plan.
	steps = append(steps, step{
		does: "read the project", send: "GET " + project, accept: "2023-01-01",
		reads: tfProjectNamed("Terraform project", 0),
	})
	steps = append(steps, tfProperties(false, false)...)

	// The data source.
	steps = append(steps, step{
		does: "find the project", accept: "2023-01-01",
		send: "GET /api/atlas/v2/groups/byName/Terraform%20project", reads: tfProjectNamed("Terraform project", 0),
	})
	steps = append(steps, tfProperties(false, false)...)
	steps = append(steps,
		step{
			does: "read the users", accept: "2025-02-19", reads: empty,
			send: "GET " + project + "/users?flattenTeams=false&includeCount=true&includeOrgUsers=false&itemsPerPage=100&pageNum=1",
		},

		// Another name, tags, and the settings as they were.
		step{
			does: "change the project", send: "PATCH " + project, accept: "2023-01-01",
			body:  `{"name":"Renamed","tags":[{"key":"environment","value":"test"}]}` + "\n",
			reads: tfProjectNamed("Renamed", 1),
		},
		step{
			does: "read the settings to change", send: "GET " + project + "/settings", accept: "2023-01-01",
			reads: tfSettingsWith(false),
		},
		step{
			does: "change one setting", send: "PATCH " + project + "/settings", accept: "2023-01-01",
			body: `{"isSchemaAdvisorEnabled":true}` + "\n", reads: tfSettingsWith(true),
		},
		step{
			does: "enable the slow operation threshold", accept: "2023-01-01",
			send: "POST " + project + "/managedSlowMs/enable", status: http.StatusNoContent,
		},
		step{
			does: "read the changed project", send: "GET " + project, accept: "2023-01-01",
			reads: tfProjectNamed("Renamed", 1),
		},
	)
	return append(steps, tfProperties(true, true)...)
}

// tfRoleSteps set roles up and authorize them.
func tfRoleSteps() []step {
	const access = "/api/atlas/v2/groups/{project}/cloudProviderAccess"
	azure := func(t *testing.T, f *flow, got tfAzureRole) {
		t.Helper()
		f.keep("azure", got.ID)
		equal(t, "atlasAzureAppId", *got.AtlasAzureAppID, "9f2deb0d-be22-4524-a403-df531868bac0")
		equal(t, "servicePrincipalId", *got.ServicePrincipalID, "22f1d2a6-d0e9-482a-83a4-b8dd7dddc2c1")
		equal(t, "tenantId", *got.TenantID, "91402384-d71e-22f5-22dd-759e272cdc1c")
	}
	gcp := func(t *testing.T, f *flow, got tfGCPRole) {
		t.Helper()
		f.keep("gcp", got.RoleID)
		equal(t, "status", *got.Status, "COMPLETE") // or the provider waits on
	}
	authorized := reads(func(t *testing.T, f *flow, got tfAuthorizedAWSRole) {
		t.Helper()
		equal(t, "roleId", *got.RoleID, f.kept["aws"])
		equal(t, "iamAssumedRoleArn", *got.IAMAssumedRoleARN, flowRoleARN)
	})
	return []step{
		{
			does: "set a role of AWS up", send: "POST " + access, accept: "2023-01-01",
			body: `{"providerName":"AWS"}` + "\n",
			reads: reads(func(t *testing.T, f *flow, got tfNewAWSRole) {
				t.Helper()
				equal(t, "providerName", *got.ProviderName, "AWS")
				f.keep("aws", got.RoleID)
			}),
		},
		{
			does: "find the role of AWS", send: "GET " + access + "/{aws}", accept: "2023-01-01",
			// Without authorizedDate a role counts as not authorized.
			reads: reads(func(*testing.T, *flow, tfNewAWSRole) {}),
		},
		{
			does: "authorize the role of AWS", send: "PATCH " + access + "/{aws}", accept: "2023-01-01",
			body: `{"providerName":"AWS","iamAssumedRoleArn":"` + flowRoleARN + `"}` + "\n", reads: authorized,
		},
		{does: "read the role of AWS", send: "GET " + access + "/{aws}", accept: "2023-01-01", reads: authorized},

		{
			does: "set a role of Azure up", send: "POST " + access, accept: "2023-01-01",
			body: `{"providerName":"AZURE",` + tfAzurePrincipal + "}\n", reads: reads(azure),
		},
		{does: "find the role of Azure", send: "GET " + access + "/{azure}", accept: "2023-01-01", reads: reads(azure)},
		{
			does: "authorize the role of Azure", send: "PATCH " + access + "/{azure}", accept: "2023-01-01",
			body: `{"providerName":"AZURE",` + tfAzurePrincipal + "}\n", reads: reads(azure),
		},

		{
			does: "set a role of Google up", send: "POST " + access, accept: "2023-01-01",
			body: `{"providerName":"GCP"}` + "\n", reads: reads(gcp),
		},
		{does: "wait for the role of Google", send: "GET " + access + "/{gcp}", accept: "2023-01-01", reads: reads(gcp)},
		{
			does: "authorize the role of Google", send: "PATCH " + access + "/{gcp}", accept: "2023-01-01",
			body: `{"providerName":"GCP"}` + "\n", reads: reads(gcp),
		},
		{
			does: "read a role that is not there", send: "GET " + access + "/5f0000000000000000000fff",
			accept: "2023-01-01", status: http.StatusNotFound, reads: refused("CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND"),
		},
	}
}

// tfBucketSteps make buckets of all providers and read them back.
func tfBucketSteps() []step {
	const buckets = "/api/atlas/v2/groups/{project}/backup/exportBuckets"
	aws := reads(func(t *testing.T, f *flow, got tfAWSBucket) {
		t.Helper()
		f.keep("awsBucket", got.ID)
		equal(t, "bucketName", *got.BucketName, "export-bucket")
		equal(t, "cloudProvider", *got.CloudProvider, "AWS")
		equal(t, "iamRoleId", *got.IAMRoleID, f.kept["aws"])
	})
	azure := reads(func(t *testing.T, f *flow, got tfAzureBucket) {
		t.Helper()
		f.keep("azureBucket", got.ID)
		equal(t, "bucketName", *got.BucketName, "examplecontainer")
		equal(t, "cloudProvider", *got.CloudProvider, "AZURE")
		equal(t, "roleId", *got.RoleID, f.kept["azure"])
		equal(t, "serviceUrl", *got.ServiceURL, tfServiceURL) // to the byte
		equal(t, "tenantId", *got.TenantID, "91402384-d71e-22f5-22dd-759e272cdc1c")
	})
	gcp := reads(func(t *testing.T, f *flow, got tfGCPBucket) {
		t.Helper()
		f.keep("gcpBucket", got.ID)
		equal(t, "bucketName", *got.BucketName, "export-bucket")
		equal(t, "cloudProvider", *got.CloudProvider, "GCP")
		equal(t, "roleId", *got.RoleID, f.kept["gcp"])
	})
	listed := func(results int) bodyReader {
		return reads(func(t *testing.T, f *flow, got tfBuckets) {
			t.Helper()
			equal(t, "totalCount", *got.TotalCount, 3)
			equal(t, "results", len(got.Results), results)
			equal(t, "results[0]._id", *got.Results[0].ID, f.kept["awsBucket"])
		})
	}
	return []step{
		{
			does: "create the bucket of AWS", send: "POST " + buckets, accept: "2024-05-30",
			body: `{"bucketName":"export-bucket","cloudProvider":"AWS","iamRoleId":"{aws}"}` + "\n", reads: aws,
		},
		{does: "read the new bucket of AWS", send: "GET " + buckets + "/{awsBucket}", accept: "2024-05-30", reads: aws},
		{
			does: "create the bucket of Azure", send: "POST " + buckets, accept: "2024-05-30",
			body: `{"bucketName":"examplecontainer","cloudProvider":"AZURE","roleId":"{azure}","serviceUrl":"` +
				tfServiceURL + `","tenantId":"91402384-d71e-22f5-22dd-759e272cdc1c"}` + "\n", reads: azure,
		},
		{does: "read the new bucket of Azure", send: "GET " + buckets + "/{azureBucket}", accept: "2024-05-30", reads: azure},
		{
			does: "create the bucket of Google", send: "POST " + buckets, accept: "2024-05-30",
			body: `{"bucketName":"export-bucket","cloudProvider":"GCP","roleId":"{gcp}"}` + "\n", reads: gcp,
		},
		{does: "read the new bucket of Google", send: "GET " + buckets + "/{gcpBucket}", accept: "2024-05-30", reads: gcp},

		{does: "import", send: "GET " + buckets + "/{azureBucket}", accept: "2024-05-30", reads: azure},
		{does: "read the import", send: "GET " + buckets + "/{azureBucket}", accept: "2024-05-30", reads: azure},
		{
			does: "import what is not there", send: "GET " + buckets + "/5f0000000000000000000fff", accept: "2024-05-30",
			status: http.StatusNotFound, reads: tfGone,
		},
		{does: "read the data source", send: "GET " + buckets + "/{awsBucket}", accept: "2024-05-30", reads: aws},
		{does: "read all", send: "GET " + buckets + firstPage, accept: "2024-05-30", reads: listed(3)},
		{
			does: "read the role in use", send: "GET /api/atlas/v2/groups/{project}/cloudProviderAccess/{aws}",
			accept: "2023-01-01",
			reads: reads(func(t *testing.T, f *flow, got tfAuthorizedAWSRole) {
				t.Helper()
				if len(got.FeatureUsages) != 1 {
					t.Fatalf("featureUsages: got %d, want one", len(got.FeatureUsages))
				}
				equal(t, "featureType", *got.FeatureUsages[0].FeatureType, "EXPORT_SNAPSHOT")
				equal(t, "groupId", *got.FeatureUsages[0].FeatureID.GroupID, f.kept["project"])
			}),
		},
	}
}

// tfGone reads an error in the text of which the provider looks for 404: then
// the bucket is gone, and else the plan fails.
var tfGone = reads(func(t *testing.T, _ *flow, got refusedBody) {
	t.Helper()
	text := fmt.Sprintf("HTTP %d %s (Error code: %q) Detail: %s Reason: %s",
		*got.Error, *got.Reason, *got.ErrorCode, *got.Detail, *got.Reason)
	if !strings.Contains(text, "404") {
		t.Errorf("got %s, want 404 in it", text)
	}
	equal(t, "errorCode", *got.ErrorCode, "EXPORT_BUCKET_NOT_FOUND")
})

// tfDestroySteps take everything back, buckets first.
func tfDestroySteps() []step {
	const (
		project = "/api/atlas/v2/groups/{project}"
		buckets = project + "/backup/exportBuckets"
		access  = project + "/cloudProviderAccess"
	)
	steps := []step{{
		does: "delete a role in use", send: "DELETE " + access + "/AWS/{aws}", accept: "2023-01-01",
		status: http.StatusBadRequest, reads: refused("AWS_IAM_ROLE_IN_USE"),
	}}
	for _, bucket := range []string{"awsBucket", "azureBucket", "gcpBucket"} {
		steps = append(steps,
			step{
				does: "delete the " + bucket, send: "DELETE " + buckets + "/{" + bucket + "}", accept: "2023-01-01",
				status: http.StatusNoContent,
			},
			// The provider waits as long as a cluster's schedule names it.
			step{
				does: "wait for clusters to let go of it", accept: "2024-08-05",
				send: "GET " + project + "/clusters" + firstPage, reads: empty,
			},
			step{
				does: "read the " + bucket + " that is gone", send: "GET " + buckets + "/{" + bucket + "}",
				accept: "2024-05-30", status: http.StatusNotFound, reads: tfGone,
			},
		)
	}
	for _, role := range []struct{ provider, kept string }{{"AWS", "aws"}, {"AZURE", "azure"}, {"GCP", "gcp"}} {
		steps = append(steps,
			step{
				does: "delete the role of " + role.provider, accept: "2023-01-01", status: http.StatusNoContent,
				send: "DELETE " + access + "/" + role.provider + "/{" + role.kept + "}",
			},
			step{
				does: "read the role of " + role.provider + " that is gone", send: "GET " + access + "/{" + role.kept + "}",
				accept: "2023-01-01", status: http.StatusNotFound, reads: refused("CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND"),
			},
		)
	}
	return append(steps,
		step{
			does: "wait for the clusters to be gone", accept: "2024-08-05",
			send: "GET " + project + "/clusters" + firstPage, reads: empty,
		},
		step{does: "delete the project", send: "DELETE " + project, accept: "2023-01-01", status: http.StatusAccepted},
		step{
			does: "read the project that is gone", send: "GET " + project, accept: "2023-01-01",
			status: http.StatusNotFound, reads: refused("GROUP_NOT_FOUND"),
		},
	)
}

func TestTheTerraformProvider(t *testing.T) {
	t.Parallel()
	runFlow(t, "terraform-provider-mongodbatlas/1.41.0 Terraform/1.11.4", forGood,
		slices.Concat(tfProjectSteps(), tfRoleSteps(), tfBucketSteps(), tfDestroySteps()), revoke)
}

// Providers from 1.16 to 1.37 send 0 for what is not set of a page, and got one item.
func TestOldTerraformProvidersListWithoutAPage(t *testing.T) {
	t.Parallel()
	const buckets = "/api/atlas/v2/groups/{demo}/backup/exportBuckets"
	var steps []step
	for range 2 {
		steps = append(steps, step{
			does: "create a bucket", send: "POST " + buckets, accept: "2023-01-01", body: awsBody + "\n",
			reads: reads(func(*testing.T, *flow, tfAWSBucket) {}),
		})
	}
	runFlow(t, "terraform-provider-mongodbatlas/1.16.0 Terraform/1.8.2", forGood, append(steps, step{
		does: "read the data source of all buckets", accept: "2023-01-01",
		send: "GET " + buckets + "?includeCount=true&itemsPerPage=0&pageNum=0",
		reads: reads(func(t *testing.T, _ *flow, got struct {
			Results    []tfAWSBucket `json:"results"`
			TotalCount *int          `json:"totalCount"`
		},
		) {
			t.Helper()
			equal(t, "results", len(got.Results), 1)
			equal(t, "totalCount", *got.TotalCount, 2)
		}),
	}))
}

// A project with teams fails to be made, and its provider takes it back.
func TestTheTerraformProviderAssignsTeams(t *testing.T) {
	t.Parallel()
	const project = "/api/atlas/v2/groups/{project}"
	runFlow(t, "terraform-provider-mongodbatlas/1.41.0 Terraform/1.11.4", forGood, []step{
		{
			does: "create the project", send: "POST /api/atlas/v2/groups", accept: "2023-01-01",
			body: `{"clusterCount":0,"created":"0001-01-01T00:00:00Z","name":"With teams","orgId":"{org}",` +
				`"tags":[],"withDefaultAlertsSettings":true}` + "\n",
			status: http.StatusCreated,
			reads:  reads(func(_ *testing.T, f *flow, got tfProject) { f.keep("project", got.ID) }),
		},
		{
			does: "assign teams", send: "POST " + project + "/teams", accept: "2023-01-01",
			body:   `[{"roleNames":["GROUP_OWNER"],"teamId":"5f0000000000000000000fff"}]` + "\n",
			status: http.StatusNotFound, reads: refused("TEAM_NOT_FOUND"),
		},
		{does: "wait for the clusters", send: "GET " + project + "/clusters" + firstPage, accept: "2024-08-05", reads: empty},
		{does: "delete the project", send: "DELETE " + project, accept: "2023-01-01", status: http.StatusAccepted},
	}, revoke)
}
