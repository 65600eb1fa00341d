package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// recipes runs code of a document in a directory, beside stand-ins for the programs of others.
type recipes struct {
	dir string
	env []string
}

func newRecipes(t *testing.T, env ...string) recipes {
	t.Helper()
	programs := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(programs, "exportbuckets")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"atlas", "terraform"} {
		script := "#!/bin/sh\necho " + name + " $* of $MONGODB_ATLAS_ORG_ID\n"
		if err := os.WriteFile(filepath.Join(programs, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	path := "PATH=" + programs + string(os.PathListSeparator) + os.Getenv("PATH")
	return recipes{t.TempDir(), append(env, path, "CI_JOB_ID=42", asProgram+"="+asCommand)}
}

// run returns what the code has written, and its error.
func (r recipes) run(t *testing.T, code string, flags ...string) (string, error) {
	t.Helper()
	cmd := newCommand(t, r.env)
	cmd.Path, cmd.Dir = "/bin/bash", r.dir
	cmd.Args = append([]string{"bash"}, append(flags, "-c", strings.ReplaceAll("\n"+code, "\n    ", "\n"))...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// called matches what a stand-in writes.
var called = regexp.MustCompile(`(?m)^(?:atlas|terraform) .* of (\w*)$`)

func TestTheCommandsOfTheStagingPlaneDoWhatTheySay(t *testing.T) {
	t.Parallel()
	dir := newStateDir(t)
	p := serve(t, withAdmin("--state-dir", dir))
	server, demo := "EXPORTBUCKETS_SERVER="+p.admin(t), "5f0000000000000000000a01"
	r := newRecipes(t, server, "EXPORTBUCKETS_TOKEN_FILE="+filepath.Join(dir, "operator-token"), "EXPORTBUCKETS_ORG="+demo)
	if out, err := r.run(t, "exportbuckets tenant export > org.yaml"); err != nil {
		t.Fatal(out, err)
	}
	var recipes, made []string
	for _, code := range paragraphsWith(t, "docs/staging.md", "exportbuckets ") {
		// The clock's has a date that will be past, and the others need entries of the journal.
		if strings.Contains(code, " clock ") || strings.Contains(code, " journal ") || strings.Contains(code, " report ") {
			continue
		}
		out, err := r.run(t, code, "-eu")
		if err != nil {
			t.Errorf("got error %v from:\n%s\nit wrote: %s", err, code, out)
		}
		if strings.Contains(code, "eval ") {
			recipes = append(recipes, code)
		}
		for _, line := range called.FindAllStringSubmatch(out, -1) {
			made = append(made, line[1])
		}
	}
	if len(recipes) != 2 || len(made) != 4 {
		t.Errorf("got %d recipes and %q, want 2 that call 4 programs", len(recipes), made)
	}
	list := runProgram(t, r.env, "tenant", "list")
	for _, id := range made {
		if len(id) != 24 || id == demo || strings.Contains(list.out, id) {
			t.Errorf("got %q, want a tenant of its own that has ended: %+v", id, list)
		}
	}

	// Without a tenant they would ask Atlas itself.
	other := newRecipes(t, server, "EXPORTBUCKETS_TOKEN_FILE=/dev/null", "EXPORTBUCKETS_ORG="+demo)
	for _, code := range recipes {
		if out, err := other.run(t, code); err == nil || called.MatchString(out) {
			t.Errorf("got %s, %v, want nothing called by:\n%s", out, err, code)
		}
	}
}
