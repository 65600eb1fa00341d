package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// What clients ask of a cluster besides itself.
func TestWhatIsAskedOfACluster(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.createCluster(t, "c")
	project := projects + "/" + demoProject
	id := b.idOf(t, b.sendAs(t, "2024-08-05", 200, http.MethodGet, demoClusters+"/c", ""))
	notFlex := refusal(400, "CANNOT_USE_NON_FLEX_CLUSTER_IN_FLEX_API", "Cannot use non-flex cluster c in the flex API.", "c")
	for _, tt := range []struct{ version, method, path, want string }{
		{"2024-08-05", http.MethodGet, "/clusters/c/autoScalingConfiguration", `{"autoScalingMode":"CLUSTER_WIDE_SCALING"}`},
		{"2024-08-05", http.MethodGet, "/clusters/c/globalWrites",
			`{"customZoneMapping":{},"customZoneMappingZoneId":{},"managedNamespaces":[],"selfManagedSharding":false}`},
		{"2023-01-01", http.MethodGet, "/clusters/c/globalWrites",
			`{"customZoneMapping":{},"managedNamespaces":[],"selfManagedSharding":false}`},
		{"2023-01-01", http.MethodGet, "/clusters/c/backup/restoreJobs?includeCount=true&pageNum=1",
			`{"links":[{"href":"https://cloud.example.com` + project +
				`/clusters/c/backup/restoreJobs?includeCount=true&pageNum=1&itemsPerPage=100","rel":"self"}],` +
				`"results":[],"totalCount":0}`},
		{"2024-05-30", http.MethodGet, "/clusters/c/search/deployment", refusal(404, "RESOURCE_NOT_FOUND",
			"Cannot find resource "+project+"/clusters/c/search/deployment.", project+"/clusters/c/search/deployment")},
		{"2024-08-05", http.MethodGet, "/clusters/c/backup/schedule", refusal(404, "BACKUP_CONFIG_NOT_FOUND",
			"No backup configuration exists for cluster "+id+" in group "+demoProject+".", id, demoProject)},
		// The Atlas CLI and the Kubernetes operator go on to clusters by this code alone.
		{"2024-11-13", http.MethodGet, "/flexClusters/c", notFlex},
		{"2024-11-13", http.MethodPatch, "/flexClusters/c", notFlex},
		{"2024-11-13", http.MethodDelete, "/flexClusters/c", notFlex},
		{"2024-11-13", http.MethodPost, "/flexClusters/c/backup/download", notFlex},
		{"2024-11-13", http.MethodGet, "/flexClusters/c/backup/restoreJobs?pageNum=1", notFlex},
		{"2024-11-13", http.MethodGet, "/flexClusters/c/backup/snapshots?pageNum=1", notFlex},
		{"2024-11-13", http.MethodGet, "/flexClusters/c/backup/snapshots/6a7900010203040506999999", notFlex},
	} {
		got := b.do(t, request{
			method: tt.method, path: project + tt.path, header: http.Header{"Accept": {"application/vnd.atlas." + tt.version + "+json"}},
		})
		if got.body != tt.want {
			t.Errorf("%s %s as of %s: got %d %s, want %s", tt.method, tt.path, tt.version, got.status, got.body, tt.want)
		}
	}
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoClusters+"/c", `{"clusterType":"SHARDED"}`)
	want := `{"autoScalingMode":"INDEPENDENT_SHARD_SCALING"}`
	if got := b.sendAs(t, "2024-08-05", 200, http.MethodGet, demoClusters+"/c/autoScalingConfiguration", ""); got != want {
		t.Errorf("scaling of a cluster that was sharded in a new version: got %s, want %s", got, want)
	}
}

// idOf returns the id in a body that begins with other things.
func (b *bundle) idOf(t *testing.T, body string) string {
	t.Helper()
	_, id, found := strings.Cut(body, `"groupId":"`+demoProject+`","id":"`)
	if !found {
		t.Fatalf("got %s, want an id", body)
	}
	return id[:24]
}

