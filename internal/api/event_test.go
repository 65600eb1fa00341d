package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	demoEvents    = projects + "/" + demoProject + "/events"
	demoRoles     = projects + "/" + demoProject + "/cloudProviderAccess"
	demoOrgEvents = apiRoot + "/orgs/" + demoOrg + "/events"
)

type listedEvent struct {
	APIKeyID        string `json:"apiKeyId"`
	ClientID        string `json:"clientId"`
	ClusterName     string `json:"clusterName"`
	DBUserUsername  string `json:"dbUserUsername"`
	EventTypeName   string `json:"eventTypeName"`
	GroupID         string `json:"groupId"`
	ID              string `json:"id"`
	OrgID           string `json:"orgId"`
	PublicKey       string `json:"publicKey"`
	RemoteAddress   string `json:"remoteAddress"`
	TargetPublicKey string `json:"targetPublicKey"`
	WhitelistEntry  string `json:"whitelistEntry"`
}

// events returns the events on a page, oldest first.
func (b *bundle) events(t *testing.T, path string) []listedEvent {
	t.Helper()
	var page struct{ Results []listedEvent }
	parse(t, b.send(t, 200, http.MethodGet, path, ""), &page)
	slices.Reverse(page.Results)
	return page.Results
}

// eventTypes are the types of the events on a page, oldest first.
func (b *bundle) eventTypes(t *testing.T, path string) string {
	t.Helper()
	var names []string
	for _, event := range b.events(t, path) {
		names = append(names, event.EventTypeName)
	}
	return strings.Join(names, " ")
}

