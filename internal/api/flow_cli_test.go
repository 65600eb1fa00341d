package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// What the Atlas CLI reads.
type (
	cliBucket struct {
		ID            *string `json:"_id"`
		BucketName    *string `json:"bucketName"`
		CloudProvider *string `json:"cloudProvider"`
		IAMRoleID     *string `json:"iamRoleId"`
	}
	cliBuckets struct {
		Results    []cliBucket `json:"results"`
		TotalCount *int        `json:"totalCount"`
	}
	cliProject struct {
		ID    *string `json:"id"`
		Name  *string `json:"name"`
		OrgID *string `json:"orgId"`
	}
	cliProjects struct {
		Results    []cliProject `json:"results"`
		TotalCount *int         `json:"totalCount"`
	}
	cliRole struct {
		AtlasAWSAccountARN         *string `json:"atlasAWSAccountArn"`
		AtlasAssumedRoleExternalID *string `json:"atlasAssumedRoleExternalId"`
		ProviderName               *string `json:"providerName"`
		RoleID                     *string `json:"roleId"`
	}
	cliNewRole struct {
		cliRole

		AuthorizedDate    *string `json:"authorizedDate" client:"unset"`
		IAMAssumedRoleARN *string `json:"iamAssumedRoleArn" client:"unset"`
	}
	cliAuthorizedRole struct {
		cliRole

		AuthorizedDate    *string `json:"authorizedDate"`
		IAMAssumedRoleARN *string `json:"iamAssumedRoleArn"`
	}
	cliRoles struct {
		AWSIAMRoles            []cliAuthorizedRole `json:"awsIamRoles"`
		AzureServicePrincipals []any               `json:"azureServicePrincipals"`
		GCPServiceAccounts     []any               `json:"gcpServiceAccounts"`
	}
)

const flowRoleARN = "arn:aws:iam::123456789012:role/exports"

// oneBucket reads a bucket of the flow.
func (f *flow) oneBucket(t *testing.T, got cliBucket, name string) {
	t.Helper()
	equal(t, "bucketName", *got.BucketName, name)
	equal(t, "cloudProvider", *got.CloudProvider, "AWS")
	equal(t, "iamRoleId", *got.IAMRoleID, f.kept["role"])
}

