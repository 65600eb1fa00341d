package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

const operatorToken = "an-operator-token-of-the-tests-of-package-api"

// why returns the newest entry of the journal of the demo organization, with hints.
func (b *bundle) why(t *testing.T) staging.JournalEntry {
	t.Helper()
	plane := tenantstate.New(b.pool, atlas.Env{Clock: time.Now, NewID: objectid.New},
		tenantstate.Config{OperatorToken: operatorToken})
	operator, err := plane.Authenticate(t.Context(), operatorToken)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := operator.Reader(t.Context(), demoOrg)
	if err != nil {
		t.Fatal(err)
	}
	list, err := b.journal.List(t.Context(), reader, staging.JournalQuery{Limit: 1})
	if err != nil || len(list.Results) != 1 {
		t.Fatalf("got %+v, %v; want an entry", list, err)
	}
	entry, err := b.journal.Get(t.Context(), reader, list.Results[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

// The way out of what goes wrong at first. Each hint has the words in it.
func TestHintsNameTheWayOut(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) { s.api.RateLimits = false })
	b.clock.advance(time.Minute)
	old := "application/vnd.atlas.2023-01-01+json"
	for _, tt := range []struct {
		mistake string
		refusedCall
		hints []string
	}{
		{
			"role of another provider",
			refusedCall{"", "POST", "/backup/exportBuckets", strings.Replace(awsBody, awsRole, azureRole, 1), "", ""},
			[]string{azureRole + " is one of AZURE", awsRole + " (AWS, authorized)", unauthorizedRole + " (AWS, not authorized)"},
		},
		{
			"role that is not authorized",
			refusedCall{"", "POST", "/backup/exportBuckets", strings.Replace(awsBody, awsRole, unauthorizedRole, 1), "", ""},
			[]string{"PATCH …/cloudProviderAccess/{roleId}", awsRole + " (AWS, authorized)"},
		},
		{
			"role of another project",
			refusedCall{"", "POST", "/backup/exportBuckets", strings.Replace(awsBody, awsRole, otherProjectsRole, 1), "", ""},
			[]string{otherProjectsRole + " is in another project: 5f0000000000000000000b02 (Other Project)"},
		},
		{
			"bucket of another project", refusedCall{"", "GET", "/backup/exportBuckets/5f0000000000000000000f01", "", "", ""},
			[]string{"is in another project: " + demoBackups},
		},
		{
			"cluster of another project", refusedCall{"", "GET", "/clusters/Cluster0", "", "", ""},
			[]string{"Cluster0 is in another project: " + demoBackups},
		},
		{
			"wrong name of a cluster", refusedCall{"", "GET", "/groups/" + demoBackups + "/clusters/Cluster1", "", "", ""},
			[]string{"Cluster0 (5f0000000000000000000f02)"},
		},
		{
			"project that is not there", refusedCall{"", "GET", "/groups/" + noObject, "", "", ""},
			[]string{demoProject + " (Demo Project)"},
		},
		{"name in place of an id", refusedCall{"", "GET", "/groups/demo", "", "", ""}, []string{demoProject + " (Demo Project)"}},
		{
			"no Accept", refusedCall{"", "GET", "/backup/exportBuckets", "", "", "application/json"},
			[]string{"Send Accept: application/vnd.atlas.2024-05-30+json"},
		},
		{
			"version before the first", refusedCall{"", "GET", "/serviceAccounts", "", "", old},
			[]string{"Send Accept: application/vnd.atlas.2024-08-05+json"},
		},
		{
			"old version",
			refusedCall{"", "POST", "/backup/exportBuckets", `{"cloudProvider":"GCP"}`, "", old},
			[]string{"Version 2023-01-01 served the request, an old one that ends on"},
		},
		{
			"key that only reads", refusedCall{"", "POST", "/backup/exportBuckets", awsBody, "demoread", ""},
			[]string{"demoread has GROUP_READ_ONLY here, and this takes GROUP_OWNER"},
		},
		{
			"key without a role on the project", refusedCall{"", "GET", "", "", "otherprj", ""},
			[]string{"otherprj has none here"},
		},
		{
			"address that is not on the list", refusedCall{"", "GET", "", "", "farawayk", ""},
			[]string{"Add the address to the access list"},
		},
		{
			"bucket in use",
			refusedCall{"", "DELETE", "/groups/" + demoBackups + "/backup/exportBuckets/5f0000000000000000000f01", "", "", ""},
			[]string{"Cluster0 (5f0000000000000000000f02)"},
		},
		{
			"role in use",
			refusedCall{"", "DELETE", "/groups/" + demoBackups + "/cloudProviderAccess/AWS/5f0000000000000000000d10", "", "", ""},
			[]string{"5f0000000000000000000f01 (demo-backups)"},
		},
		{
			"path that is misspelt", refusedCall{"", "GET", "/backup/exportBucket", "", "", ""},
			[]string{"The nearest path is GET " + demoBuckets + "."},
		},
		{
			"operation that is not served", refusedCall{"", "GET", "/streams/accountDetails", "", "", ""},
			[]string{"docs/differences.md"},
		},
		{
			"field that is misspelt", refusedCall{"", "POST", "/backup/exportBuckets", `{"bucketname":"b"}`, "", ""},
			[]string{"Is it bucketName that is meant?"},
		},
		{
			"field of another provider",
			refusedCall{"", "POST", "/backup/exportBuckets", strings.Replace(awsBody, "iamRoleId", "roleId", 1), "", ""},
			[]string{"AWS takes iamRoleId; AZURE and GCP take roleId."},
		},
		{
			"value that is none", refusedCall{"", "POST", "/backup/exportBuckets", `{"cloudProvider":"aws"}`, "", ""},
			[]string{"Allowed here: [AWS AZURE GCP]"},
		},
		{"body that is cut off", refusedCall{"", "POST", "/backup/exportBuckets", "{", "", ""}, []string{"cut off"}},
		{
			"project with clusters", refusedCall{"", "DELETE", "/groups/" + demoBackups, "", "", ""},
			[]string{"The clusters of the project: Cluster0"},
		},
		{
			"method that is none", refusedCall{"", "PUT", "/backup/exportBuckets", "{}", "", ""}, []string{"The path takes POST,GET"},
		},
	} {
		tt.do(t, b)
		entry := b.why(t)
		for _, hint := range tt.hints {
			if !strings.Contains(strings.Join(entry.Hints, "\n"), hint) {
				t.Errorf("%s: got %q for %d %s, want %q in it", tt.mistake, entry.Hints, entry.Status, entry.ErrorCode, hint)
			}
		}
		if len(entry.Hints) > 3 {
			t.Errorf("%s: got %d hints, want 3 at most", tt.mistake, len(entry.Hints))
		}
	}
	// By a key with a wrong secret: it is known whose it is.
	b.do(t, request{bare: true, header: http.Header{"Authorization": {
		digestHeader("demoproj", privateKeys["demoownr"], b.nonce(t), "GET", demoBuckets),
	}}})
	if got := b.why(t); got.Principal != "demoproj" || !strings.Contains(strings.Join(got.Hints, ""), "public key is right") {
		t.Errorf("got %+v, want that the private key is wrong", got)
	}
}

// No hint has anything of another organization in it.
func TestHintsTellNothingOfOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const strangersProject, strangersBucket = "5f0000000000000000000b13", "5f0000000000000000000f99"
	ids := []string{strangersProject, "Stranger", strangersRole, strangersBucket}
	_, err := b.pool.Exec(t.Context(), `
		INSERT INTO cloud_provider_access_roles (project_id, id, cloud_provider, created_at, updated_at, gcp_service_account, gcp_status)
		SELECT $1, $2, cloud_provider, created_at, updated_at, 'stranger@example.com', gcp_status
		FROM cloud_provider_access_roles WHERE id = $3`, strangersProject, strangersRole, gcpRole)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []refusedCall{
		{"", "POST", "/backup/exportBuckets", strings.Replace(gcpBody, gcpRole, strangersRole, 1), "", ""},
		{"", "GET", "/groups/" + strangersProject, "", "", ""},
		{"", "GET", "/groups/" + strangersProject + "/clusters/none", "", "", ""},
		{"", "DELETE", "/groups/" + strangersProject + "/cloudProviderAccess/GCP/" + strangersRole, "", "", ""},
	} {
		r.do(t, b)
		entry := b.why(t)
		for _, hint := range entry.Hints {
			for _, id := range ids {
				if strings.Contains(hint, id) && !strings.Contains(r.path+r.body, id) {
					t.Errorf("%s %s: got %q, want nothing of the stranger", r.method, r.path, hint)
				}
			}
		}
		if entry.ErrorCode == "" {
			t.Errorf("%s %s: got %+v, want a refusal", r.method, r.path, entry)
		}
	}
}

const strangersRole = "5f0000000000000000000d99"