// Each is done by an API key, and all in the same second, so the order is that in which
// they are told.
func TestWhatIsTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const role = "CLOUD_PROVIDER_ACCESS_AWS_IAM_ROLE_"
	ofProject, ofOrg := 0, 0

	for _, tt := range []struct {
		status                 int
		method, path, body     string
		onProject, inOrg, also string
	}{
		{200, "POST", demoRoles, newAWS, role + "ADDED", "", ""},
		{200, "PATCH", demoRoles + "/" + unauthorizedRole,
			`{"providerName":"AWS","iamAssumedRoleArn":"arn:aws:iam::123456789012:role/x"}`, role + "UPDATED", "", ""},
		{200, "POST", demoBuckets, awsBody, role + "UPDATED BUCKET_CREATED_AUDIT", "", ""},
		{200, "POST", demoBuckets, azureBody,
			"CLOUD_PROVIDER_ACCESS_AZURE_SERVICE_PRINCIPAL_UPDATED BUCKET_CREATED_AUDIT", "", ""},
		{200, "POST", demoBuckets, gcpBody, "CLOUD_PROVIDER_ACCESS_GCP_SERVICE_ACCOUNT_UPDATED BUCKET_CREATED_AUDIT", "", ""},
		{200, "PATCH", demoBuckets + "/6a7900010203040506000002", `{"requirePrivateNetworking":true}`, "", "", ""},
		{204, "DELETE", demoBuckets + "/6a7900010203040506000002", "", role + "UPDATED BUCKET_DELETED_AUDIT", "", ""},
		{204, "DELETE", demoRoles + "/AWS/" + unauthorizedRole, "", role + "DELETED", "", ""},
		{404, "DELETE", demoRoles + "/AWS/" + unauthorizedRole, "", "", "", ""},
		{404, "POST", demoBuckets, strings.ReplaceAll(awsBody, awsRole, unauthorizedRole), "", "", ""},

		{201, "POST", demoNetworks, `[{"ipAddress":"192.0.2.1"},{"cidrBlock":"10.0.0.0/8"}]`,
			"NETWORK_PERMISSION_ENTRY_ADDED NETWORK_PERMISSION_ENTRY_ADDED", "", "192.0.2.1/32 10.0.0.0/8"},
		{201, "POST", demoNetworks, `[{"ipAddress":"192.0.2.1","comment":"c"}]`, "NETWORK_PERMISSION_ENTRY_UPDATED", "", "192.0.2.1/32"},
		{204, "DELETE", demoNetworks + "/192.0.2.1", "", "NETWORK_PERMISSION_ENTRY_REMOVED", "", "192.0.2.1/32"},
		{201, "POST", demoUsers, newUser("app"), "MONGODB_USER_ADDED", "", "app"},
		{200, "PATCH", demoUsers + "/admin/app", `{"description":"d"}`, "MONGODB_USER_UPDATED", "", "app"},
		{204, "DELETE", demoUsers + "/admin/app", "", "MONGODB_USER_DELETED", "", "app"},
		{201, "POST", demoUsers, `{"x509Type":"MANAGED","databaseName":"$external","username":"n",` +
			`"roles":[{"databaseName":"admin","roleName":"backup"}]}`, "MONGODB_USER_ADDED", "", "CN=n"},

		{200, "POST", orgKeys, `{"desc":"d","roles":["ORG_MEMBER"]}`, "", "API_KEY_CREATED", "*"},
		{200, "POST", projectKeys, `{"desc":"d","roles":["GROUP_READ_ONLY"]}`, "API_KEY_ADDED_TO_GROUP", "API_KEY_CREATED", "*"},
		{200, "PATCH", orgKeys + "/" + spareKey, `{"desc":"changed","roles":["ORG_READ_ONLY"]}`, "",
			"API_KEY_DESCRIPTION_CHANGED API_KEY_ROLES_CHANGED", "sparekey"},
		{204, "POST", projectKeys + "/" + spareKey, `[{"roles":["GROUP_READ_ONLY"]}]`, "API_KEY_ADDED_TO_GROUP", "", "sparekey"},
		{200, "PATCH", projectKeys + "/" + spareKey, `{"roles":["GROUP_OWNER"]}`, "API_KEY_ROLES_CHANGED", "", "sparekey"},
		{204, "DELETE", projectKeys + "/" + spareKey, "", "API_KEY_REMOVED_FROM_GROUP", "", "sparekey"},
		{200, "POST", orgKeys + "/" + spareKey + "/accessList", `[{"ipAddress":"192.0.2.1"},{"cidrBlock":"192.0.2.1/32"}]`, "",
			"API_KEY_ACCESS_LIST_ENTRY_ADDED", "192.0.2.1 sparekey"},
		{204, "DELETE", orgKeys + "/" + spareKey + "/accessList/192.0.2.1", "", "", "API_KEY_ACCESS_LIST_ENTRY_DELETED", "192.0.2.1 sparekey"},
		{204, "DELETE", orgKeys + "/" + spareKey, "", "", "API_KEY_DELETED", "sparekey"},

		{201, "POST", demoOrgAccounts, `{"name":"n","description":"d","roles":["ORG_MEMBER"],"secretExpiresAfterHours":8}`, "",
			"SERVICE_ACCOUNT_CREATED", "*"},
		{201, "POST", demoAccounts, `{"name":"n","description":"d","roles":["GROUP_READ_ONLY"],"secretExpiresAfterHours":8}`,
			"SERVICE_ACCOUNT_ADDED_TO_GROUP", "SERVICE_ACCOUNT_CREATED", "*"},
		{200, "PATCH", demoOrgAccounts + "/" + freeAccount, `{"name":"changed","roles":["ORG_READ_ONLY"]}`, "",
			"SERVICE_ACCOUNT_DETAILS_CHANGED SERVICE_ACCOUNT_ROLES_CHANGED", freeAccount},
		{200, "POST", demoAccounts + "/" + freeAccount + ":invite", `{"roles":["GROUP_READ_ONLY"]}`,
			"SERVICE_ACCOUNT_ADDED_TO_GROUP", "", freeAccount},
		{200, "PATCH", demoAccounts + "/" + freeAccount, `{"roles":["GROUP_OWNER"]}`, "", "SERVICE_ACCOUNT_ROLES_CHANGED", freeAccount},
		{204, "DELETE", demoAccounts + "/" + freeAccount, "", "SERVICE_ACCOUNT_REMOVED_FROM_GROUP", "", freeAccount},
		{201, "POST", demoOrgAccounts + "/" + freeAccount + "/secrets", `{"secretExpiresAfterHours":8}`, "",
			"SERVICE_ACCOUNT_SECRET_ADDED", freeAccount},
		{204, "DELETE", demoOrgAccounts + "/" + freeAccount, "", "", "SERVICE_ACCOUNT_DELETED", freeAccount},

		{200, "PATCH", projects + "/" + demoProject, `{"name":"Renamed"}`, "", "", ""},
		{200, "PATCH", projects + "/" + demoProject, `{"tags":[{"key":"k","value":"v"}]}`, "GROUP_TAGS_MODIFIED", "GROUP_TAGS_MODIFIED", ""},
	} {
		b.clock.advance(time.Millisecond)
		got := b.do(t, request{method: tt.method, path: tt.path, body: tt.body, key: "demoownr", header: http.Header{"Accept": {v2025}}})
		if got.status != tt.status {
			t.Errorf("%s %s: got %d %s, want %d", tt.method, tt.path, got.status, got.body, tt.status)
		}
		onProject, inOrg := b.events(t, demoEvents), b.events(t, demoOrgEvents)
		for _, list := range []struct {
			of   string
			new  []listedEvent
			want string
		}{{"project", onProject[ofProject:], tt.onProject}, {"organization", inOrg[ofOrg:], tt.inOrg}} {
			var names, about []string
			for _, event := range list.new {
				names = append(names, event.EventTypeName)
				about = append(about, strings.Join(strings.Fields(strings.Join(
					[]string{event.WhitelistEntry, event.DBUserUsername, event.TargetPublicKey, event.ClientID}, " ")), " "))
				if event.PublicKey != "demoownr" || event.APIKeyID == "" || event.RemoteAddress != "127.0.0.1" {
					t.Errorf("%s: got %+v, want who did it", event.EventTypeName, event)
				}
			}
			if got := strings.Join(names, " "); got != list.want {
				t.Errorf("%s %s, of the %s: got %q, want %q", tt.method, tt.path, list.of, got, list.want)
			}
			for _, one := range about {
				if tt.also == "*" && one == "" || tt.also != "*" && !strings.Contains(tt.also, one) {
					t.Errorf("%s %s, of the %s: got it about %q, want %q", tt.method, tt.path, list.of, one, tt.also)
				}
			}
		}
		ofProject, ofOrg = len(onProject), len(inOrg)
	}
}

