package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"exportbuckets/internal/atlas"
)

const demoClusters = projects + "/" + demoProject + "/clusters"

// newCluster is a body that creates a cluster, in the newest version.
func newCluster(name string) string {
	return fmt.Sprintf(`{"name":%q,"clusterType":"REPLICASET","replicationSpecs":[%s]}`, name, newShard)
}

// newShard is three nodes.
const newShard = `{"regionConfigs":[{"electableSpecs":{"instanceSize":"M10","nodeCount":3},"priority":7,` +
	`"providerName":"AWS","regionName":"US_EAST_1"}]}`

// freeCluster is a body that creates a free cluster.
const freeCluster = `{"name":"free","clusterType":"REPLICASET","replicationSpecs":[{"regionConfigs":[` +
	`{"electableSpecs":{"instanceSize":"M0"},"priority":7,"providerName":"TENANT","backingProviderName":"AWS",` +
	`"regionName":"US_EAST_1"}]}]}`

// createCluster creates a cluster in the demo project.
func (b *bundle) createCluster(t testing.TB, name string) {
	t.Helper()
	b.sendAs(t, "2024-10-23", http.StatusCreated, http.MethodPost, demoClusters, newCluster(name))
}

// sendAs sends a request in a version of the API, checks the status and returns the body.
func (b *bundle) sendAs(t testing.TB, version string, status int, method, path, body string) string {
	t.Helper()
	accept := http.Header{"Accept": {"application/vnd.atlas." + version + "+json"}}
	got := b.do(t, request{method: method, path: path, body: body, header: accept})
	if got.status != status {
		t.Errorf("%s %s %s as of %s: got %d %s, want %d", method, path, body, version, got.status, got.body, status)
	}
	return got.body
}

// The bodies, and most of the answers, are those that were recorded.
func TestClustersOfEveryKindInEveryVersion(t *testing.T) {
	t.Parallel()
	const (
		ofCLI = `{"backupEnabled":true,"clusterType":"REPLICASET","diskSizeGB":2,"groupId":"` + demoProject + `",` +
			`"mongoDBMajorVersion":"8.0","name":"c1","pitEnabled":true,"replicationSpecs":[{"numShards":1,"regionConfigs":[` +
			`{"electableSpecs":{"instanceSize":"M10","nodeCount":3},"priority":7,"providerName":"AWS",` +
			`"readOnlySpecs":{"instanceSize":"M10","nodeCount":0},"regionName":"US_EAST_1"}],"zoneName":"Zone 1"}],` +
			`"terminationProtectionEnabled":false}`
		ofTerraform = `{"clusterType":"REPLICASET","labels":[],"name":"c1","replicationSpecs":[{"regionConfigs":[` +
			`{"electableSpecs":{"instanceSize":"M10","nodeCount":3},"priority":7,"providerName":"AWS",` +
			`"regionName":"US_EAST_1"}],"zoneName":"ZoneName managed by Terraform"}],"tags":[],"backupEnabled":true}`
		ofLegacyTerraform = `{"name":"c1","autoScaling":{"compute":{"enabled":false,"scaleDownEnabled":false},` +
			`"diskGBEnabled":true},"clusterType":"REPLICASET","numShards":1,"providerBackupEnabled":true,` +
			`"providerSettings":{"instanceSizeName":"M10","providerName":"AWS","regionName":"US_EAST_1"},` +
			`"labels":[{"key":"k","value":"v"}]}`
		sharded = `{"name":"c1","clusterType":"SHARDED","mongoDBMajorVersion":"7.0","replicationSpecs":[` +
			newShard + `,` + newShard + `]}`
		azure = `{"name":"c1","clusterType":"REPLICASET","replicationSpecs":[{"regionConfigs":[{"electableSpecs":` +
			`{"instanceSize":"M10","nodeCount":3},"priority":7,"providerName":"AZURE","regionName":"US_EAST_2"}]}]}`
		// What is set in all places where something can be.
		clouds = `{"name":"c1","clusterType":"GEOSHARDED","adaptiveCapacity":"ENABLED","biConnector":{"enabled":true,` +
			`"readPreference":"analytics"},"configServerManagementMode":"FIXED_TO_DEDICATED","diskWarmingMode":` +
			`"VISIBLE_EARLIER","replicaSetScalingStrategy":"NODE_TYPE","tags":[{"key":"k","value":"v"}],` +
			`"advancedConfiguration":{"minimumEnabledTlsProtocol":"TLS1_3","tlsCipherConfigMode":"CUSTOM",` +
			`"customOpensslCipherConfigTls13":["TLS_AES_256_GCM_SHA384"]},"replicationSpecs":[` +
			`{"zoneName":"z1","regionConfigs":[{"providerName":"GCP","regionName":"CENTRAL_US","priority":7,` +
			`"electableSpecs":{"instanceSize":"M30","nodeCount":2},"readOnlySpecs":{"instanceSize":"M30","nodeCount":1},` +
			`"autoScaling":{"compute":{"enabled":true,"scaleDownEnabled":true,"minInstanceSize":"M30","maxInstanceSize":` +
			`"M60"},"diskGB":{"enabled":true}},"analyticsSpecs":{"instanceSize":"M40","nodeCount":1},` +
			`"analyticsAutoScaling":{"diskGB":{"enabled":true}}},{"providerName":"AWS","regionName":"EU_WEST_1","priority":6,` +
			`"electableSpecs":{"instanceSize":"M30","nodeCount":1,"diskIOPS":4000,"ebsVolumeType":"PROVISIONED"}}]},` +
			`{"zoneName":"z2","regionConfigs":[{"providerName":"GCP","regionName":"CENTRAL_US","priority":7,` +
			`"electableSpecs":{"instanceSize":"M30","nodeCount":3}}]}]}`
	)
	versions := []string{"2023-01-01", "2023-02-01", "2024-08-05"}
	for name, tt := range map[string]struct {
		version string // of the body
		body    string
		shown   []string // versions that show it
	}{
		"cli":              {"2023-02-01", ofCLI, versions},
		"terraform":        {"2024-10-23", ofTerraform, versions},
		"legacy_terraform": {"2023-01-01", ofLegacyTerraform, versions},
		"sharded":          {"2024-10-23", sharded, versions},
		"azure":            {"2024-08-05", azure, versions},
		"clouds":           {"2024-10-23", clouds, versions[1:]},
		"free":             {"2024-10-23", strings.Replace(freeCluster, `"free"`, `"c1"`, 1), versions},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			golden(t, "cluster_"+name+"_new", b.sendAs(t, tt.version, 201, http.MethodPost, demoClusters, tt.body))
			b.clock.advance(10 * time.Second)
			for _, version := range versions {
				if !strings.Contains(strings.Join(tt.shown, " "), version) {
					b.sendAs(t, version, 400, http.MethodGet, demoClusters+"/c1", "")
					continue
				}
				golden(t, "cluster_"+name+"_"+strings.ReplaceAll(version, "-", ""),
					b.sendAs(t, version, 200, http.MethodGet, demoClusters+"/c1", ""))
			}
			golden(t, "containers_"+name, b.sendAs(t, "2023-01-01", 200, http.MethodGet,
				projects+"/"+demoProject+"/containers/all", ""))
		})
	}
}

