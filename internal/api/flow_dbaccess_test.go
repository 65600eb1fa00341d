package api_test

import (
	"net/http"
	"slices"
	"testing"
)

// What clients read of access lists of projects and of database users.
type (
	flowNetwork struct {
		CIDRBlock *string `json:"cidrBlock"`
		Comment   *string `json:"comment"`
		GroupID   *string `json:"groupId"`
		IPAddress *string `json:"ipAddress"`
	}
	flowUser struct {
		AWSIAMType   *string `json:"awsIAMType"`
		DatabaseName *string `json:"databaseName"`
		GroupID      *string `json:"groupId"`
		Labels       []tfTag `json:"labels"`
		LDAPAuthType *string `json:"ldapAuthType"`
		OIDCAuthType *string `json:"oidcAuthType"`
		Roles        []struct {
			DatabaseName *string `json:"databaseName"`
			RoleName     *string `json:"roleName"`
		} `json:"roles"`
		Scopes []struct {
			Name *string `json:"name"`
			Type *string `json:"type"`
		} `json:"scopes"`
		Username *string `json:"username"`
		X509Type *string `json:"x509Type"`
	}
)

// oneNetwork reads an entry as it was configured.
func oneNetwork(comment string) bodyReader {
	return reads(func(t *testing.T, _ *flow, got flowNetwork) {
		t.Helper()
		equal(t, "cidrBlock", *got.CIDRBlock, "203.0.113.7/32")
		equal(t, "ipAddress", *got.IPAddress, "203.0.113.7")
		equal(t, "comment", *got.Comment, comment)
		equal(t, "groupId", *got.GroupID, demoProject)
	})
}

// lists reads how many things are on a list.
func lists(n int) bodyReader {
	return reads(func(t *testing.T, _ *flow, got oldPage[any]) {
		t.Helper()
		equal(t, "results", len(got.Results), n)
		equal(t, "totalCount", *got.TotalCount, n)
	})
}

// oneUser reads a user as it was configured.
func oneUser(roles, scopes int) bodyReader {
	return reads(func(t *testing.T, _ *flow, got flowUser) {
		t.Helper()
		equal(t, "username", *got.Username, "app")
		equal(t, "databaseName", *got.DatabaseName, "admin")
		equal(t, "groupId", *got.GroupID, demoProject)
		equal(t, "x509Type", *got.X509Type, "NONE")
		equal(t, "roles", len(got.Roles), roles)
		equal(t, "roles[0].roleName", *got.Roles[0].RoleName, "readWrite")
		equal(t, "scopes", len(got.Scopes), scopes)
	})
}

const (
	flowNetworks = "/api/atlas/v2/groups/{demo}/accessList"
	flowUsers    = "/api/atlas/v2/groups/{demo}/databaseUsers"
	flowEntry    = flowNetworks + "/203.0.113.7"
	flowApp      = flowUsers + "/admin/app"

	noNetworkCode = "ATLAS_NETWORK_PERMISSION_ENTRY_NOT_FOUND"
	noTypes       = `"awsIAMType":"NONE","ldapAuthType":"NONE","oidcAuthType":"NONE","x509Type":"NONE"`
	readWriteRole = `{"databaseName":"data","roleName":"readWrite"}`
)

// ofFirst makes steps of the first version, the only one of these operations.
func ofFirst(steps ...step) []step {
	for i := range steps {
		steps[i].accept = "2023-01-01"
	}
	return steps
}

func TestTheTerraformProviderAsksWhoMayConnect(t *testing.T) {
	t.Parallel()
	create := `[{"comment":"office","ipAddress":"203.0.113.7"}]` + "\n"
	runFlow(t, "terraform-provider-mongodbatlas/1.41.0 Terraform/1.11.4", forGood, ofFirst(
		step{does: "create the entry", send: "POST " + flowNetworks, body: create, status: 201, reads: lists(1)},
		step{does: "read the new entry", send: "GET " + flowEntry, reads: oneNetwork("office")},
		step{does: "create it again, as after a 500", send: "POST " + flowNetworks, body: create, status: 201, reads: lists(1)},
		step{does: "plan", send: "GET " + flowEntry, reads: oneNetwork("office")},
		step{does: "import by block", send: "GET " + flowEntry + "%2F32", reads: oneNetwork("office")},
		step{does: "read the data source", send: "GET " + flowNetworks + firstPage, reads: lists(1)},

		step{
			does: "create the user", send: "POST " + flowUsers, status: 201, reads: oneUser(1, 1),
			body: `{"databaseName":"admin","description":"","groupId":"{demo}","labels":[{"key":"k","value":"v"}],` + noTypes +
				`,"password":"a password","roles":[` + readWriteRole + `],"scopes":[{"name":"c","type":"CLUSTER"}],"username":"app"}` + "\n",
		},
		step{does: "plan the user", send: "GET " + flowApp, reads: oneUser(1, 1)},
		step{
			does: "change the user", send: "PATCH " + flowApp, reads: oneUser(2, 0),
			body: `{"databaseName":"admin","description":"","groupId":"{demo}","labels":[],` + noTypes + `,"roles":[` + readWriteRole +
				`,{"databaseName":"admin","roleName":"backup"}],"scopes":[],"username":"app"}` + "\n",
		},
		step{does: "plan again", send: "GET " + flowApp, reads: oneUser(2, 0)},
		step{does: "read all users", send: "GET " + flowUsers + firstPage, reads: lists(1)},
		step{does: "delete the user", send: "DELETE " + flowApp, status: 204},
		step{does: "read the user that is gone", send: "GET " + flowApp, status: 404, reads: refused("USERNAME_NOT_FOUND")},
		step{does: "delete the entry", send: "DELETE " + flowEntry, status: 204},
		step{does: "wait for the entry to be gone", send: "GET " + flowEntry, status: 404, reads: refused(noNetworkCode)},
	), revoke)
}

