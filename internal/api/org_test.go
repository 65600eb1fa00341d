package api_test

import (
	"net/http"
	"testing"
)

func TestOrganizationsAreThoseOfTheCaller(t *testing.T) {
	t.Parallel()
	b := setup(t)
	golden(t, "orgs", b.send(t, 200, http.MethodGet, apiRoot+"/orgs?includeCount=true&itemsPerPage=100&pageNum=1", ""))
	golden(t, "org", b.send(t, 200, http.MethodGet, apiRoot+"/orgs/"+demoOrg, ""))
	golden(t, "org_projects", b.send(t, 200, http.MethodGet, apiRoot+"/orgs/"+demoOrg+"/groups?name=OTHER", ""))
	golden(t, "orgs_of_another_name", b.send(t, 200, http.MethodGet, apiRoot+"/orgs?name=x", ""))
	for id, want := range map[string]string{
		"5f0000000000000000000aff": refusal(404, "ORG_NOT_FOUND",
			"No organization with ID 5f0000000000000000000aff exists.", "5f0000000000000000000aff"),
		"x": refusal(404, "INVALID_ORG_ID", "An invalid organization ID x was specified.", "x"),
	} {
		if got := b.send(t, 404, http.MethodGet, apiRoot+"/orgs/"+id, ""); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestOrganizationsAreChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const org = apiRoot + "/orgs/" + demoOrg
	golden(t, "org_renamed", b.send(t, 200, http.MethodPatch, org, `{"name":"renamed","isDeleted":false}`))
	golden(t, "org_settings", b.send(t, 200, http.MethodGet, org+"/settings", ""))
	changed := b.send(t, 200, http.MethodPatch, org+"/settings",
		`{"maxServiceAccountSecretValidityInHours":8,"genAIFeaturesEnabled":false,"securityContact":"s@example.com"}`)
	golden(t, "org_settings_changed", changed)
	golden(t, "org_settings_changed", b.send(t, 200, http.MethodPatch, org+"/settings", `{}`))

	const validation = "name must have 1 to 64 characters, and no blank at its ends"
	invalidName := refusal(400, "VALIDATION_ERROR", "The request content produced the validation error: "+validation+".", validation)
	invalidContact := func(name string) string {
		text := name + " must have at most 320 characters, and no zero character"
		return refusal(400, "VALIDATION_ERROR", "The request content produced the validation error: "+text+".", text)
	}
	for _, tt := range []struct{ path, body, want string }{
		{org, `{}`, refusal(400, "MISSING_ATTRIBUTE", "The required attribute name was not specified.", "name")},
		{org, `{"name":""}`, invalidName},
		{org, `{"name":" x"}`, invalidName},
		{org + "/settings", `{"maxServiceAccountSecretValidityInHours":7}`, refusal(400, "INVALID_ATTRIBUTE",
			"Invalid attribute maxServiceAccountSecretValidityInHours specified.", "maxServiceAccountSecretValidityInHours")},
		{org + "/settings", `{"securityContact":"a\u0000b","operationsContact":"a\u0000b"}`, invalidContact("operationsContact")},
		{org + "/settings", `{"securityContact":"a\u0000b"}`, invalidContact("securityContact")},
	} {
		if got := b.send(t, 400, http.MethodPatch, tt.path, tt.body); got != tt.want {
			t.Errorf("%s %s: got %s, want %s", tt.path, tt.body, got, tt.want)
		}
	}
	golden(t, "org_settings_changed", b.send(t, 200, http.MethodGet, org+"/settings", ""))
}

func TestTheRootTellsAKeyOfItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	golden(t, "root_key", b.do(t, request{key: "demoproj", path: apiRoot}).body)
	golden(t, "root_key_with_access_list", b.do(t, request{key: "nearbyke", path: apiRoot}).body)
	golden(t, "root_account", b.do(t, request{path: apiRoot}).body)
}

func TestPrivatePathsOfTheCLI(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.do(t, request{path: "/api/private/ipinfo", header: http.Header{"Accept": {"*/*"}}})
	if want := `{"currentIpv4Address":"127.0.0.1"}`; got.status != http.StatusOK || got.body != want {
		t.Errorf("got %d %s, want %s", got.status, got.body, want)
	}
	checkChallenge(t, "without credentials", b.do(t, request{path: "/api/private/ipinfo", bare: true}), "false")
	for _, path := range []string{"/api/private/unauth/telemetry/events", "/api/private/v1.0/telemetry/events"} {
		if got := b.do(t, request{path: path, body: `[{}]`, bare: true}); got.status != http.StatusNoContent {
			t.Errorf("%s: got %d %s, want 204", path, got.status, got.body)
		}
	}
}