// cliCommands are the commands of the Atlas CLI, each of them a process.
var cliCommands = []step{
	{
		does:   "atlas projects create",
		send:   "POST /api/atlas/v2/groups?projectOwnerId=",
		accept: "2023-01-01",
		body: `{"clusterCount":0,"created":"0001-01-01T00:00:00Z","name":"CLI project","orgId":"{org}",` +
			`"regionUsageRestrictions":"COMMERCIAL_FEDRAMP_REGIONS_ONLY"}` + "\n",
		status: http.StatusCreated,
		reads: reads(func(t *testing.T, f *flow, got cliProject) {
			t.Helper()
			equal(t, "name", *got.Name, "CLI project")
			equal(t, "orgId", *got.OrgID, demoOrg)
			f.keep("project", got.ID)
		}),
	},
	{
		does:   "atlas projects list",
		send:   "GET /api/atlas/v2/groups" + firstPage,
		accept: "2023-01-01",
		reads:  reads(cliListed),
	},
	{
		does:   "atlas projects list --orgId",
		send:   "GET /api/atlas/v2/orgs/{org}/groups" + firstPage,
		accept: "2023-01-01",
		reads:  reads(cliListed),
	},
	{
		does:   "atlas projects describe",
		send:   "GET /api/atlas/v2/groups/{project}",
		accept: "2023-01-01",
		reads: reads(func(t *testing.T, f *flow, got cliProject) {
			t.Helper()
			equal(t, "id", *got.ID, f.kept["project"])
		}),
	},
	{
		does:   "atlas cloudProviders accessRoles aws create",
		send:   "POST /api/atlas/v2/groups/{project}/cloudProviderAccess",
		accept: "2023-01-01",
		body:   `{"providerName":"AWS"}` + "\n",
		reads: reads(func(t *testing.T, f *flow, got cliNewRole) {
			t.Helper()
			f.keep("role", got.RoleID)
			f.keep("external", got.AtlasAssumedRoleExternalID)
			equal(t, "atlasAWSAccountArn", *got.AtlasAWSAccountARN, "arn:aws:iam::123456789012:root")
		}),
	},
	{
		does:   "atlas backups exports buckets create, too early",
		send:   "POST /api/atlas/v2/groups/{project}/backup/exportBuckets",
		accept: "2024-05-30",
		body:   `{"bucketName":"export-bucket","cloudProvider":"AWS","iamRoleId":"{role}"}` + "\n",
		status: http.StatusBadRequest,
		reads:  refused("CLOUD_PROVIDER_ACCESS_ROLE_NOT_AUTHORIZED"),
	},
	{
		does:   "atlas cloudProviders accessRoles aws authorize",
		send:   "PATCH /api/atlas/v2/groups/{project}/cloudProviderAccess/{role}",
		accept: "2023-01-01",
		body:   `{"providerName":"AWS","iamAssumedRoleArn":"` + flowRoleARN + `"}` + "\n",
		reads: reads(func(t *testing.T, f *flow, got cliAuthorizedRole) {
			t.Helper()
			equal(t, "roleId", *got.RoleID, f.kept["role"])
			equal(t, "iamAssumedRoleArn", *got.IAMAssumedRoleARN, flowRoleARN)
			equal(t, "atlasAssumedRoleExternalId", *got.AtlasAssumedRoleExternalID, f.kept["external"])
		}),
	},
	{
		does:   "atlas cloudProviders accessRoles list",
		send:   "GET /api/atlas/v2/groups/{project}/cloudProviderAccess",
		accept: "2023-01-01",
		reads: reads(func(t *testing.T, f *flow, got cliRoles) {
			t.Helper()
			if len(got.AWSIAMRoles) != 1 || len(got.AzureServicePrincipals)+len(got.GCPServiceAccounts) != 0 {
				t.Fatalf("got %d, %d and %d roles, want one of AWS",
					len(got.AWSIAMRoles), len(got.AzureServicePrincipals), len(got.GCPServiceAccounts))
			}
			equal(t, "roleId", *got.AWSIAMRoles[0].RoleID, f.kept["role"])
		}),
	},
	{
		does:   "atlas backups exports buckets create",
		send:   "POST /api/atlas/v2/groups/{project}/backup/exportBuckets",
		accept: "2024-05-30",
		body:   `{"bucketName":"export-bucket","cloudProvider":"AWS","iamRoleId":"{role}"}` + "\n",
		reads: reads(func(t *testing.T, f *flow, got cliBucket) {
			t.Helper()
			f.oneBucket(t, got, "export-bucket")
			f.keep("bucket", got.ID)
		}),
	},
	{
		does:   "atlas backups exports buckets list",
		send:   "GET /api/atlas/v2/groups/{project}/backup/exportBuckets" + firstPage,
		accept: "2024-05-30",
		reads: reads(func(t *testing.T, f *flow, got cliBuckets) {
			t.Helper()
			equal(t, "totalCount", *got.TotalCount, 1)
			f.oneBucket(t, got.Results[0], "export-bucket")
		}),
	},
	{
		does:   "atlas backups exports buckets describe",
		send:   "GET /api/atlas/v2/groups/{project}/backup/exportBuckets/{bucket}",
		accept: "2024-05-30",
		reads: reads(func(t *testing.T, f *flow, got cliBucket) {
			t.Helper()
			f.oneBucket(t, got, "export-bucket")
			equal(t, "_id", *got.ID, f.kept["bucket"])
		}),
	},

	// `atlas api` sends a file as it is, and no parameter that was not given.
	{
		does:   "atlas api cloudBackups createExportBucket --envelope --pretty",
		send:   "POST /api/atlas/v2/groups/{project}/backup/exportBuckets?envelope=true&pretty=true",
		accept: "2024-05-30",
		body:   "{\n  \"cloudProvider\": \"AWS\",\n  \"bucketName\": \"by-api\",\n  \"iamRoleId\": \"{role}\"\n}\n",
		reads: reads(func(t *testing.T, f *flow, got struct {
			Content *cliBucket `json:"content"`
			Status  *int       `json:"status"`
		}) {
			t.Helper()
			equal(t, "status", *got.Status, http.StatusOK)
			f.oneBucket(t, *got.Content, "by-api")
			f.keep("second", got.Content.ID)
		}),
	},
	{
		does:   "atlas api cloudBackups createExportBucket --version 2023-01-01",
		send:   "POST /api/atlas/v2/groups/{project}/backup/exportBuckets",
		accept: "2023-01-01",
		body:   `{"cloudProvider":"AWS","bucketName":"by-api","iamRoleId":"{role}","requirePrivateNetworking":true}`,
		reads: reads(func(t *testing.T, f *flow, got cliBucket) {
			t.Helper()
			f.oneBucket(t, got, "by-api")
			f.keep("third", got.ID)
		}),
	},
	{
		does:   "atlas api cloudBackups listExportBuckets --envelope",
		send:   "GET /api/atlas/v2/groups/{project}/backup/exportBuckets?envelope=true",
		accept: "2024-05-30",
		reads: reads(func(t *testing.T, _ *flow, got struct {
			Status     *int        `json:"status"`
			Results    []cliBucket `json:"results"`
			TotalCount *int        `json:"totalCount"`
		}) {
			t.Helper()
			equal(t, "status", *got.Status, http.StatusOK)
			equal(t, "results", len(got.Results), 3)
			equal(t, "totalCount", *got.TotalCount, 3)
		}),
	},
	{
		does:   "atlas api cloudBackups listExportBuckets --includeCount=false --itemsPerPage 2 --pageNum 2",
		send:   "GET /api/atlas/v2/groups/{project}/backup/exportBuckets?includeCount=false&itemsPerPage=2&pageNum=2",
		accept: "2024-05-30",
		reads: reads(func(t *testing.T, f *flow, got struct {
			Results    []cliBucket `json:"results"`
			TotalCount *int        `json:"totalCount" client:"unset"`
		}) {
			t.Helper()
			equal(t, "results", len(got.Results), 1)
			equal(t, "_id", *got.Results[0].ID, f.kept["third"])
		}),
	},
	{
		does:   "atlas api cloudBackups getExportBucket --pretty",
		send:   "GET /api/atlas/v2/groups/{project}/backup/exportBuckets/{second}?pretty=true",
		accept: "2024-05-30",
		reads: func(t *testing.T, f *flow, body string) {
			t.Helper()
			if !strings.HasPrefix(body, "{\n  \"_id\" : \""+f.kept["second"]+"\",\n") {
				t.Errorf("got %s, want it as Atlas prints it", body)
			}
		},
	},
	{
		does:   "atlas api cloudBackups updateBackupExportBucket",
		send:   "PATCH /api/atlas/v2/groups/{project}/backup/exportBuckets/{second}",
		accept: "2024-05-30",
		body:   `{"requirePrivateNetworking":true}`,
		reads: reads(func(t *testing.T, f *flow, got struct {
			cliBucket

			RequirePrivateNetworking *bool `json:"requirePrivateNetworking"`
		}) {
			t.Helper()
			f.oneBucket(t, got.cliBucket, "by-api")
			equal(t, "requirePrivateNetworking", *got.RequirePrivateNetworking, true)
		}),
	},
	{
		does:   "atlas api cloudBackups deleteExportBucket --envelope",
		send:   "DELETE /api/atlas/v2/groups/{project}/backup/exportBuckets/{second}?envelope=true",
		accept: "2023-01-01",
		status: http.StatusNoContent,
	},
	{
		does:   "atlas api cloudBackups getExportBucket --envelope, of one that is gone",
		send:   "GET /api/atlas/v2/groups/{project}/backup/exportBuckets/{second}?envelope=true",
		accept: "2024-05-30",
		status: http.StatusNotFound,
		reads: reads(func(t *testing.T, _ *flow, got struct {
			Content *refusedBody `json:"content"`
			Status  *int         `json:"status"`
		}) {
			t.Helper()
			equal(t, "status", *got.Status, http.StatusNotFound)
			equal(t, "errorCode", *got.Content.ErrorCode, "EXPORT_BUCKET_NOT_FOUND")
		}),
	},
	{
		does:   "atlas backups exports buckets delete --force",
		send:   "DELETE /api/atlas/v2/groups/{project}/backup/exportBuckets/{third}",
		accept: "2023-01-01",
		status: http.StatusNoContent,
	},

	{
		does:   "atlas cloudProviders accessRoles aws deauthorize, of one in use",
		send:   "DELETE /api/atlas/v2/groups/{project}/cloudProviderAccess/AWS/{role}",
		accept: "2023-01-01",
		status: http.StatusBadRequest,
		reads:  refused("AWS_IAM_ROLE_IN_USE"),
	},
	{
		does:   "atlas backups exports buckets delete --force",
		send:   "DELETE /api/atlas/v2/groups/{project}/backup/exportBuckets/{bucket}",
		accept: "2023-01-01",
		status: http.StatusNoContent,
	},
	{
		does:   "atlas cloudProviders accessRoles aws deauthorize",
		send:   "DELETE /api/atlas/v2/groups/{project}/cloudProviderAccess/AWS/{role}",
		accept: "2023-01-01",
		status: http.StatusNoContent,
	},
	{
		does: "--currentIp",
		send: "GET /api/private/ipinfo",
		reads: reads(func(t *testing.T, _ *flow, got struct {
			CurrentIPv4Address *string `json:"currentIpv4Address"`
		}) {
			t.Helper()
			equal(t, "currentIpv4Address", *got.CurrentIPv4Address, "127.0.0.1")
		}),
	},
	{
		does:   "atlas clusters list --tier FLEX",
		send:   "GET /api/atlas/v2/groups/{project}/flexClusters" + firstPage,
		accept: "2024-11-13",
		reads:  empty,
	},
	// It asks for a flex cluster first, and goes on by this code.
	{
		does:   "atlas backups restores list, of a flex cluster",
		send:   "GET /api/atlas/v2/groups/{project}/flexClusters/c/backup/restoreJobs" + firstPage,
		accept: "2024-11-13",
		status: http.StatusNotFound,
		reads:  refused("CLUSTER_NOT_FOUND"),
	},
	{
		does:   "atlas backups restores list",
		send:   "GET /api/atlas/v2/groups/{project}/clusters/c/backup/restoreJobs" + firstPage,
		accept: "2023-01-01",
		status: http.StatusNotFound,
		reads:  refused("CLUSTER_NOT_FOUND"),
	},
	{
		does:   "atlas backups snapshots watch, of a flex cluster",
		send:   "GET /api/atlas/v2/groups/{project}/flexClusters/c/backup/snapshots/6a7900010203040506999999",
		accept: "2024-11-13",
		status: http.StatusNotFound,
		reads:  refused("CLUSTER_NOT_FOUND"),
	},
	// It is the one command that speaks to the API without versions.
	{
		does:   "atlas clusters upgrade",
		send:   "GET /api/atlas/v1.0/groups/{project}/clusters/c",
		status: http.StatusNotFound,
		reads:  refused("CLUSTER_NOT_FOUND"),
	},
	{
		does:   "atlas clusters upgrade --file",
		send:   "POST /api/atlas/v1.0/groups/{project}/clusters/tenantUpgrade",
		body:   `{"name":"c","providerSettings":{"instanceSizeName":"M10","providerName":"AWS"}}` + "\n",
		status: http.StatusForbidden,
		reads:  refused("UNSUPPORTED_FOR_CURRENT_CONFIG"),
	},
	{
		does:   "atlas projects delete",
		send:   "DELETE /api/atlas/v2/groups/{project}",
		accept: "2023-01-01",
		status: http.StatusAccepted,
		reads:  reads(func(*testing.T, *flow, struct{}) {}),
	},
	{
		does:   "atlas projects describe, of one that is gone",
		send:   "GET /api/atlas/v2/groups/{project}",
		accept: "2023-01-01",
		status: http.StatusNotFound,
		reads:  refused("GROUP_NOT_FOUND"),
	},
}

