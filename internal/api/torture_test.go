package api_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	"github.com/pb33f/libopenapi/orderedmap"

	"exportbuckets/internal/torture"
	"exportbuckets/internal/waittest"
)

// Requests of the demo tenant, made from the OpenAPI document with something in
// most of them that it does not allow, are never answered with a fault, always as
// the document says, and show and change nothing of another tenant.
func TestTortureRequests(t *testing.T) {
	t.Parallel()
	deadline := torture.Deadline(t, 2*time.Second)
	total := make(tally)
	for round := 0; round == 0 || time.Now().Before(deadline); round++ {
		seed := rand.Uint64()
		f := newFuzzer(t, seed, func(h http.Handler) http.Handler { return h })
		complaints := f.run(200)
		f.counts.addTo(total)
		if len(complaints) > 0 {
			t.Fatalf("seed %d, in round %d: got %d complaints, want none:\n%s",
				seed, round, len(complaints), strings.Join(complaints[:min(len(complaints), 20)], "\n"))
		}
	}
	requests := 0
	for _, n := range total.statuses() {
		requests += n
	}
	torture.Figure(t, "requests", requests)
	torture.Figure(t, "statuses", total.statuses())
	torture.Figure(t, "operations", total.served(0))
	torture.Figure(t, "operations-that-succeeded", total.served(2))
	torture.Figure(t, "complaints", 0)
}

// What the test above relies on: it sees each kind of thing that it looks for.
func TestTortureRequestsSeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		plant func(answer *httptest.ResponseRecorder, r *http.Request, f *fuzzer)
		want  string // in a complaint
	}{
		"a fault": {
			func(answer *httptest.ResponseRecorder, _ *http.Request, _ *fuzzer) { answer.Code = 500 },
			"a fault",
		},
		"a name of another tenant": {
			func(answer *httptest.ResponseRecorder, _ *http.Request, _ *fuzzer) {
				answer.Body.WriteString(canaryName)
			},
			"of another tenant",
		},
		"an id of another tenant": {
			func(answer *httptest.ResponseRecorder, _ *http.Request, f *fuzzer) { answer.Body.WriteString(f.ids[0]) },
			"of another tenant",
		},
		"a key that is not described": {
			func(answer *httptest.ResponseRecorder, _ *http.Request, _ *fuzzer) {
				object := bytes.Replace(answer.Body.Bytes(), []byte("{"), []byte(`{"x":1,`), 1)
				answer.Body.Reset()
				answer.Body.Write(object)
			},
			"not as described",
		},
		"a secret in the log": {
			func(_ *httptest.ResponseRecorder, _ *http.Request, f *fuzzer) {
				_, _ = f.log.Write([]byte(canarySecret))
			},
			"in the log",
		},
		"a change to another tenant": {
			func(_ *httptest.ResponseRecorder, r *http.Request, f *fuzzer) {
				_, _ = f.pool.Exec(r.Context(), "UPDATE projects SET name = 'x' WHERE id = $1", strangerProject)
			},
			"rows of another tenant",
		},
		"an object that is there, but not theirs": {
			func(answer *httptest.ResponseRecorder, r *http.Request, f *fuzzer) {
				if strings.Contains(r.URL.Path, f.foreign["clientId"]) {
					answer.Body.WriteString(" ")
				}
			},
			"is told from one that is not there",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f *fuzzer
			f = newFuzzer(t, 1, func(h http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					answer := httptest.NewRecorder()
					h.ServeHTTP(answer, r)
					if f != nil {
						tt.plant(answer, r, f)
					}
					maps.Copy(w.Header(), answer.Header())
					w.WriteHeader(answer.Code)
					_, _ = w.Write(answer.Body.Bytes())
				})
			})
			for range 30 {
				if strings.Contains(strings.Join(f.run(10), "\n"), tt.want) {
					return
				}
			}
			t.Errorf("got no complaint with %q, want one", tt.want)
		})
	}
}

const (
	// canaryName is part of each name of another tenant, and no request has it.
	canaryName = "c4nary"
	// canarySecret is sent wherever a secret may be, and never right.
	canarySecret = "s3cret"

	strangerOrg     = "5f0000000000000000000a02"
	strangerProject = "5f0000000000000000000b13"
)

// tally counts answers by operation and status.
type tally map[string]map[int]int

func (c tally) add(route string, status, n int) {
	if c[route] == nil {
		c[route] = make(map[int]int)
	}
	c[route][status] += n
}

func (c tally) addTo(total tally) {
	for route, statuses := range c {
		for status, n := range statuses {
			total.add(route, status, n)
		}
	}
}