func TestEventsLookLikeThoseOfAtlas(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, awsBody) // by a service account
	b.do(t, request{body: awsBody, key: "demoownr"})
	b.send(t, 200, http.MethodPatch, projects+"/"+demoProject, `{"tags":[]}`)
	b.send(t, 201, http.MethodPost, demoUsers, newUser("app"))
	golden(t, "events", b.send(t, 200, http.MethodGet, demoEvents, ""))
	golden(t, "event", b.send(t, 200, http.MethodGet, demoEvents+"/6a7900e10203040506000004", ""))
	b.send(t, 200, http.MethodPost, orgKeys, `{"desc":"d","roles":["ORG_MEMBER"]}`)
	golden(t, "events_of_org", b.send(t, 200, http.MethodGet, demoOrgEvents, ""))
	golden(t, "event_types", b.send(t, 200, http.MethodGet, apiRoot+"/eventTypes?itemsPerPage=2", ""))
}

func TestRawEventsNameWhatTheyAreOf(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const raw = "?includeRaw=true"
	b.create(t, awsBody)
	golden(t, "event_raw", b.send(t, 200, http.MethodGet, demoEvents+"/6a7900e10203040506000002"+raw, ""))
	var project struct{ ID string }
	parse(t, b.send(t, 201, http.MethodPost, projects, newProject), &project)
	golden(t, "events_raw", b.send(t, 200, http.MethodGet, projects+"/"+project.ID+"/events"+raw, ""))
	b.send(t, 202, http.MethodDelete, projects+"/"+project.ID, "")
	b.send(t, 200, http.MethodPost, orgKeys, `{"desc":"d","roles":["ORG_MEMBER"]}`)
	b.send(t, 200, http.MethodPatch, projects+"/"+demoProject, `{"tags":[]}`)
	golden(t, "events_of_org_raw", b.send(t, 200, http.MethodGet, demoOrgEvents+raw, ""))
	latest := b.events(t, demoOrgEvents)[0].ID
	for query, want := range map[string]bool{raw: true, "?includeRaw=false": false, "": false} {
		if got := strings.Contains(b.send(t, 200, http.MethodGet, demoOrgEvents+"/"+latest+query, ""), `"raw":`); got != want {
			t.Errorf("%q: got raw %t, want %t", query, got, want)
		}
	}
}

