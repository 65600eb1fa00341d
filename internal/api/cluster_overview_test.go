package api_test

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

const allClusters = apiRoot + "/clusters"

// overview is a cluster as the list of all projects shows it.
type overview struct {
	Availability, Name, Type string
	BackupEnabled            bool
	NodeCount                int
}

// overviews returns the clusters of each project that the key sees, by the project's name.
func (b *bundle) overviews(t *testing.T, key string) map[string][]overview {
	t.Helper()
	got := b.do(t, request{path: allClusters, key: key})
	var page struct {
		Results []struct {
			GroupName string
			Clusters  []overview
		}
		TotalCount int
	}
	if got.status != http.StatusOK {
		t.Fatalf("got %d %s, want 200", got.status, got.body)
	}
	parse(t, got.body, &page)
	projects := make(map[string][]overview)
	for _, project := range page.Results {
		projects[project.GroupName] = project.Clusters
	}
	equal(t, "totalCount", page.TotalCount, len(projects))
	return projects
}

func TestTheClustersOfAllProjects(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.createCluster(t, "c1")
	b.sendNewest(t, 201, http.MethodPost, demoClusters, `{"name":"c2","clusterType":"SHARDED","replicationSpecs":[`+
		newShard+`,`+newShard+`],"backupEnabled":true}`, nil)
	// What the version can't show is left out.
	b.sendNewest(t, 201, http.MethodPost, demoClusters, `{"name":"c3","clusterType":"REPLICASET","replicationSpecs":[`+
		`{"regionConfigs":[{"electableSpecs":{"instanceSize":"M10","nodeCount":2},"priority":7,"providerName":"AWS",`+
		`"regionName":"US_EAST_1"},{"electableSpecs":{"instanceSize":"M10","nodeCount":1},"priority":6,`+
		`"providerName":"GCP","regionName":"CENTRAL_US"}]}]}`, nil)
	one := overview{Availability: "unavailable", Name: "c1", Type: "REPLICA_SET", NodeCount: 3}
	two := overview{Availability: "unavailable", Name: "c2", Type: "SHARDED_CLUSTER", NodeCount: 6, BackupEnabled: true}
	want := func(step string, want ...overview) {
		t.Helper()
		if got := b.overviews(t, "demoownr")["Demo Project"]; !slices.Equal(got, want) {
			t.Errorf("%s: got %+v, want %+v", step, got, want)
		}
	}
	want("being created", one, two)
	// No project is settled: what is seen follows from the clock alone.
	b.clock.advance(time.Minute)
	one.Availability, two.Availability = "available", "available"
	want("made", one, two)
	b.sendNewest(t, 200, http.MethodPatch, demoClusters+"/c1", `{"paused":true}`, nil)
	one.Availability = "unavailable"
	want("paused", one, two)
	b.sendNewest(t, 202, http.MethodDelete, demoClusters+"/c2", "", nil)
	two.BackupEnabled = false
	want("being deleted", one, two)
	b.clock.advance(6 * time.Second)
	want("gone", one)
	equal(t, "rows", b.countClusters(t), 3) // nobody has settled the project
}

func TestTheClustersOfAllProjectsAreThoseOfTheCaller(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.createCluster(t, "c")
	for key, want := range map[string]int{"demoownr": 3, "orgreadr": 3, "demoread": 1, "orgmembr": 0} {
		equal(t, key, len(b.overviews(t, key)), want)
	}
	for _, key := range []string{"otherprj", "stranger"} {
		for name, clusters := range b.overviews(t, key) {
			if len(clusters) > 0 {
				t.Errorf("%s: got %v of %s, want nothing of a stranger's project", key, clusters, name)
			}
		}
	}
	b.clock.advance(time.Minute)
	golden(t, "clusters_of_all_projects", b.send(t, 200, http.MethodGet, allClusters+"?itemsPerPage=2", ""))
}
