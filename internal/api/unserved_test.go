package api_test

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"exportbuckets/internal/api"
)

// atlasOperation is an operation of Atlas' public specification.
type atlasOperation struct {
	method, path string
	versions     []string // oldest first, each with its sunset after a slash
	matches      *regexp.Regexp
	served       bool // by this server
}

// inPath is a parameter in the path of an operation.
var inPath = regexp.MustCompile(`\{\w+\}`)

// shape is a method and a path without the names of parameters, which may differ.
func shape(route string) string { return inPath.ReplaceAllString(route, "{}") }

// atlasOperations reads the operations of Atlas' public specification, in the order of
// their paths.
func atlasOperations(t *testing.T) []atlasOperation {
	t.Helper()
	data, err := os.ReadFile("testdata/atlas_operations.tsv")
	if err != nil {
		t.Fatal(err)
	}
	served := make(map[string]bool)
	for _, route := range api.Routes() {
		served[shape(inBraces(route))] = true
	}
	var operations []atlasOperation
	for line := range strings.Lines(string(data)) {
		fields := strings.Split(line, "\t")
		if fields[0][0] != '/' {
			continue // what the file is
		}
		method, path := fields[1], fields[0]
		operations = append(operations, atlasOperation{
			method:   method,
			path:     path,
			versions: strings.Split(fields[3], ","),
			matches:  regexp.MustCompile("^" + inPath.ReplaceAllString(path, "[^/]+") + "$"),
			served:   served[shape(method+" "+path)],
		})
	}
	if len(operations) < 500 {
		t.Fatalf("got %d operations, want all of Atlas'", len(operations))
	}
	return operations
}