func TestEventsAreFiltered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 3 {
		b.create(t, awsBody)
		b.clock.advance(time.Second)
	}
	b.send(t, 201, http.MethodPost, demoUsers, newUser("app"))
	const role, bucket, user = "CLOUD_PROVIDER_ACCESS_AWS_IAM_ROLE_UPDATED", "BUCKET_CREATED_AUDIT", "MONGODB_USER_ADDED"
	for query, want := range map[string]string{
		"eventType=" + bucket:                                              "3 3",
		"eventType=" + bucket + "&eventType=" + user:                       "4 4",
		"eventType=HOST_DOWN":                                              "0 0",
		"excludedEventType=" + role + "&excludedEventType=" + user:         "3 3",
		"clusterNames=c":                                                   "0 0",
		"clusterNames=" + strings.Repeat("c", 65):                          "0 0",
		"minDate=2026-08-10T03:03:37Z":                                     "5 5",
		"maxDate=2026-08-10T03:03:37.000Z":                                 "4 4",
		"minDate=2026-08-10T05:03:37%2B02:00&maxDate=2026-08-10T03:03:37Z": "2 2",
		"minDate=2026-08-10T03:03:40Z":                                     "0 0",
		"itemsPerPage=2":                                                   "2 7",
		"itemsPerPage=2&pageNum=4":                                         "1 7",
		"includeCount=false&itemsPerPage=2":                                "2 0",
		"includeRaw=true":                                                  "7 7",
	} {
		var page struct {
			Links      []link
			Results    []any
			TotalCount *int
		}
		parse(t, b.send(t, 200, http.MethodGet, demoEvents+"?"+query, ""), &page)
		if got := fmt.Sprint(len(page.Results), " ", *page.TotalCount); got != want {
			t.Errorf("%s: got %s events, want %s", query, got, want)
		}
		if strings.HasPrefix(query, "includeCount=false") && len(page.Links) != 1 {
			t.Errorf("%s: got links %v, want no further page", query, page.Links)
		}
	}
	for query, want := range map[string]string{
		"eventType=bucket%20created": refusal(400, "INVALID_ENUM_VALUE",
			"An invalid enumeration value bucket created was specified.", "bucket created"),
		"minDate=yesterday": refusal(400, "INVALID_QUERY_PARAMETER", "Invalid query parameter minDate specified.", "minDate"),
	} {
		for _, path := range []string{demoEvents, demoOrgEvents} {
			if got := b.send(t, 400, http.MethodGet, path+"?"+query, ""); got != want {
				t.Errorf("%s: got %s, want %s", query, got, want)
			}
		}
	}
	// Atlas has no such filters on those of an organization.
	if got := b.eventTypes(t, demoOrgEvents+"?clusterNames=c&excludedEventType=X"); got != "" {
		t.Errorf("got %s, want nothing of the organization", got)
	}
}

