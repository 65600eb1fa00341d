package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/iam"
)

const (
	demoOrg  = "5f0000000000000000000a01"
	projects = apiRoot + "/groups"
	// newProject is what the Go SDK sends, with all that it sends along.
	newProject = `{"clusterCount":0,"created":"0001-01-01T00:00:00Z","name":"Atlas CLI E2E","orgId":"` + demoOrg + `",` +
		`"regionUsageRestrictions":"COMMERCIAL_FEDRAMP_REGIONS_ONLY"}`
	newProjectID = "6a7900010203040506000001"
)

func TestProjectsLiveLikeThoseOfAtlas(t *testing.T) {
	t.Parallel()
	b := setup(t)
	created := b.do(t, request{path: projects + "?projectOwnerId=", body: newProject})
	if created.status != http.StatusCreated ||
		created.header.Get("Location") != "https://cloud.example.com//api/atlas/v1.0" {
		t.Errorf("got %d, Location %q; want 201 and Atlas' odd one", created.status, created.header.Get("Location"))
	}
	golden(t, "project_new", created.body)
	golden(t, "project", b.send(t, 200, http.MethodGet, projects+"/"+newProjectID, ""))
	golden(t, "project", b.send(t, 200, http.MethodGet, projects+"/byName/Atlas%20CLI%20E2E", ""))
	golden(t, "project_updated", b.send(t, 200, http.MethodPatch, projects+"/"+newProjectID,
		`{"name":"renamed","tags":[{"key":"b","value":"2"},{"key":"a","value":"ü"}],"withDefaultAlertsSettings":false}`))
	golden(t, "project_updated", b.send(t, 200, http.MethodPatch, projects+"/"+newProjectID, `{}`))
	golden(t, "project_untagged", b.send(t, 200, http.MethodPatch, projects+"/"+newProjectID, `{"tags":[]}`))
	golden(t, "projects", b.send(t, 200, http.MethodGet, projects+"?includeCount=true&itemsPerPage=100&pageNum=1", ""))

	if got := b.send(t, 202, http.MethodDelete, projects+"/"+newProjectID, ""); got != "{}" {
		t.Errorf("delete: got %s, want {}", got)
	}
	want := refusal(404, "GROUP_NOT_FOUND", "No group with ID "+newProjectID+" exists.", newProjectID)
	for _, path := range []string{projects + "/" + newProjectID, projects + "/" + newProjectID + "/settings"} {
		if got := b.send(t, 404, http.MethodGet, path, ""); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	withTags := strings.Replace(newProject, `"name"`,
		`"tags":[{"key":"k","value":"v"}],"withDefaultAlertsSettings":false,"name"`, 1)
	golden(t, "project_new_tagged", b.send(t, 201, http.MethodPost, projects, withTags))
}

func TestWhoCreatesAProjectOwnsIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.pool.Exec(t.Context(), "INSERT INTO org_role_grants (org_id, principal_id, role) "+
		"VALUES ($1, '5f0000000000000000000e12', 'ORG_GROUP_CREATOR')", demoOrg); err != nil {
		t.Fatal(err)
	}
	if got := b.do(t, request{key: "orgmembr", path: projects, body: newProject}); got.status != http.StatusCreated {
		t.Fatalf("create: got %d %s, want 201", got.status, got.body)
	}
	path := projects + "/" + newProjectID
	rename := request{key: "orgmembr", method: http.MethodPatch, path: path, body: `{"name":"mine"}`}
	if got := b.do(t, rename); got.status != http.StatusOK {
		t.Errorf("rename: got %d %s, want 200", got.status, got.body)
	}
	list := b.do(t, request{key: "orgmembr", path: projects}).body
	if !strings.Contains(list, `"totalCount":1`) || !strings.Contains(list, newProjectID) {
		t.Errorf("list: got %s, want the one project", list)
	}
	if got := b.do(t, request{key: "otherprj", path: path}); got.status != http.StatusUnauthorized {
		t.Errorf("another member: got %d %s, want 401", got.status, got.body)
	}
}

func TestTagsThatAtlasRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	project := projects + "/" + demoProject
	invalid := func(text string) string {
		quoted, detail := strings.ReplaceAll(text, `"`, `\"`), "The request content produced the validation error: "
		return refusal(400, "VALIDATION_ERROR", detail+quoted+".", quoted)
	}
	characters := func(part, text string) string {
		return invalid(`Tag ` + part + ` "` + text + `" contains invalid characters. Allowable characters include letters, ` +
			`numbers, spaces, and the following special characters: ; @ _ - . +.`)
	}
	tooLong := func(part, text string) string {
		return invalid(`Tag ` + part + ` "` + text + `" exceeded the maximum allowed length of 255 characters.`)
	}
	tags := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`{"key":"k%d","value":"v"}`, i)
		}
		return strings.Join(list, ",")
	}
	long := strings.Repeat("é", 256)
	for _, tt := range []struct{ tags, want string }{
		{tags(51), invalid("A resource can have at most 50 tags.")},
		{`{"key":"a/b","value":"v"},` + tags(50), invalid("A resource can have at most 50 tags.")},
		{`{"key":"k"}`, refusal(400, "MISSING_ATTRIBUTE", "The required attribute value was not specified.", "value")},
		{`{"value":"v"}`, refusal(400, "MISSING_ATTRIBUTE", "The required attribute key was not specified.", "key")},
		{`{"key":"","value":"v"}`, invalid("Tag key must not be empty.")},
		{`{"key":"a/b","value":"v"},{"key":"k","value":"` + long + `"}`, tooLong("value", long)},
		{`{"key":"k","value":"v"},{"key":"k","value":"v"},{"key":"` + long + `","value":"v"}`, tooLong("key", long)},
		{`{"key":"k","value":"v"},{"key":"k","value":"a/b"}`, characters("value", "a/b")},
		{`{"key":"a=b","value":"v"}`, characters("key", "a=b")},
		{`{"key":"k","value":"v"},{"key":"k","value":"w"}`, invalid(`Tag key "k" is specified more than once.`)},
	} {
		list := `"tags":[` + tt.tags + `]}`
		if got := b.send(t, 400, http.MethodPatch, project, `{`+list); got != tt.want {
			t.Errorf("change, %.100s: got %s, want %s", tt.tags, got, tt.want)
		}
		if got := b.send(t, 400, http.MethodPost, projects, `{"name":"new","orgId":"`+demoOrg+`",`+list); got != tt.want {
			t.Errorf("create, %.100s: got %s, want %s", tt.tags, got, tt.want)
		}
	}
	if got := b.send(t, 200, http.MethodGet, project, ""); !strings.Contains(got, `"tags":[]`) {
		t.Errorf("got %s, want no tag to be kept of what was refused", got)
	}
	b.send(t, 401, http.MethodGet, projects+"/byName/new", "")

	for _, good := range []string{
		tags(50), `{"key":"Zoë Ωmega 1;@_-.+","value":"` + long[:2*255] + `"}`, `{"key":"K","value":"v"},{"key":"k","value":"v"}`,
	} {
		b.send(t, 200, http.MethodPatch, project, `{"tags":[`+good+`]}`)
	}
}

func TestProjectsThatAtlasRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	named := func(name string) string { return `{"orgId":"` + demoOrg + `","name":"` + name + `"}` }
	invalidName := func(name string) string {
		return refusal(400, "INVALID_GROUP_NAME", "An invalid group name "+name+" was specified.", name)
	}
	notCreator := func(org string) string {
		return refusal(401, "NOT_ORG_GROUP_CREATOR",
			"The currently logged in user does not have the group creator role in organization "+org+".", org)
	}
	const taken = `{"detail":"A group with name \"Demo Project\" already exists.","error":409,` +
		`"errorCode":"GROUP_ALREADY_EXISTS","parameters":["Demo Project"],"reason":"Conflict"}`
	long := strings.Repeat("a", 65)
	for _, tt := range []struct{ key, method, path, body, want string }{
		{"", http.MethodPost, projects, `{"orgId":"` + demoOrg + `"}`,
			refusal(400, "MISSING_ATTRIBUTE", "The required attribute name was not specified.", "name")},
		{"", http.MethodPost, projects, `{"name":"x"}`,
			refusal(400, "MISSING_ATTRIBUTE", "The required attribute orgId was not specified.", "orgId")},
		{"", http.MethodPost, projects, `{"name":"x","orgId":"x"}`,
			malformedAttribute("orgId")},
		{"", http.MethodPost, projects, `{"name":"x","orgId":"5f0000000000000000000a02"}`, notCreator("5f0000000000000000000a02")},
		{"demoproj", http.MethodPost, projects, named("x"), notCreator(demoOrg)},
		{"", http.MethodPost, projects, named("Demo Project"), taken},
		{"", http.MethodPost, projects, named(""), invalidName("")},
		{"", http.MethodPost, projects, named(" x"), invalidName(" x")},
		{"", http.MethodPost, projects, named("a/b"), invalidName("a/b")},
		{"", http.MethodPost, projects, named(long), invalidName(long)},
		{"", http.MethodPost, projects, `{"orgId":"` + demoOrg + `","name":"x","color":"red"}`,
			refusal(400, "INVALID_ATTRIBUTE", "Invalid attribute color specified.", "color")},
		{"", http.MethodPatch, projects + "/5f0000000000000000000b02", `{"name":"Demo Project"}`, taken},
		{"", http.MethodPatch, projects + "/5f0000000000000000000b02", `{"name":"a/b"}`, invalidName("a/b")},
	} {
		if got := b.do(t, request{key: tt.key, method: tt.method, path: tt.path, body: tt.body}); got.body != tt.want {
			t.Errorf("%s %s: got %d %s, want %s", tt.method, tt.body, got.status, got.body, tt.want)
		}
	}
	notInGroup := refusal(401, "NOT_IN_GROUP", "The current user is not in the group, or the group does not exist.")
	for _, tt := range []struct{ key, name string }{
		{"", "Nobody's"}, {"", "demo project"}, {"", "Stranger Project"}, {"demoproj", "Other Project"}, {"", "%00%ff"},
	} {
		if got := b.do(t, request{key: tt.key, path: projects + "/byName/" + tt.name}); got.body != notInGroup {
			t.Errorf("%s by %q: got %d %s, want %s", tt.name, tt.key, got.status, got.body, notInGroup)
		}
	}
}

func TestAnOrganizationHas250Projects(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.pool.Exec(t.Context(), `INSERT INTO projects
		SELECT lpad(to_hex(n), 24, '0'), '`+demoOrg+`', 'project ' || n, now(), true, true, '[]', '{}', '{}'
		FROM generate_series(1, 246) AS n`)
	if err != nil {
		t.Fatal(err)
	}
	b.send(t, 201, http.MethodPost, projects, newProject) // the demo tenant has three
	want := refusal(400, "MAX_GROUPS_PER_ORG_EXCEEDED", "Maximum number of groups per organization (250) in "+demoOrg+
		" exceeded while trying to add group.", "250", demoOrg)
	if got := b.send(t, 400, http.MethodPost, projects, strings.Replace(newProject, "CLI", "251", 1)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestADeletedProjectTakesAllItOwnsAlong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, body := range []string{awsBody, azureBody, gcpBody} {
		b.create(t, body)
	}
	b.send(t, 202, http.MethodDelete, projects+"/"+demoProject, "")
	for _, table := range []string{"export_buckets", "cloud_provider_access_roles", "project_role_grants"} {
		var count int
		err := b.pool.QueryRow(t.Context(), "SELECT count(*) FROM "+table+" WHERE project_id = $1", demoProject).Scan(&count)
		if err != nil {
			t.Fatal(err)
		}
		if count != 0 {
			t.Errorf("%s: got %d rows left, want none", table, count)
		}
	}
	b.send(t, 404, http.MethodPost, demoBuckets, awsBody)
}

// Whatever is added to a project while it is deleted goes along or is refused
// with an error of Atlas.
func TestDeletingAProjectInUse(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.RateLimits = false })
	token := b.token(t)
	access := projects + "/" + demoProject + "/cloudProviderAccess"
	var group sync.WaitGroup
	started := make(chan struct{}, 4)
	for i := range 4 {
		group.Go(func() {
			for n := 0; ; n++ {
				r := request{token: token, body: awsBody}
				if i%2 == 1 {
					r = request{token: token, path: access, body: []string{newAWS, newGCP}[n%2]}
				}
				got := b.do(t, r)
				if n == 5 {
					started <- struct{}{}
				}
				if got.status == http.StatusNotFound {
					return
				}
				if got.status != http.StatusOK {
					t.Errorf("got %d %s, want 200 or 404", got.status, got.body)
					return
				}
			}
		})
	}
	for range 4 {
		<-started
	}
	b.send(t, 202, http.MethodDelete, projects+"/"+demoProject, "")
	group.Wait()
	if count := b.countBuckets(t); count != 0 {
		t.Errorf("got %d export buckets left, want none", count)
	}
}

func TestProjectSettingsAreKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := projects + "/" + demoProject + "/settings"
	got := b.do(t, request{path: path})
	golden(t, "settings", got.body)
	if got.header.Get("Location") != "https://cloud.example.com//api/atlas/v1.0" {
		t.Errorf("got Location %q, want Atlas' odd one", got.header.Get("Location"))
	}
	golden(t, "settings_changed", b.send(t, 200, http.MethodPatch, path,
		`{"isSchemaAdvisorEnabled":false,"isExtendedStorageSizesEnabled":true}`))
	b.send(t, 200, http.MethodPatch, path, `{}`)
	golden(t, "settings_changed", b.send(t, 200, http.MethodGet, path, ""))
	want := refusal(400, "INVALID_ATTRIBUTE", "Invalid attribute isGreen specified.", "isGreen")
	if got := b.send(t, 400, http.MethodPatch, path, `{"isGreen":true}`); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestProjectLimitsAndSlowOperations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root := projects + "/" + demoProject
	const name = "atlas.project.security.databaseAccess.users"
	golden(t, "limits", b.send(t, 200, http.MethodGet, root+"/limits", ""))
	golden(t, "limit_set", b.send(t, 200, http.MethodPatch, root+"/limits/"+name, `{"value":300}`))
	golden(t, "limit_set", b.send(t, 200, http.MethodGet, root+"/limits/"+name, ""))
	for body, want := range map[string]string{
		`{}`: refusal(400, "MISSING_ATTRIBUTE", "The required attribute value was not specified.", "value"),
		`{"value":901}`: refusal(400, "VALIDATION_ERROR", "The request content produced the validation error: "+
			"the value must be from 0 to 900.", "the value must be from 0 to 900"),
	} {
		if got := b.send(t, 400, http.MethodPatch, root+"/limits/"+name, body); got != want {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
	}
	b.send(t, 204, http.MethodDelete, root+"/limits/"+name, "")
	golden(t, "limits", b.send(t, 200, http.MethodGet, root+"/limits", ""))
	b.send(t, 400, http.MethodGet, root+"/limits/none", "")

	for _, step := range []struct{ method, path, want string }{
		{http.MethodDelete, "/disable", "false"}, {http.MethodPost, "/enable", "true"},
	} {
		b.send(t, 204, step.method, root+"/managedSlowMs"+step.path, "")
		if got := b.send(t, 200, http.MethodGet, root+"/managedSlowMs", ""); got != step.want {
			t.Errorf("got %s, want %s", got, step.want)
		}
	}
	if got := b.send(t, 200, http.MethodGet, root+"/managedSlowMs?envelope=true", ""); got != `{"content":true,"status":200}` {
		t.Errorf("got %s, want the bare value in an envelope", got)
	}
}

// A role that is added to a project at the moment of its end is refused, not
// left behind: the foreign key says so, and the service says it as Atlas does.
func TestARoleForAProjectThatIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t)
	principal, err := b.iam.AuthenticateBearer(t.Context(), token, iam.Origin{Project: demoProject})
	if err != nil {
		t.Fatal(err)
	}
	owner, err := principal.ProjectOwner()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.services.Tenant.DeleteProject(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	for _, provider := range []string{"AWS", "GCP"} {
		_, err := b.services.Backup.CreateAccessRole(t.Context(), owner, backup.AccessRoleRequest{ProviderName: &provider})
		if want := fmt.Sprint(atlas.NewError(atlas.CodeProjectNotFound, demoProject)); fmt.Sprint(err) != want {
			t.Errorf("%s: got %v, want %s", provider, err, want)
		}
	}
}
