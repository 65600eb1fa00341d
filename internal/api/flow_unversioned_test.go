package api_test

import (
	"net/http"
	"testing"
)

// What clients read that were written before Atlas' API had versions.
type (
	oldBucket struct {
		ID            *string `json:"_id"`
		BucketName    *string `json:"bucketName"`
		CloudProvider *string `json:"cloudProvider"`
		IAMRoleID     *string `json:"iamRoleId"`
	}
	oldProject struct {
		ClusterCount *int    `json:"clusterCount"`
		Created      *string `json:"created"`
		ID           *string `json:"id"`
		Links        []link  `json:"links"`
		Name         *string `json:"name"`
		OrgID        *string `json:"orgId"`
	}
	oldPage[T any] struct {
		Links      []link `json:"links"`
		Results    []T    `json:"results"`
		TotalCount *int   `json:"totalCount"`
	}
	oldRole struct {
		AtlasAWSAccountARN         *string `json:"atlasAWSAccountArn"`
		AtlasAssumedRoleExternalID *string `json:"atlasAssumedRoleExternalId"`
		CreatedDate                *string `json:"createdDate"`
		FeatureUsages              []any   `json:"featureUsages"`
		ProviderName               *string `json:"providerName"`
		RoleID                     *string `json:"roleId"`
	}
)

// oldSteps are what the first Go client of Atlas sends, which is in old Atlas CLIs and
// in Terraform providers before 1.10. Its queries have what was set, sorted; it takes
// every 2xx, and of an error it prints code and detail.
func oldSteps() []step {
	const (
		root    = "/api/atlas/v1.0"
		project = root + "/groups/{project}"
		buckets = project + "/backup/exportBuckets"
		roles   = project + "/cloudProviderAccess"
		keys    = root + "/orgs/{org}/apiKeys"
	)
	isProject := reads(func(t *testing.T, f *flow, got oldProject) {
		t.Helper()
		equal(t, "name", *got.Name, "Old project")
		equal(t, "orgId", *got.OrgID, demoOrg)
		f.keep("project", got.ID)
		equal(t, "links[0].href", got.Links[0].Href, "https://cloud.example.com"+root+"/groups/"+*got.ID)
	})
	isBucket := func(t *testing.T, f *flow, got oldBucket) {
		t.Helper()
		equal(t, "bucketName", *got.BucketName, "export-bucket")
		equal(t, "cloudProvider", *got.CloudProvider, "AWS")
		equal(t, "iamRoleId", *got.IAMRoleID, f.kept["role"])
		f.keep("bucket", got.ID)
	}
	return []step{
		{
			does: "read the root", send: "GET " + root,
			reads: reads(func(t *testing.T, _ *flow, got struct {
				AppName *string `json:"appName"`
				Links   []link  `json:"links"`
			}) {
				t.Helper()
				equal(t, "appName", *got.AppName, "MongoDB Atlas")
				equal(t, "links[0].href", got.Links[0].Href, "https://cloud.example.com"+root)
			}),
		},
		{
			does: "create a project", send: "POST " + root + "/groups", status: http.StatusCreated,
			body:  `{"orgId":"{org}","name":"Old project","withDefaultAlertsSettings":true}` + "\n",
			reads: isProject,
		},
		{does: "get the project by name", send: "GET " + root + "/groups/byName/Old%20project", reads: isProject},
		{
			does: "list projects, one on a page", send: "GET " + root + "/groups?itemsPerPage=1&pageNum=1",
			reads: reads(func(t *testing.T, _ *flow, got oldPage[oldProject]) {
				t.Helper()
				equal(t, "results", len(got.Results), 1)
				equal(t, "links[0].rel", got.Links[0].Rel, "self") // the client takes the page's number from it
				equal(t, "links[1].rel", got.Links[1].Rel, "next") // and goes on as long as there is one
				equal(t, "links[1].href", got.Links[1].Href, "https://cloud.example.com"+root+"/groups?itemsPerPage=1&pageNum=2")
			}),
		},
		{
			does: "read the settings", send: "GET " + project + "/settings",
			reads: reads(func(*testing.T, *flow, tfSettings) {}),
		},
		{
			does: "create a role", send: "POST " + roles, body: `{"providerName":"AWS"}` + "\n",
			reads: reads(func(_ *testing.T, f *flow, got oldRole) { f.keep("role", got.RoleID) }),
		},
		{
			does: "authorize the role", send: "PATCH " + roles + "/{role}",
			body:  `{"providerName":"AWS","iamAssumedRoleArn":"` + flowRoleARN + `"}` + "\n",
			reads: reads(func(*testing.T, *flow, oldRole) {}),
		},
		{
			does: "list the roles", send: "GET " + roles,
			reads: reads(func(t *testing.T, f *flow, got struct {
				AWSIAMRoles []oldRole `json:"awsIamRoles"`
			}) {
				t.Helper()
				equal(t, "roles", len(got.AWSIAMRoles), 1)
				equal(t, "roleId", *got.AWSIAMRoles[0].RoleID, f.kept["role"])
			}),
		},
		{
			does: "create a bucket", send: "POST " + buckets,
			body:  `{"bucketName":"export-bucket","cloudProvider":"AWS","iamRoleId":"{role}"}` + "\n",
			reads: reads(isBucket),
		},
		{does: "get the bucket", send: "GET " + buckets + "/{bucket}", reads: reads(isBucket)},
		{
			does: "list the buckets", send: "GET " + buckets + "?itemsPerPage=100&pageNum=1",
			reads: reads(func(t *testing.T, f *flow, got oldPage[oldBucket]) {
				t.Helper()
				equal(t, "totalCount", *got.TotalCount, 1)
				isBucket(t, f, got.Results[0])
			}),
		},
		{
			does: "delete a role in use", send: "DELETE " + roles + "/AWS/{role}",
			status: http.StatusBadRequest, reads: refused("AWS_IAM_ROLE_IN_USE"),
		},
		{does: "delete the bucket", send: "DELETE " + buckets + "/{bucket}", status: http.StatusNoContent},
		{
			does: "get what is gone", send: "GET " + buckets + "/{bucket}",
			status: http.StatusNotFound, reads: refused("EXPORT_BUCKET_NOT_FOUND"),
		},
		{does: "delete the role", send: "DELETE " + roles + "/AWS/{role}", status: http.StatusNoContent},

		{
			does: "create an API key", send: "POST " + keys, body: `{"desc":"old","roles":["ORG_MEMBER"]}` + "\n",
			reads: reads(func(_ *testing.T, f *flow, got struct {
				ID         *string `json:"id"`
				PrivateKey *string `json:"privateKey"`
				PublicKey  *string `json:"publicKey"`
			}) {
				f.keep("key", got.ID)
			}),
		},
		{
			does: "add a network to its access list", send: "POST " + keys + "/{key}/accessList",
			body: `[{"cidrBlock":"192.0.2.0/24"}]` + "\n",
			reads: reads(func(t *testing.T, _ *flow, got oldPage[map[string]any]) {
				t.Helper()
				equal(t, "results", len(got.Results), 1)
			}),
		},
		{
			does: "get the network", send: "GET " + keys + "/{key}/accessList/192.0.2.0%2F24",
			reads: reads(func(t *testing.T, _ *flow, got struct {
				CIDRBlock *string `json:"cidrBlock"`
			}) {
				t.Helper()
				equal(t, "cidrBlock", *got.CIDRBlock, "192.0.2.0/24")
			}),
		},
		{
			does: "remove the network", send: "DELETE " + keys + "/{key}/accessList/192.0.2.0%2F24",
			status: http.StatusNoContent,
		},
		{does: "delete the API key", send: "DELETE " + keys + "/{key}", status: http.StatusNoContent},

		{
			does: "create a cluster", send: "POST " + project + "/clusters", body: oldCluster + "\n",
			status: http.StatusCreated, reads: inState("CREATING"),
		},
		{does: "wait for it", send: "GET " + project + "/clusters/c", reads: inState("IDLE")},
		{does: "delete it", send: "DELETE " + project + "/clusters/c", status: http.StatusAccepted},
		{
			does: "delete the project", send: "DELETE " + project, status: http.StatusAccepted,
			reads: reads(func(*testing.T, *flow, struct{}) {}),
		},
		{
			does: "get a project that is gone", send: "GET " + project,
			status: http.StatusNotFound, reads: refused("GROUP_NOT_FOUND"),
		},
	}
}

