package tenantstate_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mongodb-forks/digest"

	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/seed"
	"exportbuckets/staging"
)

const crowdOrg = "5b0000000000000000000a01"

// crowdFile is an organization with 2 projects, 6 credentials and 20 export buckets.
func crowdFile() []byte {
	var file bytes.Buffer
	fmt.Fprintf(&file, "organizations:\n  - id: %s\n    name: Base\n    staging: {}\n    projects:\n", crowdOrg)
	for p := range 2 {
		fmt.Fprintf(&file, "      - id: 5b00000000000000000b%04d\n        name: Project %d\n", p, p)
		fmt.Fprintf(&file, "        cloudProviderAccess:\n          aws:\n            - roleId: 5b00000000000000000d%04d\n"+
			"              iamAssumedRoleArn: arn:aws:iam::123456789012:role/exports\n        exportBuckets:\n", p)
		for i := range 10 {
			fmt.Fprintf(&file, "          - id: 5b00000000000000000f%02d%02d\n            body: {cloudProvider: AWS, "+
				"bucketName: bucket-%d, iamRoleId: 5b00000000000000000d%04d}\n", p, i, i, p)
		}
	}
	file.WriteString("    apiKeys:\n")
	for i := range 3 {
		fmt.Fprintf(&file, "      - id: 5b00000000000000000e%04d\n        description: Key %d\n        publicKey: crowdke%c\n"+
			"        privateKey: d3300000-0000-4000-8000-000000000001\n        orgRoles: [ORG_OWNER]\n", i, i, 'a'+i)
	}
	file.WriteString("    serviceAccounts:\n")
	for i := range 3 {
		fmt.Fprintf(&file, "      - clientId: mdb_sa_id_5b00000000000000000c%04d\n        name: Account %d\n"+
			"        description: Account\n        orgRoles: [ORG_OWNER]\n        secrets:\n"+
			"          - {secret: mdb_sa_sk_crowd-secret-%d, expiresAt: \"2100-01-01T00:00:00Z\"}\n", i, i, i)
	}
	return file.Bytes()
}

// newCrowd returns three replicas on a database with the organization.
func newCrowd(t testing.TB) []replica {
	t.Helper()
	url := dbtest.NewURL(t)
	replicas := make([]replica, 3)
	for i := range replicas {
		replicas[i] = newReplica(t, url)
	}
	pool, err := dbpool.Open(t.Context(), url, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	file, err := seed.Parse(crowdFile())
	if err != nil {
		t.Fatal(err)
	}
	if err := seed.Apply(t.Context(), pool, new(iam.Sealer), file, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := replicas[0].states.DeclareMissing(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	return replicas
}

func (r replica) create(t testing.TB, name string) staging.CreatedOrganization {
	t.Helper()
	caller, err := r.states.Authenticate(t.Context(), isolationOperator)
	if err != nil {
		t.Error(err)
	}
	asked := staging.NewOrganization{From: crowdOrg + "/declared", Name: name}
	created, err := r.states.CreateOrganization(t.Context(), caller, asked)
	for dbpool.Unavailable(err) { // as a client does that is told BUSY
		created, err = r.states.CreateOrganization(t.Context(), caller, asked)
	}
	if err != nil {
		t.Errorf("%s: got %v", name, err)
	}
	return created
}

func (r replica) end(t testing.TB, created staging.CreatedOrganization) {
	t.Helper()
	caller, err := r.states.Authenticate(t.Context(), created.Token.Secret)
	if err != nil {
		t.Fatal(err)
	}
	writer, err := caller.Writer(t.Context(), created.Organization.ID)
	if err == nil {
		err = r.states.DeleteOrganization(t.Context(), writer, "")
	}
	if err != nil {
		t.Errorf("end: got %v", err)
	}
}

// buckets lists the names of the export buckets of a project, as the API key.
func (r replica) buckets(t testing.TB, key staging.APIKey, project string) (names []string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		r.url+"/api/atlas/v2/groups/"+project+"/backup/exportBuckets", http.NoBody)
	if err != nil {
		t.Error(err)
		return nil
	}
	req.Header.Set("Accept", "application/vnd.atlas.2025-03-12+json")
	resp, err := digest.NewTransport(key.PublicKey, key.PrivateKey).RoundTrip(req)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	var list struct {
		Results []struct {
			Name string `json:"bucketName"`
		} `json:"results"`
	}
	if err != nil || resp.StatusCode != http.StatusOK || json.Unmarshal(got, &list) != nil {
		t.Errorf("got %d %s, %v of project %s", resp.StatusCode, got, err, project)
	}
	for _, bucket := range list.Results {
		names = append(names, bucket.Name)
	}
	return names
}

// A hundred throw-away organizations are made at once, over three replicas: each is whole,
// works on every replica, and has nothing in common with another.
func TestAHundredThrowawaysAtOnceOnThreeReplicas(t *testing.T) {
	t.Parallel()
	replicas := newCrowd(t)
	all := make([]staging.CreatedOrganization, 100)
	var making sync.WaitGroup
	for i := range all {
		making.Go(func() { all[i] = replicas[i%3].create(t, fmt.Sprintf("run-%d", i)) })
	}
	making.Wait()
	seen := make(map[string]bool)
	for i, created := range all {
		counts := created.Organization.Counts
		if want := (staging.Counts{Projects: 2, APIKeys: 3, ServiceAccounts: 3, ExportBuckets: 20}); counts != want {
			t.Errorf("%s: got %+v, want %+v", created.Organization.Name, counts, want)
			continue
		}
		other := replicas[(i+1)%3]
		for _, project := range created.Names["projects"] {
			got := other.buckets(t, created.APIKeys[0], project)
			if len(got) != 10 || !slices.Contains(got, "bucket-7") {
				t.Errorf("%s: got buckets %v, want 10", created.Organization.Name, got)
			}
		}
		own := []string{created.Token.Secret}
		for _, id := range created.IDs {
			own = append(own, id)
		}
		for _, key := range created.APIKeys {
			own = append(own, key.PublicKey, key.PrivateKey)
		}
		for _, account := range created.ServiceAccounts {
			own = append(own, account.Secrets[0].Secret)
		}
		for _, one := range own {
			if seen[one] {
				t.Errorf("%s: got %s, which another has", created.Organization.Name, one)
			}
			seen[one] = true
		}
	}
}

// BenchmarkThrowaway makes one throw-away organization with 2 projects, 6 credentials and 20
// export buckets, and a hundred at once over three replicas.
func BenchmarkThrowaway(b *testing.B) {
	b.Run("one", func(b *testing.B) {
		replicas := newCrowd(b)
		var took []time.Duration
		for range min(b.N, 100) {
			began := time.Now()
			replicas[0].create(b, "one")
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
		b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
	})
	b.Run("hundred", func(b *testing.B) {
		replicas := newCrowd(b)
		b.ResetTimer()
		for range b.N {
			all := make([]staging.CreatedOrganization, 100)
			var making sync.WaitGroup
			for i := range all {
				making.Go(func() { all[i] = replicas[i%3].create(b, "one of many") })
			}
			making.Wait()
			b.StopTimer()
			for _, created := range all {
				replicas[0].end(b, created)
			}
			b.StartTimer()
		}
	})
}
