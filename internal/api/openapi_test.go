package api_test

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/pb33f/libopenapi"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	"github.com/pb33f/libopenapi/orderedmap"

	"exportbuckets/internal/api"
	"exportbuckets/internal/atlas"
)

func TestTheOpenAPIDocumentIsServedToEveryone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	fetch := func(path, contentType string) string {
		header := http.Header{"Accept": {"*/*"}}
		got := b.do(t, request{path: path, bare: true, header: header})
		if got.status != http.StatusOK || got.header.Get("Content-Type") != contentType {
			t.Errorf("%s: got %d %q, want 200 %q", path, got.status, got.header.Get("Content-Type"), contentType)
		}
		head := b.do(t, request{method: http.MethodHead, path: path, bare: true, header: header})
		if head.status != http.StatusOK || head.body != "" || head.header.Get("Content-Length") != strconv.Itoa(len(got.body)) {
			t.Errorf("HEAD %s: got %d %s %q, want the header of GET", path, head.status, head.header, head.body)
		}
		return got.body
	}
	if got := fetch("/openapi.yaml", "application/yaml"); got != string(file) {
		t.Errorf("YAML: got %s, want the file", got)
	}
	document, err := libopenapi.NewDocument(file) // another library's reading of it
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	for _, one := range []struct {
		document []byte
		into     *any
	}{
		{*document.GetSpecInfo().GetSpecJSONBytes(), &want},
		{[]byte(fetch("/openapi.json", "application/json")), &got},
	} {
		if err := json.Unmarshal(one.document, one.into); err != nil {
			t.Fatal(err)
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("JSON (-file +got):\n%s", diff)
	}
}

func TestTheOpenAPIDocumentIsValid(t *testing.T) {
	t.Parallel()
	d := describe(t)
	if d.model.Version != "3.1.0" {
		t.Errorf("got OpenAPI %s, want 3.1.0", d.model.Version)
	}
	if _, violations := d.validator.ValidateDocument(); len(violations) > 0 {
		t.Errorf("got %s, want no violation", strings.Join(flatten("document", violations), "\n"))
	}
	ids := make(map[string]string)
	for route, op := range d.operations() {
		if other, ok := ids[op.OperationId]; ok || op.OperationId == "" {
			t.Errorf("%s: got operation id %q, want one that %s has not", route, op.OperationId, other)
		}
		ids[op.OperationId] = route
	}
}

// operations returns all operations by method and path.
func (d *description) operations() map[string]*v3.Operation {
	operations := make(map[string]*v3.Operation)
	for path, item := range d.model.Paths.PathItems.FromOldest() {
		for method, op := range item.GetOperations().FromOldest() {
			operations[strings.ToUpper(method)+" "+path] = op
		}
	}
	return operations
}

// parameter is one in a path of the route table. What follows a colon elsewhere
// is a custom method.
var parameter = regexp.MustCompile(`/:(\w+)`)

func inBraces(route string) string { return parameter.ReplaceAllString(route, "/{$1}") }

func TestWhatIsServedIsDescribedAndNothingElse(t *testing.T) {
	t.Parallel()
	var served []string
	handler, err := api.New(api.Services{}, api.Config{Now: time.Now, Docs: new(api.Docs)})
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range api.Routes() {
		served = append(served, inBraces(route))
	}
	for _, route := range api.Served(handler) {
		// What the document says of HEAD and of the API at its beginning, it says of all.
		if !strings.HasPrefix(route, "HEAD ") && !strings.Contains(route, " /api/atlas/") {
			served = append(served, route)
		}
	}
	slices.Sort(served)
	described := slices.Sorted(maps.Keys(describe(t).operations()))
	if diff := gocmp.Diff(served, described); diff != "" {
		t.Errorf("operations (-served +described):\n%s", diff)
	}
}

func TestOperationsAreDescribedInEachOfTheirVersions(t *testing.T) {
	t.Parallel()
	operations := describe(t).operations()
	for route, want := range api.Versions() {
		op := operations[inBraces(route)]
		if op == nil {
			continue // another test says so
		}
		if diff := gocmp.Diff(want, describedVersions(t, op)); diff != "" {
			t.Errorf("%s: x-versions (-served +described):\n%s", route, diff)
		}
		var types []string
		for _, version := range want {
			types = append(types, "application/vnd.atlas."+version.Date+"+json")
		}
		for status, response := range op.Responses.Codes.FromOldest() {
			if status[0] == '2' && orderedmap.Len(response.Content) > 0 {
				if diff := gocmp.Diff(types, mediaTypes(response.Content)); diff != "" {
					t.Errorf("%s: media types of %s (-served +described):\n%s", route, status, diff)
				}
			}
		}
		if op.RequestBody != nil {
			if diff := gocmp.Diff(append([]string{"application/json"}, types...), mediaTypes(op.RequestBody.Content)); diff != "" {
				t.Errorf("%s: media types of requests (-served +described):\n%s", route, diff)
			}
		}
	}
}

// needs is what the document says of the caller, for each proof on a project and in
// an organization.
var needs = map[string]struct{ onProject, inOrg string }{
	"OrgReader":             {"", "Needs any role in the organization."},
	"OrgOwner":              {"", "Needs Organization Owner."},
	"CredentialReader":      {"Needs any role on the project.", "Needs any role in the organization."},
	"CredentialOwner":       {"Needs Project Owner.", "Needs Organization Owner."},
	"ServiceAccountInviter": {"Needs Organization Owner.", ""},
	"ProjectReader":         {"Needs any role on the project.", ""},
	"ProjectOwner":          {"Needs Project Owner.", ""},
	"SnapshotWriter":        {"Needs Project Owner, Project Cluster Manager or Project Backup Manager.", ""},
	"ScheduleWriter":        {"Needs Project Owner or Project Backup Manager.", ""},
	"ClusterWriter":         {"Needs Project Owner or Project Cluster Manager.", ""},
	"DatabaseUserWriter": {
		"Needs Project Owner, Project Database Access Admin or Project Stream Processing Owner.", "",
	},
	"BackupWriter": {
		"Needs Project Owner; where the server is set so, Project Backup Manager does, too.", "",
	},
}

