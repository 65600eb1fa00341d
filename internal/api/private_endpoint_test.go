package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const demoEndpoints = projects + "/" + demoProject + "/backup/AWS/privateEndpoints"

func (b *bundle) insertPrivateEndpoint(t testing.TB, id string) {
	t.Helper()
	if _, err := b.pool.Exec(t.Context(), `INSERT INTO backup_private_endpoints
		(project_id, id, region, vpc_region, created_at, active_at) VALUES ($1, $2, 'US_EAST_1', 'US_EAST_1', $3, $3)`,
		demoProject, id, b.clock.Now()); err != nil {
		t.Fatal(err)
	}
}

// A private endpoint is set up for two seconds, whoever looks, and is gone when it is deleted.
func TestThePathOfAPrivateEndpoint(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const date = "2024-11-13"
	send := func(status int, method, path, body string) string {
		t.Helper()
		return b.sendAs(t, date, status, method, demoEndpoints+path, body)
	}
	made := send(201, http.MethodPost, "", `{"cloudProvider":"AWS","regionName":"US_EAST_1","vpcRegionName":"US_WEST_2"}`)
	golden(t, "private_endpoint_initiating", made)
	id := cut(t, made, `"id":"`)
	b.clock.advance(2*time.Second - time.Millisecond)
	equal(t, "just before it is active", send(200, http.MethodGet, "/"+strings.ToUpper(id), ""), made)
	b.clock.advance(time.Millisecond)
	golden(t, "private_endpoint", send(200, http.MethodGet, "/"+id, ""))
	other := send(201, http.MethodPost, "", `{"regionName":"US_EAST_1","vpcRegionName":null}`)
	if !strings.Contains(other, `"vpcRegionName":"US_EAST_1"`) {
		t.Errorf("got %s, want the VPC in the region of the buckets", other)
	}
	golden(t, "private_endpoints", send(200, http.MethodGet, "", ""))
	if got := send(200, http.MethodGet, "?itemsPerPage=1&pageNum=2", ""); !strings.Contains(got, cut(t, other, `"id":"`)) {
		t.Errorf("second page: got %s, want %s", got, other)
	}
	send(204, http.MethodDelete, "/"+id, "")
	send(404, http.MethodGet, "/"+id, "")
	send(404, http.MethodDelete, "/"+id, "")
	// Its place is free.
	send(201, http.MethodPost, "", `{"regionName":"US_EAST_1","vpcRegionName":"US_WEST_2"}`)
}

func TestRefusalsOfPrivateEndpoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.insertPrivateEndpoint(t, spareEndpoint)
	const root = projects + "/" + demoProject + "/backup/"
	noProvider := func(name string) string {
		return refusal(400, "INVALID_PROVIDER", "No provider "+name+" exists.", name)
	}
	none := refusal(404, "PRIVATELINK_NOT_FOUND", "A PrivateLink with id "+absentID+" does not exist.", absentID)
	missing := refusal(400, "MISSING_ATTRIBUTE", "The required attribute regionName was not specified.", "regionName")
	invalid := func(name string) string {
		return refusal(400, "INVALID_ATTRIBUTE", "Invalid attribute "+name+" specified.", name)
	}
	malformed := demoEndpoints + "/x"
	for _, tt := range []struct{ method, path, body, want string }{
		{"POST", demoEndpoints, `{}`, missing},
		{"POST", demoEndpoints, `{"regionName":null}`, missing},
		{"POST", demoEndpoints, `{"regionName":"us-east-1"}`, invalid("regionName")},
		{"POST", demoEndpoints, `{"regionName":"US_EAST_1","vpcRegionName":"x"}`, invalid("vpcRegionName")},
		{"POST", demoEndpoints, `{"regionName":"US_EAST_1","status":"ACTIVE"}`, invalid("status")},
		{"POST", demoEndpoints, `{"regionName":1}`, malformedAttribute("regionName")},
		{"POST", demoEndpoints, `{"cloudProvider":"AZURE","regionName":"US_EAST_1"}`,
			refusal(400, "INVALID_ENUM_VALUE", "An invalid enumeration value AZURE was specified.", "AZURE")},
		{"POST", demoEndpoints, `{"regionName":"US_EAST_1"}`,
			refusal(409, "PRIVATELINK_ENDPOINT_SERVICE_ALREADY_EXISTS_FOR_REGION",
				"A PrivateLink Endpoint Service already exists for AWS region US_EAST_1.", "US_EAST_1")},
		{"POST", root + "AZURE/privateEndpoints", `{"regionName":"US_EAST_1"}`, noProvider("AZURE")},
		{"GET", root + "GCP/privateEndpoints", "", noProvider("GCP")},
		{"GET", root + "x/privateEndpoints/" + spareEndpoint, "", noProvider("x")},
		{"DELETE", root + "aws/privateEndpoints/" + spareEndpoint, "", noProvider("aws")},
		{"GET", demoEndpoints + "/" + absentID, "", none},
		{"DELETE", demoEndpoints + "/" + absentID, "", none},
		{"GET", malformed, "", refusal(400, "PATH_PARAM_PARSE_ERROR",
			"One or more path parameter in the request URI "+malformed+" is malformed.", malformed)},
		// That of another project is not there.
		{"GET", strings.Replace(demoEndpoints, demoProject, otherProject, 1) + "/" + spareEndpoint, "",
			strings.ReplaceAll(none, absentID, spareEndpoint)},
		{"DELETE", strings.Replace(demoEndpoints, demoProject, otherProject, 1) + "/" + spareEndpoint, "",
			strings.ReplaceAll(none, absentID, spareEndpoint)},
	} {
		got := b.do(t, request{method: tt.method, path: tt.path, body: tt.body, header: http.Header{"Accept": {v2025}}})
		if got.body != tt.want {
			t.Errorf("%s %s %s: got %d %s, want %s", tt.method, tt.path, tt.body, got.status, got.body, tt.want)
		}
	}
	equal(t, "before there were any", b.sendAs(t, "2024-08-05", 406, http.MethodGet, demoEndpoints, ""),
		refusal(406, "INVALID_VERSION_DATE", "Invalid accept header or version date."))
	b.sendAs(t, "2024-11-13", 200, http.MethodGet, demoEndpoints+"/"+spareEndpoint, "")
}

// Nothing of an endpoint holds a project, a bucket or another project's endpoint.
func TestPrivateEndpointsGoWithTheirProject(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.send(t, 201, http.MethodPost, projects, newProject)
	path := projects + "/" + cut(t, made, `"id":"`)
	for _, of := range []string{path, projects + "/" + demoProject} {
		b.sendAs(t, "2024-11-13", 201, http.MethodPost, of+"/backup/AWS/privateEndpoints", `{"regionName":"US_EAST_1"}`)
	}
	b.send(t, 202, http.MethodDelete, path, "")
	var left int
	if err := b.pool.QueryRow(t.Context(), "SELECT count(*) FROM backup_private_endpoints").Scan(&left); err != nil {
		t.Fatal(err)
	}
	if left != 1 {
		t.Errorf("got %d endpoints, want that of the other project", left)
	}
}
