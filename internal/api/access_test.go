package api_test

import (
	"net/http"
	"testing"
)

// callers are every kind of caller, by what it is.
var callers = map[string]request{
	"no credentials":                 {bare: true},
	"wrong secret":                   {bare: true}, // filled in by the test
	"organization owner":             {key: "demoownr"},
	"organization owner, by account": {},
	"project owner":                  {key: "demoproj"},
	"backup manager":                 {key: "backupmg"},
	"project reader":                 {key: "demoread"},
	"organization reader":            {key: "orgreadr"},
	"member without a project":       {key: "orgmembr"},
	"owner of another project":       {key: "otherprj"},
	"owner of another organization":  {key: "stranger"},
}

func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	const (
		yes       = 200
		no        = 401 // USER_UNAUTHORIZED
		challenge = -401
	)
	tests := []struct {
		caller              string
		create, list, getMe int // change a bucket, read many, read one
		own                 int // change an access role
	}{
		{"no credentials", challenge, challenge, challenge, challenge},
		{"wrong secret", challenge, challenge, challenge, challenge},
		{"organization owner", yes, yes, yes, yes},
		{"organization owner, by account", yes, yes, yes, yes},
		{"project owner", yes, yes, yes, yes},
		{"backup manager", no, yes, yes, no},
		{"project reader", no, yes, yes, no},
		{"organization reader", no, yes, yes, no},
		{"member without a project", no, no, no, no},
		{"owner of another project", no, no, no, no},
		{"owner of another organization", no, no, no, no},
	}
	if len(tests) != len(callers) {
		t.Fatalf("got %d rows for %d callers", len(tests), len(callers))
	}
	b := setup(t)
	b.create(t, awsBody)
	demoAccess := apiRoot + "/groups/" + demoProject + "/cloudProviderAccess"
	firstVersion := http.Header{"Accept": {v2023}}
	unauthorized := refusal(401, "USER_UNAUTHORIZED", "Current user is not authorized to perform this action.")
	for _, tt := range tests {
		for _, operation := range []struct {
			name string
			want int
			r    request
		}{
			{"create", tt.create, request{body: awsBody}},
			// Whether the caller may is told before the body is looked at.
			{"create from nothing", tt.create, request{body: "{"}},
			{"list", tt.list, request{}},
			{"get", tt.getMe, request{path: demoBuckets + "/6a7900010203040506000001"}},
			{"get what does not exist", tt.getMe, request{path: demoBuckets + "/6a7900010203040506999999"}},
			{"update", tt.create, request{
				method: http.MethodPatch, path: demoBuckets + "/6a7900010203040506000001",
				body: `{"requirePrivateNetworking":true}`,
			}},
			{"create a role", tt.own, request{path: demoAccess, body: `{"providerName":"AWS"}`, header: firstVersion}},
			{"list roles", tt.list, request{path: demoAccess, header: firstVersion}},
			{"get a role", tt.getMe, request{path: demoAccess + "/" + awsRole, header: firstVersion}},
			{"authorize a role", tt.own, request{
				method: http.MethodPatch, path: demoAccess + "/" + gcpRole, body: `{"providerName":"GCP"}`, header: firstVersion,
			}},
			{"delete a role that does not exist", tt.own, request{
				method: http.MethodDelete, path: demoAccess + "/AWS/6a7900010203040506999999", header: firstVersion,
			}},
			{"delete what does not exist", tt.create, request{
				method: http.MethodDelete, path: demoBuckets + "/6a7900010203040506999999",
			}},
		} {
			r := operation.r
			caller, ok := callers[tt.caller]
			if !ok {
				t.Fatalf("no caller %q", tt.caller)
			}
			r.key, r.bare = caller.key, caller.bare
			if tt.caller == "wrong secret" {
				method, path := r.method, r.path
				switch {
				case method != "":
				case r.body != "":
					method = http.MethodPost
				default:
					method = http.MethodGet
				}
				if path == "" {
					path = demoBuckets
				}
				r.header = http.Header{"Authorization": {
					digestHeader("demoownr", "00000000-0000-4000-8000-000000000000", b.nonce(t), method, path),
				}}
			}
			got := b.do(t, r)
			name := tt.caller + ": " + operation.name
			switch operation.want {
			case challenge:
				checkChallenge(t, name, got, "false")
			case no:
				if got.body != unauthorized {
					t.Errorf("%s: got %d %s, want %s", name, got.status, got.body, unauthorized)
				}
			case yes:
				if got.status == http.StatusUnauthorized {
					t.Errorf("%s: got %d %s, want it allowed", name, got.status, got.body)
				}
			}
		}
	}
}

func TestBackupManagersMayCreateWhereASettingSaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.atlas.BackupManagersWrite = true })
	if got := b.do(t, request{key: "backupmg", body: awsBody}); got.status != http.StatusOK {
		t.Errorf("backup manager: got %d %s, want 200", got.status, got.body)
	}
	if got := b.do(t, request{key: "demoread", body: awsBody}); got.status != http.StatusUnauthorized {
		t.Errorf("reader: got %d %s, want 401", got.status, got.body)
	}
}

func TestProjectsThatAreNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tt := range []struct {
		project, want string
	}{
		{"5f0000000000000000000bff", refusal(404, "GROUP_NOT_FOUND",
			"No group with ID 5f0000000000000000000bff exists.", "5f0000000000000000000bff")},
		{"x", refusal(404, "INVALID_GROUP_ID", "An invalid group ID x was specified.", "x")},
		{"5F0000000000000000000B01", refusal(404, "INVALID_GROUP_ID",
			"An invalid group ID 5F0000000000000000000B01 was specified.", "5F0000000000000000000B01")},
		{"%ff%22", `{"detail":"An invalid group ID ` + "\ufffd" + `\" was specified.","error":404,` +
			`"errorCode":"INVALID_GROUP_ID","parameters":["` + "\ufffd" + `\""],"reason":"Not Found"}`},
	} {
		path := apiRoot + "/groups/" + tt.project + "/backup/exportBuckets"
		for name, r := range map[string]request{
			"list":           {path: path},
			"get":            {path: path + "/6a7900010203040506000001"},
			"create":         {path: path, body: awsBody},
			"create nothing": {path: path, body: "{"},
		} {
			if got := b.do(t, r); got.status != 404 || got.body != tt.want {
				t.Errorf("%s %s: got %d %s, want %s", name, tt.project, got.status, got.body, tt.want)
			}
		}
	}
}
