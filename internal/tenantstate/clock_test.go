package tenantstate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mongodb-forks/digest"

	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/seed"
	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

const (
	clockOrg     = "5f0000000000000000000a01" // the demo tenant
	clockProject = "5f0000000000000000000b03"
	clockClient  = "mdb_sa_id_5f0000000000000000000c01"
	clockSecret  = "mdb_sa_sk_demo-owner-secret-not-for-production-01"
)

// clockBundle is two organizations of the same shape on three replicas.
type clockBundle struct {
	pool     *dbpool.Pool
	replicas []replica
}

func setupClock(t *testing.T) clockBundle {
	t.Helper()
	databaseURL := dbtest.NewURL(t)
	pool, err := dbpool.Open(t.Context(), databaseURL, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	b := clockBundle{pool: pool}
	for range 3 {
		b.replicas = append(b.replicas, newReplica(t, databaseURL))
	}
	neighbor := strings.ReplaceAll(string(seed.Demo), "5f00000", "6f00000")
	neighbor = strings.ReplaceAll(neighbor, "publicKey: demo", "publicKey: four")
	for _, text := range []string{string(seed.Demo), neighbor} {
		file, err := seed.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := seed.Apply(t.Context(), pool, new(iam.Sealer), file, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// writer returns the proof of the operator on a replica.
func (b clockBundle) writer(t *testing.T, replica int) (*tenantstate.Service, tenantstate.Writer) {
	t.Helper()
	states := b.replicas[replica].states
	caller, err := states.Authenticate(t.Context(), isolationOperator)
	if err != nil {
		t.Fatal(err)
	}
	writer, err := caller.Writer(t.Context(), clockOrg)
	if err != nil {
		t.Fatal(err)
	}
	return states, writer
}

func (b clockBundle) advance(t *testing.T, by string) staging.Clock {
	t.Helper()
	states, writer := b.writer(t, 0)
	clock, err := states.AdvanceClock(t.Context(), writer, staging.Advance{By: by})
	if err != nil {
		t.Fatalf("advance by %s: got %v", by, err)
	}
	return clock
}

func (b clockBundle) release(t *testing.T) {
	t.Helper()
	states, writer := b.writer(t, 1)
	if err := states.ReleaseClock(t.Context(), writer); err != nil {
		t.Fatal(err)
	}
}

// ask sends a request with a token or, without one, the key of the owner.
func (r replica) ask(t *testing.T, key, token, version, method, path, body string) (status int, got string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.url+"/api/atlas/v2"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/vnd.atlas."+version+"+json")
	req.Header.Set("Content-Type", "application/json")
	var transport http.RoundTripper = digest.NewTransport(key, "d3300000-0000-4000-8000-000000000001")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
		transport = http.DefaultTransport
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

// owner asks as the owner's key.
func (r replica) owner(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	return r.ask(t, "demoownr", "", "2025-03-12", method, path, body)
}

// token asks for an access token.
func (r replica) token(t *testing.T, id, secret string) (status int, token string) {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}
	resp, err := http.PostForm(r.url+"/api/oauth/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var body struct {
		Token     string `json:"access_token"`
		ExpiresIn int    `json:"expires_in"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode == http.StatusOK && body.ExpiresIn != 3600 {
		t.Errorf("token: got one for %d s, want an hour", body.ExpiresIn)
	}
	return resp.StatusCode, body.Token
}

// list returns the results of a list.
func (r replica) list(t *testing.T, path string) []map[string]any {
	t.Helper()
	status, got := r.owner(t, http.MethodGet, path, "")
	var list struct {
		Results []map[string]any `json:"results"`
	}
	if err := json.Unmarshal([]byte(got), &list); err != nil || status != http.StatusOK {
		t.Fatalf("GET %s: got %d %s", path, status, got)
	}
	return list.Results
}

const newCluster = `{"name":"new","clusterType":"REPLICASET","replicationSpecs":[{"regionConfigs":[{
	"providerName":"AWS","regionName":"US_EAST_1","priority":7,"electableSpecs":{"instanceSize":"M10","nodeCount":3}}]}]}`

// What is past the clock's advance is so on every replica at once, and for this organization
// alone.
func TestPastTheClocksAdvanceEveryReplicaAgrees(t *testing.T) {
	t.Parallel()
	b := setupClock(t)
	first := b.replicas[0]
	const (
		cluster  = "/groups/" + clockProject + "/clusters"
		backups  = cluster + "/Cluster0/backup"
		accounts = "/orgs/" + clockOrg + "/serviceAccounts"
	)
	_, token := first.token(t, clockClient, clockSecret)
	_, neighbors := first.token(t, strings.Replace(clockClient, "5f", "6f", 1), clockSecret)
	status, got := first.owner(t, http.MethodPost, accounts,
		`{"name":"short","description":"d","roles":["ORG_MEMBER"],"secretExpiresAfterHours":8}`)
	var account struct {
		ClientID string `json:"clientId"`
		Secrets  []struct {
			Secret string `json:"secret"`
		} `json:"secrets"`
	}
	if err := json.Unmarshal([]byte(got), &account); err != nil || status != http.StatusCreated {
		t.Fatalf("service account: got %d %s", status, got)
	}
	if status, got := first.owner(t, http.MethodPost, cluster, newCluster); status != http.StatusCreated {
		t.Fatalf("cluster: got %d %s", status, got)
	}
	schedule := `{"autoExportEnabled":true,"export":{"exportBucketId":"5f0000000000000000000f01","frequencyType":"daily"}}`
	if status, got := first.owner(t, http.MethodPatch, backups+"/schedule", schedule); status != http.StatusOK {
		t.Fatalf("schedule: got %d %s", status, got)
	}

	b.advance(t, "61m")
	for i, r := range b.replicas {
		if status, got := r.ask(t, "", token, "2025-03-12", http.MethodGet, "/orgs", ""); status != http.StatusUnauthorized {
			t.Errorf("replica %d, token after an hour: got %d %s, want 401", i, status, got)
		}
		if status, got := r.ask(t, "", neighbors, "2025-03-12", http.MethodGet, "/orgs", ""); status != http.StatusOK {
			t.Errorf("replica %d, token of another: got %d %s, want 200", i, status, got)
		}
		status, anew := r.token(t, account.ClientID, account.Secrets[0].Secret)
		if status != http.StatusOK {
			t.Errorf("replica %d, secret of 8 hours after one: got %d, want a token", i, status)
		}
		if status, got := r.ask(t, "", anew, "2025-03-12", http.MethodGet, "/orgs", ""); status != http.StatusOK {
			t.Errorf("replica %d, new token: got %d %s, want 200", i, status, got)
		}
		if _, got := r.owner(t, http.MethodGet, cluster+"/new", ""); !strings.Contains(got, `"stateName":"IDLE"`) {
			t.Errorf("replica %d: got %s, want the cluster IDLE", i, got)
		}
		if status, got := r.ask(t, "demoownr", "", "2023-02-01", http.MethodGet, cluster, ""); status != http.StatusOK {
			t.Errorf("replica %d, version before its sunset: got %d %s", i, status, got)
		}
	}

	clock := b.advance(t, "744h") // a month
	const snapshots = backups + "/snapshots?itemsPerPage=500"
	want := first.list(t, snapshots)
	days := make(map[string]int)
	for _, snapshot := range want {
		days[fmt.Sprint(snapshot["frequencyType"])]++
		if made, err := time.Parse(time.RFC3339, fmt.Sprint(snapshot["createdAt"])); err != nil || made.After(clock.Now) {
			t.Errorf("snapshot: got %v of %v, want one before %s", snapshot["createdAt"], err, clock.Now)
		}
	}
	// Daily ones are kept for a week.
	if days["daily"] < 5 || days["weekly"] < 3 || days["monthly"] < 1 {
		t.Errorf("snapshots of a month: got %v, want those that are kept", days)
	}
	for i, r := range b.replicas {
		if status, _ := r.token(t, account.ClientID, account.Secrets[0].Secret); status != http.StatusUnauthorized {
			t.Errorf("replica %d, secret of 8 hours after a month: got %d, want 401", i, status)
		}
		if got := r.list(t, snapshots); len(got) != len(want) {
			t.Errorf("replica %d: got %d snapshots, want %d", i, len(got), len(want))
		}
		exports := r.list(t, backups+"/exports?itemsPerPage=500")
		successful := 0
		for _, job := range exports {
			if job["state"] == "Successful" {
				successful++
			}
		}
		if successful < 30 {
			t.Errorf("replica %d: got %d successful exports of %d, want one a day", i, successful, len(exports))
		}
	}

	b.advance(t, "8760h")
	for i, r := range b.replicas {
		if status, got := r.ask(t, "demoownr", "", "2023-02-01", http.MethodGet, cluster, ""); status != http.StatusGone {
			t.Errorf("replica %d, version after its sunset: got %d %s, want 410", i, status, got)
		}
		status, got := r.ask(t, "fourownr", "", "2023-02-01", http.MethodGet, "/groups/6f0000000000000000000b03/clusters", "")
		if status != http.StatusOK {
			t.Errorf("replica %d, version for another: got %d %s, want 200", i, status, got)
		}
	}
}

// What is made has the organization's time, in its id, too.
func TestWhatIsMadeHasTheClocksTime(t *testing.T) {
	t.Parallel()
	b := setupClock(t)
	clock := b.advance(t, "8760h")
	for i, r := range b.replicas {
		status, got := r.owner(t, http.MethodPost, "/groups", fmt.Sprintf(`{"name":"p%d","orgId":%q}`, i, clockOrg))
		var project struct {
			ID      string    `json:"id"`
			Created time.Time `json:"created"`
		}
		if err := json.Unmarshal([]byte(got), &project); err != nil || status != http.StatusOK && status != http.StatusCreated {
			t.Fatalf("project: got %d %s", status, got)
		}
		var seconds int64
		if _, err := fmt.Sscanf(project.ID[:8], "%x", &seconds); err != nil {
			t.Fatal(err)
		}
		for _, made := range []time.Time{project.Created, time.Unix(seconds, 0)} {
			if late := made.Sub(clock.Now); late < -time.Second || late > 10*time.Minute {
				t.Errorf("replica %d: got a project of %s, want it from %s on", i, made, clock.Now)
			}
		}
		events := r.list(t, "/orgs/"+clockOrg+"/events")
		if made, err := time.Parse(time.RFC3339, fmt.Sprint(events[0]["created"])); err != nil || made.Before(clock.Now.Truncate(time.Second)) {
			t.Errorf("replica %d: got the event of %v, %v; want it from %s on", i, events[0]["created"], err, clock.Now)
		}
	}
}

// The time of a frozen clock is that of what it makes, on every replica.
func TestAFrozenClockStandsStill(t *testing.T) {
	t.Parallel()
	b := setupClock(t)
	states, writer := b.writer(t, 0)
	frozen, err := states.UpdateClock(t.Context(), writer, staging.ClockUpdate{Frozen: new(true)})
	if err != nil {
		t.Fatal(err)
	}
	advanced := b.advance(t, "1h")
	if want := frozen.Now.Add(time.Hour); !advanced.Frozen || !advanced.Now.Equal(want) {
		t.Errorf("advance of a frozen clock: got %+v, want it to stand at %s", advanced, want)
	}
	for i, r := range b.replicas {
		body := fmt.Sprintf(`{"name":"p%d","orgId":%q}`, i, clockOrg)
		_, got := r.owner(t, http.MethodPost, "/groups", body)
		if want := advanced.Now.Format("2006-01-02T15:04:05Z"); !strings.Contains(got, `"created":"`+want) {
			t.Errorf("replica %d: got %s, want it made at %s", i, got, want)
		}
		states, writer := b.writer(t, i)
		if clock, err := states.Clock(t.Context(), writer.Reader()); err != nil || !clock.Now.Equal(advanced.Now) {
			t.Errorf("replica %d: got %+v, %v, want it to stand at %s", i, clock, err, advanced.Now)
		}
	}
	going, err := states.UpdateClock(t.Context(), writer, staging.ClockUpdate{Frozen: new(false)})
	if err != nil || going.Frozen || !going.Now.Equal(advanced.Now) {
		t.Errorf("got %+v, %v, want it to go on from %s", going, err, advanced.Now)
	}
}

// Back to real time ends the tokens of the organization and of no other, and takes what has
// not happened from the events.
func TestAReleasedClockShowsTheRealTime(t *testing.T) {
	t.Parallel()
	b := setupClock(t)
	_, neighbors := b.replicas[0].token(t, strings.Replace(clockClient, "5f", "6f", 1), clockSecret)
	b.advance(t, "24h")
	_, token := b.replicas[0].token(t, clockClient, clockSecret)
	if status, got := b.replicas[0].owner(t, http.MethodPost, "/groups", `{"name":"p","orgId":"`+clockOrg+`"}`); status > 299 {
		t.Fatalf("project: got %d %s", status, got)
	}
	b.release(t)
	for i, r := range b.replicas {
		if status, _ := r.ask(t, "", token, "2025-03-12", http.MethodGet, "/orgs", ""); status != http.StatusUnauthorized {
			t.Errorf("replica %d, token of the other time: got %d, want 401", i, status)
		}
		if status, _ := r.ask(t, "", neighbors, "2025-03-12", http.MethodGet, "/orgs", ""); status != http.StatusOK {
			t.Errorf("replica %d, token of another: got %d, want 200", i, status)
		}
		for _, event := range r.list(t, "/orgs/"+clockOrg+"/events") {
			if made, err := time.Parse(time.RFC3339, fmt.Sprint(event["created"])); err != nil || made.After(time.Now()) {
				t.Errorf("replica %d: got an event of %s, %v", i, made, err)
			}
		}
		states, writer := b.writer(t, i)
		org, err := states.Organization(t.Context(), writer.Reader())
		if err != nil || org.Clock != nil {
			t.Errorf("replica %d: got the clock %+v, %v, want none that is staged", i, org.Clock, err)
		}
	}
}

// A state has the clock that it was saved by, and what is declared has none.
func TestAStateBringsItsClockBack(t *testing.T) {
	t.Parallel()
	b := setupClock(t)
	states, writer := b.writer(t, 0)
	file, err := seed.Parse(seed.Demo)
	if err != nil {
		t.Fatal(err)
	}
	if err := states.DeclareMissing(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	now := func() time.Duration {
		t.Helper()
		clock, err := states.Clock(t.Context(), writer.Reader())
		if err != nil {
			t.Fatal(err)
		}
		return time.Until(clock.Now).Round(time.Hour)
	}
	b.advance(t, "48h")
	if _, err := states.SaveState(t.Context(), writer, "later"); err != nil {
		t.Fatal(err)
	}
	_, token := b.replicas[0].token(t, clockClient, clockSecret)
	if _, err := states.Restore(t.Context(), writer, staging.Reset{To: staging.Declared}); err != nil {
		t.Fatal(err)
	}
	if got := now(); got != 0 {
		t.Errorf("after a reset: got a clock that is ahead by %s, want the real time", got)
	}
	var late int
	err = b.pool.QueryRow(t.Context(), `SELECT
		(SELECT count(*) FROM snapshots WHERE project_id = $1 AND requested_at > now()) +
		(SELECT count(*) FROM access_tokens) + (SELECT count(*) FROM project_events WHERE created_at > now())`,
		clockProject).Scan(&late)
	if err != nil || late != 0 {
		t.Errorf("after a reset: got %d rows of the time before, %v, want none", late, err)
	}
	if status, _ := b.replicas[2].ask(t, "", token, "2025-03-12", http.MethodGet, "/orgs", ""); status != http.StatusUnauthorized {
		t.Errorf("token of the time before: got %d, want 401", status)
	}
	_, err = states.Restore(t.Context(), writer, staging.Reset{To: "later", ProjectID: clockProject})
	if problem, ok := errors.AsType[*staging.Problem](err); !ok || problem.Code != staging.CodeConflict {
		t.Errorf("one project of a later time: got %v, want CONFLICT", err)
	}
	if _, err := states.Restore(t.Context(), writer, staging.Reset{To: "later"}); err != nil {
		t.Fatal(err)
	}
	if got := now(); got != 48*time.Hour {
		t.Errorf("after a restore: got a clock that is ahead by %s, want 48h", got)
	}
}

// Creations, resets and moves of the clock at once: nothing is made by a time that the clock
// has been turned back from.
func TestNothingIsMadeByATimeThatIsOver(t *testing.T) {
	t.Parallel()
	b := setupClock(t)
	states, writer := b.writer(t, 0)
	file, err := seed.Parse(seed.Demo)
	if err != nil {
		t.Fatal(err)
	}
	if err := states.DeclareMissing(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	patiently := func(move func() error) {
		for {
			err := move()
			if err != nil && !dbpool.Unavailable(err) {
				t.Errorf("got %v", err)
			}
			if err == nil || !dbpool.Unavailable(err) {
				return
			}
		}
	}
	stop := make(chan struct{})
	var creations sync.WaitGroup
	for i := range 4 {
		r := b.replicas[i%3]
		creations.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				body := fmt.Sprintf(`{"name":"p%d-%d","orgId":%q}`, i, n, clockOrg)
				status, got := r.owner(t, http.MethodPost, "/groups", body)
				if status > 299 && status != http.StatusServiceUnavailable {
					t.Errorf("create: got %d %s", status, got)
				}
				if status, _ := r.token(t, clockClient, clockSecret); status > 299 && status != http.StatusServiceUnavailable {
					t.Errorf("token: got %d", status)
				}
			}
		})
	}
	for range 5 {
		patiently(func() error {
			_, err := states.AdvanceClock(t.Context(), writer, staging.Advance{By: "8760h"})
			return err
		})
		patiently(func() error {
			_, err := states.Restore(t.Context(), writer, staging.Reset{To: staging.Declared})
			return err
		})
		var late int
		err := b.pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM projects WHERE created_at > now() + '1 hour') +
			(SELECT count(*) FROM access_tokens WHERE created_at > now() + '1 hour') +
			(SELECT count(*) FROM org_events WHERE created_at > now() + '1 hour')`).Scan(&late)
		if err != nil || late != 0 {
			t.Errorf("after a reset: got %d rows of the time before, %v, want none", late, err)
		}
	}
	close(stop)
	creations.Wait()
}
