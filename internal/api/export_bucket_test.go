package api_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCreateAnswersLikeAtlas(t *testing.T) {
	t.Parallel()
	tests := []struct {
		golden string
		body   string
	}{
		{"create_aws", awsBody},
		{"create_aws_private", strings.Replace(awsBody, "}", `,"requirePrivateNetworking":true}`, 1)},
		{"create_azure", azureBody},
		{"create_gcp", gcpBody},
	}
	for _, tt := range tests {
		t.Run(tt.golden, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			got := b.create(t, tt.body)
			golden(t, tt.golden, got.body)
			want := http.Header{
				"Content-Length":                    {strconv.Itoa(len(got.body))},
				"Content-Type":                      {v2024 + ";charset=utf-8"},
				"Ratelimit-Limit":                   {"1200"},
				"Ratelimit-Remaining":               {"1199"},
				"Referrer-Policy":                   {"strict-origin-when-cross-origin"},
				"Server":                            {"mdbws"},
				"Strict-Transport-Security":         {"max-age=31536000; includeSubdomains;"},
				"X-Content-Type-Options":            {"nosniff"},
				"X-Frame-Options":                   {"DENY"},
				"X-Permitted-Cross-Domain-Policies": {"none"},
			}
			got.header.Del("Date")
			got.header.Del("X-Request-Id")
			if diff := cmp.Diff(want, got.header); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
			one := b.do(t, request{path: demoBuckets + "/6a7900010203040506000001"})
			golden(t, tt.golden, one.body)
		})
	}
}

func TestFirstVersionKnowsOnlyAWSAndTellsOfItsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, azureBody)
	b.create(t, gcpBody)
	first := http.Header{"Accept": {v2023}, "Content-Type": {v2023}}
	created := b.do(t, request{body: awsBody, header: first})
	golden(t, "create_aws_2023", created.body)
	azure := b.do(t, request{body: azureBody, header: first})
	listed := b.do(t, request{header: first})
	golden(t, "list_2023", listed.body)
	one := b.do(t, request{path: demoBuckets + "/6a7900010203040506000003", header: first})
	golden(t, "create_aws_2023", one.body)
	hidden := b.do(t, request{path: demoBuckets + "/6a7900010203040506000001", header: first})

	want := refusal(400, "INVALID_ENUM_VALUE", "An invalid enumeration value AZURE was specified.", "AZURE")
	if azure.body != want {
		t.Errorf("AZURE: got %s, want %s", azure.body, want)
	}
	want = refusal(404, "EXPORT_BUCKET_NOT_FOUND",
		"No export Bucket with ID 6a7900010203040506000001 does not exist.", "6a7900010203040506000001")
	if hidden.body != want {
		t.Errorf("GET one of AZURE: got %s, want %s", hidden.body, want)
	}
	for name, got := range map[string]answer{
		"create": created, "refused create": azure, "list": listed, "get": one, "refused get": hidden,
	} {
		if dep := got.header.Get("Deprecation"); dep != "Thu, 30 May 2024 00:00:00 GMT" {
			t.Errorf("%s: got Deprecation %q, want Thu, 30 May 2024 00:00:00 GMT", name, dep)
		}
		if sunset := got.header.Get("Sunset"); sunset != "Thu, 1 Jul 2027 00:00:00 GMT" {
			t.Errorf("%s: got Sunset %q, want Thu, 1 Jul 2027 00:00:00 GMT", name, sunset)
		}
	}
}

