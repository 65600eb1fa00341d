package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"exportbuckets/internal/dbtest"
)

const (
	everywhere = "--listen=0.0.0.0:0"
	publicOnes = "credentials of the demo tenant are valid, and public"
)

// ownTenant is a seed file without a credential of the demo tenant. One of its keys
// has the name of one, with another private key.
const ownTenant = `organizations:
  - id: 5f0000000000000000000a09
    name: Own
    apiKeys:
      - id: 5f0000000000000000000e09
        description: An owner
        publicKey: demoread
        privateKey: 0b7e2a54-6c5d-4f0e-9a35-9d8f6a6a0001
        orgRoles: [ORG_OWNER]
`

func ownSeedFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(path, []byte(ownTenant), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheDemoTenantIsNotServedToStrangers(t *testing.T) {
	t.Parallel()
	stateDir := filepath.Join(newStateDir(t), "state")
	for _, listen := range []string{everywhere, "--listen=:0", "--listen=[::]:0"} {
		got := runProgram(t, nil, "serve", listen, "--state-dir", stateDir)
		wantRefusal(t, got, "--listen", "demo tenant", "--seed", "--demo", "EXPORTBUCKETS_DEMO")
	}
	if _, err := os.Stat(stateDir); !os.IsNotExist(err) {
		t.Errorf("state directory: got %v, want nothing started", err)
	}

	address := dbtest.NewURL(t)
	env := []string{"DATABASE_URL=" + address}
	wantRefusal(t, runProgram(t, env, "serve", everywhere, "--seed", demoSeedFile), "--listen", "demo tenant")
	if rows := contents(t, connect(t, address)); len(rows) > 0 {
		t.Errorf("got %v in the database, want nothing added", rows)
	}
	for name, s := range map[string]settings{
		"by flag":     {flags: []string{everywhere, "--seed", demoSeedFile, "--demo"}, env: env},
		"by variable": {flags: []string{everywhere, "--seed", demoSeedFile}, env: append(env, "EXPORTBUCKETS_DEMO=true")},
	} {
		if got := serve(t, s).stop(t).log; strings.Count(got, publicOnes) != 1 {
			t.Errorf("--demo %s: got log %s, want one warning", name, got)
		}
	}
}

func TestWhatIsLeftOfTheDemoTenantIsNotServedToStrangers(t *testing.T) {
	t.Parallel()
	address := dbtest.NewURL(t)
	env := []string{"DATABASE_URL=" + address}
	own := []string{everywhere, "--seed", ownSeedFile(t)}
	if got := serve(t, settings{flags: own, env: env}).stop(t).log; strings.Contains(got, publicOnes) {
		t.Errorf("tenants of its own: got log %s, want no warning", got)
	}
	conn := connect(t, address)
	execute(t, conn, "DELETE FROM principals")
	if got := serve(t, settings{flags: []string{"--seed", demoSeedFile}, env: env}).stop(t).log; !strings.Contains(got, publicOnes) {
		t.Errorf("the demo tenant on loopback: got log %s, want a warning", got)
	}
	execute(t, conn, "DELETE FROM api_keys WHERE public_key = 'demoread'")

	// Each of those that are left is enough.
	for _, left := range [][]string{
		{"demoownr", "demoproj", "mdb_sa_id_5f0000000000000000000c01"},
		{"demoproj", "mdb_sa_id_5f0000000000000000000c01"},
		{"mdb_sa_id_5f0000000000000000000c01"},
	} {
		got := launchServer(t, settings{flags: own, env: env}).wait(t)
		wantRefusal(t, got, slices.Concat([]string{"--listen", "--demo"}, left)...)
		log := serve(t, settings{flags: own[1:], env: env}).stop(t).log
		if strings.Count(log, publicOnes) != 1 || !strings.Contains(log, left[0]) {
			t.Errorf("on loopback: got log %s, want one warning that names %s", log, left)
		}
		id := strings.TrimPrefix(left[0], "mdb_sa_id_")
		execute(t, conn, `DELETE FROM principals WHERE id = $1
			OR id IN (SELECT id FROM api_keys WHERE public_key = $1)`, id)
	}
	if got := serve(t, settings{flags: own, env: env}).stop(t).log; strings.Contains(got, publicOnes) {
		t.Errorf("when all are gone: got log %s, want no warning", got)
	}
}