// The program has them in a shorter form.
func TestTheProgramKnowsTheOperationsOfAtlas(t *testing.T) {
	t.Parallel()
	var want strings.Builder
	path := apiRoot
	for _, op := range atlasOperations(t) {
		switch {
		case op.path == apiRoot:
			want.WriteString("/")
		case op.path != path:
			want.WriteString("\n" + strings.TrimPrefix(op.path, apiRoot))
		}
		path = op.path
		want.WriteString(" " + op.method)
		if versions := strings.Join(op.versions, ","); versions != "2023-01-01" {
			want.WriteString("=" + versions)
		}
	}
	want.WriteString("\n")
	const file = "atlas_operations.txt"
	if *update {
		if err := os.WriteFile(file, []byte(want.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(want.String(), string(got)); diff != "" {
		t.Errorf("%s (-specification +file):\n%s", file, diff)
	}
}

func TestWhatIsServedIsOfAtlasInEachOfItsVersions(t *testing.T) {
	t.Parallel()
	served := make(map[string][]string)
	for route, versions := range api.Versions() {
		of := shape(inBraces(route))
		for _, v := range versions {
			served[of] = append(served[of], strings.TrimSuffix(v.Date+"/"+v.Sunset, "/"))
		}
	}
	for _, op := range atlasOperations(t) {
		of := shape(op.method + " " + op.path)
		if diff := gocmp.Diff(op.versions, served[of]); op.served && diff != "" {
			t.Errorf("%s (-Atlas +served):\n%s", of, diff)
		}
		delete(served, of)
	}
	for of := range served {
		t.Errorf("got the route %s, want one of Atlas", of)
	}
}

// example returns a path of the operation.
func (o atlasOperation) example() string {
	path := strings.NewReplacer("{groupId}", demoProject, "{orgId}", demoOrg).Replace(o.path)
	return inPath.ReplaceAllString(path, "x")
}

// newest returns the newest version of the operation, a preview if there is no other,
// and its sunset.
func (o atlasOperation) newest() (date, sunset string) {
	for _, version := range o.versions {
		if date == "" || !strings.HasPrefix(version, "preview") {
			date, sunset, _ = strings.Cut(version, "/")
		}
	}
	return date, sunset
}

// methodsAt returns the methods that Atlas has at a path, in the order of Allow.
func methodsAt(operations []atlasOperation, path string) []string {
	methods := []string{"POST", "PATCH", "PUT", "GET", "DELETE"}
	return slices.DeleteFunc(methods, func(method string) bool {
		return !slices.ContainsFunc(operations, func(op atlasOperation) bool {
			return op.method == method && op.matches.MatchString(path)
		})
	})
}

// notServed is the answer to an operation of Atlas that this server does not have.
func notServed(method, path string) string {
	return refusal(403, "UNSUPPORTED_FOR_CURRENT_CONFIG", "Operation not supported for current configuration. "+
		method+" "+path+" is not offered by this server.", method+" "+path)
}

func TestOperationsOfAtlasThatAreNotServedSaySo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t)
	for _, op := range atlasOperations(t) {
		if op.served {
			continue
		}
		date, sunset := op.newest()
		got := b.do(t, request{method: op.method, path: op.example() + "?pretty=false", token: token, header: http.Header{
			"Accept": {"application/vnd.atlas." + date + "+json"},
		}})
		want := notServed(op.method, op.path)
		if sunset != "" && sunset < b.clock.Now().Format(time.DateOnly) {
			path := op.example()[1:]
			want = refusal(410, "VERSION_GONE", "Version "+date+" of "+path+" is no longer available.", date, path)
		}
		if got.body != want {
			t.Errorf("%s %s of %s: got %d %s, want %s", op.method, op.example(), date, got.status, got.body, want)
		}
	}
}

// What a route takes that is not meant for it would be answered as if it were served.
func TestMethodsThatAtlasHasNotEither(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t)
	operations := atlasOperations(t)
	for i, op := range operations {
		if i > 0 && op.path == operations[i-1].path {
			continue
		}
		methods := methodsAt(operations, op.example())
		allow := strings.Join(append(methods, "OPTIONS"), ",")
		for _, method := range []string{"POST", "PATCH", "PUT", "GET", "DELETE", "PROPFIND", "OPTIONS"} {
			if slices.Contains(methods, method) {
				continue
			}
			want := http.StatusMethodNotAllowed
			if method == http.MethodOptions {
				want = http.StatusOK
			}
			got := b.do(t, request{method: method, path: op.example(), token: token})
			if got.status != want || got.body != "" || got.header.Get("Allow") != allow {
				t.Errorf("%s %s: got %d %q, Allow %q; want %d, an empty body, Allow %q",
					method, op.example(), got.status, got.body, got.header.Get("Allow"), want, allow)
			}
		}
	}
}

