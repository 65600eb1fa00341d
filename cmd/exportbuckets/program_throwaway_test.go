package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mongodb-forks/digest"
)

var exported = regexp.MustCompile(`export ([A-Z_]+)=(.*)`)

func TestThrowawaysAreMadeAndEndedByCommands(t *testing.T) {
	t.Parallel()
	dir := newStateDir(t)
	p := serve(t, withAdmin("--state-dir", dir, "--throwaway-max", "2"))
	env := []string{
		"EXPORTBUCKETS_SERVER=" + p.admin(t), "EXPORTBUCKETS_TOKEN_FILE=" + filepath.Join(dir, "operator-token"),
	}
	made := runProgram(t, env, "tenant", "create", "--from", "5f0000000000000000000a01/declared", "--name", "pr-42", "--env")
	vars := make(map[string]string)
	for _, line := range exported.FindAllStringSubmatch(made.out, -1) {
		vars[line[1]] = line[2]
	}
	if made.code != 0 || vars["MONGODB_ATLAS_BASE_URL"] != "http://"+p.address {
		t.Fatalf("got %+v, want the environment of a client of %s", made, p.address)
	}
	key := digest.NewTransport(vars["MONGODB_ATLAS_PUBLIC_API_KEY"], vars["MONGODB_ATLAS_PRIVATE_API_KEY"])
	got := p.ask(t, key, "/api/atlas/v2/groups/"+vars["MONGODB_ATLAS_PROJECT_ID"], "")
	if !strings.Contains(got.body, vars["MONGODB_ATLAS_ORG_ID"]) {
		t.Errorf("got %+v, want a project of %s", got, vars["MONGODB_ATLAS_ORG_ID"])
	}
	file := filepath.Join(dir, "org.yaml")
	export := runProgram(t, env, "tenant", "export", "--org", "5f0000000000000000000a01")
	if err := os.WriteFile(file, []byte(export.out), 0o600); err != nil {
		t.Fatal(err)
	}
	shown := runProgram(t, env, "tenant", "create", "--file", file, "--name", "of-a-file")
	if shown.code != 0 || !strings.Contains(shown.out, "of-a-file") || !strings.Contains(shown.out, "mdb_sa_sk_") {
		t.Errorf("got %+v, want the organization with its secrets", shown)
	}
	wantRefusal(t, runProgram(t, env, "tenant", "create", "--file", file), "LIMIT")
	wantRefusal(t, runProgram(t, env, "tenant", "create", "--from", "live"), "--org (EXPORTBUCKETS_ORG)")
	if got := runProgram(t, env, "tenant", "create"); got.code != 2 || !strings.Contains(got.log, "--from") {
		t.Errorf("got %+v, want it to ask for a source", got)
	}
	if list := runProgram(t, env, "tenant", "list"); !strings.Contains(list.out, "pr-42") {
		t.Errorf("got %+v, want pr-42 in the list", list)
	}
	// The token of the environment is in place of that of the file, unless a flag names one.
	own := []string{"EXPORTBUCKETS_TOKEN=" + vars["EXPORTBUCKETS_TOKEN"], "EXPORTBUCKETS_ORG=" + vars["EXPORTBUCKETS_ORG"]}
	own = append(own, env...)
	operator := filepath.Join(dir, "operator-token")
	if list := runProgram(t, own, "tenant", "list", "--token-file", operator); !strings.Contains(list.out, "5f0000000000000000000a01") {
		t.Errorf("got %+v, want what the operator sees", list)
	}
	if list := runProgram(t, own, "tenant", "list"); strings.Contains(list.out, "5f0000000000000000000a01") || !strings.Contains(list.out, "pr-42") {
		t.Errorf("got %+v, want what the token sees", list)
	}
	wantRefusal(t, runProgram(t, append(own, "EXPORTBUCKETS_TOKEN="), "tenant", "list"), "it is empty")
	if end := runProgram(t, own, "tenant", "delete"); end.code != 0 {
		t.Errorf("delete: got %+v", end)
	}
	if list := runProgram(t, env, "tenant", "list"); strings.Contains(list.out, "pr-42") {
		t.Errorf("got %+v, want pr-42 gone", list)
	}
	wantRefusal(t, runProgram(t, env, "tenant", "delete", "--org", "5f0000000000000000000a01"), "If-Match")
}