// createFailures are the rows of the contract's error tables that a create can
// produce once the caller may create.
var createFailures = []struct {
	name        string
	contentType string // v2024 if empty; "none" leaves it out
	body        string
	status      int
	want        string
}{
	{"no JSON", "", `{"cloudProvider":`, 400, refusal(400, "MALFORMED_JSON", "Received JSON is malformed.")},
	{"text after the JSON", "", awsBody + "x", 400, refusal(400, "MALFORMED_JSON", "Received JSON is malformed.")},
	{
		"a syntax error after a wrong type", "", `{"bucketName":5,}`, 400,
		refusal(400, "MALFORMED_JSON", "Received JSON is malformed."),
	},
	{"no UTF-8", "", "{\"bucketName\":\"\xff\"}", 400, refusal(400, "MALFORMED_JSON", "Received JSON is malformed.")},
	{
		"an empty body", "", "", 400,
		refusal(400, "INVALID_JSON", "Received JSON does not match expected format."),
	},
	{"blanks alone", "", " \n", 400, refusal(400, "INVALID_JSON", "Received JSON does not match expected format.")},
	{
		"an empty body without a type", "none", "", 400,
		refusal(400, "INVALID_JSON", "Received JSON does not match expected format."),
	},
	{"an array", "", `[]`, 400, refusal(400, "INVALID_JSON", "Received JSON does not match expected format.")},
	{"a string", "", `"x"`, 400, refusal(400, "INVALID_JSON", "Received JSON does not match expected format.")},
	{"null", "", `null`, 400, refusal(400, "INVALID_JSON", "Received JSON does not match expected format.")},
	{
		"nothing in the object", "", `{}`, 400,
		refusal(400, "MISSING_ATTRIBUTE", "The required attribute cloudProvider was not specified.", "cloudProvider"),
	},
	{
		"null for what is required", "", `{"cloudProvider":"AWS","bucketName":null,"iamRoleId":"5f0000000000000000000d01"}`,
		400, refusal(400, "MISSING_ATTRIBUTE", "The required attribute bucketName was not specified.", "bucketName"),
	},
	{
		"a number for a string", "", strings.Replace(awsBody, `"export-bucket"`, `5`, 1), 400,
		refusal(400, "INVALID_JSON_ATTRIBUTE",
			"Received JSON for the bucketName attribute does not match expected format.", "bucketName"),
	},
	{
		"a string for a boolean", "", strings.Replace(awsBody, `}`, `,"requirePrivateNetworking":"true"}`, 1), 400,
		refusal(400, "INVALID_JSON_ATTRIBUTE",
			"Received JSON for the requirePrivateNetworking attribute does not match expected format.",
			"requirePrivateNetworking"),
	},
	{
		"an unknown cloud provider", "", strings.Replace(awsBody, "AWS", "aws", 1), 400,
		refusal(400, "INVALID_ENUM_VALUE", "An invalid enumeration value aws was specified.", "aws"),
	},
	{
		"an unknown field", "", strings.Replace(awsBody, "}", `,"color":"red"}`, 1), 400,
		refusal(400, "INVALID_ATTRIBUTE", "Invalid attribute color specified.", "color"),
	},
	{
		"a field in other letters", "", strings.Replace(awsBody, "bucketName", "bucketname", 1), 400,
		refusal(400, "INVALID_ATTRIBUTE", "Invalid attribute bucketname specified.", "bucketname"),
	},
	{
		"a field of another cloud provider", "", strings.Replace(awsBody, "}", `,"roleId":"5f0000000000000000000d02"}`, 1),
		400, refusal(400, "INVALID_ATTRIBUTE", "Invalid attribute roleId specified.", "roleId"),
	},
	{
		"_id", "", strings.Replace(awsBody, "}", `,"_id":"5f0000000000000000000d02"}`, 1), 400,
		refusal(400, "ATTRIBUTE_READ_ONLY",
			"The attribute _id is read-only and cannot be changed by the user.", "_id"),
	},
	{
		"region", "", strings.Replace(awsBody, "}", `,"region":"us-east-1"}`, 1), 400,
		refusal(400, "ATTRIBUTE_READ_ONLY",
			"The attribute region is read-only and cannot be changed by the user.", "region"),
	},
	{
		"a role id that is none", "", strings.Replace(awsBody, awsRole, "x", 1), 400,
		malformedAttribute("iamRoleId"),
	},
	{
		"a bad name", "", strings.Replace(awsBody, "export-bucket", "Export", 1), 400,
		refusal(400, "EXPORT_BUCKET_NAME_INVALID", "Export Bucket name is invalid."),
	},
	{
		"a bad service URL", "", strings.Replace(azureBody, "https", "http", 1), 400,
		refusal(400, "INVALID_ATTRIBUTE", "Invalid attribute serviceUrl specified.", "serviceUrl"),
	},
	{
		"a role that does not exist", "", strings.Replace(awsBody, awsRole, "5f0000000000000000000d99", 1), 404,
		refusal(404, "CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND",
			"The specified Cloud Provider Access role (5f0000000000000000000d99) does not exist.",
			"5f0000000000000000000d99"),
	},
	{
		"a role of another project", "", strings.Replace(awsBody, awsRole, otherProjectsRole, 1), 404,
		refusal(404, "CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND",
			"The specified Cloud Provider Access role (5f0000000000000000000d05) does not exist.", otherProjectsRole),
	},
	{
		"a role of another cloud provider", "", strings.Replace(awsBody, awsRole, gcpRole, 1), 404,
		refusal(404, "CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND",
			"The specified Cloud Provider Access role (5f0000000000000000000d03) does not exist.", gcpRole),
	},
	{
		"an AWS role that is not authorized", "", strings.Replace(awsBody, awsRole, unauthorizedRole, 1), 400,
		refusal(400, "CLOUD_PROVIDER_ACCESS_ROLE_NOT_AUTHORIZED",
			"The specified Cloud Provider Access role (5f0000000000000000000d04) has not been authorized.",
			unauthorizedRole),
	},
	{
		"a GCP role that is not complete", "", strings.Replace(gcpBody, gcpRole, pendingGCPRole, 1), 400,
		refusal(400, "CLOUD_PROVIDER_ACCESS_ROLE_NOT_AUTHORIZED",
			"The specified Cloud Provider Access role (5f0000000000000000000d06) has not been authorized.",
			pendingGCPRole),
	},
	{"a form", "application/x-www-form-urlencoded", awsBody, 415, ""},
	{"no type with a body", "none", awsBody, 415, ""},
	{"a type that only begins alike", "application/vnd.atlas.2024-05-30+csv", awsBody, 415, ""},
	{
		"too large", "", `{"bucketName":"` + strings.Repeat("a", 1<<20) + `"}`, 413,
		`{"detail":"Request entity is too large.","error":413,"errorCode":"REQUEST_TOO_LARGE",` +
			`"parameters":[],"reason":"Request Entity Too Large"}`,
	},
}

func TestCreateRefusesWhatAtlasRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tt := range createFailures {
		t.Run(tt.name, func(t *testing.T) {
			r := request{method: http.MethodPost, body: tt.body, header: http.Header{"Content-Type": {v2024}}}
			switch tt.contentType {
			case "":
			case "none":
				r.header.Set("Content-Type", "")
			default:
				r.header.Set("Content-Type", tt.contentType)
			}
			got := b.do(t, r)
			if got.status != tt.status || got.body != tt.want {
				t.Errorf("got %d %s\nwant %d %s", got.status, got.body, tt.status, tt.want)
			}
			if tt.want == "" {
				return
			}
			if got.header.Get("Content-Type") != "application/json" {
				t.Errorf("got Content-Type %q, want application/json", got.header.Get("Content-Type"))
			}
			if code := got.header.Get("X-Error-Code"); code == "" || !strings.Contains(tt.want, code) {
				t.Errorf("got X-Error-Code %q, want the code of %s", code, tt.want)
			}
		})
	}
	if count := b.countBuckets(t); count != 0 {
		t.Errorf("got %d export buckets after refusals alone, want 0", count)
	}
}

func TestCreateTakesWhatAtlasTakes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		contentType string
		body        string
	}{
		{"application/json", "application/json", awsBody},
		{"a charset", "application/json; charset=utf-8", awsBody},
		{"another version", "application/vnd.atlas.2025-03-12+json", awsBody},
		{"a type in upper case", "Application/JSON", awsBody},
		{"the last of repeated keys", v2024, strings.Replace(awsBody, "{", `{"bucketName":"NOT A NAME",`, 1)},
		{"null for what is optional", v2024, strings.Replace(awsBody, "}", `,"requirePrivateNetworking":null,"roleId":null}`, 1)},
		{"links of any kind", v2024, strings.Replace(awsBody, "}", `,"links":[{"href":"x"}]}`, 1)},
		{"blanks around", v2024, " \n" + awsBody + "\n "},
		{"null for what is read-only", v2024, strings.Replace(awsBody, "}", `,"_id":null,"region":null}`, 1)},
	}
	b := setup(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := b.do(t, request{body: tt.body, header: http.Header{"Content-Type": {tt.contentType}}})
			if got.status != http.StatusOK {
				t.Errorf("got %d %s, want 200", got.status, got.body)
			}
		})
	}
}

func TestTheSameBucketMayBeAddedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 3 {
		b.create(t, awsBody)
	}
	if count := b.countBuckets(t); count != 3 {
		t.Errorf("got %d export buckets, want 3", count)
	}
}

func TestRegionIsLeftOutWhileUnknown(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.backup.AWSRegion = "" })
	golden(t, "create_aws_no_region", b.create(t, awsBody).body)
}

func TestListPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, body := range []string{awsBody, azureBody, gcpBody, awsBody, awsBody} {
		b.create(t, body)
	}
	tests := []struct {
		golden string
		query  string
	}{
		{"list_all", ""},
		{"list_first", "?includeCount=true&itemsPerPage=2&pageNum=1"},
		{"list_middle", "?pageNum=2&name=&x=a:b&itemsPerPage=2"},
		{"list_last", "?itemsPerPage=2&pageNum=3"},
		{"list_past_the_end", "?itemsPerPage=5&pageNum=2"},
		{"list_uncounted", "?includeCount=false&itemsPerPage=4"},
		{"list_envelope", "?envelope=true&itemsPerPage=1"},
		{"list_pretty", "?pretty=true&itemsPerPage=2"},
	}
	for _, tt := range tests {
		t.Run(tt.golden, func(t *testing.T) {
			got := b.do(t, request{path: demoBuckets + tt.query})
			if got.status != http.StatusOK {
				t.Errorf("got %d, want 200", got.status)
			}
			golden(t, tt.golden, got.body)
		})
	}
}

func TestAnEmptyListIsAList(t *testing.T) {
	t.Parallel()
	b := setup(t)
	golden(t, "list_empty", b.do(t, request{}).body)
	golden(t, "list_empty_pretty", b.do(t, request{path: demoBuckets + "?pretty=true"}).body)
}

func TestPagesBeyondTheirBoundsAreTheNearest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.pool.Exec(t.Context(), `
		INSERT INTO export_buckets (project_id, id, cloud_provider, bucket_name, role_id, created_at, require_private_networking)
		SELECT $1, '6a79' || lpad(to_hex(i), 20, '0'), 'AWS', 'bucket', $2, now() + i * interval '1 second', false
		FROM generate_series(1, 501) AS i`, demoProject, awsRole)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		query, self, next string // the next page, if there is one
		items             int
	}{
		{"itemsPerPage=0&pageNum=0", "pageNum=1&itemsPerPage=1", "itemsPerPage=1&pageNum=2", 1}, // as old Terraform providers ask
		{"itemsPerPage=-1&pageNum=-2147483648", "pageNum=1&itemsPerPage=1", "itemsPerPage=1&pageNum=2", 1},
		{"itemsPerPage=10000", "pageNum=1&itemsPerPage=500", "itemsPerPage=500&pageNum=2", 500},
		{"itemsPerPage=2147483647&x=y", "x=y&pageNum=1&itemsPerPage=500", "itemsPerPage=500&x=y&pageNum=2", 500},
		{"itemsPerPage=&pageNum=", "pageNum=1&itemsPerPage=100", "itemsPerPage=100&pageNum=2", 100},
		{"pageNum=2147483647", "pageNum=2147483647&itemsPerPage=100", "", 0},
	} {
		var got struct {
			Links      []struct{ Href, Rel string }
			Results    []any
			TotalCount int
		}
		parse(t, b.send(t, 200, http.MethodGet, demoBuckets+"?"+tt.query, ""), &got)
		if len(got.Results) != tt.items || got.TotalCount != 501 {
			t.Errorf("%s: got %d of %d items, want %d of 501", tt.query, len(got.Results), got.TotalCount, tt.items)
		}
		links := make(map[string]string)
		for _, link := range got.Links {
			_, links[link.Rel], _ = strings.Cut(link.Href, "?")
		}
		delete(links, "previous")
		want := map[string]string{"self": tt.self}
		if tt.next != "" {
			want["next"] = tt.next
		}
		if diff := cmp.Diff(want, links); diff != "" {
			t.Errorf("%s: links (-want +got):\n%s", tt.query, diff)
		}
	}
}

func TestPagesThatAreNoNumbersAreNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, query := range []string{
		"pageNum=x", "pageNum=2147483648", "pageNum=-2147483649", "itemsPerPage=1.5", "itemsPerPage=%20", "itemsPerPage=1e2",
	} {
		name, _, _ := strings.Cut(query, "=")
		want := refusal(400, "INVALID_QUERY_PARAMETER", "Invalid query parameter "+name+" specified.", name)
		if got := b.do(t, request{path: demoBuckets + "?" + query}); got.body != want {
			t.Errorf("%s: got %d %s, want %s", query, got.status, got.body, want)
		}
	}
}

// Python clients write True and False.
func TestEveryTextInTheQueryIsTrueOrFalse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for text, want := range map[string]bool{
		"true": true, "True": true, "TRUE": true, "false": false, "False": false, "": false, "yes": false, "1": false, "tru": false,
	} {
		pretty := b.send(t, 200, http.MethodGet, demoBuckets+"?pretty="+text, "")
		envelope := b.send(t, 200, http.MethodGet, demoBuckets+"?envelope="+text, "")
		counted := b.send(t, 200, http.MethodGet, demoBuckets+"?includeCount="+text, "")
		for name, got := range map[string]bool{
			"pretty":       strings.Contains(pretty, "\n"),
			"envelope":     strings.Contains(envelope, `"status":200`),
			"includeCount": strings.Contains(counted, `"totalCount"`),
		} {
			if got != want {
				t.Errorf("%s=%s: got %t, want %t", name, text, got, want)
			}
		}
	}
	if got := b.do(t, request{path: demoBuckets + "/6a7900010203040506000099?envelope=True"}); !strings.HasPrefix(got.body, `{"content":`) {
		t.Errorf("a refusal with envelope=True: got %s, want it in an envelope", got.body)
	}
}

func TestGetKnowsOnlyTheProjectsOwnBuckets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, awsBody)
	const id = "6a7900010203040506000001"
	for _, path := range []string{
		demoBuckets + "/6a7900010203040506000099",
		apiRoot + "/groups/5f0000000000000000000b02/backup/exportBuckets/" + id,
	} {
		asked := path[strings.LastIndex(path, "/")+1:]
		want := refusal(404, "EXPORT_BUCKET_NOT_FOUND", "No export Bucket with ID "+asked+" does not exist.", asked)
		if got := b.do(t, request{path: path}); got.status != 404 || got.body != want {
			t.Errorf("%s: got %d %s, want %s", path, got.status, got.body, want)
		}
	}
}

func TestEnvelopeAndPretty(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, azureBody)
	one := demoBuckets + "/6a7900010203040506000001"
	missing := demoBuckets + "/6a7900010203040506000099"
	golden(t, "get_envelope", b.do(t, request{path: one + "?envelope=true"}).body)
	golden(t, "get_pretty", b.do(t, request{path: one + "?pretty=true"}).body)
	golden(t, "get_envelope_pretty", b.do(t, request{path: one + "?envelope=true&pretty=true"}).body)
	got := b.do(t, request{path: missing + "?envelope=true"})
	if got.status != http.StatusNotFound {
		t.Errorf("got %d, want the status line unchanged: 404", got.status)
	}
	golden(t, "error_envelope", got.body)
	golden(t, "error_pretty", b.do(t, request{path: missing + "?pretty=true"}).body)
}

