package tenantstate

import (
	"slices"
	"strings"
	"testing"

	"exportbuckets/internal/seed"
	"exportbuckets/staging"
)

func (b *stateBundle) apply(t testing.TB, file string, mode staging.Mode, dryRun bool) []string {
	t.Helper()
	changes, err := b.service.Declare(t.Context(), b.writer, []byte(file), mode, dryRun)
	if err != nil {
		t.Fatal(err)
	}
	return lines(changes)
}

// changed is the demo tenant's file with some texts, each of which is there once, replaced
// by others.
func changed(t testing.TB, pairs ...string) string {
	t.Helper()
	file := string(seed.Demo)
	for i := 0; i < len(pairs); i += 2 {
		if strings.Count(file, pairs[i]) != 1 {
			t.Fatalf("%q: got it %d times, want once", pairs[i], strings.Count(file, pairs[i]))
		}
		file = strings.Replace(file, pairs[i], pairs[i+1], 1)
	}
	return file
}

func TestAFileThatSaysWhatIsThereChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(t, "UPDATE principals SET version = 5")
	want := b.dump(t, "principals.version", "projects.due_at")
	b.now = b.now.Add(10 * 1e9)
	wantLines(t, b.apply(t, string(seed.Demo), staging.Replace, true))
	wantLines(t, b.apply(t, string(seed.Demo), staging.Add, true))
	wantRows(t, want, b.dump(t, "principals.version", "projects.due_at"))
	wantLines(t, b.apply(t, string(seed.Demo), staging.Replace, false))
	wantLines(t, b.apply(t, string(seed.Demo), staging.Replace, false))
	wantLines(t, b.restore(t, to(staging.Declared)))
	states, err := b.service.States(t.Context(), b.writer.Reader())
	if err != nil || len(states) != 1 || states[0].Name != staging.Declared {
		t.Errorf("states: got %+v, %v; want the declared one", states, err)
	}
}

func TestAFileReplacesWhatIsThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(t, `INSERT INTO access_tokens (token_hash, org_id, service_account_id, secret_id, created_at, expires_at)
		SELECT sha256(org_id::text::bytea), org_id, service_account_id, id, now(), now() + interval '1 hour' FROM service_account_secrets`)
	others := foreignRows(b.dump(t))
	file := changed(t,
		"name: Demo Organization", "name: Renamed",
		"      - id: 5f0000000000000000000b02\n        name: Other Project\n", "",
		"bucketName: demo-backups", "bucketName: other-backups",
		"publicKey: demoread", "publicKey: demonewk",
		"roles: [GROUP_READ_ONLY]", "roles: [GROUP_READ_ONLY, GROUP_BACKUP_MANAGER]",
	)
	want := []string{
		"orgs +0 -0 ~1", "projects +0 -1 ~0", "apiKeys +0 -0 ~1", "projectRoleGrants +1 -0 ~0", "exportBuckets +0 -0 ~1",
	}
	before := b.dump(t)
	wantLines(t, sorted(b.apply(t, file, staging.Replace, true)), sorted(want)...)
	wantRows(t, withoutVersions(before), withoutVersions(b.dump(t)))
	wantLines(t, sorted(b.apply(t, file, staging.Replace, false)), sorted(want)...)
	wantRows(t, []string{"Renamed"}, b.strs(t, "SELECT name FROM orgs WHERE id = $1", orgOne))
	wantRows(t, []string{"2"}, b.strs(t, "SELECT count(*)::text FROM access_tokens")) // they live on
	wantRows(t, others, foreignRows(b.dump(t)))

	b.exec(t, "DELETE FROM api_keys WHERE public_key = 'demonewk'", "UPDATE orgs SET name = 'Again' WHERE id LIKE '5f%'")
	wantLines(t, sorted(b.restore(t, to(staging.Declared))), "apiKeys +1 -0 ~0", "orgs +0 -0 ~1")
}