func TestEventsOutliveAProjectWhereTheyAreOfTheOrganization(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var project struct{ ID string }
	parse(t, b.send(t, 201, http.MethodPost, projects, newProject), &project)
	path := projects + "/" + project.ID
	b.send(t, 201, http.MethodPost, path+"/databaseUsers", newUser("app"))
	if got, want := b.eventTypes(t, path+"/events"), "GROUP_CREATED MONGODB_USER_ADDED"; got != want {
		t.Errorf("of the project: got %s, want %s", got, want)
	}
	b.clock.advance(time.Second)
	b.send(t, 202, http.MethodDelete, path, "")
	b.send(t, 404, http.MethodGet, path+"/events", "")
	events := b.events(t, demoOrgEvents)
	if got, want := b.eventTypes(t, demoOrgEvents), "GROUP_CREATED GROUP_DELETED"; got != want {
		t.Fatalf("of the organization: got %s, want %s", got, want)
	}
	if events[1].GroupID != project.ID || events[1].OrgID != demoOrg {
		t.Errorf("got %+v, want the project by its id", events[1])
	}
	b.send(t, 200, http.MethodGet, demoOrgEvents+"/"+events[1].ID, "")
	var left int
	if err := b.pool.QueryRow(t.Context(), "SELECT count(*) FROM project_events").Scan(&left); err != nil {
		t.Fatal(err)
	}
	if left != 0 {
		t.Errorf("got %d events of a project that is gone, want none", left)
	}
}

func TestEventsOfOthersAreNotFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, awsBody)
	const id, other = "6a7900e10203040506000001", "5f0000000000000000000b02"
	b.send(t, 200, http.MethodGet, demoEvents+"/"+id, "")
	for path, want := range map[string]string{
		projects + "/" + other + "/events/" + id: refusal(404, "EVENT_NOT_FOUND",
			"No event with ID "+id+" exists for group "+other+".", id, other),
		demoOrgEvents + "/" + id: refusal(404, "ORG_EVENT_NOT_FOUND",
			"No event with ID "+id+" exists for organization "+demoOrg+".", id, demoOrg),
	} {
		if got := b.send(t, 404, http.MethodGet, path, ""); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	b.send(t, 400, http.MethodGet, demoEvents+"/x", "")
}

func TestTheAtlasCLIListsEvents(t *testing.T) {
	t.Parallel()
	bucket := "/api/atlas/v2/groups/{demo}/backup/exportBuckets"
	dates := "&maxDate=" + url.QueryEscape("2026-08-11T00:00:00Z") + "&minDate=" + url.QueryEscape("2026-08-10T00:00:00Z")
	listed := func(self, first string) bodyReader {
		return reads(func(t *testing.T, _ *flow, got struct {
			Links   []link `json:"links"`
			Results []struct {
				Created       *string `json:"created"`
				EventTypeName *string `json:"eventTypeName"`
				ID            *string `json:"id"`
			} `json:"results"`
		}) {
			t.Helper()
			equal(t, "self", got.Links[0].Href, "https://cloud.example.com"+self)
			equal(t, "results[0].eventTypeName", *got.Results[0].EventTypeName, first)
		})
	}
	const ofProject, ofOrg = "/api/atlas/v2/groups/" + demoProject + "/events", "/api/atlas/v2/orgs/" + demoOrg + "/events"
	runFlow(t, "atlascli/1.50.0 (linux;amd64;)", forCommands, ofFirst(
		step{
			does: "atlas backups exports buckets create", send: "POST " + bucket, body: awsBody + "\n",
			reads: reads(func(*testing.T, *flow, cliBucketWithoutRole) {}),
		},
		step{
			does: "atlas events projects list", send: "GET " + ofProject + "?eventType=BUCKET_CREATED_AUDIT&includeCount=true" +
				"&includeRaw=false&itemsPerPage=100" + dates + "&pageNum=1",
			reads: listed(ofProject+"?eventType=BUCKET_CREATED_AUDIT&includeCount=true&includeRaw=false"+dates+
				"&pageNum=1&itemsPerPage=100", "BUCKET_CREATED_AUDIT"),
		},
		step{
			does: "atlas projects create", send: "POST /api/atlas/v2/groups", body: newProject, status: 201,
			reads: reads(func(*testing.T, *flow, cliProject) {}),
		},
		step{
			does: "atlas events orgs list", send: "GET " + ofOrg + "?includeCount=true&includeRaw=false&itemsPerPage=100&pageNum=1",
			reads: listed(ofOrg+"?includeCount=true&includeRaw=false&pageNum=1&itemsPerPage=100", "GROUP_CREATED"),
		},
	))
}

type cliBucketWithoutRole struct {
	ID *string `json:"_id"`
}
