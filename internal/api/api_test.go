package api_test

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mongodb-forks/digest"

	"exportbuckets/internal/api"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/dbaccess"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/dbtest"
	serverdigest "exportbuckets/internal/digest"
	"exportbuckets/internal/event"
	"exportbuckets/internal/fault"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/metrics"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/seed"
	"exportbuckets/internal/settle"
	"exportbuckets/internal/tenant"
	"exportbuckets/internal/waittest"
)

// counted counts what all tests do.
var counted = metrics.New("test")

// maxSeries is how many series one server may have. A Prometheus takes some kilobytes for
// each.
const maxSeries = 4500

// TestMain looks at what the tests have made the server count.
func TestMain(m *testing.M) {
	code := m.Run()
	answer := httptest.NewRecorder()
	counted.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	series := 0
	for line := range strings.Lines(answer.Body.String()) {
		if !strings.HasPrefix(line, "#") {
			series++
		}
	}
	if answer.Code != http.StatusOK || series > maxSeries {
		fmt.Fprintf(os.Stderr, "the tests made %d series of metrics, %d at most are wanted; status %d\n",
			series, maxSeries, answer.Code)
		code = 1
	}
	if testing.Verbose() {
		fmt.Fprintf(os.Stderr, "the tests made %d series of metrics\n", series)
	}
	os.Exit(code)
}

var update = flag.Bool("update", false, "rewrite the golden files")

const (
	apiRoot     = "/api/atlas/v2"
	v1Root      = "/api/atlas/v1.0" // of the same API without versions
	v15Root     = "/api/atlas/v1.5" // of its clusters
	demoProject = "5f0000000000000000000b01"
	demoBuckets = apiRoot + "/groups/" + demoProject + "/backup/exportBuckets"

	awsRole           = "5f0000000000000000000d01"
	azureRole         = "5f0000000000000000000d02"
	gcpRole           = "5f0000000000000000000d03"
	unauthorizedRole  = "5f0000000000000000000d04"
	otherProjectsRole = "5f0000000000000000000d05"
	pendingGCPRole    = "5f0000000000000000000d06"

	demoBackups = "5f0000000000000000000b03" // has a cluster and an export bucket

	demoClientID     = "mdb_sa_id_5f0000000000000000000c01"
	demoClientSecret = "mdb_sa_sk_demo-owner-secret-not-for-production-01"

	v2023 = "application/vnd.atlas.2023-01-01+json"
	v2024 = "application/vnd.atlas.2024-05-30+json"

	awsBody   = `{"cloudProvider":"AWS","bucketName":"export-bucket","iamRoleId":"5f0000000000000000000d01"}`
	azureBody = `{"cloudProvider":"AZURE","roleId":"5f0000000000000000000d02",` +
		`"serviceUrl":"https://examplestorageaccount.blob.core.windows.net/examplecontainer"}`
	gcpBody = `{"cloudProvider":"GCP","roleId":"5f0000000000000000000d03","bucketName":"export-bucket"}`
)

// privateKeys are the private keys of the API keys in the seed files.
var privateKeys = map[string]string{
	"demoownr": "d3300000-0000-4000-8000-000000000001",
	"demoproj": "d3300000-0000-4000-8000-000000000002",
	"demoread": "d3300000-0000-4000-8000-000000000003",
	"backupmg": "d3300000-0000-4000-8000-000000000011",
	"clustmgr": "d3300000-0000-4000-8000-000000000018",
	"dbaccess": "d3300000-0000-4000-8000-000000000019",
	"orgmembr": "d3300000-0000-4000-8000-000000000012",
	"orgreadr": "d3300000-0000-4000-8000-000000000013",
	"otherprj": "d3300000-0000-4000-8000-000000000014",
	"farawayk": "d3300000-0000-4000-8000-000000000015",
	"nearbyke": "d3300000-0000-4000-8000-000000000016",
	"stranger": "d3300000-0000-4000-8000-000000000021",
	"strictno": "d3300000-0000-4000-8000-000000000031",
	"strictok": "d3300000-0000-4000-8000-000000000032",
}

// clock is a time that only tests move.
type clock struct {
	now   atomic.Pointer[time.Time]
	reads atomic.Int64
}

func newClock() *clock {
	c := new(clock)
	start := time.Date(2026, 8, 10, 3, 3, 36, 0, time.UTC)
	c.now.Store(&start)
	return c
}

func (c *clock) Now() time.Time {
	c.reads.Add(1)
	return *c.now.Load()
}