func TestWhatIsCheckedBeforeAnOperationThatIsNotServed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const (
		project = apiRoot + "/groups/{groupId}"
		nowhere = apiRoot + "/groups/5f0000000000000000000bff"
	)
	noVersion := refusal(406, "INVALID_VERSION_DATE", "Invalid accept header or version date.")
	gzip := func(date string) string { return "application/vnd.atlas." + date + "+gzip" }
	for _, tt := range []struct{ method, path, accept, key, want string }{
		// Neither project nor role is looked at.
		{"POST", nowhere + "/peers", v2023, "demoread", notServed("POST", project+"/peers")},
		{"POST", apiRoot + "/groups/x/peers", v2023, "stranger", notServed("POST", project+"/peers")},
		{"PUT", apiRoot + "/groups/x/teams", v2023, "demoread", ""}, // Atlas has no such method
		{"POST", nowhere + "/peers", v2023, "farawayk",
			refusal(403, "IP_ADDRESS_NOT_ON_ACCESS_LIST", "IP address 127.0.0.1 is not allowed to access this resource.", "127.0.0.1")},
		{"POST", nowhere + "/peers", "*/*", "demoread", noVersion},
		{"POST", nowhere + "/flexClusters", v2024, "demoread", noVersion},
		{"POST", nowhere + "/flexClusters", v2025, "demoread", notServed("POST", project+"/flexClusters")},
		// Not all answers of Atlas are JSON.
		{"GET", nowhere + "/clusters/h/logs/mongod.gz", gzip("2023-02-01"), "demoread",
			notServed("GET", project+"/clusters/{hostName}/logs/{logName}.gz")},
		{"GET", nowhere + "/clusters/h/logs/mongod.gz", gzip("2020-01-01"), "demoread", noVersion},
		{"GET", nowhere + "/clusters/h/logs/.gz", gzip("2023-02-01"), "demoread",
			refusal(404, "RESOURCE_NOT_FOUND", "Cannot find resource "+nowhere+"/clusters/h/logs/.gz.", nowhere+"/clusters/h/logs/.gz")},
		// What is not released has a version of its own.
		{"GET", nowhere + "/standbyLinks", v2025, "demoread", noVersion},
		{"GET", nowhere + "/dbAccessHistory/clusters/x", "application/vnd.atlas.preview+json", "demoread", noVersion},
		// A path that fits two operations is the one's that says more.
		{"GET", nowhere + "/streams/x:downloadOperationalLogs", gzip("2025-03-12"), "demoread",
			notServed("GET", project+"/streams/{tenantName}:downloadOperationalLogs")},
		{"GET", nowhere + "/streams/accountDetails", v2025, "demoread", notServed("GET", project+"/streams/accountDetails")},
		{"DELETE", nowhere + "/streams/a%2Fb", v2025, "demoread", notServed("DELETE", project+"/streams/{tenantName}")},
	} {
		got := b.do(t, request{method: tt.method, path: tt.path, key: tt.key, header: http.Header{"Accept": {tt.accept}}})
		if got.body != tt.want {
			t.Errorf("%s %s as of %s: got %d %s, want %s", tt.method, tt.path, tt.accept, got.status, got.body, tt.want)
		}
		checkChallenge(t, tt.path, b.do(t, request{method: tt.method, path: tt.path, bare: true}), "false")
	}
}

func TestOperationsThatAreNotServedHaveTheRateLimitOfProjects(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.send(t, 200, http.MethodGet, projects+"/"+demoProject, "")
	got := b.do(t, request{method: http.MethodHead, path: projects + "/" + demoProject + "/dbAccessHistory/clusters/x"})
	if limit, left := got.header.Get("RateLimit-Limit"), got.header.Get("RateLimit-Remaining"); limit != "1200" || left != "1198" {
		t.Errorf("got %s of %s left, want 1198 of 1200", left, limit)
	}
	if code := got.header.Get("X-Error-Code"); got.status != 403 || code != "UNSUPPORTED_FOR_CURRENT_CONFIG" || got.body != "" {
		t.Errorf("got %d %s %q, want the header of GET", got.status, code, got.body)
	}
}

