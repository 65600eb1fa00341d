package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/dbtest"
)

// demoRoles are the access roles of the demo project.
const demoRoles = "/api/atlas/v2/groups/5f0000000000000000000b01/cloudProviderAccess"

func TestARestartLeavesTheDemoTenantAsItWasLeft(t *testing.T) {
	t.Parallel()
	stateDir := newStateDir(t)
	s := settings{flags: []string{"--state-dir", stateDir}}
	p := serve(t, s)
	owner := digestKey(t, "demoownr")
	bucket := p.ask(t, owner, demoBuckets, `{"cloudProvider":"AZURE","roleId":"5f0000000000000000000d02",`+
		`"serviceUrl":"https://examplestorageaccount.blob.core.windows.net/examplecontainer"}`)
	wantStatus(t, bucket, http.StatusOK)
	p.change(t, http.MethodPatch, demoRoles+"/5f0000000000000000000d02",
		`{"providerName":"AZURE","servicePrincipalId":"22f1d2a6-d0e9-482a-83a4-b8dd7dddc2c1",`+
			`"tenantId":"91402384-d71e-22f5-22dd-759e272cdc1c"}`)
	p.change(t, http.MethodPatch, demoRoles+"/5f0000000000000000000d04",
		`{"providerName":"AWS","iamAssumedRoleArn":"arn:aws:iam::123456789012:role/later"}`)
	p.change(t, http.MethodDelete, demoRoles+"/GCP/5f0000000000000000000d03", "")
	path := demoBuckets + "/" + text(t, bucket.body, "_id")
	before := contents(t, connect(t, privateURL(stateDir)))

	p.stop(t)
	p = serve(t, s)
	if diff := cmp.Diff(before, contents(t, connect(t, privateURL(stateDir)))); diff != "" {
		t.Errorf("rows (-before +after the restart):\n%s", diff)
	}
	got := p.ask(t, owner, path, "")
	wantStatus(t, got, http.StatusOK)
	if tenant := text(t, got.body, "tenantId"); tenant != "91402384-d71e-22f5-22dd-759e272cdc1c" {
		t.Errorf("tenantId: got %q, want that of the moved role", tenant)
	}
	wantStatus(t, p.ask(t, owner, demoBuckets, strings.Replace(demoBucket, "0d01", "0d04", 1)), http.StatusOK)
	wantStatus(t, p.ask(t, owner, demoRoles+"/5f0000000000000000000d03", ""), http.StatusNotFound)
}

func TestASeedFileWithAShortSecretIsAppliedWithAWarning(t *testing.T) {
	t.Parallel()
	demo, err := os.ReadFile(demoSeedFile)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "seed.yaml")
	short := strings.ReplaceAll(string(demo), "mdb_sa_sk_demo-owner-secret-not-for-production-01", "hunter2")
	if err := os.WriteFile(file, []byte(short), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"DATABASE_URL=" + dbtest.NewURL(t)}
	const warning = "less than 16 characters"
	seeded := runProgram(t, env, "seed", file)
	served := serve(t, settings{env: env, flags: []string{"--seed", file}}).stop(t)
	for name, got := range map[string]ended{"seed": seeded, "serve": served} {
		if got.code != 0 || strings.Count(got.log, warning) != 1 ||
			!strings.Contains(got.log, "mdb_sa_id_5f0000000000000000000c01") || strings.Contains(got.log, "hunter2") {
			t.Errorf("%s: got exit code %d and log %s, want one warning that names the account", name, got.code, got.log)
		}
	}
}

// change sends a request that changes the demo tenant, and checks that it succeeds.
func (p *program) change(t *testing.T, method, path, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+p.address+path, strings.NewReader(body))
	if err != nil {
		t.Fatalf("got error %v, want a request", err)
	}
	req.Header.Set("Accept", "application/vnd.atlas.2024-05-30+json")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if got := send(t, digestKey(t, "demoownr"), req); got.status/100 != 2 {
		t.Fatalf("%s %s: got %d, want it done; the body: %s", method, path, got.status, got.body)
	}
}