// What a version shows of a cluster can be sent back in it, and changes nothing: the Atlas
// CLI does so. The first version shows a zone twice, and takes it once.
func TestAClusterCanBeSentBackAsItIsShown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sharded := strings.Replace(newCluster("s"), `"REPLICASET"`, `"SHARDED"`, 1)
	sharded = strings.Replace(sharded, newShard, newShard+","+newShard, 1)
	for _, body := range []string{newCluster("c"), sharded} {
		b.sendAs(t, "2024-10-23", 201, http.MethodPost, demoClusters, body)
	}
	b.clock.advance(10 * time.Second)
	for _, name := range []string{"c", "s"} {
		path := demoClusters + "/" + name
		for _, version := range []string{"2023-02-01", "2024-08-05"} {
			before := b.sendAs(t, version, 200, http.MethodGet, path, "")
			b.sendAs(t, version, 200, http.MethodPatch, path, before)
			b.clock.advance(2 * time.Second)
			if after := b.sendAs(t, version, 200, http.MethodGet, path, ""); after != before {
				t.Errorf("%s as of %s, sent back: got %s, want %s", name, version, after, before)
			}
		}
	}
}

// stateOf returns the state of a cluster and its change, "GONE" if there is none.
func (b *bundle) stateOf(t *testing.T, name string) string {
	t.Helper()
	got := b.do(t, request{path: demoClusters + "/" + name, header: http.Header{"Accept": {v2025}}})
	if got.status == http.StatusNotFound {
		return "GONE"
	}
	_, state, _ := strings.Cut(got.body, `"stateName":"`)
	state, _, _ = strings.Cut(state, `"`)
	want := `{"changeStatus":"PENDING"}`
	if state == "IDLE" {
		want = `{"changeStatus":"APPLIED"}`
	}
	if status := b.sendAs(t, "2023-01-01", 200, http.MethodGet, demoClusters+"/"+name+"/status", ""); status != want {
		t.Errorf("status of a cluster that is %s: got %s, want %s", state, status, want)
	}
	return state
}

