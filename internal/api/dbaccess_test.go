package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

const (
	demoNetworks = projects + "/" + demoProject + "/accessList"
	demoUsers    = projects + "/" + demoProject + "/databaseUsers"
)

// newUser is the body of a database user with a password.
func newUser(name string) string {
	return `{"username":"` + name + `","password":"password","roles":[{"roleName":"atlasAdmin","databaseName":"admin"}]}`
}

// networks are the networks on the access list of the demo project, in its order.
func (b *bundle) networks(t *testing.T) string {
	t.Helper()
	var list struct {
		Results []struct {
			CIDRBlock string `json:"cidrBlock"`
		} `json:"results"`
		TotalCount int `json:"totalCount"`
	}
	parse(t, b.send(t, 200, http.MethodGet, demoNetworks, ""), &list)
	var blocks []string
	for _, entry := range list.Results {
		blocks = append(blocks, entry.CIDRBlock)
	}
	if list.TotalCount != len(blocks) {
		t.Errorf("got totalCount %d, want %d", list.TotalCount, len(blocks))
	}
	return strings.Join(blocks, " ")
}

func TestAccessListsOfProjects(t *testing.T) {
	t.Parallel()
	b := setup(t)
	golden(t, "project_networks", b.send(t, 201, http.MethodPost, demoNetworks+"?itemsPerPage=2",
		`[{"ipAddress":"192.0.2.7","comment":"test","deleteAfterDate":"2026-08-10T05:08:14.123+02:00","groupId":"`+demoProject+`"},`+
			`{"cidrBlock":"10.0.0.5/8","comment":""},{"cidrBlock":"192.0.2.9/32","ipAddress":"192.0.2.9","awsSecurityGroup":""}]`))
	golden(t, "project_networks_list", b.send(t, 200, http.MethodGet, demoNetworks, ""))
	golden(t, "project_network", b.send(t, 200, http.MethodGet, demoNetworks+"/192.0.2.7", ""))
	golden(t, "project_network_status", b.send(t, 200, http.MethodGet, demoNetworks+"/192.0.2.7%2F32/status", ""))
	for _, same := range []string{"10.0.0.0%2F8", "10.0.0.5%2F8", "10.1.2.3%2F8"} {
		b.send(t, 200, http.MethodGet, demoNetworks+"/"+same, "")
	}

	b.clock.advance(time.Second)
	// What is there stays where it is, with another comment, and can stay for good.
	b.send(t, 201, http.MethodPost, demoNetworks, `[{"cidrBlock":"0.0.0.0/0"},{"ipAddress":"192.0.2.7/32","comment":"again"}]`)
	if got, want := b.networks(t), "192.0.2.7/32 10.0.0.5/8 192.0.2.9/32 0.0.0.0/0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	golden(t, "project_network_again", b.send(t, 200, http.MethodGet, demoNetworks+"/192.0.2.7", ""))
	b.send(t, 201, http.MethodPost, demoNetworks, `[]`)

	b.send(t, 204, http.MethodDelete, demoNetworks+"/10.0.0.0%2F8", "")
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		got := b.send(t, 404, method, demoNetworks+"/10.0.0.0%2F8", "")
		if want := refusal(404, "ATLAS_NETWORK_PERMISSION_ENTRY_NOT_FOUND", "IP Address 10.0.0.0/8 not on Atlas access "+
			"list for group "+demoProject+".", "10.0.0.0/8", demoProject); got != want {
			t.Errorf("%s: got %s, want %s", method, got, want)
		}
	}
}

func TestWhatIsPastItsDateIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	date := func(after time.Duration) string { return b.clock.Now().Add(after).Format(time.RFC3339Nano) }
	b.send(t, 201, http.MethodPost, demoNetworks, `[{"ipAddress":"192.0.2.1"},{"ipAddress":"192.0.2.2","deleteAfterDate":"`+
		date(time.Hour)+`"},{"ipAddress":"192.0.2.3","deleteAfterDate":"`+date(2*time.Hour)+`"}]`)
	b.send(t, 201, http.MethodPost, demoUsers, newUser("app"))
	temporary := strings.TrimSuffix(newUser("temporary"), "}") + `,"deleteAfterDate":"` + date(time.Hour) + `"}`
	b.send(t, 201, http.MethodPost, demoUsers, temporary)

	b.clock.advance(time.Hour - time.Microsecond)
	b.send(t, 200, http.MethodGet, demoNetworks+"/192.0.2.2", "")
	b.send(t, 200, http.MethodGet, demoUsers+"/admin/temporary", "")
	b.clock.advance(time.Microsecond)
	if got, want := b.networks(t), "192.0.2.1/32 192.0.2.3/32"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, path := range []string{demoNetworks + "/192.0.2.2", demoNetworks + "/192.0.2.2/status", demoUsers + "/admin/temporary"} {
		b.send(t, 404, http.MethodGet, path, "")
		if !strings.HasSuffix(path, "/status") {
			b.send(t, 404, http.MethodDelete, path, "")
		}
	}
	var users struct{ TotalCount int }
	parse(t, b.send(t, 200, http.MethodGet, demoUsers, ""), &users)
	if users.TotalCount != 1 {
		t.Errorf("got %d users, want the one without a date", users.TotalCount)
	}
	// Both can come again, and are new then.
	b.send(t, 201, http.MethodPost, demoNetworks, `[{"ipAddress":"192.0.2.2"}]`)
	b.send(t, 201, http.MethodPost, demoUsers, newUser("temporary"))
	if got, want := b.networks(t), "192.0.2.1/32 192.0.2.3/32 192.0.2.2/32"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRefusedNetworks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.send(t, 201, http.MethodPost, demoNetworks, `[{"ipAddress":"192.0.2.1"}]`)
	b.clock.advance(time.Second)
	long := strings.Repeat("c", 81)
	const other = "5f0000000000000000000b02"
	bad := func(code, detail string, parameters ...string) string {
		return refusal(400, code, detail, parameters...)
	}
	tooBoth := bad("MULTIPLE_VALUES_SPECIFIED_FOR_ONE_NETWORK_PERMISSION_ENTRY",
		"Should not specify both the IP address and the CIDR block.")
	for body, want := range map[string]string{
		`{}`: bad("INVALID_JSON", "Received JSON does not match expected format."),
		`[{"ipAddress":"","comment":"c"}]`: bad("MISSING_ONE_OF_THREE_ATTRIBUTES", "Either the ipAddress attribute, the cidrBlock "+
			"attribute, or the awsSecurityGroup attribute must be specified.", "ipAddress", "cidrBlock", "awsSecurityGroup"),
		`[{"ipAddress":"192.0.2.2","cidrBlock":"192.0.2.3/32"}]`: tooBoth,
		`[{"ipAddress":"192.0.2.2","awsSecurityGroup":"sg-1"}]`:  tooBoth,
		`[{"ipAddress":"192.0.2"}]`: bad("INVALID_IP_ADDRESS_OR_CIDR_NOTATION",
			"The address 192.0.2 must be in valid IP address or CIDR notation.", "192.0.2"),
		`[{"cidrBlock":"192.0.2.0/33"}]`: bad("INVALID_IP_ADDRESS_OR_CIDR_NOTATION",
			"The address 192.0.2.0/33 must be in valid IP address or CIDR notation.", "192.0.2.0/33"),
		`[{"cidrBlock":"2001:db8::/32"}]`: bad("IPV6_UNSUPPORTED",
			"The entry 2001:db8::/32 is an IPv6 value and is not supported.", "2001:db8::/32"),
		`[{"ipAddress":"192.0.2.2"},{"cidrBlock":"192.0.2.2/32"}]`: bad("DUPLICATE_ADDRESSES_IN_INPUT",
			"Two or more of the IP addresses being added to the access list are the same."),
		`[{"awsSecurityGroup":"sg-1"}]`: bad("CANNOT_USE_AWS_SECURITY_GROUP_WITHOUT_VPC_PEERING_CONNECTION",
			"Cannot use AWS security groups as access list entries without a VPC peering connection."),
		`[{"awsSecurityGroup":"sg-1","deleteAfterDate":"2026-08-11T00:00:00Z"}]`: bad(
			"NETWORK_PERMISSION_EXPIRATION_NOT_SUPPORTED", "Expiration dates are only supported for IP addresses."),
		`[{"ipAddress":"192.0.2.2","comment":"` + long + `"}]`: bad("INVALID_NETWORK_PERMISSION_COMMENT",
			"The comment "+long+" must be 80 characters or less.", long),
		`[{"ipAddress":"192.0.2.2","deleteAfterDate":"2026-08-10T03:03:37Z"}]`: bad("EXPIRATION_DATE_IN_PAST",
			"The specified expiration date must be in the future."),
		`[{"ipAddress":"192.0.2.2","deleteAfterDate":"2026-08-17T03:03:38Z"}]`: bad("EXPIRATION_DATE_EXCEEDS_MAX",
			"The specified expiration date can be at most 7 days in the future."),
		`[{"ipAddress":"192.0.2.1","deleteAfterDate":"2026-08-17T03:03:37Z"}]`: bad(
			"PERMANENT_ENTITY_CANNOT_BE_MADE_TEMPORARY", "A permanent entity cannot be made temporary."),
		`[{"ipAddress":"192.0.2.2","deleteAfterDate":"tomorrow"}]`: bad("INVALID_JSON_ATTRIBUTE",
			"Received JSON for the 0.deleteAfterDate attribute does not match expected format.", "0.deleteAfterDate"),
		`[{"ipAddress":"192.0.2.2","groupId":"` + other + `"}]`: bad("GROUP_MISMATCH",
			"The specified group ID "+other+" does not match the URL.", other),
		`[{"ipAddress":"192.0.2.2"},{"ipAddress":"x"}]`: bad("INVALID_IP_ADDRESS_OR_CIDR_NOTATION",
			"The address x must be in valid IP address or CIDR notation.", "x"),
	} {
		if got := b.send(t, 400, http.MethodPost, demoNetworks, body); got != want {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
	}
	if got, want := b.networks(t), "192.0.2.1/32"; got != want {
		t.Errorf("after what was refused: got %s, want %s", got, want)
	}
}

