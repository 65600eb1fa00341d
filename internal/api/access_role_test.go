package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	// A project without roles but one of AWS, so that tests see their own.
	otherProject = "5f0000000000000000000b02"
	otherAccess  = apiRoot + "/groups/" + otherProject + "/cloudProviderAccess"
	otherBuckets = apiRoot + "/groups/" + otherProject + "/backup/exportBuckets"

	newAWS   = `{"providerName":"AWS"}`
	newAzure = `{"providerName":"AZURE","servicePrincipalId":"22f1d2a6-d0e9-482a-83a4-b8dd7dddc2c1",` +
		`"tenantId":"91402384-d71e-22f5-22dd-759e272cdc1c"}`
	newGCP = `{"providerName":"GCP"}`
)

// externalID is the one part of a role's body that is made by chance.
var externalID = regexp.MustCompile(`"atlasAssumedRoleExternalId":"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"`)

func maskExternalID(body string) string {
	return externalID.ReplaceAllString(body, `"atlasAssumedRoleExternalId":"11112222-3333-4444-8555-666677778888"`)
}

// send sends a request and returns the body of its answer, which must come with
// the status.
func (b *bundle) send(t *testing.T, status int, method, path, body string) string {
	t.Helper()
	got := b.do(t, request{method: method, path: path, body: body})
	if got.status != status {
		t.Errorf("%s %s %s: got %d %s, want %d", method, path, body, got.status, got.body, status)
	}
	return maskExternalID(got.body)
}

// bucketID returns the id in an export bucket's body.
func bucketID(t *testing.T, body string) string {
	t.Helper()
	var bucket struct {
		ID string `json:"_id"`
	}
	if err := json.Unmarshal([]byte(body), &bucket); err != nil {
		t.Fatal(err)
	}
	return bucket.ID
}

func TestAccessRolesOfAWSAreAuthorized(t *testing.T) {
	t.Parallel()
	b := setup(t)
	golden(t, "role_aws_new", b.send(t, 200, http.MethodPost, otherAccess, newAWS))
	const id = "6a7900010203040506000001"
	bucket := `{"cloudProvider":"AWS","bucketName":"export-bucket","iamRoleId":"` + id + `"}`
	b.send(t, 400, http.MethodPost, otherBuckets, bucket)
	b.clock.advance(90 * time.Second)
	golden(t, "role_aws", b.send(t, 200, http.MethodPatch, otherAccess+"/"+id,
		`{"providerName":"AWS","iamAssumedRoleArn":"arn:aws:iam::123456789012:role/export"}`))
	golden(t, "role_aws", b.send(t, 200, http.MethodGet, otherAccess+"/"+id, ""))
	b.send(t, 200, http.MethodPost, otherBuckets, bucket)
	golden(t, "role_aws_used", b.send(t, 200, http.MethodGet, otherAccess+"/"+id, ""))
	b.clock.advance(90 * time.Second)
	golden(t, "role_aws_again", b.send(t, 200, http.MethodPatch, otherAccess+"/"+id,
		`{"providerName":"AWS","iamAssumedRoleArn":"arn:aws-us-gov:iam::123456789012:role/path/other"}`))
}

func TestAccessRolesOfAzureGiveTheirTenantToBuckets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	golden(t, "role_azure", b.send(t, 200, http.MethodPost, otherAccess, newAzure))
	const id = "6a7900010203040506000001"
	b.send(t, 200, http.MethodPost, otherBuckets, strings.Replace(azureBody, azureRole, id, 1))
	b.clock.advance(90 * time.Second)
	golden(t, "role_azure_updated", b.send(t, 200, http.MethodPatch, otherAccess+"/"+id,
		`{"providerName":"AZURE","servicePrincipalId":"AAAAAAAA-d0e9-482a-83a4-b8dd7dddc2c1",`+
			`"tenantId":"bbbbbbbb-d71e-22f5-22dd-759e272cdc1c","atlasAzureAppId":"cccccccc-be22-4524-a403-df531868bac0"}`))
	bucket := b.send(t, 200, http.MethodGet, otherBuckets+"/6a7900010203040506000002", "")
	if want := `"tenantId":"bbbbbbbb-d71e-22f5-22dd-759e272cdc1c"`; !strings.Contains(bucket, want) {
		t.Errorf("got bucket %s, want %s in it", bucket, want)
	}
}

func TestAProjectHasOneGoogleAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	golden(t, "role_gcp", b.send(t, 200, http.MethodPost, otherAccess, newGCP))
	golden(t, "role_gcp", b.send(t, 200, http.MethodPost, otherAccess, newGCP))
	const id = "6a7900010203040506000001"
	golden(t, "role_gcp", b.send(t, 200, http.MethodPatch, otherAccess+"/"+id, newGCP))
	golden(t, "role_gcp", b.send(t, 200, http.MethodGet, otherAccess+"/"+id, ""))
}

func TestRequestsAtOnceGetOneGoogleAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t)
	bodies := make([]string, 8)
	var group sync.WaitGroup
	for i := range bodies {
		group.Go(func() {
			bodies[i] = b.do(t, request{token: token, path: otherAccess, body: newGCP, header: http.Header{"Accept": {v2023}}}).body
		})
	}
	group.Wait()
	for _, body := range bodies {
		if body != bodies[0] || !strings.Contains(body, `"status":"COMPLETE"`) {
			t.Errorf("got %s and %s, want the same role", bodies[0], body)
		}
	}
}

func TestAccessRolesAreListedByCloudProvider(t *testing.T) {
	t.Parallel()
	b := setup(t)
	strangers := apiRoot + "/groups/5f0000000000000000000b04/cloudProviderAccess"
	got := b.do(t, request{key: "strictok", path: strangers, header: http.Header{"Accept": {v2023}}})
	golden(t, "roles_none", got.body)
	for _, body := range []string{newAWS, newAzure, newGCP, newAWS} {
		b.send(t, 200, http.MethodPost, otherAccess, body)
	}
	b.send(t, 200, http.MethodPost, otherBuckets, strings.Replace(azureBody, azureRole, "6a7900010203040506000002", 1))
	b.send(t, 200, http.MethodPost, otherBuckets, strings.Replace(gcpBody, gcpRole, "6a7900010203040506000003", 1))
	b.send(t, 200, http.MethodPost, otherBuckets, strings.Replace(gcpBody, gcpRole, "6a7900010203040506000003", 1))
	golden(t, "roles", b.send(t, 200, http.MethodGet, otherAccess, ""))
}

func TestAccessRolesInUseStay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tt := range []struct{ provider, roleID, bucket, code, of string }{
		{"AWS", awsRole, awsBody, "AWS_IAM_ROLE_IN_USE", "AWS IAM role"},
		{"AZURE", azureRole, azureBody, "AZURE_SERVICE_PRINCIPAL_IN_USE", "Azure Service Principal"},
		{"GCP", gcpRole, gcpBody, "GCP_SERVICE_ACCOUNT_IN_USE", "GCP Service Account"},
	} {
		demoAccess := apiRoot + "/groups/" + demoProject + "/cloudProviderAccess"
		path := demoAccess + "/" + tt.provider + "/" + tt.roleID
		id := bucketID(t, b.create(t, tt.bucket).body)
		want := refusal(400, tt.code, "Cannot remove the "+tt.of+" because it is still in use.",
			"Cannot remove the "+tt.of+" ("+tt.roleID+") because it is still in use.")
		if got := b.send(t, 400, http.MethodDelete, path, ""); got != want {
			t.Errorf("%s: got %s, want %s", tt.provider, got, want)
		}
		b.send(t, 204, http.MethodDelete, demoBuckets+"/"+id, "")
		b.send(t, 204, http.MethodDelete, path, "")
		notFound := refusal(404, "CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND",
			"The specified Cloud Provider Access role ("+tt.roleID+") does not exist.", tt.roleID)
		if got := b.send(t, 404, http.MethodDelete, path, ""); got != notFound {
			t.Errorf("%s again: got %s, want %s", tt.provider, got, notFound)
		}
	}
}

