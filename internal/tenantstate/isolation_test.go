package tenantstate_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mongodb-forks/digest"

	"exportbuckets/internal/api"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/dbaccess"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/event"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/seal"
	"exportbuckets/internal/seed"
	"exportbuckets/internal/settle"
	"exportbuckets/internal/tenant"
	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

const isolationOperator = "an-operator-token-of-the-isolation-test"

// replica is one server of several on a database.
type replica struct {
	url    string
	states *tenantstate.Service
}

func newReplica(t testing.TB, url string) replica {
	t.Helper()
	pool, err := dbpool.Open(t.Context(), url, 8, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	sealer, err := iam.NewSealer(t.Context(), pool, seal.Keys{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	env := atlas.Env{Clock: time.Now, NewID: objectid.New, NewEventID: objectid.New, Pace: atlas.Paces["instant"]}
	handler, err := api.New(api.Services{
		IAM: iam.New(pool, env, iam.Config{Sealer: sealer, Random: rand.Reader}), Tenant: tenant.New(pool, env),
		Backup: backup.New(pool, env, backup.Config{}), Cluster: cluster.New(pool, env), Settle: settle.New(pool, env),
		DBAccess: dbaccess.New(pool, env), Event: event.New(pool),
	}, api.Config{
		BaseURL: "http://cloud.example.com", Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Ready: func(context.Context) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return replica{server.URL, tenantstate.New(pool, env, tenantstate.Config{
		Sealer: sealer, OperatorToken: isolationOperator, IsOperation: api.IsOperation, MaxThrowaways: 100,
	})}
}

// owners are whose an id is, of all that the teams have made.
type owners struct {
	mu  sync.Mutex
	ids map[string]string
}

var anyID = regexp.MustCompile(`[a-f0-9]{24}`)

// foreign returns the ids in a text that are another team's.
func (o *owners) foreign(team, text string) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var ids []string
	for _, id := range anyID.FindAllString(text, -1) {
		owner, known := o.ids[id]
		if !known && strings.HasSuffix(id[:8], "00000") { // of a seed
			owner, known = id[:3], true
		}
		if known && owner != team {
			ids = append(ids, id)
		}
	}
	return ids
}

// team is a client of one organization, which asks any replica.
type team struct {
	t        *testing.T
	prefix   string // of the ids of its seed
	key      string
	replicas []replica
	owners   *owners
	asked    int
}

func (m *team) next() replica {
	m.asked++
	return m.replicas[m.asked%len(m.replicas)]
}

func (m *team) id(rest string) string { return m.prefix + "00000" + "0000000000000" + rest }

// do sends a request to the next replica, and again while the server asks for that.
func (m *team) do(method, path, body string) (int, string) {
	m.t.Helper()
	for {
		req, err := http.NewRequestWithContext(m.t.Context(), method, m.next().url+"/api/atlas/v2"+path, strings.NewReader(body))
		if err != nil {
			m.t.Error(err)
			return 0, ""
		}
		req.Header.Set("Accept", "application/vnd.atlas.2025-03-12+json")
		req.Header.Set("Content-Type", "application/json")
		resp, err := digest.NewTransport(m.key, "d3300000-0000-4000-8000-000000000001").RoundTrip(req)
		if err != nil {
			m.t.Error(err)
			return 0, ""
		}
		got, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			m.t.Error(err)
			return 0, ""
		}
		if ids := m.owners.foreign(m.prefix, string(got)); len(ids) > 0 {
			m.t.Errorf("%s %s: got %v of other teams in %s", method, path, ids, got)
		}
		if resp.StatusCode != http.StatusServiceUnavailable {
			return resp.StatusCode, string(got)
		}
	}
}

// create makes an export bucket and returns its id.
func (m *team) create(name string) string {
	m.t.Helper()
	status, got := m.do(http.MethodPost, "/groups/"+m.id("b01")+"/backup/exportBuckets",
		fmt.Sprintf(`{"cloudProvider":"AWS","bucketName":%q,"iamRoleId":%q}`, name, m.id("d01")))
	var bucket struct {
		ID string `json:"_id"`
	}
	if err := json.Unmarshal([]byte(got), &bucket); err != nil || status != http.StatusOK {
		m.t.Errorf("create: got %d %s, %v", status, got, err)
	}
	m.owners.mu.Lock()
	m.owners.ids[bucket.ID] = m.prefix
	m.owners.mu.Unlock()
	return bucket.ID
}

// wantBuckets looks at the list and at each bucket of the project.
func (m *team) wantBuckets(when string, ids ...string) {
	m.t.Helper()
	path := "/groups/" + m.id("b01") + "/backup/exportBuckets"
	status, got := m.do(http.MethodGet, path, "")
	var list struct {
		Results []struct {
			ID string `json:"_id"`
		} `json:"results"`
	}
	if err := json.Unmarshal([]byte(got), &list); err != nil || status != http.StatusOK || len(list.Results) != len(ids) {
		m.t.Errorf("%s, %s: got %d %s, %v, want %v", m.prefix, when, status, got, err, ids)
		return
	}
	for i, id := range ids {
		if list.Results[i].ID != id {
			m.t.Errorf("%s, %s: got bucket %s, want %s", m.prefix, when, list.Results[i].ID, id)
		}
		if status, got := m.do(http.MethodGet, path+"/"+id, ""); status != http.StatusOK {
			m.t.Errorf("%s, %s: got %d %s of bucket %s", m.prefix, when, status, got, id)
		}
	}
}

// patiently calls a change of the staging plane on the next replica until it is not busy.
func (m *team) patiently(change func(*tenantstate.Service, tenantstate.Writer) error) {
	m.t.Helper()
	for {
		states := m.next().states
		caller, err := states.Authenticate(m.t.Context(), isolationOperator)
		if err == nil {
			var writer tenantstate.Writer
			if writer, err = caller.Writer(m.t.Context(), m.id("a01")); err == nil {
				err = change(states, writer)
			}
		}
		if dbpool.Unavailable(err) {
			continue
		}
		if err != nil {
			m.t.Errorf("%s: got %v", m.prefix, err)
		}
		return
	}
}

func (m *team) save(name string) {
	m.patiently(func(states *tenantstate.Service, writer tenantstate.Writer) error {
		if err := states.DeleteState(m.t.Context(), writer, name); err != nil {
			if problem := new(staging.Problem); !errors.As(err, &problem) || problem.Code != staging.CodeNotFound {
				return err
			}
		}
		_, err := states.SaveState(m.t.Context(), writer, name)
		return err
	})
}

func (m *team) restore(name string) {
	m.patiently(func(states *tenantstate.Service, writer tenantstate.Writer) error {
		_, err := states.Restore(m.t.Context(), writer, staging.Reset{To: name})
		return err
	})
}

// work is what a team's suite does.
func (m *team) work(rounds int) {
	m.wantBuckets("at first")
	m.save("empty")
	for range rounds {
		one := m.create("one")
		m.save("one")
		two := m.create("two")
		m.wantBuckets("after two", one, two)
		if status, got := m.do(http.MethodPatch, "/groups/"+m.id("b02"), `{"name":"Renamed"}`); status != http.StatusOK {
			m.t.Errorf("rename: got %d %s", status, got)
		}
		if status, got := m.do(http.MethodDelete, "/groups/"+m.id("b01")+"/backup/exportBuckets/"+one, ""); status != http.StatusNoContent {
			m.t.Errorf("delete: got %d %s", status, got)
		}
		m.wantBuckets("after a deletion", two)
		m.restore("one")
		m.wantBuckets("after a restore", one)
		if _, got := m.do(http.MethodGet, "/groups/"+m.id("b02"), ""); !strings.Contains(got, `"name":"Other Project"`) {
			m.t.Errorf("got %s after a restore, want the name of before", got)
		}
		m.restore("empty")
		m.wantBuckets("after a reset")
		if status, _ := m.do(http.MethodGet, "/groups/"+m.id("b01")+"/backup/exportBuckets/"+two, ""); status != http.StatusNotFound {
			m.t.Errorf("got %d of a bucket of before the reset, want 404", status)
		}
	}
	status, got := m.do(http.MethodGet, "/groups?itemsPerPage=500", "")
	if projects := strings.Count(got, `"orgId"`); status != http.StatusOK || projects != 3 {
		m.t.Errorf("got %d projects, want 3: %s", projects, got)
	}
}

// Ten teams work on three replicas at once, each resets and restores its own organization
// in between, and none sees anything of another.
func TestTenTeamsOnThreeReplicas(t *testing.T) {
	t.Parallel()
	url := dbtest.NewURL(t)
	var replicas []replica
	for range 3 {
		replicas = append(replicas, newReplica(t, url))
	}
	pool, err := dbpool.Open(t.Context(), url, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	all := &owners{ids: make(map[string]string)}
	var teams []*team
	for i := range 10 {
		m := &team{t: t, prefix: fmt.Sprintf("5a%x", i), key: "team" + strings.Repeat(string(rune('a'+i)), 4), replicas: replicas, owners: all}
		text := bytes.ReplaceAll(seed.Demo, []byte("5f000000"), []byte(m.prefix+"00000"))
		text = bytes.ReplaceAll(text, []byte("publicKey: demo"), []byte("publicKey: tm"+m.key[6:]))
		text = bytes.ReplaceAll(text, []byte("tm"+m.key[6:]+"ownr"), []byte(m.key))
		file, err := seed.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := seed.Apply(t.Context(), pool, new(iam.Sealer), file, time.Now()); err != nil {
			t.Fatal(err)
		}
		teams = append(teams, m)
	}
	var suites sync.WaitGroup
	for _, m := range teams {
		suites.Go(func() { m.work(2) })
	}
	suites.Wait()
}