func TestAFileAddsWhatIsMissing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(t, "UPDATE orgs SET protected = true")
	file := changed(t, "name: Demo Organization", "name: Renamed",
		"    apiKeys:\n", "      - {id: 5f0000000000000000000b09, name: Added}\n    apiKeys:\n")
	before := b.dump(t)
	wantLines(t, b.apply(t, file, staging.Add, true), "projects +1 -0 ~0")
	wantRows(t, withoutVersions(before), withoutVersions(b.dump(t)))
	wantLines(t, b.apply(t, file, staging.Add, false), "projects +1 -0 ~0")
	wantRows(t, nil, b.strs(t, "SELECT name FROM saved_states"))
	wantRows(t, []string{"Demo Organization"}, b.strs(t, "SELECT name FROM orgs WHERE id = $1", orgOne))
	_, err := b.service.Declare(t.Context(), b.writer, []byte(file), staging.Replace, false)
	wantProblem(t, err, staging.CodeProtected)
}

func TestASecretThatAFileLeavesOutStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const verifies = `SELECT 'key ' || id || ha1::text || coalesce(private_key_suffix, '') FROM api_keys WHERE org_id LIKE '5f%'
		UNION SELECT 'secret ' || id || secret_hash::text || expires_at FROM service_account_secrets WHERE org_id LIKE '5f%'
		ORDER BY 1`
	want := b.strs(t, verifies)
	id := b.strs(t, "SELECT id FROM service_account_secrets WHERE org_id LIKE '5f%'")[0]
	account := "        secrets:\n          - secret: mdb_sa_sk_demo-owner-secret-not-for-production-01\n" +
		"            expiresAt: 2099-12-31T00:00:00Z\n"
	for name, secrets := range map[string]string{
		"no secrets":          "",
		"a secret by its id":  "        secrets: [{id: " + id + ", expiresAt: 2099-12-31T00:00:00Z}]\n",
		"the secret as it is": account,
	} {
		t.Run(name, func(t *testing.T) {
			wantLines(t, b.apply(t, changed(t,
				"        privateKey: d3300000-0000-4000-8000-000000000001\n", "",
				"        privateKey: d3300000-0000-4000-8000-000000000002\n", "",
				account, secrets,
			), staging.Replace, false))
			wantRows(t, want, b.strs(t, verifies))
		})
	}

	for name, tt := range map[string]struct {
		pairs []string
		at    string
		line  string
	}{
		"a key that is not there": {
			[]string{"5f0000000000000000000e02", "5f0000000000000000000eff",
				"        privateKey: d3300000-0000-4000-8000-000000000002\n", ""},
			"/organizations/0/apiKeys/1/privateKey", "line ",
		},
		"a key of another public key": {
			[]string{"publicKey: demoproj", "publicKey: demoxxxx",
				"        privateKey: d3300000-0000-4000-8000-000000000002\n", ""},
			"/organizations/0/apiKeys/1/privateKey", "line ",
		},
		"a secret that is not there": {
			[]string{account, "        secrets: [{id: 5f0000000000000000000fff, expiresAt: 2099-12-31T00:00:00Z}]\n"},
			"/organizations/0/serviceAccounts/0/secrets/0", "line ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.service.Declare(t.Context(), b.writer, []byte(changed(t, tt.pairs...)), staging.Replace, false)
			wantAt(t, err, staging.CodeSecretRequired, tt.at, tt.line)
		})
	}
	wantRows(t, want, b.strs(t, verifies))
}

func wantAt(t testing.TB, err error, code staging.Code, at, detail string) {
	t.Helper()
	wantProblem(t, err, code)
	if problem, ok := errorAs(err); ok && (problem.At != at || !strings.Contains(problem.Detail, detail)) {
		t.Errorf("error: got %v, want it at %s with %q", err, at, detail)
	}
}

func TestAFileThatCannotBeSaysWhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.declare(t)
	want := b.dump(t)
	for name, tt := range map[string]struct {
		file string
		code staging.Code
		at   string
		text string
	}{
		"no YAML": {"organizations: [", staging.CodeInvalid, "", "line 1"},
		"nothing": {"", staging.CodeInvalid, "/organizations", "0 organizations"},
		"two":     {string(seed.Demo) + "  - {id: 5f0000000000000000000a09, name: x}\n", staging.CodeInvalid, "/organizations", "2 organizations"},
		"another": {"organizations: [{id: " + orgTwo + ", name: x}]", staging.CodeInvalid, "/organizations/0/id", "another"},
		"JSON":    {`{"organizations": [{"id": "` + orgOne + `", "name": 1, "x": 2}]}`, staging.CodeInvalid, "/organizations/0/x", "line 1"},
		"no name": {"organizations: [{id: " + orgOne + "}]", staging.CodeInvalid, "/organizations/0/name", "missing"},
		"an unknown key": {
			changed(t, "        name: Other Project\n", "        name: Other Project\n        colour: red\n"),
			staging.CodeInvalid, "/organizations/0/projects/1/colour", "line 25",
		},
		"a role that is none": {
			changed(t, "roles: [GROUP_READ_ONLY]", "roles: [GROUP_KING]"),
			staging.CodeInvalid, "/organizations/0/apiKeys/2/projectRoles/0/roles/0", "line ",
		},
		"a body that breaks a rule": {
			changed(t, "bucketName: demo-backups", "bucketName: x"),
			staging.CodeInvalid, "/organizations/0/projects/2/exportBuckets/0", "line 33",
		},
		"a field of a body of another kind": {
			changed(t, "{description: Demo snapshot, retentionInDays: 365}", "{description: Demo snapshot, retentionInDays: x}"),
			staging.CodeInvalid, "/organizations/0/projects/2/clusters/0/snapshots/0/body/retentionInDays", "line ",
		},
		"a public key of another": {
			changed(t, "publicKey: demoread", "publicKey: fourread"),
			staging.CodeConflict, "/organizations/0/apiKeys/2", "taken",
		},
		"a project of another": {
			changed(t, "5f0000000000000000000b02", "6f0000000000000000000b02"),
			staging.CodeConflict, "/organizations/0/projects/1", "taken",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, mode := range []staging.Mode{staging.Replace, staging.Add} {
				if mode == staging.Add && strings.HasPrefix(tt.text, "line 33") {
					continue // the bucket is there
				}
				if mode == staging.Add && tt.code == staging.CodeConflict {
					continue // the key is there
				}
				_, err := b.service.Declare(t.Context(), b.writer, []byte(tt.file), mode, false)
				wantAt(t, err, tt.code, tt.at, tt.text)
			}
		})
	}
	_, err := b.service.Declare(t.Context(), b.writer, seed.Demo, "remove", false)
	wantAt(t, err, staging.CodeInvalid, "/mode", "")
	wantRows(t, withoutVersions(want), withoutVersions(b.dump(t)))
}

func TestAFileThatIsAppliedAtTheStartIsDeclaredOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	parsed, err := seed.Parse(append(slices.Clip(seed.Demo),
		"  - {id: 5f0000000000000000000a09, name: Protected}\n  - {id: 5f0000000000000000000a08, name: Gone, staging: {}}\n"...))
	if err != nil {
		t.Fatal(err)
	}
	b.exec(t, "UPDATE orgs SET name = 'Renamed' WHERE id LIKE '5f%'")
	for range 2 {
		if err := b.service.DeclareMissing(t.Context(), parsed); err != nil {
			t.Fatal(err)
		}
		b.now = b.now.Add(1e9)
	}
	wantRows(t, []string{orgOne + " 2026-03-04 05:06:07+00"},
		b.strs(t, "SELECT org_id || ' ' || saved_at FROM saved_states WHERE name = 'declared'"))
	wantRows(t, []string{"Renamed"}, b.strs(t, "SELECT name FROM orgs WHERE id = $1", orgOne))
	wantLines(t, b.restore(t, to(staging.Declared)), "orgs +0 -0 ~1")
}