// Clients ask for these on their way to something else, and go on by what Atlas says of
// nothing: an empty list or document, or the code for a thing that is not there. One that
// is refused as not served stops the clients that need it.
func TestWhatClientsAskForOnTheWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t)
	const (
		project = apiRoot + "/groups/" + demoProject
		org     = apiRoot + "/orgs/" + demoOrg
		id      = "/" + absentID
		served  = ""
		none    = "CLUSTER_NOT_FOUND"
		nowhere = "RESOURCE_NOT_FOUND"
		not     = "UNSUPPORTED_FOR_CURRENT_CONFIG"
	)
	for _, tt := range []struct{ method, path, code string }{
		// The Atlas CLI and the operator ask for a flex cluster before they ask for another.
		{"GET", project + "/flexClusters", served},
		{"GET", project + "/flexClusters/c", none},
		{"DELETE", project + "/flexClusters/c", none},
		{"GET", project + "/flexClusters/c/backup/snapshots", none},
		{"GET", project + "/flexClusters/c/backup/snapshots" + id, none},
		{"GET", project + "/flexClusters/c/backup/restoreJobs", none},
		{"GET", project + "/flexClusters/c/backup/restoreJobs" + id, none},
		// It is what the operator and Terraform wait for after they deleted a cluster.
		{"GET", project + "/clusters/c", none},
		{"DELETE", project + "/clusters/c", none},
		{"GET", project + "/clusters/c/status", none},
		// The operator asks for these of every cluster, and links of clusters name the last.
		{"GET", project + "/clusters/c/globalWrites", none},
		{"GET", project + "/clusters/c/search/deployment", none},
		{"GET", project + "/clusters/c/backup/restoreJobs", none},

		{"GET", project + "/accessList", served},
		{"GET", project + "/auditLog", served},
		{"GET", project + "/backupCompliancePolicy", served},
		{"GET", project + "/customDBRoles/roles", served},
		{"GET", project + "/customDBRoles/roles/r", "ATLAS_CUSTOM_ROLE_NOT_FOUND"},
		{"GET", project + "/databaseUsers", served},
		{"GET", project + "/encryptionAtRest", served},
		{"GET", project + "/integrations", served},
		{"GET", project + "/integrations/SLACK", "INTEGRATION_NOT_CONFIGURED"},
		{"GET", project + "/peers", served},
		{"GET", project + "/peers" + id, "PEER_NOT_FOUND"},
		{"GET", project + "/privateEndpoint/AWS/endpointService", served},
		{"GET", project + "/privateEndpoint/AWS/endpointService" + id, "PRIVATELINK_NOT_FOUND"},
		{"GET", project + "/privateEndpoint/regionalMode", served},

		{"GET", project + "/alertConfigs", served},
		{"GET", project + "/alertConfigs" + id, "ALERT_CONFIG_NOT_FOUND"},
		{"GET", project + "/alertConfigs" + id + "/alerts", "ALERT_CONFIG_NOT_FOUND"},
		{"GET", project + "/alerts", served},
		{"GET", project + "/alerts" + id, "ALERT_NOT_FOUND"},
		{"GET", apiRoot + "/alertConfigs/matchers/fieldNames", served},
		{"GET", project + "/awsCustomDNS", served},
		{"GET", project + "/dataFederation", served},
		{"GET", project + "/dataFederation/d", "DATA_FEDERATION_TENANT_NOT_FOUND_FOR_NAME"},
		{"GET", project + "/invites", served},
		{"GET", project + "/invites" + id, nowhere},
		{"GET", project + "/logIntegrations", served},
		{"GET", project + "/logIntegrations" + id, nowhere},
		{"GET", project + "/maintenanceWindow", served},
		{"PATCH", project + "/maintenanceWindow", not},
		{"DELETE", project + "/maintenanceWindow", not},
		{"GET", project + "/privateIpMode", served},
		{"GET", project + "/pushBasedLogExport", served},
		{"GET", project + "/serverless", served},
		{"GET", project + "/serverless/s", "SERVERLESS_INSTANCE_NOT_FOUND"},
		{"GET", project + "/streams", served},
		{"GET", project + "/streams/s", "STREAM_TENANT_NOT_FOUND_FOR_NAME"},
		{"GET", project + "/streams/privateLinkConnections", served},
		{"GET", project + "/userSecurity", served},
		{"GET", project + "/userSecurity/ldap/verify" + id, "LDAP_VERIFY_CONNECTIVITY_REQUEST_NOT_FOUND"},
		{"GET", org + "/federationSettings", nowhere},
		{"GET", org + "/invites", served},
		{"GET", org + "/invites" + id, nowhere},
		{"GET", org + "/resourcePolicies", served},
		{"GET", org + "/resourcePolicies" + id, nowhere},
		{"GET", apiRoot + "/rateLimits", not},
		{"GET", apiRoot + "/unauth/controlPlaneIPAddresses", served},
	} {
		got := b.do(t, request{method: tt.method, path: tt.path, token: token, header: http.Header{"Accept": {v2025}}})
		if code := got.header.Get("X-Error-Code"); code != tt.code || tt.code == served && got.status != http.StatusOK {
			t.Errorf("%s %s: got %d %s, want %q", tt.method, tt.path, got.status, got.body, tt.code)
		}
	}
}