// The state of a cluster follows from the clock alone, at every pace.
func TestStatesOfClustersFollowFromTheClock(t *testing.T) {
	t.Parallel()
	for pace, times := range map[string]struct{ creating, updating, deleting, freeCreating time.Duration }{
		"fast":    {6 * time.Second, 2 * time.Second, 6 * time.Second, 6 * time.Second},
		"instant": {6 * time.Second, 0, 6 * time.Second, 6 * time.Second},
		"atlas":   {767 * time.Second, 300 * time.Second, 199 * time.Second, 20 * time.Second},
	} {
		t.Run(pace, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(s *settings) { s.pace = atlas.Paces[pace] })
			at := func(after time.Duration, name, want string) {
				t.Helper()
				b.clock.advance(after)
				if got := b.stateOf(t, name); got != want {
					t.Errorf("%s later: got %s, want %s", after, got, want)
				}
			}
			updated := func(after time.Duration, name string) {
				t.Helper()
				if times.updating > 0 {
					at(after, name, "UPDATING")
					at(times.updating-time.Second, name, "UPDATING")
					after = time.Second
				}
				at(after, name, "IDLE")
			}
			b.createCluster(t, "c")
			at(0, "c", "CREATING")
			at(times.creating-time.Second, "c", "CREATING")
			at(time.Second, "c", "IDLE")
			for _, path := range []string{"/c", "/c/processArgs"} {
				b.sendAs(t, "2024-08-05", 200, http.MethodPatch, demoClusters+path, "{}")
				updated(0, "c")
			}
			b.sendAs(t, "2023-02-01", 202, http.MethodDelete, demoClusters+"/c", "")
			at(0, "c", "DELETING")
			at(times.deleting-time.Second, "c", "DELETING")
			at(time.Second, "c", "GONE")

			b.sendAs(t, "2024-10-23", 201, http.MethodPost, demoClusters, freeCluster)
			at(times.freeCreating-time.Second, "free", "CREATING")
			updated(time.Second, "free")

			// A clock that goes back takes a cluster with it.
			b.createCluster(t, "c")
			at(time.Hour, "c", "IDLE")
			at(-time.Hour, "c", "CREATING")
		})
	}
}

func TestAClusterThatIsBeingDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sendAs(t, "2024-10-23", 201, http.MethodPost, demoClusters,
		strings.Replace(newCluster("c"), "{", `{"backupEnabled":true,"pitEnabled":true,`, 1))
	b.clock.advance(time.Minute)
	if got := b.sendAs(t, "2023-02-01", 202, http.MethodDelete, demoClusters+"/c?retainBackups=true", ""); got != "{}" {
		t.Errorf("DELETE: got %s, want {}", got)
	}
	golden(t, "cluster_deleting", b.sendAs(t, "2024-08-05", 200, http.MethodGet, demoClusters+"/c", ""))
	for _, tt := range []struct{ method, path, body, want string }{
		{http.MethodDelete, "/clusters/c", "", refusal(400, "CLUSTER_ALREADY_REQUESTED_DELETION",
			"The cluster c has already been requested for deletion.", "c")},
		{http.MethodPatch, "/clusters/c", "{}", refusal(400, "ATLAS_GENERAL_ERROR",
			"Reason: This cluster is currently being deleted, cannot update.",
			"This cluster is currently being deleted, cannot update")},
		{http.MethodPost, "/clusters", newCluster("c"), refusal(400, "DUPLICATE_CLUSTER_NAME",
			"A cluster or serverless instance named c is already present in group "+demoProject+".",
			"cluster or serverless instance", "c", demoProject)},
		// It counts until it is gone.
		{http.MethodDelete, "", "", refusal(409, "CANNOT_CLOSE_GROUP_ACTIVE_ATLAS_CLUSTERS",
			"Cannot close group while it has active clusters; please terminate all clusters.")},
	} {
		got := b.do(t, request{
			method: tt.method, path: projects + "/" + demoProject + tt.path, body: tt.body,
			header: http.Header{"Accept": {v2025}},
		})
		if got.body != tt.want {
			t.Errorf("%s %s: got %d %s, want %s", tt.method, tt.path, got.status, got.body, tt.want)
		}
	}
	if got := b.send(t, 200, http.MethodGet, projects+"/"+demoProject, ""); !strings.Contains(got, `"clusterCount":1,`) {
		t.Errorf("project: got %s, want one cluster", got)
	}
	b.clock.advance(6 * time.Second)
	if got := b.send(t, 200, http.MethodGet, projects+"/"+demoProject, ""); !strings.Contains(got, `"clusterCount":0,`) {
		t.Errorf("project: got %s, want no cluster", got)
	}
	b.createCluster(t, "c") // the name is free
	b.sendAs(t, "2023-02-01", 202, http.MethodDelete, demoClusters+"/c", "")
	b.clock.advance(6 * time.Second)
	// Containers stay, and go with the project.
	if got := b.send(t, 200, http.MethodGet, projects+"/"+demoProject+"/containers", ""); !strings.Contains(got, `"totalCount":1`) {
		t.Errorf("containers: got %s, want one", got)
	}
	b.send(t, 202, http.MethodDelete, projects+"/"+demoProject, "")
}