func TestClustersAreListedAsOldVersionsCanShowThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, body := range []string{
		newCluster("first"),
		strings.NewReplacer(`"c"`, `"uneven"`, "REPLICASET", "SHARDED", newShard,
			newShard+","+strings.Replace(newShard, "M10", "M20", 1)).Replace(newCluster("c")),
		newCluster("last"),
	} {
		b.sendAs(t, "2024-10-23", 201, http.MethodPost, demoClusters, body)
		b.clock.advance(time.Second)
	}
	names := func(version, query string) string {
		t.Helper()
		var found []string
		for _, part := range strings.Split(b.sendAs(t, version, 200, http.MethodGet, demoClusters+query, ""), `"name":"`)[1:] {
			name, _, _ := strings.Cut(part, `"`)
			found = append(found, name)
		}
		return strings.Join(found, " ")
	}
	for _, tt := range []struct{ version, query, want string }{
		{"2024-08-05", "?includeDeletedWithRetainedBackups=false", "first uneven last"},
		{"2024-08-05", "?itemsPerPage=1&pageNum=2", "uneven"},
		{"2023-02-01", "", "first last"},
		{"2023-01-01", "", "first last"},
	} {
		if got := names(tt.version, tt.query); got != tt.want {
			t.Errorf("%s as of %s: got %s, want %s", tt.query, tt.version, got, tt.want)
		}
	}
	self := `"href":"https://cloud.example.com` + demoClusters +
		`?includeCount=true&includeDeletedWithRetainedBackups=false&pageNum=1&itemsPerPage=100","rel":"self"`
	if got := b.sendAs(t, "2024-08-05", 200, http.MethodGet, demoClusters+
		"?includeCount=true&includeDeletedWithRetainedBackups=false&itemsPerPage=100&pageNum=1", ""); !strings.Contains(got, self) {
		t.Errorf("got %s, want a link %s", got, self)
	}
	want := refusal(400, "ASYMMETRIC_SHARD_UNSUPPORTED", "Asymmetric sharded cluster is not supported by the current API "+
		"version. Please use the latest API instead. Documentation for the latest API is available at "+
		"https://docs.atlas.mongodb.com/reference/api/clusters-advanced/.")
	for method, body := range map[string]string{http.MethodGet: "", http.MethodPatch: "{}"} {
		if got := b.sendAs(t, "2023-02-01", 400, method, demoClusters+"/uneven", body); got != want {
			t.Errorf("%s: got %s, want %s", method, got, want)
		}
	}
}

func TestVersionsOfClustersAreDeprecatedAsRecorded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.createCluster(t, "c")
	const (
		august, october = "Mon, 5 Aug 2024 00:00:00 GMT", "Wed, 23 Oct 2024 00:00:00 GMT"
		february        = "Wed, 1 Feb 2023 00:00:00 GMT"
		july, march     = "Thu, 1 Jul 2027 00:00:00 GMT", "Mon, 1 Mar 2027 00:00:00 GMT"
	)
	for _, tt := range []struct{ method, path, version, served, deprecation, sunset string }{
		{http.MethodGet, "/c", "2023-01-01", "2023-01-01", february, july},
		{http.MethodGet, "/c", "2023-02-01", "2023-02-01", august, july},
		{http.MethodGet, "/c", "2024-08-05", "2024-08-05", "", ""},
		{http.MethodGet, "/c", "2024-10-23", "2024-08-05", "", ""},
		{http.MethodPatch, "/c", "2023-02-01", "2023-02-01", august, july},
		{http.MethodPatch, "/c", "2024-08-05", "2024-08-05", october, march},
		{http.MethodPatch, "/c", "2024-10-23", "2024-10-23", "", ""},
		{http.MethodGet, "/c/autoScalingConfiguration", "2024-08-05", "2024-08-05", october, ""},
		{http.MethodGet, "/c/processArgs", "2023-01-01", "2023-01-01", august, july},
		{http.MethodDelete, "/c", "2023-02-01", "2023-02-01", "", ""},
	} {
		body := ""
		if tt.method == http.MethodPatch {
			body = "{}"
		}
		got := b.do(t, request{
			method: tt.method, path: demoClusters + tt.path, body: body,
			header: http.Header{"Accept": {"application/vnd.atlas." + tt.version + "+json"}},
		})
		want := []string{"application/vnd.atlas." + tt.served + "+json;charset=utf-8", tt.deprecation, tt.sunset}
		for i, name := range []string{"Content-Type", "Deprecation", "Sunset"} {
			if got.header.Get(name) != want[i] {
				t.Errorf("%s %s as of %s: got %s %q, want %q", tt.method, tt.path, tt.version, name, got.header.Get(name), want[i])
			}
		}
	}
}