// What a role shows of its use is bounded, and whether it is in use is not.
func TestAnAccessRoleShowsTheOldestThousandOfItsBuckets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const shown = 1000
	role := apiRoot + "/groups/" + demoProject + "/cloudProviderAccess/" + awsRole
	id := func(i int) string { return fmt.Sprintf("6a79%020x", i) }
	_, err := b.pool.Exec(t.Context(), `
		INSERT INTO export_buckets (project_id, id, cloud_provider, bucket_name, role_id, created_at, require_private_networking)
		SELECT $1, '6a79' || lpad(to_hex(i), 20, '0'), 'AWS', 'bucket', $2, now() + i * interval '1 second', false
		FROM generate_series(1, $3::integer) AS i`, demoProject, awsRole, shown+1)
	if err != nil {
		t.Fatal(err)
	}
	wantUsages := func(first, last int) {
		t.Helper()
		var got struct {
			FeatureUsages []struct {
				FeatureID struct {
					ExportBucketID string `json:"exportBucketId"`
				} `json:"featureId"`
			} `json:"featureUsages"`
		}
		parse(t, b.send(t, 200, http.MethodGet, role, ""), &got)
		ids := []string{}
		for _, usage := range got.FeatureUsages {
			ids = append(ids, usage.FeatureID.ExportBucketID)
		}
		want := []string{}
		for i := first; i <= last; i++ {
			want = append(want, id(i))
		}
		if diff := cmp.Diff(want, ids); diff != "" {
			t.Errorf("usages (-want +got):\n%s", diff)
		}
	}
	wantUsages(1, shown)
	if _, err := b.pool.Exec(t.Context(), "DELETE FROM export_buckets WHERE id <> $1 AND project_id <> $2", id(shown+1), demoBackups); err != nil {
		t.Fatal(err)
	}
	wantUsages(shown+1, shown+1)
	remove := apiRoot + "/groups/" + demoProject + "/cloudProviderAccess/AWS/" + awsRole
	b.send(t, 400, http.MethodDelete, remove, "")
	b.send(t, 204, http.MethodDelete, demoBuckets+"/"+id(shown+1), "")
	b.send(t, 204, http.MethodDelete, remove, "")
}

func TestAccessRolesThatAtlasRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.send(t, 200, http.MethodPost, otherAccess, newAzure)
	b.send(t, 200, http.MethodPost, otherAccess, newAWS)
	const azure, aws = "6a7900010203040506000001", "6a7900010203040506000002"
	const principal = "22f1d2a6-d0e9-482a-83a4-b8dd7dddc2c1"
	missing := func(name string) string {
		return refusal(400, "MISSING_ATTRIBUTE", "The required attribute "+name+" was not specified.", name)
	}
	invalid := func(name string) string {
		return refusal(400, "INVALID_ATTRIBUTE", "Invalid attribute "+name+" specified.", name)
	}
	notFound := func(id string) string {
		return refusal(404, "CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND",
			"The specified Cloud Provider Access role ("+id+") does not exist.", id)
	}
	cannotAssume := func(arn string) string {
		return refusal(400, "CANNOT_ASSUME_ROLE", "Atlas cannot assume the specified role ("+arn+").", arn)
	}
	badPrincipal := func(id string) string {
		return refusal(400, "CLOUD_PROVIDER_ACCESS_AZURE_SERVICE_PRINCIPAL_INVALID",
			"The specified Azure Service Principal ("+id+") contains invalid tenant id or service principal id.", id)
	}
	post := func(body, want string) [4]string { return [4]string{http.MethodPost, otherAccess, body, want} }
	patch := func(id, body, want string) [4]string {
		return [4]string{http.MethodPatch, otherAccess + "/" + id, body, want}
	}
	for _, tt := range [][4]string{
		post(`{}`, missing("providerName")),
		post(`{"providerName":"aws"}`, refusal(400, "INVALID_ENUM_VALUE",
			"An invalid enumeration value aws was specified.", "aws")),
		post(`{"providerName":"AWS","tenantId":"x"}`, invalid("tenantId")),
		post(`{"providerName":"AWS","iamAssumedRoleArn":"arn:aws:iam::123456789012:role/x"}`, invalid("iamAssumedRoleArn")),
		post(`{"providerName":"AWS","color":"red"}`, invalid("color")),
		post(`{"providerName":"GCP","servicePrincipalId":"x"}`, invalid("servicePrincipalId")),
		post(`{"providerName":"AZURE"}`, missing("servicePrincipalId")),
		post(`{"providerName":"AZURE","servicePrincipalId":"`+principal+`"}`, missing("tenantId")),
		post(strings.Replace(newAzure, principal, "x", 1), badPrincipal("x")),
		post(strings.Replace(newAzure, "91402384", "z1402384", 1), badPrincipal(principal)),
		post(strings.Replace(newAzure, principal, strings.ToUpper(principal), 1), refusal(409,
			"DUPLICATE_AZURE_SERVICE_PRINCIPAL",
			"An Azure Service Principal has already been configured for the specified Azure Service Principal ID ("+
				strings.ToUpper(principal)+").", strings.ToUpper(principal))),
		post(newAzure, refusal(409, "DUPLICATE_AZURE_SERVICE_PRINCIPAL",
			"An Azure Service Principal has already been configured for the specified Azure Service Principal ID ("+
				principal+").", principal)),
		patch(aws, `{"providerName":"AWS"}`, missing("iamAssumedRoleArn")),
		patch(aws, `{"providerName":"AWS","iamAssumedRoleArn":"arn:aws:iam::123456789012:user/x"}`,
			cannotAssume("arn:aws:iam::123456789012:user/x")),
		patch(aws, `{"providerName":"AZURE","servicePrincipalId":"`+principal+`","tenantId":"`+principal+`"}`, notFound(aws)),
		patch(aws, newGCP, notFound(aws)),
		patch(azure, `{"providerName":"AWS","iamAssumedRoleArn":"arn:aws:iam::123456789012:role/x"}`, notFound(azure)),
		patch("6a7900010203040506000099", newGCP, notFound("6a7900010203040506000099")),
		patch("x", "{", malformedPath(otherAccess+"/x")),
		{http.MethodGet, otherAccess + "/" + awsRole, "", notFound(awsRole)}, // another project's
		{http.MethodGet, otherAccess + "/x", "", malformedPath(otherAccess + "/x")},
		{http.MethodDelete, otherAccess + "/AZURE/" + aws, "", notFound(aws)},
		{http.MethodDelete, otherAccess + "/AWS/x", "", malformedPath(otherAccess + "/AWS/x")},
		{http.MethodDelete, otherAccess + "/aws/" + aws, "", refusal(400, "INVALID_PROVIDER", "No provider aws exists.", "aws")},
	} {
		got := b.do(t, request{method: tt[0], path: tt[1], body: tt[2], header: http.Header{"Accept": {v2023}}})
		if got.body != tt[3] {
			t.Errorf("%s %s %s: got %d %s, want %s", tt[0], tt[1], tt[2], got.status, got.body, tt[3])
		}
	}
}

func TestWhatAtlasAnswersMayBeSentBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, body := range []string{newAWS, newAzure, newGCP} {
		role := b.send(t, 200, http.MethodPost, otherAccess, body)
		id := regexp.MustCompile(`"(?:_id|roleId)":"([0-9a-f]{24})"`).FindStringSubmatch(role)[1]
		echo := strings.Replace(role, `"iamAssumedRoleArn":null`, `"iamAssumedRoleArn":"arn:aws:iam::123456789012:role/x"`, 1)
		b.send(t, 200, http.MethodPatch, otherAccess+"/"+id, echo)
	}
}