func TestWhoMayIsDescribed(t *testing.T) {
	t.Parallel()
	operations := describe(t).operations()
	// Who may is not for the proof alone to say.
	const keyNetworks = "Needs to be the API key itself, Organization Owner, or Project Owner of a project that the API key has a role on."
	for route, proof := range api.Access() {
		op := operations[inBraces(route)]
		if op == nil || proof == "Principal" || proof == "" {
			continue // another test says so, or the operation looks at the request first
		}
		want := needs[proof].inOrg
		if strings.Contains(route, ":groupId") {
			want = needs[proof].onProject
		}
		if strings.Contains(route, "/apiKeys/:apiUserId/accessList") {
			want = keyNetworks
		}
		said := strings.Join(strings.Fields(op.Description), " ")
		if want == "" || !strings.Contains(said, want) {
			t.Errorf("%s takes a %s: got the description %q, want %q in it", route, proof, said, want)
		}
	}
}

func mediaTypes(content *orderedmap.Map[string, *v3.MediaType]) []string {
	return slices.Sorted(content.KeysFromOldest())
}

// describedVersions reads x-versions, by date.
func describedVersions(t *testing.T, op *v3.Operation) []api.Version {
	t.Helper()
	var byDate map[string]struct{ Successor, Sunset string }
	for name, node := range op.Extensions.FromOldest() {
		if name != "x-versions" {
			continue
		}
		if err := node.Decode(&byDate); err != nil {
			t.Fatal(err)
		}
	}
	var versions []api.Version
	for date, v := range byDate {
		versions = append(versions, api.Version{Date: date, Successor: v.Successor, Sunset: v.Sunset})
	}
	slices.SortFunc(versions, func(a, b api.Version) int { return cmp.Compare(a.Date, b.Date) })
	return versions
}

// refusalOfNone is a line on a refusal that no operation lists.
var refusalOfNone = regexp.MustCompile("(?m)^- ([0-9]{3}) with the code `([A-Z_]+)`")

// Which operation answers with which codes is seen from the answers to all
// tests. Here is that no code is left out, made up or under another status. Some are
// of no operation: the document lists them at its beginning.
func TestErrorCodesAreDescribedUnderTheirStatus(t *testing.T) {
	t.Parallel()
	line := func(status, name string) string { return status + " " + name }
	d := describe(t)
	known, described := make(map[string]bool), make(map[string]bool)
	for _, code := range atlas.Codes() {
		known[line(strconv.Itoa(code.Status), code.Name)] = true
	}
	for _, match := range refusalOfNone.FindAllStringSubmatch(d.model.Info.Description, -1) {
		described[line(match[1], match[2])] = true
	}
	for _, op := range d.operations() {
		for status, response := range op.Responses.Codes.FromOldest() {
			if response.Headers == nil {
				continue
			}
			header, ok := response.Headers.Get("X-Error-Code")
			if !ok {
				continue
			}
			for _, node := range header.Schema.Schema().Enum {
				described[line(status, node.Value)] = true
			}
		}
	}
	if diff := gocmp.Diff(slices.Sorted(maps.Keys(known)), slices.Sorted(maps.Keys(described))); diff != "" {
		t.Errorf("codes (-known +described):\n%s", diff)
	}
}

func TestEveryOperationButTheProbesMayBeUnavailable(t *testing.T) {
	t.Parallel()
	for route, op := range describe(t).operations() {
		response := op.Responses.Codes.GetOrZero("503")
		if route == "GET /healthz" || route == "GET /readyz" {
			continue
		}
		if response == nil || response.Headers.GetOrZero("Retry-After") == nil {
			t.Errorf("%s: got no 503 with Retry-After, want it described", route)
		}
	}
}

// Viewers of the document join what all parts of a schema say of a value, and know one type
// for it, and no dialect but OpenAPI's own.
func TestTheDocumentSaysTheTypeOfAValueOnce(t *testing.T) {
	t.Parallel()
	d := describe(t)
	if got := d.model.JsonSchemaDialect; got != "" {
		t.Errorf("got the dialect %s, want none named", got)
	}
	for name, proxy := range d.model.Components.Schemas.FromOldest() {
		typesOf(t, name, proxy.Schema(), make(map[string]string))
	}
}

// typesOf reports the types that the schema gives a value at a path other than those that it
// has there already, and adds its own.
func typesOf(t *testing.T, path string, schema *base.Schema, types map[string]string) {
	t.Helper()
	if said := strings.Join(schema.Type, " or "); said != "" {
		if other := types[path]; other != "" && other != said {
			t.Errorf("%s: got %s and %s, want its type once", path, other, said)
		}
		types[path] = said
	}
	for _, part := range schema.AllOf {
		typesOf(t, path, part.Schema(), types)
	}
	for name, property := range schema.Properties.FromOldest() {
		typesOf(t, path+"."+name, property.Schema(), types)
	}
	if schema.Items != nil && schema.Items.IsA() {
		typesOf(t, path+"[]", schema.Items.A.Schema(), types)
	}
	for _, alternatives := range [][]*base.SchemaProxy{schema.OneOf, schema.AnyOf} {
		for _, alternative := range alternatives {
			typesOf(t, path, alternative.Schema(), maps.Clone(types))
		}
	}
}