func (c tally) statuses() map[int]int {
	all := make(map[int]int)
	for _, statuses := range c {
		for status, n := range statuses {
			all[status] += n
		}
	}
	return all
}

// served counts the operations with an answer of a class, or with any for class 0.
func (c tally) served(class int) int {
	count := 0
	for _, statuses := range c {
		if slices.ContainsFunc(slices.Collect(maps.Keys(statuses)), func(status int) bool {
			return class == 0 || status/100 == class
		}) {
			count++
		}
	}
	return count
}

// fuzzer sends requests of the demo tenant to a server on which there is another
// tenant, too.
type fuzzer struct {
	*bundle

	t           *testing.T
	random      *rand.Rand
	description *description
	routes      []string          // method and path
	examples    map[string]string // bodies of some
	operations  map[string]*v3.Operation
	served      http.Handler
	tokens      []string          // of an owner, and of a reader of the project
	foreign     map[string]string // ids of the other tenant by the parameter that names them
	ids         []string          // all of these
	before      []string          // the rows of the other tenant
	counts      tally
}

func newFuzzer(t *testing.T, seed uint64, around func(http.Handler) http.Handler) *fuzzer {
	t.Helper()
	log := new(waittest.Log)
	d := describe(t)
	f := &fuzzer{
		t:           t,
		random:      rand.New(rand.NewPCG(seed, 0)),
		description: d,
		operations:  d.operations(),
		examples:    make(map[string]string),
		counts:      make(tally),
	}
	for _, a := range accesses() {
		f.examples[inBraces(a.route)] = a.body
	}
	f.bundle = setup(t, func(s *settings) {
		s.api.RateLimits = false
		s.api.Log = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	f.log = log
	f.served = around(f.handler)
	f.routes = slices.Sorted(maps.Keys(f.operations))
	reader, err := f.iam.CreateAccessToken(t.Context(), spareAccount, "mdb_sa_sk_spare-secret-not-for-production-000001")
	if err != nil {
		t.Fatal(err)
	}
	f.tokens = []string{f.token(t), reader.Token}
	f.addStranger()
	f.before = f.foreignRows()
	return f
}

// addStranger gives the other tenant one of each thing, with a canary for a name.
func (f *fuzzer) addStranger() {
	f.t.Helper()
	const project = apiRoot + "/groups/" + strangerProject
	type made struct {
		ID       string `json:"id"`
		BucketID string `json:"_id"`
		RoleID   string `json:"roleId"`
		ClientID string `json:"clientId"`
		Secrets  []made `json:"secrets"`
	}
	send := func(method, path, body string) (object made) {
		got := f.do(f.t, request{
			method: method, path: path, body: body, key: "stranger", header: http.Header{"Accept": {v2025}},
		})
		if err := json.Unmarshal([]byte(got.body), &object); err != nil || got.status/100 != 2 {
			f.t.Fatalf("%s %s: got %d %s, want a canary", method, path, got.status, got.body)
		}
		return object
	}
	send(http.MethodPatch, project, `{"name":"c4nary project"}`)
	send(http.MethodPatch, apiRoot+"/orgs/"+strangerOrg, `{"name":"c4nary organization"}`)
	role := send(http.MethodPost, project+"/cloudProviderAccess", `{"providerName":"AWS"}`).RoleID
	send(http.MethodPatch, project+"/cloudProviderAccess/"+role,
		`{"providerName":"AWS","iamAssumedRoleArn":"arn:aws:iam::123456789012:role/c4nary"}`)
	bucket := send(http.MethodPost, project+"/backup/exportBuckets",
		`{"cloudProvider":"AWS","bucketName":"c4nary-bucket","iamRoleId":"`+role+`"}`)
	key := send(http.MethodPost, project+"/apiKeys", `{"desc":"c4nary key","roles":["GROUP_OWNER"]}`)
	account := send(http.MethodPost, project+"/serviceAccounts",
		`{"name":"c4nary","description":"c4nary","secretExpiresAfterHours":8,"roles":["GROUP_OWNER"]}`)
	f.foreign = map[string]string{
		"exportBucketId": bucket.BucketID, "roleId": role, "apiUserId": key.ID, "clientId": account.ClientID,
		"secretId": account.Secrets[0].ID, "groupId": strangerProject, "orgId": strangerOrg,
	}
	f.ids = slices.Sorted(maps.Values(f.foreign))
}

// foreignRows returns all rows that name something of the other tenant.
func (f *fuzzer) foreignRows() []string {
	f.t.Helper()
	collect := func(sql string, args ...any) []string {
		rows, err := f.pool.Query(f.t.Context(), sql, args...)
		if err != nil {
			f.t.Fatal(err)
		}
		values, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			f.t.Fatal(err)
		}
		return values
	}
	var all []string
	for _, table := range collect("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1") {
		all = append(all, collect("SELECT r::text FROM "+table+" AS r WHERE r::text ~ $1 ORDER BY 1",
			strings.Join(append(f.ids, canaryName), "|"))...)
	}
	return all
}

// run sends so many requests and returns what was wrong with the answers, the log
// and the rows.
func (f *fuzzer) run(requests int) []string {
	f.t.Helper()
	var complaints []string
	for range requests {
		complaints = append(complaints, f.try()...)
	}
	if diff := gocmp.Diff(f.before, f.foreignRows()); diff != "" {
		complaints = append(complaints, "rows of another tenant changed: "+diff)
	}
	log := f.log.String()
	for _, secret := range append([]string{canarySecret, demoClientSecret, "mdb_sa_sk_", "Digest ", "Bearer "}, f.tokens...) {
		if strings.Contains(log, secret) {
			complaints = append(complaints, secret+" is in the log")
		}
	}
	return complaints
}

// fuzzed is a request, and which parameters of its path name something foreign.
type fuzzed struct {
	route        string
	method, path string
	query        url.Values
	header       http.Header
	body         string
	foreign      []string
}

func (r fuzzed) String() string {
	return fmt.Sprintf("%s %s?%s %q %q %q %.300s", r.method, r.path, r.query.Encode(),
		r.header["Accept"], r.header["Authorization"], r.header["Content-Type"], r.body)
}

// try makes and sends one request.
func (f *fuzzer) try() []string {
	f.t.Helper()
	route := f.routes[f.random.IntN(len(f.routes))]
	r := f.request(route)
	status, got, complaints := f.send(r)
	f.counts.add(route, status, 1)
	text := fmt.Sprint(got.header) + got.body
	if status >= http.StatusInternalServerError {
		complaints = append(complaints, "a fault")
	}
	sent := r.String()
	for _, canary := range append(f.ids, canaryName) {
		if strings.Contains(text, canary) && !strings.Contains(sent, canary) {
			complaints = append(complaints, canary+" of another tenant is shown")
		}
	}
	if len(r.foreign) > 0 {
		complaints = append(complaints, f.compareWithNothing(r, status, got)...)
	}
	for i := range complaints {
		complaints[i] += fmt.Sprintf("\n\tof %s: %d %.300s", sent, status, got.body)
	}
	return complaints
}

// compareWithNothing sends the request once more, with ids of nothing in place of
// those of the other tenant: the answers may not differ in anything else.
func (f *fuzzer) compareWithNothing(r fuzzed, status int, got answer) []string {
	f.t.Helper()
	nothing := func(text string) string {
		for _, id := range r.foreign {
			text = strings.ReplaceAll(text, id, id[:len(id)-4]+"ffff")
		}
		return text
	}
	r.path, r.body = nothing(r.path), nothing(r.body)
	for name := range r.query {
		r.query.Set(name, nothing(r.query.Get(name)))
	}
	other, want, complaints := f.send(r)
	// What is made anew has an id of its own.
	makes := other/100 == 2 && r.method != http.MethodGet && r.method != http.MethodHead
	if status != other || !makes && nothing(got.body) != want.body {
		complaints = append(complaints, fmt.Sprintf(
			"what is of another tenant is told from one that is not there, which is answered %d %s", other, want.body))
	}
	return complaints
}

// send returns the answer, and in what it is not as described.
func (f *fuzzer) send(r fuzzed) (status int, got answer, complaints []string) {
	f.t.Helper()
	target := r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(f.t.Context(), r.method, target, strings.NewReader(r.body))
	if err != nil {
		return 0, answer{}, nil // no client could send it
	}
	req.RequestURI, req.RemoteAddr, req.Host = target, "127.0.0.1:1", "cloud.example.com"
	maps.Copy(req.Header, r.header)
	asked := req.Clone(f.t.Context())
	recorded := httptest.NewRecorder()
	recording := &recorder{ResponseWriter: recorded}
	var sent bytes.Buffer
	req.Body = io.NopCloser(io.TeeReader(req.Body, &sent))
	f.served.ServeHTTP(recording, req)
	if recording.status == 0 {
		recording.status = http.StatusOK
	}
	for _, complaint := range f.description.check(asked, sent.Bytes(), recording) {
		complaints = append(complaints, "not as described: "+complaint)
	}
	return recording.status, answer{recording.status, recorded.Header(), recording.body.String()}, complaints
}

// request makes one for an operation. Of its parts most are valid.
func (f *fuzzer) request(route string) fuzzed {
	f.t.Helper()
	op := f.operations[route]
	method, path, _ := strings.Cut(route, " ")
	r := fuzzed{route: route, method: method, query: make(url.Values), header: make(http.Header)}
	r.path = braces.ReplaceAllStringFunc(path, func(name string) string {
		name = strings.Trim(name, "{}")
		id, isForeign := f.foreign[name]
		switch {
		case f.chance(6) && isForeign:
			// Whether a project or an organization is there Atlas tells everyone.
			if name != "groupId" && name != "orgId" {
				r.foreign = append(r.foreign, id)
			}
			return id
		case f.chance(12):
			return url.PathEscape(cmp.Or(f.junk(), "x")) // an empty one makes another path
		default:
			return exampleOf.Replace(":" + name)
		}
	})
	for _, p := range op.Parameters {
		if p.In == "query" && (f.chance(3) || p.Required != nil && *p.Required) {
			r.query.Set(p.Name, f.parameter(p))
		}
	}
	switch {
	case f.chance(30):
		r.method = f.pick(http.MethodOptions, http.MethodPut, http.MethodTrace, "QUERY")
	case f.chance(15) && method == http.MethodGet && strings.HasPrefix(path, apiRoot):
		r.method = http.MethodHead
	}
	f.setHeaders(&r, op)
	if op.RequestBody != nil {
		r.body = f.body(&r, op.RequestBody.Content)
	}
	return r
}

var braces = regexp.MustCompile(`\{\w+\}`)

// chance is true one time in n.
func (f *fuzzer) chance(n int) bool { return f.random.IntN(n) == 0 }

func (f *fuzzer) pick(from ...string) string { return from[f.random.IntN(len(from))] }

// junk is text that is hardly ever right.
func (f *fuzzer) junk() string {
	return f.pick("", " ", "0", "-1", "null", "true", "x", "../..", "%00", "\x00", "a/b", "a:b", "é\u202e", "\xff\xfe", "'\"--",
		"5F0000000000000000000B01", "5f0000000000000000000b0", "99999999999999999999", "1e400", "<script>",
		strings.Repeat("a", 300), f.pick(f.ids...), "{}", "[", "10.0.0.0/8", "2001:db8::/129")
}

func (f *fuzzer) parameter(p *v3.Parameter) string {
	schema := p.Schema.Schema()
	switch {
	case f.chance(5):
		return f.junk()
	case len(schema.Enum) > 0:
		return schema.Enum[f.random.IntN(len(schema.Enum))].Value
	case slices.Contains(schema.Type, "boolean"):
		return f.pick("true", "false")
	case slices.Contains(schema.Type, "integer"):
		return f.pick("0", "1", "2", "100", "500", "501", "2147483648")
	default:
		return f.pick("Demo", "Stranger", "")
	}
}

// setHeaders sets credentials, the version, and secrets where there may be some.
func (f *fuzzer) setHeaders(r *fuzzed, op *v3.Operation) {
	r.header.Set("Authorization", "Bearer "+f.tokens[0])
	switch {
	case strings.HasPrefix(r.path, "/api/oauth/"):
		r.header = basic(demoClientID, f.pick(demoClientSecret, canarySecret))
	case f.chance(4):
		r.header.Set("Authorization", "Bearer "+f.tokens[1])
	case f.chance(20):
		r.header.Set("Authorization", f.pick("", canarySecret, "Bearer "+canarySecret, "Bearer", "Basic "+canarySecret,
			`Digest username="demoownr", response="s3cret", nonce="s3cret"`, "Digest "+canarySecret))
	}
	r.header.Set("Accept", "application/vnd.atlas."+f.pick("2025-03-12", "2025-03-12", "2024-08-05", "2023-01-01")+"+json")
	if f.chance(12) {
		r.header.Set("Accept", f.pick("", "*/*", "application/json", "text/html", "application/vnd.atlas.2022-01-01+json",
			"application/vnd.atlas.9999-99-99+json", "application/vnd.atlas.preview+json", f.junk()))
	}
	for _, name := range []string{"Cookie", "Proxy-Authorization", "X-Api-Key", "X-Forwarded-For", "X-Auth-Token"} {
		r.header.Set(name, canarySecret)
	}
	r.query.Set("access_token", canarySecret)
	if op.RequestBody == nil {
		return
	}
	types := mediaTypes(op.RequestBody.Content)
	r.header.Set("Content-Type", types[f.random.IntN(len(types))])
	if f.chance(15) && len(types) > 1 { // the token endpoints take any type for a form
		r.header.Set("Content-Type", f.pick("", "text/plain", "application/json; charset=latin1", f.junk()))
	}
}

// body makes one as described, and then changes it.
func (f *fuzzer) body(r *fuzzed, content *orderedmap.Map[string, *v3.MediaType]) string {
	f.t.Helper()
	mediaType := content.First().Value()
	if content.First().Key() == "application/x-www-form-urlencoded" {
		return f.pick("grant_type=client_credentials", "token="+canarySecret, "token="+f.tokens[1]+"x", "grant_type="+f.junk(),
			"client_secret="+canarySecret+"&grant_type=client_credentials", f.junk())
	}
	value := f.described(mediaType.Schema, 0)
	if example := f.examples[r.route]; example != "" && f.chance(2) {
		if err := json.Unmarshal([]byte(example), &value); err != nil {
			return example
		}
	}
	value = f.change(r, "", value)
	changed, err := json.Marshal(value)
	if err != nil {
		f.t.Fatal(err)
	}
	if f.chance(20) {
		changed = changed[:f.random.IntN(len(changed)+1)]
	}
	return string(changed)
}

// described makes a value of which the document says the same.
func (f *fuzzer) described(proxy *base.SchemaProxy, depth int) any {
	if proxy == nil || proxy.Schema() == nil {
		return map[string]any{"anything": true}
	}
	schema := proxy.Schema()
	for _, alternatives := range [][]*base.SchemaProxy{schema.OneOf, schema.AnyOf} {
		if len(alternatives) > 0 {
			return f.described(alternatives[f.random.IntN(len(alternatives))], depth+1)
		}
	}
	typed := func(name string) bool { return slices.Contains(schema.Type, name) }
	switch {
	case len(schema.Enum) > 0:
		return schema.Enum[f.random.IntN(len(schema.Enum))].Value
	case schema.Const != nil:
		return schema.Const.Value
	case typed("object") || orderedmap.Len(schema.Properties) > 0 || len(schema.AllOf) > 0:
		object := make(map[string]any)
		for _, part := range schema.AllOf {
			if value, ok := f.described(part, depth+1).(map[string]any); ok {
				maps.Copy(object, value)
			}
		}
		for name, property := range schema.Properties.FromOldest() {
			if depth < 8 && (slices.Contains(schema.Required, name) || f.chance(2)) {
				object[name] = f.described(property, depth+1)
			}
		}
		return object
	case typed("array") && schema.Items != nil:
		list := make([]any, f.random.IntN(3))
		for i := range list {
			list[i] = f.described(schema.Items.A, depth+1)
		}
		return list
	case typed("boolean"):
		return f.chance(2)
	case typed("integer") || typed("number"):
		return f.random.IntN(1000)
	case len(schema.Examples) > 0:
		return schema.Examples[0].Value
	default:
		return f.pick("export-bucket", "new", "2099-12-31T00:00:00Z", "192.0.2.1", "ORG_MEMBER", "GROUP_READ_ONLY",
			"arn:aws:iam::123456789012:role/x", "22f1d2a6-d0e9-482a-83a4-b8dd7dddc2c1")
	}
}

// change puts ids that there are into a value of JSON, and other things for some
// of its parts.
func (f *fuzzer) change(r *fuzzed, name string, value any) any {
	if f.chance(25) {
		return []any{nil, true, -1, 1e30, "", canarySecret, f.junk(), []any{}, map[string]any{"x": nil}}[f.random.IntN(9)]
	}
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) { // so that a seed gives the same requests
			v[key] = f.change(r, key, v[key])
			if f.chance(30) {
				delete(v, key)
			}
		}
		return v
	case []any:
		for i, part := range v {
			v[i] = f.change(r, name, part)
		}
		return v
	case string:
		return f.named(r, name, v)
	default:
		return value
	}
}

// named returns an id for a field that has one, of the tenant or of the other.
func (f *fuzzer) named(r *fuzzed, name, value string) string {
	parameter := name
	if name == "iamRoleId" {
		parameter = "roleId"
	}
	id, ok := f.foreign[parameter]
	switch {
	case !ok:
		return value
	case f.chance(3):
		if parameter != "groupId" && parameter != "orgId" {
			r.foreign = append(r.foreign, id)
		}
		return id
	case parameter == "roleId":
		return f.pick(awsRole, azureRole, gcpRole, unauthorizedRole)
	default:
		return exampleOf.Replace(":" + parameter)
	}
}