func TestTerminationProtectionIsTheProjectOwners(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.createCluster(t, "c")
	path := demoClusters + "/c"
	patch := func(key, body string) answer {
		return b.do(t, request{
			method: http.MethodPatch, path: path, body: body, key: key, header: http.Header{"Accept": {v2025}},
		})
	}
	if got := patch("clustmgr", `{"terminationProtectionEnabled":true}`); got.status != 401 {
		t.Errorf("protect, as a manager of clusters: got %d %s, want 401", got.status, got.body)
	}
	if got := patch("demoproj", `{"terminationProtectionEnabled":true}`); got.status != 200 {
		t.Errorf("protect, as the owner: got %d %s, want 200", got.status, got.body)
	}
	if got := patch("clustmgr", `{"terminationProtectionEnabled":true,"backupEnabled":true}`); got.status != 200 {
		t.Errorf("leave it as it is, as a manager of clusters: got %d %s, want 200", got.status, got.body)
	}
	want := refusal(400, "CANNOT_TERMINATE_CLUSTER_WHEN_TERMINATION_PROTECTION_ENABLED",
		"Cannot terminate a cluster when termination protection is enabled. Disable termination protection and try again.",
		"Cannot terminate cluster c in group "+demoProject+" because termination protection is enabled. "+
			"Disable termination protection and try again.")
	if got := b.sendAs(t, "2023-02-01", 400, http.MethodDelete, path, ""); got != want {
		t.Errorf("delete: got %s, want %s", got, want)
	}
	patch("demoproj", `{"terminationProtectionEnabled":false}`)
	b.sendAs(t, "2023-02-01", 202, http.MethodDelete, path, "")
}

func TestAClusterIsPausedAndResumed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.createCluster(t, "c")
	b.sendAs(t, "2024-10-23", 201, http.MethodPost, demoClusters, freeCluster)
	b.clock.advance(time.Minute)
	const (
		pause, resume = `{"paused":true}`, `{"paused":false}`
		noTenant      = "TENANT_CLUSTER_UPDATE_UNSUPPORTED"
	)
	for _, tt := range []struct{ path, body, want string }{
		{"/c", `{"paused":true,"backupEnabled":true}`, "CANNOT_UPDATE_AND_PAUSE_CLUSTER"},
		{"/c", pause, ""},
		{"/c", pause, "CLUSTER_ALREADY_PAUSED"},
		{"/c", `{"backupEnabled":true}`, "CANNOT_UPDATE_PAUSED_CLUSTER"},
		{"/c", `{"paused":false,"backupEnabled":true}`, "CANNOT_UPDATE_PAUSED_CLUSTER"},
		{"/c/processArgs", `{"noTableScan":true}`, "CANNOT_UPDATE_PAUSED_CLUSTER"},
		{"/c", resume, ""},
		{"/c", resume, ""},
		{"/c", pause, ""}, // as soon as one likes
		{"/free", pause, noTenant},
		{"/free/processArgs", `{"noTableScan":true}`, "TENANT_CLUSTER_PROCESS_ARGS_NOT_SUPPORTED"},
		{"/free", `{"backupEnabled":true}`, "INVALID_TENANT_BACKUP_ENABLED"},
		{"/free", `{"tags":[{"key":"k","value":"v"}]}`, ""},
	} {
		got := b.do(t, request{
			method: http.MethodPatch, path: demoClusters + tt.path, body: tt.body, header: http.Header{"Accept": {v2025}},
		})
		if got.header.Get("X-Error-Code") != tt.want {
			t.Errorf("PATCH %s %s: got %d %s, want %q", tt.path, tt.body, got.status, got.body, tt.want)
		}
	}
}