func TestProcessArguments(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.createCluster(t, "c")
	path := demoClusters + "/c/processArgs"
	golden(t, "process_args", b.sendAs(t, "2024-08-05", 200, http.MethodGet, path, ""))
	golden(t, "process_args_20230101", b.sendAs(t, "2023-01-01", 200, http.MethodGet, path, ""))
	golden(t, "process_args_changed", b.sendAs(t, "2024-08-05", 200, http.MethodPatch, path,
		`{"minimumEnabledTlsProtocol":"TLS1_3","oplogMinRetentionHours":24.5,"oplogSizeMB":2000,"noTableScan":true,`+
			`"transactionLifetimeLimitSeconds":30,"changeStreamOptionsPreAndPostImagesExpireAfterSeconds":-1}`))
	golden(t, "process_args_changed_20230101", b.sendAs(t, "2023-01-01", 200, http.MethodPatch, path,
		`{"defaultReadConcern":"available","failIndexKeyTooLong":false,"oplogSizeMB":null,"javascriptEnabled":null}`))
	// The cluster shows what it shares with them.
	if got := b.sendAs(t, "2024-08-05", 200, http.MethodGet, demoClusters+"/c", ""); !strings.Contains(got, `"TLS1_3"`) {
		t.Errorf("cluster: got %s, want TLS1_3", got)
	}
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoClusters+"/c",
		`{"advancedConfiguration":{"minimumEnabledTlsProtocol":"TLS1_2"}}`)
	if got := b.sendAs(t, "2024-08-05", 200, http.MethodGet, path, ""); !strings.Contains(got, `"TLS1_2"`) {
		t.Errorf("process arguments: got %s, want TLS1_2", got)
	}
}

func TestNetworkContainersAreThereForEveryRegion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.createCluster(t, "c")
	path := projects + "/" + demoProject + "/containers"
	golden(t, "containers_aws", b.sendAs(t, "2023-01-01", 200, http.MethodGet,
		path+"?includeCount=true&itemsPerPage=100&pageNum=1&providerName=AWS", ""))
	count := func(query string, want string) {
		t.Helper()
		if got := b.sendAs(t, "2023-01-01", 200, http.MethodGet, path+query, ""); !strings.HasSuffix(got, `"totalCount":`+want+`}`) {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	// A change adds those that it needs, and takes none away.
	b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoClusters+"/c", `{"replicationSpecs":[`+
		strings.Replace(newShard, "US_EAST_1", "EU_WEST_1", 1)+`]}`)
	count("", "2")
	b.createCluster(t, "d")
	count("?providerName=AWS", "2")
	count("?providerName=GCP", "0")
}

func TestRegionsOfTheClouds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := demoClusters + "/provider/regions"
	golden(t, "regions_aws_m10", b.sendAs(t, "2023-01-01", 200, http.MethodGet,
		path+"?includeCount=true&itemsPerPage=100&pageNum=1&providers=AWS&tier=M10", ""))
	golden(t, "regions_free", b.sendAs(t, "2023-01-01", 200, http.MethodGet, path+"?tier=M0", ""))
	golden(t, "regions_second_page", b.sendAs(t, "2023-01-01", 200, http.MethodGet, path+"?tier=M600&itemsPerPage=2&pageNum=2", ""))
	if got := b.sendAs(t, "2023-01-01", 400, http.MethodGet, path+"?providers=IBM", ""); !strings.Contains(got, "INVALID_PROVIDER") {
		t.Errorf("another cloud: got %s, want INVALID_PROVIDER", got)
	}
}