func TestTheFirstGoClientOfAtlas(t *testing.T) {
	t.Parallel()
	runFlow(t, "mongocli/1.24.0 (linux;amd64) go-mongodbatlas/0.17.0 (linux;amd64)", forCommands, oldSteps())
}

// oldCluster is a body that creates a cluster, in the API without versions.
const oldCluster = `{"name": "c", "providerSettings": {"providerName": "AWS", "instanceSizeName": "M10", ` +
	`"regionName": "US_EAST_1"}}`

// pythonSteps are what python-atlasapi sends, and scripts with Python's requests. They
// name no media type where there is no body, and read JSON from every answer but that to
// a DELETE, whatever its status: an empty body ends them.
func pythonSteps() []step {
	const (
		anything = "*/*"
		root     = "/api/atlas/v1.0"
		project  = root + "/groups/{demo}"
	)
	get := func(does, target string, status int, reads bodyReader) step {
		return step{does: does, send: "GET " + target, accept: anything, status: status, reads: reads}
	}
	isPage := reads(func(*testing.T, *flow, oldPage[any]) {})
	return []step{
		get("list projects", root+"/groups?itemsPerPage=500", http.StatusOK, isPage),
		get("list organizations", root+"/orgs?itemsPerPage=500", http.StatusOK, isPage),
		get("get a project", project, http.StatusOK, reads(func(*testing.T, *flow, oldProject) {})),
		get("list clusters", project+"/clusters?pageNum=1&itemsPerPage=500", http.StatusOK, empty),
		get("look whether a cluster exists", project+"/clusters/c", http.StatusNotFound, refused("CLUSTER_NOT_FOUND")),
		{
			does: "create a cluster", send: "POST " + project + "/clusters", accept: anything,
			body: oldCluster, status: http.StatusCreated, reads: inState("CREATING"),
		},
		get("list database users", project+"/databaseUsers?pageNum=1&itemsPerPage=500", http.StatusOK, empty),
		get("list the whitelist", project+"/whitelist?pageNum=1&itemsPerPage=500",
			http.StatusNotFound, refused("RESOURCE_NOT_FOUND")),
		get("list alerts", project+"/alerts?pageNum=1&itemsPerPage=500", http.StatusOK, empty),
		get("list API keys", project+"/apiKeys", http.StatusOK, isPage),
		{
			does: "move the maintenance window", send: "PATCH " + project + "/maintenanceWindow", accept: anything,
			body:   `{"dayOfWeek": 1}`,
			status: http.StatusForbidden, reads: refused("UNSUPPORTED_FOR_CURRENT_CONFIG"),
		},
		{
			does: "create a database user", send: "POST " + project + "/databaseUsers", accept: anything,
			body: `{"databaseName": "admin", "roles": [{"databaseName": "admin", "roleName": "atlasAdmin"}], ` +
				`"username": "u", "password": "a password"}`,
			status: http.StatusCreated, reads: reads(func(*testing.T, *flow, flowUser) {}),
		},
		{
			does: "delete a database user", send: "DELETE " + project + "/databaseUsers/admin/u", accept: anything,
			status: http.StatusNoContent,
		},
		{
			does: "create a bucket", send: "POST " + project + "/backup/exportBuckets", accept: anything,
			body:  `{"cloudProvider": "AWS", "bucketName": "export-bucket", "iamRoleId": "` + awsRole + `"}`,
			reads: reads(func(_ *testing.T, f *flow, got oldBucket) { f.keep("bucket", got.ID) }),
		},
		{
			does: "delete the bucket", send: "DELETE " + project + "/backup/exportBuckets/{bucket}", accept: anything,
			status: http.StatusNoContent,
		},
	}
}