func (c *clock) advance(d time.Duration) {
	later := c.now.Load().Add(d)
	c.now.Store(&later)
}

// sequence is what every test takes for random: the same bytes each time.
type sequence struct{ read atomic.Uint64 }

func (s *sequence) Read(p []byte) (int, error) {
	for filled := 0; filled < len(p); {
		block := sha256.Sum256(binary.BigEndian.AppendUint64(nil, s.read.Add(1)))
		filled += copy(p[filled:], block[:])
	}
	return len(p), nil
}

// bundle is a server with the demo tenant and those of testdata/tenants.yaml.
type bundle struct {
	server   *httptest.Server
	handler  http.Handler // what the server serves, without its checks
	pool     *dbpool.Pool
	iam      *iam.Service
	services api.Services
	clock    *clock
	log      *waittest.Log
	secrets  secrets
	journal  *journalKeeper
}

// settings are what a test may change before the server starts.
type settings struct {
	api    api.Config
	bounds api.Bounds
	iam    iam.Config
	backup backup.Config
	pace   atlas.Pace
	events string // begins the ids of events
}

func setup(t testing.TB, change ...func(*settings)) *bundle {
	t.Helper()
	return setupOn(t, dbtest.New(t), change...)
}

func setupOn(t testing.TB, pool *dbpool.Pool, change ...func(*settings)) *bundle {
	t.Helper()
	b := &bundle{pool: pool, clock: newClock(), log: new(waittest.Log)}
	s := settings{
		events: "6a7900e10203040506",
		bounds: api.DefaultBounds,
		api: api.Config{
			BaseURL:       "https://cloud.example.com",
			AWSAccountARN: "arn:aws:iam::123456789012:root",
			RateLimits:    true,
			Now:           b.clock.Now,
			Ready:         func(context.Context) error { return nil },
			Metrics:       counted,
			Log:           slog.New(slog.NewJSONHandler(b.log, nil)),
			Docs: &api.Docs{
				APIKey:         "demoownr:" + privateKeys["demoownr"],
				ServiceAccount: demoClientID + ":" + demoClientSecret,
			},
		},
		iam:    iam.Config{Random: new(sequence), Metrics: counted},
		backup: backup.Config{AWSRegion: "us-east-1", Metrics: counted},
		pace:   atlas.Paces["fast"],
	}
	for _, f := range change {
		f(&s)
	}
	tenants, err := os.ReadFile("testdata/tenants.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s.iam.Sealer, err = iam.NewSealer(t.Context(), b.pool, sealingKeys(t), b.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{seed.Demo, tenants} {
		file, err := seed.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := seed.Apply(t.Context(), b.pool, s.iam.Sealer, file, b.clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	env := atlas.Env{
		Clock: b.clock.Now, NewID: count(t, "6a7900010203040506"), NewEventID: count(t, s.events), Pace: s.pace,
	}
	b.iam = iam.New(b.pool, env, s.iam)
	b.services = api.Services{
		IAM: b.iam, Tenant: tenant.New(b.pool, env), Backup: backup.New(b.pool, env, s.backup),
		Cluster: cluster.New(b.pool, env), Settle: settle.New(b.pool, env),
		DBAccess: dbaccess.New(b.pool, env), Event: event.New(b.pool), Fault: fault.New(b.pool, time.Now),
	}
	b.keepJournal(t)
	handler, err := api.NewBounded(b.services, s.api, s.bounds)
	if err != nil {
		t.Fatal(err)
	}
	b.handler = handler
	b.server = httptest.NewServer(asDescribed(t, b.secrets.watch(t, handler)))
	t.Cleanup(func() { b.notInDump(t) })
	t.Cleanup(func() {
		b.journal.Flush(context.Background())
	})
	t.Cleanup(b.server.Close)
	return b
}

// count returns what makes ids that begin so, and then count.
func count(t testing.TB, prefix string) func(time.Time) objectid.ID {
	t.Helper()
	var created atomic.Uint32
	return func(time.Time) objectid.ID {
		id, err := objectid.Parse(fmt.Sprintf("%s%06x", prefix, created.Add(1)))
		if err != nil {
			t.Error(err)
		}
		return id
	}
}

// serveUnchecked serves without a look at the OpenAPI document, for what is large.
func (b *bundle) serveUnchecked(t *testing.T) {
	t.Helper()
	b.server = httptest.NewServer(b.handler)
	t.Cleanup(b.server.Close)
}

// request is what a client sends. Its defaults are those of most clients.
type request struct {
	method string // GET, or POST if there is a body
	path   string // with the query; demoBuckets if empty
	body   string
	header http.Header // added to Accept and Content-Type, or in their place; an empty value removes
	key    string      // public key of the caller; the demo service account if empty
	token  string      // access token, in place of a key
	bare   bool        // no credentials
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (b *bundle) do(t testing.TB, r request) answer {
	t.Helper()
	if r.method == "" {
		r.method = http.MethodGet
		if r.body != "" {
			r.method = http.MethodPost
		}
	}
	if r.path == "" {
		r.path = demoBuckets
	}
	req, err := http.NewRequestWithContext(t.Context(), r.method, b.server.URL+r.path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", v2024)
	if r.body != "" {
		req.Header.Set("Content-Type", v2024)
	}
	for name, values := range r.header {
		req.Header[name] = values
		if len(values) == 1 && values[0] == "" {
			req.Header.Del(name)
		}
	}
	client := b.server.Client()
	switch {
	case r.bare:
	case r.key != "":
		client = &http.Client{Transport: &digest.Transport{
			Username: r.key, Password: privateKeys[r.key], Transport: client.Transport,
		}}
	default:
		if r.token == "" {
			r.token = b.token(t)
		}
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: string(body)}
}

// token returns a new access token of the demo service account.
func (b *bundle) token(t testing.TB) string {
	t.Helper()
	token, err := b.iam.CreateAccessToken(t.Context(), demoClientID, demoClientSecret)
	if err != nil {
		t.Fatal(err)
	}
	return token.Token
}

// create makes an export bucket and returns the answer, which must be 200.
func (b *bundle) create(t testing.TB, body string) answer {
	t.Helper()
	got := b.do(t, request{body: body})
	if got.status != http.StatusOK {
		t.Fatalf("create: got %d %s, want 200", got.status, got.body)
	}
	return got
}

// countBuckets counts the export buckets of every project, without that of the demo tenant.
func (b *bundle) countBuckets(t *testing.T) int {
	t.Helper()
	var count int
	if err := b.pool.QueryRow(t.Context(), "SELECT count(*) FROM export_buckets WHERE project_id <> $1", demoBackups).Scan(&count); err != nil {
		t.Fatal(err)
	}
	return count
}

// nonce returns the nonce of a challenge.
func (b *bundle) nonce(t *testing.T) string {
	t.Helper()
	challenge := b.do(t, request{bare: true}).header.Get("WWW-Authenticate")
	_, rest, found := strings.Cut(challenge, `nonce="`)
	nonce, _, closed := strings.Cut(rest, `"`)
	if !found || !closed {
		t.Fatalf("got challenge %q, want one with a nonce", challenge)
	}
	return nonce
}

// digestHeader signs a request by hand.
func digestHeader(publicKey, privateKey, nonce, method, uri string) string {
	md5Hex := func(s string) string {
		sum := md5.Sum([]byte(s))
		return hex.EncodeToString(sum[:])
	}
	ha1 := hex.EncodeToString(serverdigest.HA1(publicKey, "MMS Public API", privateKey))
	response := md5Hex(ha1 + ":" + nonce + ":00000001:0a4f113b:auth:" + md5Hex(method+":"+uri))
	return fmt.Sprintf(`Digest username=%q, realm="MMS Public API", nonce=%q, uri=%q, cnonce="0a4f113b", `+
		`nc=00000001, qop=auth, response=%q, algorithm=MD5`, publicKey, nonce, uri, response)
}

// golden compares a body with testdata/<name>.json.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// refusal is the body of an error answer.
func refusal(status int, code, detail string, parameters ...string) string {
	quoted := make([]string, len(parameters))
	for i, parameter := range parameters {
		quoted[i] = `"` + parameter + `"`
	}
	return fmt.Sprintf(`{"detail":"%s","error":%d,"errorCode":"%s","parameters":[%s],"reason":"%s"}`,
		detail, status, code, strings.Join(quoted, ","), http.StatusText(status))
}

// malformedPath is the refusal of a path that has something else in the place of an id.
func malformedPath(path string) string {
	return refusal(400, "PATH_PARAM_PARSE_ERROR",
		"One or more path parameter in the request URI "+path+" is malformed.", path)
}

// malformedAttribute is the refusal of a value of another form than an attribute has.
func malformedAttribute(name string) string {
	return refusal(400, "INVALID_JSON_ATTRIBUTE",
		"Received JSON for the "+name+" attribute does not match expected format.", name)
}
