package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"exportbuckets/internal/seed"
)

func TestStatesAreSavedComparedAndRestoredByCommands(t *testing.T) {
	t.Parallel()
	dir := newStateDir(t)
	p := serve(t, withAdmin("--state-dir", dir))
	env := []string{
		"EXPORTBUCKETS_SERVER=" + p.admin(t), "EXPORTBUCKETS_TOKEN_FILE=" + filepath.Join(dir, "operator-token"),
		"EXPORTBUCKETS_ORG=5f0000000000000000000a01",
	}
	wants := func(code int, words string, args ...string) {
		t.Helper()
		got := runProgram(t, env, args...)
		if got.code != code || !strings.Contains(strings.Join(strings.Fields(got.out+got.log), " "), words) {
			t.Errorf("%v: got %+v, want exit code %d with %q", args, got, code, words)
		}
	}
	// A command looks for the token where a server with its environment keeps it.
	beside := []string{env[0], env[2], "EXPORTBUCKETS_STATE_DIR=" + dir}
	if got := runProgram(t, beside, "snapshot", "list"); got.code != 0 {
		t.Errorf("got %+v, want the token of the state directory", got)
	}
	// The demo tenant is declared at the first start.
	wants(0, "KIND ADDED REMOVED UPDATED", "diff")
	wants(0, "name: Other Project", "tenant", "export")
	exported := filepath.Join(dir, "exported.yaml")
	if err := os.WriteFile(exported, []byte(runProgram(t, env, "tenant", "export").out), 0o600); err != nil {
		t.Fatal(err)
	}
	wants(0, "KIND", "tenant", "apply", "--dry-run", exported)
	wants(0, "declared ", "snapshot", "list")
	file := filepath.Join(dir, "org.yaml")
	text := strings.Replace(string(seed.Demo), "name: Other Project", "name: Renamed Project", 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	wants(0, "before ", "snapshot", "save", "before")
	wants(1, "CONFLICT", "snapshot", "save", "before")
	wants(3, "projects 0 0 1", "tenant", "apply", "--dry-run", file)
	wants(0, "projects 0 0 1", "tenant", "apply", file)
	wants(0, "KIND", "tenant", "apply", "--dry-run", file)
	// A file names its organization, which need not be there.
	other := filepath.Join(dir, "other.yaml")
	if err := os.WriteFile(other, []byte("organizations: [{id: 7f0000000000000000000a01, name: Other, staging: {}}]"),
		0o600); err != nil {
		t.Fatal(err)
	}
	all := env[:2]
	if got := runProgram(t, all, "tenant", "apply", other); got.code != 0 {
		t.Errorf("got %+v, want an organization made", got)
	}
	if got := runProgram(t, all, "clock", "--org", "7f0000000000000000000a01"); got.code != 0 {
		t.Errorf("got %+v, want its clock", got)
	}
	wants(3, `"updated": 1`, "diff", "--from", "before", "-o", "json")
	wants(0, "projects 0 0 1", "snapshot", "restore", "before")
	wants(3, "projects 0 0 1", "diff")
	wants(0, "projects 0 0 1", "reset")
	wants(0, "projects 0 0 1", "reset", "--to", "before", "--project", "5f0000000000000000000b02")
	wants(0, "", "snapshot", "delete", "before")
	wants(1, "NOT_FOUND", "snapshot", "restore", "before")
	wants(1, "/organizations/0/projects/0/colour", "tenant", "apply", bad(t, dir))
	wants(0, "backupSchedule 5f0000000000000000000f02 Cluster0 EXPORT_BUCKET_DELETE_FAILED_BUCKET_IN_USE",
		"report", "usage", "--bucket", "5f0000000000000000000f01")
	wants(2, "--role", "report", "usage")
	two := filepath.Join(dir, "two.json")
	if err := os.WriteFile(two, []byte(`{"fault":{"kind":"reset"}} {"count":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	wants(1, "there is more after the fault", "fault", "add", "two", two)
	wants(0, "NAME KIND", "fault", "list")
	wants(3, "SUNSET DAYS", "report", "sunset")
	if got := runProgram(t, env, "report", "sunset"); !strings.Contains(got.log, "expectation not met: the journal has no request") {
		t.Errorf("got log %q, want that there was nothing to judge", got.log)
	}
}

// bad returns a file with an unknown key.
func bad(t *testing.T, dir string) string {
	t.Helper()
	file := filepath.Join(dir, "bad.yaml")
	text := strings.Replace(string(seed.Demo), "name: Demo Project\n", "name: Demo Project\n        colour: red\n", 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
