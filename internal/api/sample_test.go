package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// sampled is an operation with its samples.
type sampled struct {
	method, path string

	ID      string `json:"operationId"`
	Samples []struct {
		Source string `json:"source"`
	} `json:"x-codeSamples"`
}

// samples returns all operations with their samples.
func samples(t *testing.T, b *bundle) []sampled {
	t.Helper()
	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	got := b.do(t, request{path: "/docs/openapi.json", bare: true, header: http.Header{"Accept-Encoding": {"identity"}}})
	if err := json.Unmarshal([]byte(got.body), &document); err != nil {
		t.Fatal(err)
	}
	var all []sampled
	for path, item := range document.Paths {
		for method, raw := range item {
			if method == "parameters" {
				continue
			}
			operation := sampled{method: strings.ToUpper(method), path: path}
			if err := json.Unmarshal(raw, &operation); err != nil {
				t.Fatal(err)
			}
			all = append(all, operation)
		}
	}
	return all
}

// runSample runs a sample as a shell does, and returns the statuses of its answers and what it
// prints.
func runSample(t *testing.T, b *bundle, source string) (statuses []string, body string) {
	t.Helper()
	lines := strings.ReplaceAll(source, "https://cloud.example.com", b.server.URL)
	script := `curl() { command curl --disable --noproxy '*' --silent --write-out '%{stderr}%{http_code}\n' "$@"; }` + "\n" + lines
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		t.Errorf("got %v, %s from:\n%s", err, &said, lines)
	}
	return strings.Fields(said.String()), out.String()
}

// refusedSamples are those that the demo tenant has nothing for, with the code of the
// refusal, by operation id.
var refusedSamples = map[string]string{
	"createGroupServiceAccountAccessList":         "SERVICE_ACCOUNT_NOT_FOUND",
	"createGroupServiceAccountSecret":             "SERVICE_ACCOUNT_NOT_FOUND",
	"deleteGroupBackupExportBucket":               "EXPORT_BUCKET_DELETE_FAILED_BUCKET_IN_USE",
	"deleteGroupBackupPrivateEndpoint":            "PRIVATELINK_NOT_FOUND",
	"deleteGroupServiceAccount":                   "SERVICE_ACCOUNT_NOT_FOUND",
	"deleteGroupServiceAccountAccessListEntry":    "SERVICE_ACCOUNT_NOT_FOUND",
	"deleteGroupServiceAccountSecret":             "SERVICE_ACCOUNT_NOT_FOUND",
	"deleteOrgApiKeyAccessListEntry":              "API_KEY_ACCESS_LIST_NOT_FOUND",
	"deleteOrgServiceAccountAccessListEntry":      "ACCESS_LIST_ENTRY_NOT_FOUND",
	"deleteOrgServiceAccountSecret":               "RESOURCE_NOT_FOUND",
	"getGroupBackupPrivateEndpoint":               "PRIVATELINK_NOT_FOUND",
	"getGroupClusterBackupSnapshotShardedCluster": "SNAPSHOT_NOT_FOUND",
	"getGroupEvent":                               "EVENT_NOT_FOUND",
	"getGroupServiceAccount":                      "SERVICE_ACCOUNT_NOT_FOUND",
	"getOrgApiKeyAccessListEntry":                 "API_KEY_ACCESS_LIST_NOT_FOUND",
	"getOrgEvent":                                 "ORG_EVENT_NOT_FOUND",
	"listGroupServiceAccountAccessList":           "SERVICE_ACCOUNT_NOT_FOUND",
	"updateGroupServiceAccount":                   "SERVICE_ACCOUNT_NOT_FOUND",
}

func TestSamplesWorkOnTheDemoTenant(t *testing.T) {
	t.Parallel()
	unlimited := func(s *settings) { s.api.RateLimits = false }
	shared := setup(t, unlimited)
	operations := describe(t).operations()
	for _, op := range samples(t, shared) {
		t.Run(op.ID, func(t *testing.T) {
			t.Parallel()
			code, refused := refusedSamples[op.ID]
			served := false // there are operations on what nobody has
			for status := range operations[op.method+" "+op.path].Responses.Codes.KeysFromOldest() {
				served = served || status[0] == '2'
			}
			for _, s := range op.Samples {
				b := shared
				if op.method != http.MethodGet {
					b = setup(t, unlimited) // it changes what others ask for
				}
				statuses, body := runSample(t, b, s.Source)
				got := statuses[len(statuses)-1][0] == '2'
				if got != (served && !refused) || !strings.Contains(body, code) {
					t.Errorf("%s %s: got %s %s", op.method, op.path, statuses, body)
				}
			}
		})
	}
}
