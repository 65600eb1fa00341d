package backup

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// inAnswers compares what clients see of refusals.
var inAnswers = cmpopts.IgnoreFields(atlas.Error{}, "Because")

const (
	testRoleID     = "5f0000000000000000000d01"
	testServiceURL = "https://examplestorageaccount.blob.core.windows.net/examplecontainer"
)

func awsRequest() ExportBucketRequest {
	return ExportBucketRequest{
		CloudProvider: new("AWS"), BucketName: new("export-bucket"), IAMRoleID: new(objectid.MustParse(testRoleID)),
	}
}

func azureRequest() ExportBucketRequest {
	return ExportBucketRequest{
		CloudProvider: new("AZURE"), RoleID: new(objectid.MustParse(testRoleID)), ServiceURL: new(testServiceURL),
	}
}

func gcpRequest() ExportBucketRequest {
	return ExportBucketRequest{
		CloudProvider: new("GCP"), BucketName: new("export_bucket.1"), RoleID: new(objectid.MustParse(testRoleID)),
	}
}

func TestParseAcceptsWhatAtlasDoes(t *testing.T) {
	t.Parallel()
	roleID := objectid.MustParse(testRoleID)
	tests := []struct {
		name    string
		request ExportBucketRequest
		change  func(*ExportBucketRequest)
		want    newExportBucket
	}{
		{
			"AWS without private networking is stored with false", awsRequest(), nil,
			newExportBucket{
				CloudProvider: "AWS", BucketName: "export-bucket", RoleID: roleID,
				RequirePrivateNetworking: new(false),
			},
		},
		{
			"AWS with private networking", awsRequest(),
			func(r *ExportBucketRequest) { r.RequirePrivateNetworking = new(true) },
			newExportBucket{
				CloudProvider: "AWS", BucketName: "export-bucket", RoleID: roleID,
				RequirePrivateNetworking: new(true),
			},
		},
		{
			"links are ignored", awsRequest(), func(r *ExportBucketRequest) { r.Links = []any{"x"} },
			newExportBucket{
				CloudProvider: "AWS", BucketName: "export-bucket", RoleID: roleID,
				RequirePrivateNetworking: new(false),
			},
		},
		{
			"AZURE takes the name from the service URL", azureRequest(), nil,
			newExportBucket{
				CloudProvider: "AZURE", BucketName: "examplecontainer", RoleID: roleID, ServiceURL: new(testServiceURL),
			},
		},
		{
			"AZURE with the same name in both places", azureRequest(),
			func(r *ExportBucketRequest) { r.BucketName = new("examplecontainer") },
			newExportBucket{
				CloudProvider: "AZURE", BucketName: "examplecontainer", RoleID: roleID, ServiceURL: new(testServiceURL),
			},
		},
		{
			"AZURE with the name in its field alone", azureRequest(),
			func(r *ExportBucketRequest) {
				r.BucketName, r.ServiceURL = new("exports"), new("https://acct.blob.core.windows.net")
			},
			newExportBucket{
				CloudProvider: "AZURE", BucketName: "exports", RoleID: roleID,
				ServiceURL: new("https://acct.blob.core.windows.net"),
			},
		},
		{
			"AZURE with a slash and no container", azureRequest(),
			func(r *ExportBucketRequest) {
				r.BucketName, r.ServiceURL = new("exports"), new("https://acct.blob.core.windows.net/")
			},
			newExportBucket{
				CloudProvider: "AZURE", BucketName: "exports", RoleID: roleID,
				ServiceURL: new("https://acct.blob.core.windows.net/"),
			},
		},
		{
			"AZURE ignores the tenant, even one that is no UUID", azureRequest(),
			func(r *ExportBucketRequest) { r.TenantID = "whatever" },
			newExportBucket{
				CloudProvider: "AZURE", BucketName: "examplecontainer", RoleID: roleID, ServiceURL: new(testServiceURL),
			},
		},
		{
			"GCP", gcpRequest(), nil,
			newExportBucket{CloudProvider: "GCP", BucketName: "export_bucket.1", RoleID: roleID},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			request := tt.request
			if tt.change != nil {
				tt.change(&request)
			}
			got, err := request.parse(db.AllCloudProviderValues())
			if err != nil {
				t.Fatalf("got error %v, want none", err)
			}
			if diff := cmp.Diff(tt.want, got, inAnswers); diff != "" {
				t.Errorf("row (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseNamesTheFirstBrokenRule(t *testing.T) {
	t.Parallel()
	readOnly := func(name string) *atlas.Error { return atlas.NewError(atlas.CodeAttributeReadOnly, name) }
	invalid := func(name string) *atlas.Error { return atlas.NewError(atlas.CodeInvalidAttribute, name) }
	missing := func(name string) *atlas.Error { return atlas.NewError(atlas.CodeMissingAttribute, name) }
	badName := atlas.NewError(atlas.CodeExportBucketNameInvalid)
	const account = "https://acct.blob.core.windows.net"

	type change = func(*ExportBucketRequest)
	name := func(v string) change { return func(r *ExportBucketRequest) { r.BucketName = &v } }
	url := func(v string) change { return func(r *ExportBucketRequest) { r.ServiceURL = &v } }
	tests := []struct {
		name    string
		request ExportBucketRequest
		change  change
		want    *atlas.Error
	}{
		{"nothing at all", ExportBucketRequest{}, func(*ExportBucketRequest) {}, missing("cloudProvider")},
		{"_id", awsRequest(), func(r *ExportBucketRequest) { r.ID = "x" }, readOnly("_id")},
		{"region", awsRequest(), func(r *ExportBucketRequest) { r.Region = "x" }, readOnly("region")},
		{
			"lower-case cloud provider", awsRequest(), func(r *ExportBucketRequest) { r.CloudProvider = new("aws") },
			atlas.NewError(atlas.CodeInvalidEnumValue, "aws"),
		},
		{"AWS name missing", awsRequest(), func(r *ExportBucketRequest) { r.BucketName = nil }, missing("bucketName")},
		{"AWS role missing", awsRequest(), func(r *ExportBucketRequest) { r.IAMRoleID = nil }, missing("iamRoleId")},
		{
			"AWS name and role missing", awsRequest(),
			func(r *ExportBucketRequest) { r.BucketName, r.IAMRoleID = nil, nil }, missing("bucketName"),
		},
		{"AWS with roleId", awsRequest(), func(r *ExportBucketRequest) { r.RoleID = new(objectid.MustParse(testRoleID)) }, invalid("roleId")},
		{"AWS with serviceUrl", awsRequest(), url(testServiceURL), invalid("serviceUrl")},
		{"AWS with tenantId", awsRequest(), func(r *ExportBucketRequest) { r.TenantID = "x" }, invalid("tenantId")},
		{"AWS name of 2", awsRequest(), name("ab"), badName},
		{"AWS name of 64", awsRequest(), name(strings.Repeat("a", 64)), badName},
		{"AWS name empty", awsRequest(), name(""), badName},
		{"AWS name in upper case", awsRequest(), name("Export"), badName},
		{"AWS name with underscore", awsRequest(), name("export_bucket"), badName},
		{"AWS name beginning with a hyphen", awsRequest(), name("-export"), badName},
		{"AWS name ending in a dot", awsRequest(), name("export."), badName},
		{"AWS name with a newline", awsRequest(), name("export\n"), badName},
		{
			"AZURE with iamRoleId", azureRequest(),
			func(r *ExportBucketRequest) { r.IAMRoleID = new(objectid.MustParse(testRoleID)) }, invalid("iamRoleId"),
		},
		{
			"AZURE with private networking", azureRequest(),
			func(r *ExportBucketRequest) { r.RequirePrivateNetworking = new(false) }, invalid("requirePrivateNetworking"),
		},
		{"AZURE role missing", azureRequest(), func(r *ExportBucketRequest) { r.RoleID = nil }, missing("roleId")},
		{"AZURE service URL missing", azureRequest(), func(r *ExportBucketRequest) { r.ServiceURL = nil }, missing("serviceUrl")},
		{"AZURE no container anywhere", azureRequest(), url(account), missing("bucketName")},
		{"AZURE two containers", azureRequest(), name("other"), badName},
		{"AZURE container in upper case", azureRequest(), url(account + "/Exports"), badName},
		{"AZURE container with two hyphens", azureRequest(), url(account + "/a--b"), badName},
		{"AZURE container of 2", azureRequest(), url(account + "/ab"), badName},
		{"AZURE container of 64", azureRequest(), url(account + "/" + strings.Repeat("a", 64)), badName},
		{"AZURE two path parts", azureRequest(), url(account + "/a/b"), invalid("serviceUrl")},
		{"AZURE http", azureRequest(), url("http://acct.blob.core.windows.net/exports"), invalid("serviceUrl")},
		{"AZURE query", azureRequest(), url(account + "/exports?x=y"), invalid("serviceUrl")},
		{"AZURE fragment", azureRequest(), url(account + "/exports#x"), invalid("serviceUrl")},
		{"AZURE port", azureRequest(), url("https://acct.blob.core.windows.net:443/exports"), invalid("serviceUrl")},
		{"AZURE other host", azureRequest(), url("https://acct.blob.example.com/exports"), invalid("serviceUrl")},
		{"AZURE host that only begins alike", azureRequest(), url(account + ".example.com/x"), invalid("serviceUrl")},
		{"AZURE account of 2", azureRequest(), url("https://ab.blob.core.windows.net/exports"), invalid("serviceUrl")},
		{"AZURE URL too long", azureRequest(), url(account + "/" + strings.Repeat("a", 2048)), invalid("serviceUrl")},
		{"GCP name missing", gcpRequest(), func(r *ExportBucketRequest) { r.BucketName = nil }, missing("bucketName")},
		{"GCP role missing", gcpRequest(), func(r *ExportBucketRequest) { r.RoleID = nil }, missing("roleId")},
		{"GCP with iamRoleId", gcpRequest(), func(r *ExportBucketRequest) { r.IAMRoleID = new(objectid.MustParse(testRoleID)) }, invalid("iamRoleId")},
		{"GCP with serviceUrl", gcpRequest(), url(testServiceURL), invalid("serviceUrl")},
		{"GCP with tenantId", gcpRequest(), func(r *ExportBucketRequest) { r.TenantID = "x" }, invalid("tenantId")},
		{
			"GCP with private networking", gcpRequest(),
			func(r *ExportBucketRequest) { r.RequirePrivateNetworking = new(true) }, invalid("requirePrivateNetworking"),
		},
		{"GCP name in upper case", gcpRequest(), name("Export"), badName},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			request := tt.request
			tt.change(&request)
			_, err := request.parse(db.AllCloudProviderValues())
			var got *atlas.Error
			if !errors.As(err, &got) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if diff := cmp.Diff(tt.want, got, inAnswers); diff != "" {
				t.Errorf("refusal (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseKnowsOnlyTheVersionsCloudProviders(t *testing.T) {
	t.Parallel()
	for _, request := range []ExportBucketRequest{azureRequest(), gcpRequest()} {
		_, err := request.parse([]db.CloudProvider{db.CloudProviderAWS})
		want := atlas.NewError(atlas.CodeInvalidEnumValue, *request.CloudProvider)
		var got *atlas.Error
		if !errors.As(err, &got) || !cmp.Equal(want, got, inAnswers) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

// testField is how a test sets a field of exportBucketFields and leaves it out.
type testField struct {
	set   func(*rapid.T, *ExportBucketRequest) // to anything
	clear func(*ExportBucketRequest)
}

// textField is a testField for text.
func textField(of func(*ExportBucketRequest) **string) testField {
	return testField{
		set:   func(t *rapid.T, r *ExportBucketRequest) { *of(r) = new(rapid.String().Draw(t, "text")) },
		clear: func(r *ExportBucketRequest) { *of(r) = nil },
	}
}

// idField is a testField for an id.
func idField(of func(*ExportBucketRequest) **objectid.ID) testField {
	return testField{
		set:   func(t *rapid.T, r *ExportBucketRequest) { *of(r) = new(drawID(t)) },
		clear: func(r *ExportBucketRequest) { *of(r) = nil },
	}
}

func drawID(t *rapid.T) objectid.ID {
	return objectid.MustParse(rapid.StringMatching(`[a-f0-9]{24}`).Draw(t, "id"))
}

var testFields = map[string]testField{
	"bucketName": textField(func(r *ExportBucketRequest) **string { return &r.BucketName }),
	"iamRoleId":  idField(func(r *ExportBucketRequest) **objectid.ID { return &r.IAMRoleID }),
	"roleId":     idField(func(r *ExportBucketRequest) **objectid.ID { return &r.RoleID }),
	"serviceUrl": textField(func(r *ExportBucketRequest) **string { return &r.ServiceURL }),
	"tenantId": {
		set:   func(t *rapid.T, r *ExportBucketRequest) { r.TenantID = rapid.String().Draw(t, "tenantId") },
		clear: func(r *ExportBucketRequest) { r.TenantID = nil },
	},
	"requirePrivateNetworking": {
		set: func(t *rapid.T, r *ExportBucketRequest) {
			r.RequirePrivateNetworking = new(rapid.Bool().Draw(t, "bool"))
		},
		clear: func(r *ExportBucketRequest) { r.RequirePrivateNetworking = nil },
	},
}

// breakage is a way to break one rule of a valid request.
type breakage struct {
	name   string
	broken func(*rapid.T, *ExportBucketRequest) *atlas.Error // returns what is to be said
}

// sharedBreakages are those of every cloud provider.
var sharedBreakages = []breakage{
	{"_id", func(_ *rapid.T, r *ExportBucketRequest) *atlas.Error {
		r.ID = ""
		return atlas.NewError(atlas.CodeAttributeReadOnly, "_id")
	}},
	{"region", func(_ *rapid.T, r *ExportBucketRequest) *atlas.Error {
		r.Region = ""
		return atlas.NewError(atlas.CodeAttributeReadOnly, "region")
	}},
	{"no cloudProvider", func(_ *rapid.T, r *ExportBucketRequest) *atlas.Error {
		r.CloudProvider = nil
		return atlas.NewError(atlas.CodeMissingAttribute, "cloudProvider")
	}},
	{"bad cloudProvider", func(t *rapid.T, r *ExportBucketRequest) *atlas.Error {
		bad := rapid.StringMatching(`[A-Za-z]{0,8}`).
			Filter(func(s string) bool { return !db.CloudProvider(s).Valid() }).Draw(t, "bad provider")
		r.CloudProvider = &bad
		return atlas.NewError(atlas.CodeInvalidEnumValue, bad)
	}},
	{"bad bucketName", func(t *rapid.T, r *ExportBucketRequest) *atlas.Error {
		r.BucketName = new(rapid.StringMatching(`[a-z]{0,2}|[a-z]{64,70}|[a-z]{3}[A-Z/ ][a-z]{3}|-[a-z]{3}`).Draw(t, "bad name"))
		return atlas.NewError(atlas.CodeExportBucketNameInvalid)
	}},
}

// tableBreakages breaks each row of exportBucketFields that can be broken by a
// field's presence or absence.
func tableBreakages(provider db.CloudProvider) []breakage {
	var breakages []breakage
	for _, field := range exportBucketFields {
		test := testFields[field.name]
		switch field.presence[slices.Index(db.AllCloudProviderValues(), provider)] {
		case required:
			breakages = append(breakages, breakage{"no " + field.name, func(_ *rapid.T, r *ExportBucketRequest) *atlas.Error {
				test.clear(r)
				return atlas.NewError(atlas.CodeMissingAttribute, field.name)
			}})
		case forbidden:
			breakages = append(breakages, breakage{"alien " + field.name, func(t *rapid.T, r *ExportBucketRequest) *atlas.Error {
				test.set(t, r)
				return atlas.NewError(atlas.CodeInvalidAttribute, field.name)
			}})
		case optional: // breaks nothing
		}
	}
	return breakages
}

// drawRequest returns a valid request, what is to be inserted for it, and the
// ways to break it.
func drawRequest(t *rapid.T) (ExportBucketRequest, newExportBucket, []breakage) {
	provider := rapid.SampledFrom(db.AllCloudProviderValues()).Draw(t, "provider")
	roleID := drawID(t)
	request := ExportBucketRequest{CloudProvider: new(string(provider))}
	row := newExportBucket{CloudProvider: provider, RoleID: roleID}
	if rapid.Bool().Draw(t, "links") {
		request.Links = []any{rapid.String().Draw(t, "link")}
	}
	breakages := append(slices.Clone(sharedBreakages), tableBreakages(provider)...)
	switch provider {
	case db.CloudProviderAWS:
		row.BucketName = rapid.StringMatching(`[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]`).Draw(t, "name")
		row.RequirePrivateNetworking = new(false)
		if rapid.Bool().Draw(t, "has requirePrivateNetworking") {
			row.RequirePrivateNetworking = new(rapid.Bool().Draw(t, "requirePrivateNetworking"))
			request.RequirePrivateNetworking = row.RequirePrivateNetworking
		}
		request.BucketName, request.IAMRoleID = &row.BucketName, &roleID
	case db.CloudProviderAZURE:
		request.RoleID = &roleID
		breakages = append(breakages, drawAzure(t, &request, &row)...)
	case db.CloudProviderGCP:
		row.BucketName = rapid.StringMatching(`[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]`).Draw(t, "name")
		request.BucketName, request.RoleID = &row.BucketName, &roleID
	}
	return request, row, breakages
}

// drawAzure draws where the container is named, and the tenant, and returns the
// ways to break that.
func drawAzure(t *rapid.T, request *ExportBucketRequest, row *newExportBucket) []breakage {
	account := rapid.StringMatching(`https://[a-z0-9]{3,24}\.blob\.core\.windows\.net`).Draw(t, "account")
	container := rapid.StringMatching(`[a-z0-9]{3,10}(-[a-z0-9]{1,9}){0,4}`).Draw(t, "container")
	row.BucketName = container
	if rapid.Bool().Draw(t, "has tenantId") {
		request.TenantID = rapid.String().Draw(t, "tenantId")
	}
	breakages := []breakage{{"bad serviceUrl", func(t *rapid.T, r *ExportBucketRequest) *atlas.Error {
		r.ServiceURL = new(account + rapid.StringMatching(`/[a-z]{3}/[a-z]*|/[a-z]{3}[?#][a-z]*|[a-z:]+`).Draw(t, "bad rest"))
		return atlas.NewError(atlas.CodeInvalidAttribute, "serviceUrl")
	}}}
	url := account + "/" + container
	switch place := rapid.SampledFrom([]string{"URL", "both", "field"}).Draw(t, "place of the container"); place {
	case "both":
		request.BucketName = &container
		breakages = append(breakages, breakage{"another bucketName", func(_ *rapid.T, r *ExportBucketRequest) *atlas.Error {
			r.BucketName = new(container + "0")
			return atlas.NewError(atlas.CodeExportBucketNameInvalid)
		}})
	case "field":
		request.BucketName = &container
		url = account + rapid.SampledFrom([]string{"", "/"}).Draw(t, "slash")
		breakages = append(breakages, breakage{"container nowhere", func(_ *rapid.T, r *ExportBucketRequest) *atlas.Error {
			r.BucketName = nil
			return atlas.NewError(atlas.CodeMissingAttribute, "bucketName")
		}})
	}
	request.ServiceURL, row.ServiceURL = &url, &url
	return breakages
}

func TestEveryValidRequestIsAcceptedAndABrokenFieldIsNamed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		request, want, breakages := drawRequest(t)
		row, err := request.parse(db.AllCloudProviderValues())
		if err != nil {
			t.Fatalf("valid request: got %v, want no error", err)
		}
		if diff := cmp.Diff(want, row); diff != "" {
			t.Fatalf("row (-want +got):\n%s", diff)
		}
		for _, breakage := range breakages {
			broken := request
			want := breakage.broken(t, &broken)
			_, err := broken.parse(db.AllCloudProviderValues())
			var got *atlas.Error
			if !errors.As(err, &got) {
				t.Fatalf("%s: got %v, want %v", breakage.name, err, want)
			}
			if diff := cmp.Diff(want, got, inAnswers); diff != "" {
				t.Fatalf("%s: refusal (-want +got):\n%s", breakage.name, diff)
			}
		}
	})
}

// A row that the test above can't break, or breaks for no cloud provider, would
// be a rule that nothing holds.
func TestEveryRowOfTheFieldsIsBroken(t *testing.T) {
	t.Parallel()
	for _, field := range exportBucketFields {
		if _, ok := testFields[field.name]; !ok {
			t.Errorf("%s: got no testField, want one", field.name)
		}
		names := []string{"no " + field.name, "alien " + field.name}
		broken := false
		for _, provider := range db.AllCloudProviderValues() {
			broken = broken || slices.ContainsFunc(tableBreakages(provider), func(b breakage) bool {
				return slices.Contains(names, b.name)
			})
		}
		if !broken {
			t.Errorf("%s: got no breakage of it, want one", field.name)
		}
	}
	if len(testFields) != len(exportBucketFields) {
		t.Errorf("got %d testFields, want one for each of %d rows", len(testFields), len(exportBucketFields))
	}
}