func TestLimitsOfWhoMayConnect(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.RateLimits = false })
	limit := projects + "/" + demoProject + "/limits/atlas.project.security."
	var entries []string
	for i := range 200 {
		entries = append(entries, fmt.Sprintf(`{"ipAddress":"192.0.2.%d"}`, i))
	}
	b.send(t, 201, http.MethodPost, demoNetworks, "["+strings.Join(entries, ",")+"]")
	one := `[{"ipAddress":"192.0.2.250"}]`
	got := b.send(t, 403, http.MethodPost, demoNetworks, one)
	if want := refusal(403, "ATLAS_NETWORK_PERMISSIONS_LIMIT_EXCEEDED",
		"Too many network permission entries. Only 200 entries are supported.", "200"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	b.send(t, 201, http.MethodPost, demoNetworks, `[{"ipAddress":"192.0.2.1","comment":"no more than before"}]`)
	b.send(t, 200, http.MethodPatch, limit+"networkAccess.entries", `{"value":201}`)
	b.send(t, 201, http.MethodPost, demoNetworks, one)

	b.send(t, 200, http.MethodPatch, limit+"databaseAccess.users", `{"value":1}`)
	b.send(t, 201, http.MethodPost, demoUsers, newUser("app"))
	got = b.send(t, 403, http.MethodPost, demoUsers, newUser("other"))
	if want := refusal(403, "GROUP_USERS_LIMIT_EXCEEDED", "Groups can contain at most 1 database users.", "1"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDatabaseUsers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.secrets.add("a password of a user")
	golden(t, "database_user", b.send(t, 201, http.MethodPost, demoUsers, `{"awsIAMType":"NONE","databaseName":"admin",`+
		`"deleteAfterDate":"2026-08-11T03:05:41.123Z","description":"ci","groupId":"`+demoProject+`","labels":[],"ldapAuthType":"NONE",`+
		`"links":[],"oidcAuthType":"NONE","password":"a password of a user","roles":[{"databaseName":"admin","roleName":"atlasAdmin"}],`+
		`"scopes":[{"name":"c1","type":"CLUSTER"}],"username":"app","x509Type":"NONE"}`))
	golden(t, "database_user_oidc", b.send(t, 201, http.MethodPost, demoUsers, `{"oidcAuthType":"IDP_GROUP",`+
		`"username":"d0123456789abcdef012345d/group","labels":[{"key":"k","value":"v"}],`+
		`"roles":[{"databaseName":"b","roleName":"readWrite"},{"databaseName":"a","roleName":"read","collectionName":"c"}]}`))
	golden(t, "database_user_x509", b.send(t, 201, http.MethodPost, demoUsers, `{"x509Type":"MANAGED","databaseName":"$external",`+
		`"username":"a name","roles":[{"databaseName":"admin","roleName":"readAnyDatabase"}]}`))
	golden(t, "database_users", b.send(t, 200, http.MethodGet, demoUsers, ""))
	for _, path := range []string{"/$external/a%20name", "/%24external/a%20name", "/admin/d0123456789abcdef012345d%2Fgroup"} {
		b.send(t, 200, http.MethodGet, demoUsers+path, "")
	}

	// Each list is replaced, and what is left out stays.
	golden(t, "database_user_changed", b.send(t, 200, http.MethodPatch, demoUsers+"/admin/app",
		`{"description":"","labels":[{"key":"b","value":"1"},{"key":"a","value":"2"}],"scopes":[],"password":"another password",`+
			`"groupId":"`+demoProject+`","username":"app","databaseName":"admin","deleteAfterDate":"2026-08-12T00:00:00Z"}`))
	b.send(t, 200, http.MethodPatch, demoUsers+"/admin/app", `{"password":"a password of a user"}`)

	b.send(t, 204, http.MethodDelete, demoUsers+"/admin/app", "")
	for method, code := range map[string]string{
		http.MethodGet: "USERNAME_NOT_FOUND", http.MethodPatch: "USERNAME_NOT_FOUND", http.MethodDelete: "USER_NOT_FOUND",
	} {
		body, what := "", "username"
		if method == http.MethodPatch {
			body = "{}"
		}
		if method == http.MethodDelete {
			what = "ID"
		}
		for _, name := range []string{"/admin/app", "/$external/app", "/other/app"} {
			got := b.send(t, 404, method, demoUsers+name, body)
			if want := refusal(404, code, "No user with "+what+" app exists.", "app"); got != want {
				t.Errorf("%s %s: got %s, want %s", method, name, got, want)
			}
		}
	}
}

// A name of the greatest length, of characters of four bytes, fits and is found.
func TestLongNamesOfDatabaseUsers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	name := strings.Repeat("\U0001F511", 1024)
	b.send(t, 201, http.MethodPost, demoUsers, newUser(name))
	b.send(t, 409, http.MethodPost, demoUsers, newUser(name))
	b.send(t, 204, http.MethodDelete, demoUsers+"/admin/"+strings.Repeat("%F0%9F%94%91", 1024), "")
}

