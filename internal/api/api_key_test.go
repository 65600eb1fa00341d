package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mongodb-forks/digest"
	"go.mongodb.org/atlas-sdk/v20250312001/admin"
)

const (
	orgKeys     = apiRoot + "/orgs/" + demoOrg + "/apiKeys"
	projectKeys = projects + "/" + demoProject + "/apiKeys"
	newKeyID    = "6a7900010203040506000001"
	unknownKey  = "6a7900010203040506999999"
)

func TestAPIKeysLiveLikeThoseOfAtlas(t *testing.T) {
	t.Parallel()
	b := setup(t)
	golden(t, "key_new", b.send(t, 200, http.MethodPost, orgKeys, `{"desc":"e2e-test","roles":["ORG_READ_ONLY"]}`))
	golden(t, "key", b.send(t, 200, http.MethodGet, orgKeys+"/"+newKeyID, ""))
	golden(t, "key_updated", b.send(t, 200, http.MethodPatch, orgKeys+"/"+newKeyID,
		`{"desc":"renamed","roles":["ORG_MEMBER","ORG_GROUP_CREATOR","ORG_MEMBER"]}`))
	golden(t, "key_updated", b.send(t, 200, http.MethodPatch, orgKeys+"/"+newKeyID, `{}`))

	golden(t, "key_new_in_project", b.send(t, 200, http.MethodPost, projectKeys,
		`{"desc":"of a project","roles":["GROUP_READ_ONLY","GROUP_BACKUP_MANAGER"]}`))
	if got := b.send(t, 204, http.MethodPost, projectKeys+"/"+newKeyID, `[{"roles":["GROUP_READ_ONLY"]}]`); got != "" {
		t.Errorf("assign: got %s, want no body", got)
	}
	// Roles that it has stay, and another is added.
	b.send(t, 204, http.MethodPost, projectKeys+"/"+newKeyID,
		`[{"roles":["GROUP_READ_ONLY"]},{"roles":["GROUP_CLUSTER_MANAGER"],"userId":"x"}]`)
	b.send(t, 204, http.MethodPost, projectKeys+"/"+newKeyID, `[{"roles":["GROUP_CLUSTER_MANAGER"]}]`)
	golden(t, "key_assigned", b.send(t, 200, http.MethodGet, orgKeys+"/"+newKeyID, ""))
	golden(t, "key_updated_in_project", b.send(t, 200, http.MethodPatch, projectKeys+"/"+newKeyID,
		`{"roles":["GROUP_OWNER"]}`))
	golden(t, "keys_of_project", b.send(t, 200, http.MethodGet, projectKeys+"?includeCount=true&itemsPerPage=100&pageNum=1", ""))
	golden(t, "keys_second_page", b.send(t, 200, http.MethodGet, orgKeys+"?itemsPerPage=2&pageNum=2", ""))
	golden(t, "keys_uncounted", b.send(t, 200, http.MethodGet, orgKeys+"?itemsPerPage=1&includeCount=false", ""))

	b.send(t, 204, http.MethodDelete, projectKeys+"/"+newKeyID, "")
	gone := refusal(400, "API_KEY_NOT_FOUND", "No API key with ID "+newKeyID+" exists.", newKeyID)
	if got := b.send(t, 400, http.MethodDelete, projectKeys+"/"+newKeyID, ""); got != gone {
		t.Errorf("unassign again: got %s, want %s", got, gone)
	}
	golden(t, "key_updated", b.send(t, 200, http.MethodGet, orgKeys+"/"+newKeyID, "")) // the key stays
	b.send(t, 204, http.MethodDelete, orgKeys+"/"+newKeyID, "")
	for method, body := range map[string]string{http.MethodGet: "", http.MethodPatch: "{}", http.MethodDelete: ""} {
		if got := b.send(t, 400, method, orgKeys+"/"+newKeyID, body); got != gone {
			t.Errorf("%s of a key that is gone: got %s, want %s", method, got, gone)
		}
	}
}