// cliListed finds the project of the flow in a list.
func cliListed(t *testing.T, f *flow, got cliProjects) {
	t.Helper()
	equal(t, "totalCount", *got.TotalCount, len(got.Results))
	for _, project := range got.Results {
		if *project.ID == f.kept["project"] {
			return
		}
	}
	t.Errorf("got %d projects, want the one that was created among them", len(got.Results))
}

func TestTheAtlasCLI(t *testing.T) {
	t.Parallel()
	runFlow(t, "atlascli/1.50.0 (linux;amd64)", forCommands, cliCommands)
}

// What the CLI says of itself it sends wherever it is pointed, with credentials
// or without, and nobody may fail because of it.
func TestTheAtlasCLISendsTelemetry(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const events = `[{"timestamp":"2026-08-10T03:03:36Z","source":"atlascli","properties":{"result":"SUCCESS"}}]` + "\n"
	plain := http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}}
	for _, r := range []request{
		{path: "/api/private/v1.0/telemetry/events", key: "demoownr"},
		{path: "/api/private/v1.0/telemetry/events"},
		{path: "/api/private/unauth/telemetry/events", bare: true},
	} {
		r.body, r.header = events, plain
		if got := b.do(t, r); got.status != http.StatusNoContent || got.body != "" {
			t.Errorf("%s: got %d %s, want 204", r.path, got.status, got.body)
		}
	}
}