func TestTheAtlasCLIAsksWhoMayConnect(t *testing.T) {
	t.Parallel()
	entry := func(comment string) string {
		return `[{"cidrBlock":"203.0.113.7/32","comment":"` + comment + `","groupId":"{demo}"}]` + "\n"
	}
	user := `"databaseName":"admin","groupId":"{demo}","username":"app"`
	runFlow(t, "atlascli/1.50.0 (linux;amd64;)", forCommands, ofFirst(
		step{does: "atlas accessLists create, without a comment", send: "POST " + flowNetworks, body: entry(""), status: 201, reads: lists(1)},
		step{does: "atlas accessLists create", send: "POST " + flowNetworks, body: entry("test"), status: 201, reads: lists(1)},
		step{does: "atlas accessLists list", send: "GET " + flowNetworks + firstPage, reads: lists(1)},
		step{does: "atlas accessLists describe", send: "GET " + flowEntry + "%2F32", reads: oneNetwork("test")},
		step{does: "atlas accessLists delete", send: "DELETE " + flowEntry + "%2F32", status: 204},
		step{
			does: "atlas dbusers create", send: "POST " + flowUsers, status: 201, reads: oneUser(1, 0),
			body: `{` + user + `,` + noTypes + `,"password":"a password","roles":[` + readWriteRole + `],"scopes":[]}` + "\n",
		},
		step{does: "atlas dbusers list", send: "GET " + flowUsers + firstPage, reads: lists(1)},
		step{does: "atlas dbusers describe", send: "GET " + flowApp, reads: oneUser(1, 0)},
		step{does: "atlas dbusers update", send: "PATCH " + flowApp, body: `{` + user + `,"password":"another password"}` + "\n", reads: oneUser(1, 0)},
		step{does: "atlas dbusers delete", send: "DELETE " + flowApp, status: 204},
		step{does: "atlas dbusers delete, again", send: "DELETE " + flowApp, status: 404, reads: refused("USER_NOT_FOUND")},
	))
}

func TestTheKubernetesOperatorAsksWhoMayConnect(t *testing.T) {
	t.Parallel()
	user := `{"databaseName":"admin","description":"","groupId":"{demo}","labels":[],` + noTypes +
		`,"password":"a password","roles":[` + readWriteRole + `],"scopes":[],"username":"app"}` + "\n"
	active := reads(func(t *testing.T, _ *flow, got struct {
		Status *string `json:"STATUS"`
	}) {
		t.Helper()
		equal(t, "STATUS", *got.Status, "ACTIVE")
	})
	listAccess := step{does: "list the access list", send: "GET " + flowNetworks + firstPage}
	entry := func(comment string) string {
		return `[{"cidrBlock":"203.0.113.7/32","comment":"` + comment + `"},{"cidrBlock":"198.51.100.0/24","comment":"net"}]` + "\n"
	}
	empties, both := listAccess, listAccess
	empties.reads, both.reads = empty, lists(2)
	steps := ofFirst(slices.Concat(
		[]step{
			empties,
			{does: "add what is wanted", send: "POST " + flowNetworks, body: entry("a"), status: 201, reads: lists(2)},
			{does: "wait until it is in force", send: "GET " + flowEntry + "%2F32/status", reads: active},
			both,
			{does: "change a comment", send: "POST " + flowNetworks, body: entry("b"), status: 201, reads: lists(2)},
			{does: "read it", send: "GET " + flowEntry + "%2F32", reads: oneNetwork("b")},
			{does: "add nothing", send: "POST " + flowNetworks, body: "[]\n", status: 201, reads: lists(2)},
			{does: "delete what is not wanted", send: "DELETE " + flowNetworks + "/198.51.100.0%2F24", status: 204},
			{
				does: "see that it is gone", send: "GET " + flowNetworks + "/198.51.100.0%2F24", status: http.StatusNotFound,
				reads: refused(noNetworkCode),
			},
		},
		[]step{
			{does: "look for the user", send: "GET " + flowApp, status: 404, reads: refused("USERNAME_NOT_FOUND")},
			{does: "create the user", send: "POST " + flowUsers, body: user, status: 201, reads: oneUser(1, 0)},
			{does: "look for the user again", send: "GET " + flowApp, reads: oneUser(1, 0)},
			{does: "change the user", send: "PATCH " + flowApp, body: user, reads: oneUser(1, 0)},
			{does: "delete the user", send: "DELETE " + flowApp, status: 204},
			{does: "delete the user again", send: "DELETE " + flowApp, status: 404, reads: refused("USER_NOT_FOUND")},
		},
	)...)
	runFlow(t, "MongoDBAtlasKubernetesOperator/2.13.0 (linux;amd64)", forGood, steps, revoke)
}