// createKey returns the id and a client of a new key.
func (b *bundle) createKey(t *testing.T, path, body string) (id string, client *http.Client) {
	t.Helper()
	var key struct {
		ID         string `json:"id"`
		PublicKey  string `json:"publicKey"`
		PrivateKey string `json:"privateKey"`
	}
	if err := json.Unmarshal([]byte(b.send(t, 200, http.MethodPost, path, body)), &key); err != nil {
		t.Fatal(err)
	}
	return key.ID, &http.Client{Transport: &digest.Transport{
		Username: key.PublicKey, Password: key.PrivateKey, Transport: b.server.Client().Transport,
	}}
}

// statusOf is the status of a list of export buckets or, with a body, of a
// creation.
func (b *bundle) statusOf(t *testing.T, client *http.Client, body string) int {
	t.Helper()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(t.Context(), method, b.server.URL+demoBuckets, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", v2024)
	req.Header.Set("Content-Type", v2024)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// What is changed by one request counts in the next, for every client.
func TestAKeyMayWhatItsRolesSayAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, client := b.createKey(t, orgKeys, `{"desc":"d","roles":["ORG_MEMBER"]}`)
	steps := []struct {
		method, path, body string
		status             int // of the change
		read, create       int // what the key is answered then
	}{
		{http.MethodGet, orgKeys + "/" + id, "", 200, 401, 401},
		{http.MethodPost, projectKeys + "/" + id, `[{"roles":["GROUP_READ_ONLY"]}]`, 204, 200, 401},
		{http.MethodPatch, projectKeys + "/" + id, `{"roles":["GROUP_OWNER"]}`, 200, 200, 200},
		{http.MethodDelete, projectKeys + "/" + id, "", 204, 401, 401},
		{http.MethodPatch, orgKeys + "/" + id, `{"roles":["ORG_OWNER"]}`, 200, 200, 200},
		{http.MethodPost, orgKeys + "/" + id + "/accessList", `[{"cidrBlock":"10.0.0.0/8"}]`, 200, 403, 403},
		{http.MethodPost, orgKeys + "/" + id + "/accessList", `[{"ipAddress":"127.0.0.1"}]`, 200, 200, 200},
		{http.MethodDelete, orgKeys + "/" + id + "/accessList/127.0.0.1", "", 204, 403, 403},
		{http.MethodDelete, orgKeys + "/" + id + "/accessList/10.0.0.0%2F8", "", 204, 200, 200},
		{http.MethodPatch, apiRoot + "/orgs/" + demoOrg + "/settings", `{"apiAccessListRequired":true}`, 200, 403, 403},
	}
	for _, tt := range steps {
		b.send(t, tt.status, tt.method, tt.path, tt.body)
		if got := b.statusOf(t, client, ""); got != tt.read {
			t.Errorf("after %s %s %s: got %d to a list, want %d", tt.method, tt.path, tt.body, got, tt.read)
		}
		if got := b.statusOf(t, client, awsBody); got != tt.create {
			t.Errorf("after %s %s %s: got %d to a create, want %d", tt.method, tt.path, tt.body, got, tt.create)
		}
	}
}

func TestADeletedKeyIsNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, client := b.createKey(t, orgKeys, `{"desc":"d","roles":["ORG_OWNER"]}`)
	if got := b.statusOf(t, client, ""); got != http.StatusOK {
		t.Errorf("got %d, want 200", got)
	}
	b.send(t, 204, http.MethodDelete, orgKeys+"/"+id, "")
	if got := b.statusOf(t, client, ""); got != http.StatusUnauthorized {
		t.Errorf("after its deletion: got %d, want 401", got)
	}
}

func TestAPIKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	notFound := func(id string) string {
		return refusal(400, "API_KEY_NOT_FOUND", "No API key with ID "+id+" exists.", id)
	}
	noDescription := refusal(400, "API_KEY_REQUIRES_DESCRIPTION", "All API keys require a non-empty description.")
	noRoles := refusal(400, "MISSING_API_KEY_ROLES", "API keys must have at least one role.")
	const long = "desc must have 1 to 250 characters"
	tooLong := refusal(400, "VALIDATION_ERROR", "The request content produced the validation error: "+long+".", long)
	forOrg := func(role string) string {
		return refusal(400, "INVALID_ROLE_FOR_ORG", "Role "+role+" invalid for organization "+demoOrg+".", role, demoOrg)
	}
	forProject := func(role string) string {
		return refusal(400, "INVALID_ROLE_FOR_GROUP", "Role "+role+" is invalid for group "+demoProject+".", role, demoProject)
	}
	roleless := `{"desc":"d","roles":[]}`
	for _, tt := range []struct{ method, path, body, want string }{
		{http.MethodPost, orgKeys, `{}`, noDescription},
		{http.MethodPost, orgKeys, `{"desc":null,"roles":["ORG_OWNER"]}`, noDescription},
		{http.MethodPost, orgKeys, `{"desc":"","roles":["ORG_OWNER"]}`, noDescription},
		{http.MethodPost, orgKeys, `{"desc":"` + strings.Repeat("é", 251) + `","roles":["ORG_OWNER"]}`, tooLong},
		{http.MethodPost, orgKeys, `{"desc":"a\u0000b","roles":["ORG_OWNER"]}`, tooLong},
		{http.MethodPost, orgKeys, `{"desc":"d"}`, noRoles},
		{http.MethodPost, orgKeys, roleless, noRoles},
		{http.MethodPost, orgKeys, `{"desc":"d","roles":["GROUP_OWNER"]}`, forOrg("GROUP_OWNER")},
		{http.MethodPost, orgKeys, `{"desc":"d","roles":["ORG_OWNER","x"]}`, forOrg("x")},
		{http.MethodPost, orgKeys, `{"desc":1}`, refusal(400, "INVALID_JSON_ATTRIBUTE",
			"Received JSON for the desc attribute does not match expected format.", "desc")},
		{http.MethodPost, orgKeys, `{"name":"x"}`, refusal(400, "INVALID_ATTRIBUTE",
			"Invalid attribute name specified.", "name")},
		{http.MethodPost, projectKeys, `{"desc":"d","roles":["ORG_OWNER"]}`, forProject("ORG_OWNER")},
		{http.MethodPost, projectKeys, roleless, noRoles},
		{http.MethodPost, projectKeys + "/" + spareKey, `[]`, noRoles},
		{http.MethodPost, projectKeys + "/" + spareKey, `[{"roles":["ORG_OWNER"]}]`, forProject("ORG_OWNER")},
		{http.MethodPost, projectKeys + "/" + spareKey, `{"roles":["GROUP_OWNER"]}`, refusal(400, "INVALID_JSON",
			"Received JSON does not match expected format.")},
		{http.MethodPost, projectKeys + "/" + unknownKey, `[{"roles":["GROUP_OWNER"]}]`, notFound(unknownKey)},
		{http.MethodPost, projectKeys + "/x", `[`, malformedPath(projectKeys + "/x")},
		// A service account is no key, and another organization's key is none here.
		{http.MethodPost, projectKeys + "/5f0000000000000000000c01", `[{"roles":["GROUP_OWNER"]}]`, notFound("5f0000000000000000000c01")},
		{http.MethodPost, projectKeys + "/5f0000000000000000000e21", `[{"roles":["GROUP_OWNER"]}]`, notFound("5f0000000000000000000e21")},
		{http.MethodGet, orgKeys + "/5f0000000000000000000e21", "", notFound("5f0000000000000000000e21")},
		{http.MethodDelete, orgKeys + "/5f0000000000000000000c01", "", notFound("5f0000000000000000000c01")},
		// It is not of the project.
		{http.MethodPatch, projectKeys + "/" + spareKey, `{"desc":"d"}`, notFound(spareKey)},
		{http.MethodPatch, orgKeys + "/" + spareKey, `{"desc":""}`, noDescription},
		{http.MethodPatch, orgKeys + "/" + spareKey, `{"roles":[]}`, noRoles},
		{http.MethodPatch, orgKeys + "/" + spareKey, `{"desc":"changed","roles":["GROUP_OWNER"]}`, forOrg("GROUP_OWNER")},
	} {
		if got := b.send(t, 400, tt.method, tt.path, tt.body); got != tt.want {
			t.Errorf("%s %s %s: got %s, want %s", tt.method, tt.path, tt.body, got, tt.want)
		}
	}
	golden(t, "key_spare", b.send(t, 200, http.MethodGet, orgKeys+"/"+spareKey, "")) // nothing of it was changed
}

func TestAccessListsOfAPIKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	list := orgKeys + "/" + spareKey + "/accessList"
	golden(t, "access_list_new", b.send(t, 200, http.MethodPost, list+"?itemsPerPage=500",
		`[{"ipAddress":"192.168.0.229"},{"cidrBlock":"10.0.0.0/8"},{"ipAddress":"2001:db8::1"},{"cidrBlock":"192.168.0.229/32"}]`))
	b.clock.advance(time.Second)
	b.send(t, 200, http.MethodPost, list, `[{"cidrBlock":"10.0.0.0/8"},{"ipAddress":"::ffff:192.0.2.9"}]`)
	golden(t, "access_list", b.send(t, 200, http.MethodGet, list, ""))
	golden(t, "access_list_second_page", b.send(t, 200, http.MethodGet, list+"?itemsPerPage=2&pageNum=2&includeCount=false", ""))
	golden(t, "access_list_address", b.send(t, 200, http.MethodGet, list+"/192.168.0.229", ""))
	golden(t, "access_list_address", b.send(t, 200, http.MethodGet, list+"/192.168.0.229%2F32", ""))
	golden(t, "access_list_network", b.send(t, 200, http.MethodGet, list+"/"+url.PathEscape("10.0.0.0/8"), ""))
	b.send(t, 204, http.MethodDelete, list+"/2001:db8::1", "")
	for _, path := range []string{"2001:db8::1", "10.0.0.0", "10.0.0.1%2F8", "x", "fe80::1%25eth0", "10.0.0.0%2F99"} {
		name, err := url.PathUnescape(path)
		if err != nil {
			t.Fatal(err)
		}
		want := refusal(404, "API_KEY_ACCESS_LIST_NOT_FOUND",
			"IP address "+name+" not on access list for API key "+spareKey+".", name, spareKey)
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			if got := b.send(t, 404, method, list+"/"+path, ""); got != want {
				t.Errorf("%s %s: got %s, want %s", method, path, got, want)
			}
		}
	}
}

// Whoever is no user administrator sees its own list alone.
func TestAnAPIKeySeesAndChangesItsOwnAccessList(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const member, projectOwner, reader = "5f0000000000000000000e12", "5f0000000000000000000e14", "5f0000000000000000000e13"
	list := func(id string) string { return orgKeys + "/" + id + "/accessList" }
	ask := func(key, method, path, body, want string, status int) {
		t.Helper()
		got := b.do(t, request{key: key, method: method, path: path, body: body, header: http.Header{"Accept": {v2023}}})
		if got.status != status || want != "" && got.body != want {
			t.Errorf("%s, %s %s: got %d %s, want %d %s", key, method, path, got.status, got.body, status, want)
		}
	}
	const here = `[{"ipAddress":"127.0.0.1"},{"cidrBlock":"10.0.0.0/8"}]`
	ask("orgmembr", http.MethodGet, list(reader), "", notListReader, 401)
	ask("orgreadr", http.MethodGet, list(member), "", notListReader, 401)
	ask("orgreadr", http.MethodPost, list(member), here, notListReader, 401)
	ask("orgmembr", http.MethodPost, list(member), here, "", 200)
	ask("orgmembr", http.MethodGet, list(member)+"/127.0.0.1", "", "", 200)
	ask("orgmembr", http.MethodDelete, list(member)+"/10.0.0.0%2F8", "", "", 204)
	ask("orgmembr", http.MethodDelete, list(member)+"/127.0.0.1", "", refusal(400, "CANNOT_REMOVE_CALLER_FROM_ACCESS_LIST",
		"Cannot remove caller's IP address 127.0.0.1 from access list.", "127.0.0.1"), 400)
	ask("orgmembr", http.MethodGet, list(member)+"/127.0.0.1", "", "", 200)

	// An owner of a project is user administrator of those who have a role there.
	ask("otherprj", http.MethodGet, list(member), "", notListReader, 401)
	b.send(t, 204, http.MethodPost, projects+"/5f0000000000000000000b02/apiKeys/"+member, `[{"roles":["GROUP_READ_ONLY"]}]`)
	ask("otherprj", http.MethodGet, list(member), "", "", 200)
	ask("otherprj", http.MethodDelete, list(member)+"/127.0.0.1", "", "", 204)
	ask("orgmembr", http.MethodGet, list(projectOwner), "", notListReader, 401)
	ask("otherprj", http.MethodGet, list("6a7900010203040506000099"), "", "", 400)
}

func TestAccessListEntriesThatAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	list := orgKeys + "/" + spareKey + "/accessList"
	invalid := func(text string) string {
		return refusal(400, "INVALID_IP_ADDRESS_OR_CIDR_NOTATION",
			"The address "+text+" must be in valid IP address or CIDR notation.", text)
	}
	var many []string
	for i := range 201 {
		many = append(many, fmt.Sprintf(`{"cidrBlock":"10.%d.0.0/16"}`, i))
	}
	const tooLong = "the body can have at most 200 elements"
	for body, want := range map[string]string{
		`[{"ipAddress":"192.0.2.1"},{"ipAddress":"192.0.2.256"}]`: invalid("192.0.2.256"),
		`[{"ipAddress":"10.0.0.0/8"}]`:                            invalid("10.0.0.0/8"),
		`[{"ipAddress":"fe80::1%eth0"}]`:                          invalid("fe80::1%eth0"),
		`[{"cidrBlock":"10.0.0.1/8"}]`:                            invalid("10.0.0.1/8"),
		`[{"cidrBlock":"10.0.0.0"}]`:                              invalid("10.0.0.0"),
		`[{"ipAddress":"192.0.2.1","cidrBlock":"192.0.2.1/32"}]`: refusal(400, "BAD_WHITELIST_ADD_REQUEST",
			"Should not specify both the IP address and the CIDR block."),
		`[{}]`:                      refusal(400, "MISSING_ATTRIBUTE", "The required attribute ipAddress was not specified.", "ipAddress"),
		`[{"comment":"x"}]`:         refusal(400, "INVALID_ATTRIBUTE", "Invalid attribute 0.comment specified.", "0.comment"),
		`{"ipAddress":"192.0.2.1"}`: refusal(400, "INVALID_JSON", "Received JSON does not match expected format."),
		"[" + strings.Join(many, ",") + "]": refusal(400, "VALIDATION_ERROR",
			"The request content produced the validation error: "+tooLong+".", tooLong),
	} {
		if got := b.send(t, 400, http.MethodPost, list, body); got != want {
			t.Errorf("%.80s: got %s, want %s", body, got, want)
		}
	}
	golden(t, "access_list_empty", b.send(t, 200, http.MethodGet, list, "")) // none of it was added
	b.send(t, 200, http.MethodPost, list, "["+strings.Join(many[:150], ",")+"]")
	const full = "an access list can have at most 200 elements"
	want := refusal(400, "VALIDATION_ERROR", "The request content produced the validation error: "+full+".", full)
	if got := b.send(t, 400, http.MethodPost, list, "["+strings.Join(many[100:], ",")+"]"); got != want {
		t.Errorf("one more than fit beside those that are there: got %s, want %s", got, want)
	}
	b.send(t, 200, http.MethodPost, list, "["+strings.Join(many[100:200], ",")+"]")
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		got := b.send(t, 400, method, orgKeys+"/"+unknownKey+"/accessList", map[string]string{http.MethodPost: "[]"}[method])
		want := refusal(400, "API_KEY_NOT_FOUND", "No API key with ID "+unknownKey+" exists.", unknownKey)
		if got != want {
			t.Errorf("%s of an unknown key: got %s, want %s", method, got, want)
		}
	}
}