func TestCertificatesOfDatabaseUsersAreNotServed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, root := range []string{apiRoot, "/api/atlas/v1.0"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			got := b.send(t, 403, method, root+"/groups/"+demoProject+"/databaseUsers/app/certs", "")
			if want := method + " " + root + "/groups/{groupId}/databaseUsers/{username}/certs"; !strings.Contains(got, want) {
				t.Errorf("got %s, want %s in it", got, want)
			}
		}
	}
	b.send(t, 404, http.MethodGet, demoUsers+"/$external/certs", "") // a user of that name
}

func TestRefusedDatabaseUsers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.send(t, 201, http.MethodPost, demoUsers, newUser("app"))
	b.send(t, 201, http.MethodPost, demoUsers,
		`{"x509Type":"MANAGED","databaseName":"$external","username":"cn","roles":[{"databaseName":"admin","roleName":"backup"}]}`)
	const (
		roles = `"roles":[{"databaseName":"admin","roleName":"atlasAdmin"}]`
		scram = `"username":"new","password":"password",` + roles
	)
	missing := func(name string) string {
		return refusal(400, "MISSING_ATTRIBUTE", "The required attribute "+name+" was not specified.", name)
	}
	enum := func(value string) string {
		return refusal(400, "INVALID_ENUM_VALUE", "An invalid enumeration value "+value+" was specified.", value)
	}
	notAdmin := refusal(400, "DATABASE_NAME_INVALID_ADMIN",
		"Database name invalid. Users can only be created on the admin database.")
	notExternal := refusal(400, "DATABASE_NAME_INVALID_EXTERNAL",
		"Database name invalid. Externally authenticated users can only be created on the $external database.")
	for _, tt := range []struct{ path, body, want string }{
		{"", `{"password":"password",` + roles + `}`, missing("username")},
		{"", `{"username":"new","password":"password"}`, missing("roles")},
		{"", `{"username":"new","password":"password","roles":[]}`, missing("roles")},
		{"", `{"username":"new",` + roles + `}`, missing("password")},
		{"", `{"username":"new","password":"password","roles":[{"roleName":"read"}]}`, missing("databaseName")},
		{"", `{` + scram + `,"scopes":[{"type":"CLUSTER"}]}`, missing("name")},
		{"", `{` + scram + `,"scopes":[{"name":"c","type":"PLANET"}]}`, enum("PLANET")},
		{"", `{` + scram + `,"x509Type":"OTHER"}`, enum("OTHER")},
		{"", `{` + scram + `,"databaseName":"$external"}`, notAdmin},
		{"", `{` + scram + `,"databaseName":"other"}`, notAdmin},
		{"", `{"username":"new","awsIAMType":"ROLE",` + roles + `}`, notExternal},
		{"", `{"username":"new","ldapAuthType":"GROUP","databaseName":"$external",` + roles + `}`, notAdmin},
		{"", `{"username":"new","awsIAMType":"ROLE","ldapAuthType":"USER","databaseName":"$external",` + roles + `}`,
			refusal(400, "INVALID_ATTRIBUTE", "Invalid attribute ldapAuthType specified.", "ldapAuthType")},
		{"", `{"username":"new","password":"passwor",` + roles + `}`,
			refusal(400, "WEAK_PASSWORD", "The specified password is not strong enough.")},
		{"", `{"username":"new","password":"password","x509Type":"CUSTOMER","databaseName":"$external",` + roles + `}`,
			refusal(400, "ATLAS_X509_USER_CANNOT_USE_SCRAM", "Users cannot be configured for SCRAM and X.509 authentication.")},
		{"", `{"username":"new","x509Type":"CUSTOMER","databaseName":"$external","deleteAfterDate":"2026-08-11T00:00:00Z",` + roles + `}`,
			refusal(400, "ATLAS_X509_USER_CANNOT_BE_TEMPORARY", "X.509 users cannot be temporary.")},
		{"", `{"username":"new","password":"password","roles":[{"roleName":"r","databaseName":"d"}]}`,
			refusal(400, "ATLAS_INVALID_ROLE", "The specified role r@d does not exist.", "r", "d")},
		{"", `{"username":"new","password":"password","roles":[{"roleName":"backup","databaseName":"d"}]}`, refusal(400,
			"ATLAS_INVALID_ROLE_DATABASE", "The specified role backup only exists for database admin.", "backup", "admin")},
		{"", strings.Replace(`{`+scram+`}`, "}]", `},{"databaseName":"admin","roleName":"atlasAdmin"}]`, 1),
			refusal(400, "DUPLICATE_DATABASE_ROLES",
				"Duplicate database roles specified for user new: atlasAdmin@admin.", "new", "atlasAdmin", "admin")},
		{"", `{` + scram + `,"deleteAfterDate":"2026-08-10T03:03:36Z"}`,
			refusal(400, "EXPIRATION_DATE_IN_PAST", "The specified expiration date must be in the future.")},
		{"", `{` + scram + `,"groupId":"5f0000000000000000000b02"}`, refusal(400, "GROUP_MISMATCH",
			"The specified group ID 5f0000000000000000000b02 does not match the URL.", "5f0000000000000000000b02")},
		{"", newUser("app"), refusal(409, "USER_ALREADY_EXISTS", "A user with username app already exists.", "app")},
		{"/admin/app", `{"username":"other"}`,
			refusal(409, "DATABASE_USERNAME_CANNOT_BE_CHANGED", "Cannot modify the username of an existing database user.")},
		{"/admin/app", `{"databaseName":"$external"}`, refusal(409, "DATABASE_NAME_CANNOT_BE_CHANGED",
			"Cannot modify the authentication database of an existing database user.")},
		{"/admin/app", `{"awsIAMType":"ROLE"}`, refusal(409, "AUTH_TYPE_CANNOT_BE_CHANGED",
			"Cannot modify the authentication type of an existing database user.")},
		{"/admin/app", `{"deleteAfterDate":"2026-08-11T00:00:00Z"}`,
			refusal(400, "PERMANENT_ENTITY_CANNOT_BE_MADE_TEMPORARY", "A permanent entity cannot be made temporary.")},
		{"/admin/app", `{"roles":[]}`, missing("roles")},
		{"/$external/cn", `{"password":"password"}`,
			refusal(400, "ATLAS_X509_USER_CANNOT_USE_SCRAM", "Users cannot be configured for SCRAM and X.509 authentication.")},
		{"/$external/cn", `{"deleteAfterDate":"2026-08-11T00:00:00Z"}`,
			refusal(400, "ATLAS_X509_USER_CANNOT_BE_TEMPORARY", "X.509 users cannot be temporary.")},
	} {
		method := http.MethodPost
		if tt.path != "" {
			method = http.MethodPatch
		}
		if got := b.do(t, request{method: method, path: demoUsers + tt.path, body: tt.body}); got.body != tt.want {
			t.Errorf("%s: got %d %s, want %s", tt.body, got.status, got.body, tt.want)
		}
	}
}