func TestUpdateChangesPrivateNetworkingOfAWSBucketsAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, awsBody)
	b.create(t, azureBody)
	b.create(t, gcpBody)
	update := func(id, body string) answer {
		return b.do(t, request{method: http.MethodPatch, path: demoBuckets + "/" + id, body: body})
	}
	const aws, azure, gcp = "6a7900010203040506000001", "6a7900010203040506000002", "6a7900010203040506000003"
	for range 2 { // the same again changes nothing
		got := update(aws, `{"requirePrivateNetworking":true}`)
		if got.status != http.StatusOK || got.header.Get("Content-Type") != v2024+";charset=utf-8" {
			t.Errorf("got %d %q, want 200 in the version", got.status, got.header.Get("Content-Type"))
		}
		golden(t, "create_aws_private", got.body)
	}
	golden(t, "create_aws_private", b.do(t, request{path: demoBuckets + "/" + aws}).body)
	golden(t, "create_aws", update(aws, `{"requirePrivateNetworking":false}`).body)

	wrongProvider := refusal(400, "INVALID_ATTRIBUTE",
		"Invalid attribute requirePrivateNetworking specified.", "requirePrivateNetworking")
	missing := refusal(400, "MISSING_ATTRIBUTE",
		"The required attribute requirePrivateNetworking was not specified.", "requirePrivateNetworking")
	notFound := func(id string) string {
		return refusal(404, "EXPORT_BUCKET_NOT_FOUND", "No export Bucket with ID "+id+" does not exist.", id)
	}
	for _, tt := range []struct{ name, id, body, want string }{
		{"AZURE", azure, `{"requirePrivateNetworking":true}`, wrongProvider},
		{"GCP", gcp, `{"requirePrivateNetworking":false}`, wrongProvider},
		{"nothing", aws, `{}`, missing},
		{"null", aws, `{"requirePrivateNetworking":null}`, missing},
		{"a string", aws, `{"requirePrivateNetworking":"true"}`, refusal(400, "INVALID_JSON_ATTRIBUTE",
			"Received JSON for the requirePrivateNetworking attribute does not match expected format.",
			"requirePrivateNetworking")},
		{"another field", aws, `{"bucketName":"other"}`,
			refusal(400, "INVALID_ATTRIBUTE", "Invalid attribute bucketName specified.", "bucketName")},
		{"no such bucket", "6a7900010203040506000099", `{"requirePrivateNetworking":true}`, notFound("6a7900010203040506000099")},
		{"no id", "x", `{`, malformedPath(demoBuckets + "/x")},
	} {
		if got := update(tt.id, tt.body); got.body != tt.want {
			t.Errorf("%s: got %d %s, want %s", tt.name, got.status, got.body, tt.want)
		}
	}
	first := b.do(t, request{
		method: http.MethodPatch, path: demoBuckets + "/" + aws, body: `{"requirePrivateNetworking":true}`,
		header: http.Header{"Accept": {v2023}},
	})
	if first.status != http.StatusNotAcceptable {
		t.Errorf("in the first version: got %d %s, want 406", first.status, first.body)
	}
}

func TestDeleteRemovesABucketOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i, body := range []string{awsBody, azureBody, gcpBody} {
		b.create(t, body)
		path := fmt.Sprintf("%s/6a790001020304050600000%d", demoBuckets, i+1)
		other := strings.Replace(path, demoProject, "5f0000000000000000000b02", 1)
		if got := b.do(t, request{method: http.MethodDelete, path: other}); got.status != http.StatusNotFound {
			t.Errorf("through another project: got %d %s, want 404", got.status, got.body)
		}
		// Clients ask for the first version, and for later ones.
		accept := []string{v2023, v2024, "application/vnd.atlas.2025-03-12+json"}[i]
		got := b.do(t, request{method: http.MethodDelete, path: path, header: http.Header{"Accept": {accept}}})
		if got.status != http.StatusNoContent || got.body != "" {
			t.Errorf("%s: got %d %s, want 204", path, got.status, got.body)
		}
		for name, want := range map[string]string{
			"Content-Type": v2023 + ";charset=utf-8", "Content-Length": "", "Deprecation": "", "Sunset": "",
			"Ratelimit-Limit": "1200",
		} {
			if got.header.Get(name) != want {
				t.Errorf("got %s %q, want %q", name, got.header.Get(name), want)
			}
		}
		if got := b.do(t, request{method: http.MethodDelete, path: path}); got.status != http.StatusNotFound {
			t.Errorf("%s again: got %d %s, want 404", path, got.status, got.body)
		}
	}
	if count := b.countBuckets(t); count != 0 {
		t.Errorf("got %d export buckets, want 0", count)
	}
}