// Atlas tells when an entry was last used, up to five minutes later.
func TestTheUseOfAccessListsIsWrittenFromTimeToTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	read := func() string {
		return b.send(t, 200, http.MethodGet, orgKeys+"/5f0000000000000000000e16/accessList", "")
	}
	before := read()
	for range 3 {
		b.clock.advance(time.Second)
		if got := b.do(t, request{key: "nearbyke"}); got.status != http.StatusOK {
			t.Fatalf("got %d %s, want 200", got.status, got.body)
		}
	}
	if diff := cmp.Diff(before, read()); diff != "" {
		t.Errorf("before it is written (-want +got):\n%s", diff)
	}
	for range 2 { // the second has nothing to write
		if err := b.iam.WriteLastUsed(t.Context()); err != nil {
			t.Fatal(err)
		}
		golden(t, "access_list_used", read())
	}
}

func TestTheSDKManagesAPIKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	client, err := admin.NewClient(admin.UseBaseURL(b.server.URL),
		admin.UseDigestAuth("demoownr", privateKeys["demoownr"]))
	if err != nil {
		t.Fatal(err)
	}
	api, ctx := client.ProgrammaticAPIKeysApi, t.Context()
	key, _, err := api.CreateProjectApiKey(ctx, demoProject,
		&admin.CreateAtlasProjectApiKey{Desc: "sdk", Roles: []string{"GROUP_READ_ONLY"}}).Execute()
	if err != nil || key.GetPrivateKey() == "" {
		t.Fatalf("create: got %+v, %v; want a key", key, err)
	}
	_, _, err = api.AddProjectApiKey(ctx, "5f0000000000000000000b02", key.GetId(),
		&[]admin.UserAccessRoleAssignment{{Roles: &[]string{"GROUP_OWNER"}}}).Execute()
	if err != nil {
		t.Errorf("assign: got %v, want no error", err)
	}
	got, _, err := api.GetApiKey(ctx, demoOrg, key.GetId()).Execute()
	if err != nil || len(got.GetRoles()) != 3 || !strings.HasPrefix(got.GetPrivateKey(), "********-") {
		t.Errorf("get: got %+v, %v; want three roles and a masked key", got, err)
	}
	entries, _, err := api.CreateApiKeyAccessList(ctx, demoOrg, key.GetId(),
		&[]admin.UserAccessListRequest{{CidrBlock: new("10.0.0.0/8")}}).Execute()
	if err != nil || entries.GetTotalCount() != 1 {
		t.Errorf("access list: got %+v, %v; want one entry", entries, err)
	}
	if _, _, err := api.DeleteApiKeyAccessListEntry(ctx, demoOrg, key.GetId(), "10.0.0.0/8").Execute(); err != nil {
		t.Errorf("delete entry: got %v, want no error", err)
	}
	if _, _, err := api.RemoveProjectApiKey(ctx, demoProject, key.GetId()).Execute(); err != nil {
		t.Errorf("unassign: got %v, want no error", err)
	}
	if _, _, err := api.DeleteApiKey(ctx, demoOrg, key.GetId()).Execute(); err != nil {
		t.Errorf("delete: got %v, want no error", err)
	}
	_, _, err = api.GetApiKey(ctx, demoOrg, key.GetId()).Execute()
	if !admin.IsErrorCode(err, "API_KEY_NOT_FOUND") {
		t.Errorf("get: got %v, want API_KEY_NOT_FOUND", err)
	}
}
