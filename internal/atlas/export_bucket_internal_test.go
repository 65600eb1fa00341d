package atlas

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
)

const (
	testRoleID     = "5f0000000000000000000d01"
	testServiceURL = "https://examplestorageaccount.blob.core.windows.net/examplecontainer"
)

//go:fix inline

func awsRequest() ExportBucketRequest {
	return ExportBucketRequest{
		CloudProvider: new("AWS"), BucketName: new("export-bucket"), IAMRoleID: new(testRoleID),
	}
}

func azureRequest() ExportBucketRequest {
	return ExportBucketRequest{
		CloudProvider: new("AZURE"), RoleID: new(testRoleID), ServiceURL: new(testServiceURL),
	}
}

func gcpRequest() ExportBucketRequest {
	return ExportBucketRequest{
		CloudProvider: new("GCP"), BucketName: new("export_bucket.1"), RoleID: new(testRoleID),
	}
}

func TestParseAcceptsWhatAtlasDoes(t *testing.T) {
	t.Parallel()
	roleID, err := objectid.Parse(testRoleID)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		request ExportBucketRequest
		change  func(*ExportBucketRequest)
		want    db.InsertExportBucketParams
	}{
		{
			"AWS without private networking is stored with false", awsRequest(), nil,
			db.InsertExportBucketParams{
				CloudProvider: "AWS", BucketName: "export-bucket", RoleID: roleID,
				RequirePrivateNetworking: new(false),
			},
		},
		{
			"AWS with private networking", awsRequest(),
			func(r *ExportBucketRequest) { r.RequirePrivateNetworking = new(true) },
			db.InsertExportBucketParams{
				CloudProvider: "AWS", BucketName: "export-bucket", RoleID: roleID,
				RequirePrivateNetworking: new(true),
			},
		},
		{
			"links are ignored", awsRequest(), func(r *ExportBucketRequest) { r.Links = []any{"x"} },
			db.InsertExportBucketParams{
				CloudProvider: "AWS", BucketName: "export-bucket", RoleID: roleID,
				RequirePrivateNetworking: new(false),
			},
		},
		{
			"AZURE takes the name from the service URL", azureRequest(), nil,
			db.InsertExportBucketParams{
				CloudProvider: "AZURE", BucketName: "examplecontainer", RoleID: roleID, ServiceURL: new(testServiceURL),
			},
		},
		{
			"AZURE with the same name in both places", azureRequest(),
			func(r *ExportBucketRequest) { r.BucketName = new("examplecontainer") },
			db.InsertExportBucketParams{
				CloudProvider: "AZURE", BucketName: "examplecontainer", RoleID: roleID, ServiceURL: new(testServiceURL),
			},
		},
		{
			"AZURE with the name in its field alone", azureRequest(),
			func(r *ExportBucketRequest) {
				r.BucketName, r.ServiceURL = new("exports"), new("https://acct.blob.core.windows.net")
			},
			db.InsertExportBucketParams{
				CloudProvider: "AZURE", BucketName: "exports", RoleID: roleID,
				ServiceURL: new("https://acct.blob.core.windows.net"),
			},
		},
		{
			"AZURE with a slash and no container", azureRequest(),
			func(r *ExportBucketRequest) {
				r.BucketName, r.ServiceURL = new("exports"), new("https://acct.blob.core.windows.net/")
			},
			db.InsertExportBucketParams{
				CloudProvider: "AZURE", BucketName: "exports", RoleID: roleID,
				ServiceURL: new("https://acct.blob.core.windows.net/"),
			},
		},
		{
			"AZURE ignores the tenant, even one that is no UUID", azureRequest(),
			func(r *ExportBucketRequest) { r.TenantID = new("whatever") },
			db.InsertExportBucketParams{
				CloudProvider: "AZURE", BucketName: "examplecontainer", RoleID: roleID, ServiceURL: new(testServiceURL),
			},
		},
		{
			"GCP", gcpRequest(), nil,
			db.InsertExportBucketParams{CloudProvider: "GCP", BucketName: "export_bucket.1", RoleID: roleID},
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
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("row (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseNamesTheFirstBrokenRule(t *testing.T) {
	t.Parallel()
	readOnly := func(name string) *Error { return NewError(CodeAttributeReadOnly, name) }
	invalid := func(name string) *Error { return NewError(CodeInvalidAttribute, name) }
	missing := func(name string) *Error { return NewError(CodeMissingAttribute, name) }
	badName := NewError(CodeExportBucketNameInvalid)
	const account = "https://acct.blob.core.windows.net"

	type change = func(*ExportBucketRequest)
	name := func(v string) change { return func(r *ExportBucketRequest) { r.BucketName = &v } }
	url := func(v string) change { return func(r *ExportBucketRequest) { r.ServiceURL = &v } }
	tests := []struct {
		name    string
		request ExportBucketRequest
		change  change
		want    *Error
	}{
		{"nothing at all", ExportBucketRequest{}, func(*ExportBucketRequest) {}, missing("cloudProvider")},
		{"_id", awsRequest(), func(r *ExportBucketRequest) { r.ID = "x" }, readOnly("_id")},
		{"region", awsRequest(), func(r *ExportBucketRequest) { r.Region = "x" }, readOnly("region")},
		{
			"lower-case cloud provider", awsRequest(), func(r *ExportBucketRequest) { r.CloudProvider = new("aws") },
			NewError(CodeInvalidEnumValue, "aws"),
		},
		{"AWS name missing", awsRequest(), func(r *ExportBucketRequest) { r.BucketName = nil }, missing("bucketName")},
		{"AWS role missing", awsRequest(), func(r *ExportBucketRequest) { r.IAMRoleID = nil }, missing("iamRoleId")},
		{
			"AWS name and role missing", awsRequest(),
			func(r *ExportBucketRequest) { r.BucketName, r.IAMRoleID = nil, nil }, missing("bucketName"),
		},
		{"AWS with roleId", awsRequest(), func(r *ExportBucketRequest) { r.RoleID = new(testRoleID) }, invalid("roleId")},
		{"AWS with serviceUrl", awsRequest(), url(testServiceURL), invalid("serviceUrl")},
		{"AWS with tenantId", awsRequest(), func(r *ExportBucketRequest) { r.TenantID = new("x") }, invalid("tenantId")},
		{"AWS name of 2", awsRequest(), name("ab"), badName},
		{"AWS name of 64", awsRequest(), name(strings.Repeat("a", 64)), badName},
		{"AWS name empty", awsRequest(), name(""), badName},
		{"AWS name in upper case", awsRequest(), name("Export"), badName},
		{"AWS name with underscore", awsRequest(), name("export_bucket"), badName},
		{"AWS name beginning with a hyphen", awsRequest(), name("-export"), badName},
		{"AWS name ending in a dot", awsRequest(), name("export."), badName},
		{"AWS name with a newline", awsRequest(), name("export\n"), badName},
		{"AWS role id short", awsRequest(), func(r *ExportBucketRequest) { r.IAMRoleID = new("5f") }, invalid("iamRoleId")},
		{
			"AWS role id in upper case", awsRequest(),
			func(r *ExportBucketRequest) { r.IAMRoleID = new(strings.ToUpper(testRoleID)) }, invalid("iamRoleId"),
		},
		{
			"AZURE with iamRoleId", azureRequest(),
			func(r *ExportBucketRequest) { r.IAMRoleID = new(testRoleID) }, invalid("iamRoleId"),
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
		{"AZURE role id bad", azureRequest(), func(r *ExportBucketRequest) { r.RoleID = new("x") }, invalid("roleId")},
		{"GCP name missing", gcpRequest(), func(r *ExportBucketRequest) { r.BucketName = nil }, missing("bucketName")},
		{"GCP role missing", gcpRequest(), func(r *ExportBucketRequest) { r.RoleID = nil }, missing("roleId")},
		{"GCP with iamRoleId", gcpRequest(), func(r *ExportBucketRequest) { r.IAMRoleID = new("x") }, invalid("iamRoleId")},
		{"GCP with serviceUrl", gcpRequest(), url(testServiceURL), invalid("serviceUrl")},
		{"GCP with tenantId", gcpRequest(), func(r *ExportBucketRequest) { r.TenantID = new("x") }, invalid("tenantId")},
		{
			"GCP with private networking", gcpRequest(),
			func(r *ExportBucketRequest) { r.RequirePrivateNetworking = new(true) }, invalid("requirePrivateNetworking"),
		},
		{"GCP name in upper case", gcpRequest(), name("Export"), badName},
		{"GCP role id bad", gcpRequest(), func(r *ExportBucketRequest) { r.RoleID = new("x") }, invalid("roleId")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			request := tt.request
			tt.change(&request)
			_, err := request.parse(db.AllCloudProviderValues())
			var got *Error
			if !errors.As(err, &got) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("refusal (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseKnowsOnlyTheVersionsCloudProviders(t *testing.T) {
	t.Parallel()
	for _, request := range []ExportBucketRequest{azureRequest(), gcpRequest()} {
		_, err := request.parse([]db.CloudProvider{db.CloudProviderAWS})
		want := NewError(CodeInvalidEnumValue, *request.CloudProvider)
		var got *Error
		if !errors.As(err, &got) || !cmp.Equal(want, got) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

// breakage is a way to break one rule of a valid request, and what is said then.
type breakage struct {
	field  string
	broken func(*rapid.T, *ExportBucketRequest)
	want   Code
}

var idForm = regexp.MustCompile(`^[a-f0-9]{24}$`)

func badID(t *rapid.T) *string {
	return new(rapid.String().Filter(func(s string) bool { return !idForm.MatchString(s) }).Draw(t, "bad id"))
}

func drawRequest(t *rapid.T) (ExportBucketRequest, []breakage) {
	id := new(rapid.StringMatching(`[a-f0-9]{24}`).Draw(t, "role id"))
	providerBroken := breakage{
		"cloudProvider",
		func(t *rapid.T, r *ExportBucketRequest) {
			r.CloudProvider = new(rapid.StringMatching(`[A-Za-z]{0,8}`).
				Filter(func(s string) bool { return !db.CloudProvider(s).Valid() }).Draw(t, "bad provider"))
		}, CodeInvalidEnumValue,
	}
	nameBroken := breakage{
		"bucketName",
		func(t *rapid.T, r *ExportBucketRequest) {
			r.BucketName = new(rapid.StringMatching(`[a-z]{0,2}|[a-z]{64,70}|[a-z]{3}[A-Z/ ][a-z]{3}|-[a-z]{3}`).Draw(t, "bad name"))
		}, CodeExportBucketNameInvalid,
	}
	switch provider := rapid.SampledFrom(db.AllCloudProviderValues()).Draw(t, "provider"); provider {
	case db.CloudProviderAWS:
		return ExportBucketRequest{
				CloudProvider: new("AWS"),
				BucketName:    new(rapid.StringMatching(`[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]`).Draw(t, "name")),
				IAMRoleID:     id,
			}, []breakage{
				providerBroken, nameBroken,
				{"iamRoleId", func(t *rapid.T, r *ExportBucketRequest) { r.IAMRoleID = badID(t) }, CodeInvalidAttribute},
				{"serviceUrl", func(_ *rapid.T, r *ExportBucketRequest) { r.ServiceURL = new(testServiceURL) }, CodeInvalidAttribute},
			}
	case db.CloudProviderAZURE:
		container := rapid.StringMatching(`[a-z0-9]{3,10}(-[a-z0-9]{1,9}){0,4}`).Draw(t, "container")
		account := rapid.StringMatching(`https://[a-z0-9]{3,24}\.blob\.core\.windows\.net`).Draw(t, "account")
		return ExportBucketRequest{
				CloudProvider: new("AZURE"), RoleID: id, ServiceURL: new(account + "/" + container),
			}, []breakage{
				providerBroken, nameBroken,
				{"roleId", func(t *rapid.T, r *ExportBucketRequest) { r.RoleID = badID(t) }, CodeInvalidAttribute},
				{"serviceUrl", func(t *rapid.T, r *ExportBucketRequest) {
					r.ServiceURL = new(account + rapid.StringMatching(`/[a-z]{3}/[a-z]*|/[a-z]{3}[?#][a-z]*|[a-z:]+`).Draw(t, "bad rest"))
				}, CodeInvalidAttribute},
			}
	default:
		return ExportBucketRequest{
				CloudProvider: new("GCP"),
				BucketName:    new(rapid.StringMatching(`[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]`).Draw(t, "name")),
				RoleID:        id,
			}, []breakage{
				providerBroken, nameBroken,
				{"roleId", func(t *rapid.T, r *ExportBucketRequest) { r.RoleID = badID(t) }, CodeInvalidAttribute},
				{"tenantId", func(_ *rapid.T, r *ExportBucketRequest) { r.TenantID = new("x") }, CodeInvalidAttribute},
			}
	}
}

func TestEveryValidRequestIsAcceptedAndABrokenFieldIsNamed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		request, breakages := drawRequest(t)
		if _, err := request.parse(db.AllCloudProviderValues()); err != nil {
			t.Fatalf("valid request: got %v, want no error", err)
		}
		broken := rapid.SampledFrom(breakages).Draw(t, "breakage")
		broken.broken(t, &request)
		_, err := request.parse(db.AllCloudProviderValues())
		var got *Error
		if !errors.As(err, &got) || got.Code != broken.want {
			t.Fatalf("broken %s: got %v, want %s", broken.field, err, broken.want)
		}
		if got.Code == CodeInvalidAttribute && !cmp.Equal(got.Parameters, []any{broken.field}) {
			t.Fatalf("got parameters %v, want %s", got.Parameters, broken.field)
		}
	})
}

func FuzzServiceURLContainer(f *testing.F) {
	for _, seed := range []string{
		testServiceURL, "https://acct.blob.core.windows.net", "https://acct.blob.core.windows.net/",
		"https://acct.blob.core.windows.net/a/b", "http://acct.blob.core.windows.net/a", "https://evil.com/?.blob.core.windows.net",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, url string) {
		container, ok := serviceURLContainer(url)
		if !ok {
			if container != "" {
				t.Errorf("%q: got container %q of what is no service URL", url, container)
			}
			return
		}
		rest, isHTTPS := strings.CutPrefix(url, "https://")
		host, path, hasPath := strings.Cut(rest, "/")
		switch {
		case !isHTTPS || !strings.HasSuffix(host, ".blob.core.windows.net"):
			t.Errorf("%q: accepted with host %q", url, host)
		case len(url) < 33 || len(url) > 2048:
			t.Errorf("%q: accepted with %d bytes", url, len(url))
		case hasPath && path != container || !hasPath && container != "":
			t.Errorf("%q: got container %q, want %q", url, container, path)
		case strings.ContainsAny(container, "/?#"):
			t.Errorf("%q: got container %q with more than a name in it", url, container)
		}
	})
}

func TestEveryCodeHasASentenceForItsParameters(t *testing.T) {
	t.Parallel()
	for code, detail := range details {
		parameters := make([]any, strings.Count(detail, "%v"))
		for i := range parameters {
			parameters[i] = fmt.Sprintf("parameter%d", i)
		}
		got := NewError(code, parameters...).Detail
		if strings.Contains(got, "%") {
			t.Errorf("%s: got %q, want every parameter in its place", code, got)
		}
	}
}