func TestPythonScriptsForAtlas(t *testing.T) {
	t.Parallel()
	runFlow(t, "python-requests/2.31.0", forCommands, pythonSteps())
}

// nodeSteps are what mongodb-atlas-api-client sends, a package for Node. It puts a
// question mark behind every path, looks at no status, and gives back what is in the
// body: with an empty one a cluster has been created.
func nodeSteps() []step {
	const (
		root    = "/api/atlas/v1.0"
		project = root + "/groups/{project}"
	)
	return []step{
		{
			does: "project.create", send: "POST " + root + "/groups?", status: http.StatusCreated,
			body:  `{"name":"Node project","orgId":"{org}"}`,
			reads: reads(func(_ *testing.T, f *flow, got oldProject) { f.keep("project", got.ID) }),
		},
		{
			does: "project.getAll with options", send: "GET " + root + "/groups?envelope=true&itemsPerPage=10&pretty=true",
			reads: reads(func(t *testing.T, _ *flow, got struct {
				oldPage[oldProject]

				Status *int `json:"status"`
			}) {
				t.Helper()
				equal(t, "status", *got.Status, http.StatusOK)
			}),
		},
		{
			does: "cloudProviderAccess.create", send: "POST " + project + "/cloudProviderAccess?",
			body:  `{"providerName":"AWS"}`,
			reads: reads(func(_ *testing.T, f *flow, got oldRole) { f.keep("role", got.RoleID) }),
		},
		{
			does: "cloudProviderAccess.delete", send: "DELETE " + project + "/cloudProviderAccess/AWS/{role}?",
			status: http.StatusNoContent,
		},
		{
			does: "cluster.create", send: "POST " + project + "/clusters?", body: oldCluster,
			status: http.StatusCreated, reads: inState("CREATING"),
		},
		{
			does: "cluster.getAll", send: "GET " + project + "/clusters?",
			reads: reads(func(t *testing.T, _ *flow, got oldPage[any]) {
				t.Helper()
				equal(t, "results", len(got.Results), 1)
				equal(t, "links", len(got.Links), 1)
			}),
		},
		{does: "cluster.delete", send: "DELETE " + project + "/clusters/c?", status: http.StatusAccepted},
		{
			does: "cluster.get", send: "GET " + project + "/clusters/c?",
			status: http.StatusNotFound, reads: refused("CLUSTER_NOT_FOUND"),
		},
		{
			does: "user.create", send: "POST " + project + "/databaseUsers?", status: http.StatusCreated,
			body:  `{"username":"u","password":"a password","roles":[{"databaseName":"admin","roleName":"readWrite"}]}`,
			reads: reads(func(*testing.T, *flow, flowUser) {}),
		},
		{does: "project.delete", send: "DELETE " + project + "?", status: http.StatusAccepted},
	}
}

func TestTheNodeClientOfAtlas(t *testing.T) {
	t.Parallel()
	runFlow(t, "node-urllib/3.21.0 Node.js/20.9.0 (Linux; x64)", forCommands, nodeSteps())
}
