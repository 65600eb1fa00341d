package main

import (
	"crypto/rand"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/seal"
	"exportbuckets/internal/waittest"
	"exportbuckets/migrations"
)

// wantDone checks that a program succeeded and what it wrote to standard output.
func wantDone(t *testing.T, got ended, out string) {
	t.Helper()
	if got.code != 0 {
		t.Errorf("exit code: got %d, want 0; the log: %s", got.code, got.log)
	}
	if diff := cmp.Diff(out, got.out); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

func TestMigrateGoesUpAndDownAndShowsTheVersion(t *testing.T) {
	t.Parallel()
	address := dbtest.NewEmptyURL(t)
	env := []string{"DATABASE_URL=" + address}
	conn := connect(t, address)
	files, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatalf("got error %v, want the migrations", err)
	}
	status := func(applied int) string {
		var lines strings.Builder
		for i, file := range files {
			if i < applied {
				lines.WriteString("applied  " + file + "\n")
			} else {
				lines.WriteString("pending  " + file + "\n")
			}
		}
		return lines.String()
	}

	wantDone(t, runProgram(t, env, "migrate", "status"), status(0))
	wantDone(t, runProgram(t, env, "migrate", "up"), "")
	wantDone(t, runProgram(t, env, "migrate", "status"), status(len(files)))
	all := tables(t, conn)
	wantDone(t, runProgram(t, env, "migrate", "up"), "")
	wantDone(t, runProgram(t, env, "migrate", "down"), "")
	wantDone(t, runProgram(t, env, "migrate", "status"), status(len(files)-1))
	wantRefusal(t, runProgram(t, env, "serve", "--listen", "127.0.0.1:0", "--no-migrate"), "older than this program")
	wantDone(t, runProgram(t, env, "migrate", "up"), "")
	if diff := cmp.Diff(all, tables(t, conn)); diff != "" {
		t.Errorf("tables after up, down and up (-want +got):\n%s", diff)
	}
}

func TestASchemaOtherThanTheProgramsIsRefused(t *testing.T) {
	t.Parallel()
	t.Run("older, when it is told not to migrate", func(t *testing.T) {
		t.Parallel()
		address := dbtest.NewEmptyURL(t)
		for _, s := range []settings{
			{flags: []string{"--no-migrate"}},
			{env: []string{"EXPORTBUCKETS_MIGRATE=false"}},
		} {
			p := launchServer(t, settings{flags: s.flags, env: append(s.env, "DATABASE_URL="+address)})
			wantRefusal(t, p.wait(t), "the database schema is older than this program")
		}
		if got := tables(t, connect(t, address)); len(got) > 0 {
			t.Errorf("tables: got %v, want none", got)
		}
	})
	t.Run("newer", func(t *testing.T) {
		t.Parallel()
		address := dbtest.NewURL(t)
		conn := connect(t, address)
		execute(t, conn, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)")
		before := tables(t, conn)
		env := []string{"DATABASE_URL=" + address}
		for _, args := range [][]string{
			{"serve", "--listen", "127.0.0.1:0"},
			{"serve", "--listen", "127.0.0.1:0", "--no-migrate"},
			{"migrate", "up"},
			{"migrate", "down"},
			{"seed", demoSeedFile},
		} {
			wantRefusal(t, runProgram(t, env, args...), "the database schema is newer than this program", "99999")
		}
		if diff := cmp.Diff(before, tables(t, conn)); diff != "" {
			t.Errorf("tables (-want +got):\n%s", diff)
		}
		rows := contents(t, conn)
		if diff := cmp.Diff(map[string][]string{}, rows); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
}

func TestSeedMayBeRepeatedAndRevertsNothing(t *testing.T) {
	t.Parallel()
	address := dbtest.NewEmptyURL(t)
	env := []string{"DATABASE_URL=" + address}
	conn := connect(t, address)
	wantDone(t, runProgram(t, env, "seed", demoSeedFile), "")
	once := contents(t, conn)
	for _, table := range []string{"orgs", "projects", "api_keys", "service_accounts", "cloud_provider_access_roles"} {
		if len(once[table]) == 0 {
			t.Errorf("%s: got no row, want those of the seed file", table)
		}
	}
	wantDone(t, runProgram(t, env, "seed", demoSeedFile), "")
	if diff := cmp.Diff(once, contents(t, conn)); diff != "" {
		t.Errorf("rows after the second time (-once +twice):\n%s", diff)
	}

	execute(t, conn, "UPDATE projects SET name = 'Renamed' WHERE id = '5f0000000000000000000b02'")
	changed := contents(t, conn)
	wantDone(t, runProgram(t, env, "seed", demoSeedFile), "")
	// A server given the file adds what is missing, on any database.
	execute(t, conn, "DELETE FROM cloud_provider_access_roles WHERE id = '5f0000000000000000000d03'")
	serve(t, settings{flags: []string{"--seed", demoSeedFile}, env: env})
	after := contents(t, conn)
	if got := len(after["cloud_provider_access_roles"]); got != 5 {
		t.Errorf("access roles: got %d, want the deleted one added again", got)
	}
	for _, rows := range []map[string][]string{changed, after} {
		delete(rows, "cloud_provider_access_roles")
		delete(rows, "nonce_keys")
	}
	if diff := cmp.Diff(changed, after); diff != "" {
		t.Errorf("rows after a change (-before +after):\n%s", diff)
	}
}

func TestAnInvalidSeedFileWritesNothing(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		file string // after a valid organization
		want []string
	}{
		{"an unknown key", "  - id: 5f0000000000000000000a02\n    name: Second\n    nmae: Third\n", []string{"line 6", "nmae"}},
		{"a value of the wrong form", "  - id: 5F\n    name: Second\n", []string{"line 4"}},
		{"a missing value", "  - id: 5f0000000000000000000a02\n", []string{"organizations[1].name"}},
		{"a role on an unknown project", `  - id: 5f0000000000000000000a02
    name: Second
    apiKeys:
      - id: 5f0000000000000000000e02
        description: A key
        publicKey: abcdefgh
        privateKey: d3300000-0000-4000-8000-000000000009
        orgRoles: [ORG_MEMBER]
        projectRoles:
          - projectId: 5f0000000000000000000bff
            roles: [GROUP_OWNER]
`, []string{"5f0000000000000000000bff"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			address := dbtest.NewURL(t)
			file := filepath.Join(t.TempDir(), "seed.yaml")
			head := "organizations:\n  - id: 5f0000000000000000000a01\n    name: First\n"
			if err := os.WriteFile(file, []byte(head+tt.file), 0o600); err != nil {
				t.Fatalf("got error %v, want the seed file written", err)
			}
			env := []string{"DATABASE_URL=" + address}
			wantRefusal(t, runProgram(t, env, "seed", file), tt.want...)
			p := launchServer(t, settings{flags: []string{"--seed", file}, env: env})
			wantRefusal(t, p.wait(t), tt.want...)
			rows := contents(t, connect(t, address))
			delete(rows, "nonce_keys")
			if diff := cmp.Diff(map[string][]string{}, rows); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnErrorShowsNoControlCharacters(t *testing.T) {
	t.Parallel()
	got := runProgram(t, nil, "seed", "no\x1b[2J\u009b\tsuch\u2028file")
	wantRefusal(t, got, `no\x1b[2J\u009b\tsuch\u2028file`)
}

func TestVersionPrintsOneLine(t *testing.T) {
	t.Parallel()
	got := runProgram(t, nil, "version")
	if got.code != 0 {
		t.Errorf("exit code: got %d, want 0; the log: %s", got.code, got.log)
	}
	if !regexp.MustCompile(`^exportbuckets \S+.* \(go1\.[^)]+\)\n$`).MatchString(got.out) {
		t.Errorf("output: got %q, want the program's name and its version", got.out)
	}
}

func TestHelpNamesEverySettingAndCommand(t *testing.T) {
	t.Parallel()
	var cli commandLine
	parser, err := kong.New(&cli, kong.Name("exportbuckets"), defaults("DIR"))
	if err != nil {
		t.Fatalf("got error %v, want the command line", err)
	}
	top := runProgram(t, nil, "--help")
	if top.code != 0 {
		t.Errorf("exit code: got %d, want 0; the log: %s", top.code, top.log)
	}
	for _, command := range parser.Model.Leaves(false) {
		name := strings.TrimPrefix(command.FullPath(), "exportbuckets ")
		if !strings.Contains(top.out, "\n  "+name+" ") {
			t.Errorf("--help: got %s, want it to name the command %q", top.out, name)
		}
		// To list the flags changes them, so the parallel subtests must not.
		flags := slices.Concat(command.AllFlags(false)...)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := runProgram(t, nil, append(strings.Fields(name), "--help")...)
			if got.code != 0 {
				t.Errorf("exit code: got %d, want 0; the log: %s", got.code, got.log)
			}
			for _, flag := range flags {
				// What one command alone takes need not be a variable.
				if flag.Name != "help" && (len(flag.Envs) > 0 || name == "serve") {
					wantExplained(t, got.out, flag)
				}
			}
		})
	}
}

// wantExplained checks that a flag has a variable of the same name, and that
// the help has both.
func wantExplained(t *testing.T, help string, flag *kong.Flag) {
	t.Helper()
	variable := strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
	if flag.Name != "database-url" {
		variable = "EXPORTBUCKETS_" + variable
	}
	if diff := cmp.Diff([]string{variable}, flag.Envs); diff != "" {
		t.Errorf("variables of --%s (-want +got):\n%s", flag.Name, diff)
	}
	name := " --" + flag.Name
	if flag.Tag.Negatable != "" {
		name = " --[no-]" + flag.Name
	}
	if !strings.Contains(help, name) || !strings.Contains(help, "($"+variable+")") {
		t.Errorf("help: got %s, want it to name --%s and %s", help, flag.Name, variable)
	}
}

func TestHealthcheckTellsWhetherAServerIsReady(t *testing.T) {
	t.Parallel()
	p := serve(t, settings{env: []string{"DATABASE_URL=" + dbtest.NewURL(t)}})
	url := "http://" + p.address + "/readyz"
	p.waitReady(t)
	var got ended
	waittest.Until(t, "the health check succeeds", func() bool {
		got = runProgram(t, nil, "healthcheck", url) // gives the server only seconds to answer
		return got.code == 0
	})
	wantDone(t, got, "")
	wantRefusal(t, runProgram(t, nil, "healthcheck", "http://"+p.address+"/nowhere"), "404")
	p.stop(t)
	wantRefusal(t, runProgram(t, nil, "healthcheck", url), p.address)
}

func TestAServerNeedNotOwnItsSchema(t *testing.T) {
	t.Parallel()
	address := dbtest.NewEmptyURL(t)
	own := []string{"DATABASE_URL=" + address}
	// As before there was another role.
	serve(t, settings{flags: []string{"--seed", demoSeedFile}, env: own}).stop(t)
	app, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	role := "app_" + strings.ToLower(rand.Text())
	app.User = url.UserPassword(role, databasePassword)
	wantRefusal(t, runProgram(t, append(own, "EXPORTBUCKETS_GRANT_TO="+address), "migrate", "up"), "--grant-to", "may do more")
	wantDone(t, runProgram(t, append(own, "EXPORTBUCKETS_GRANT_TO="+app.String()), "migrate", "up"), "")
	p := serve(t, settings{
		flags: []string{"--seed", demoSeedFile, "--no-migrate", "--sealing-key-file", keyFile(t, seal.NewKey())},
		env:   []string{"DATABASE_URL=" + app.String()},
	})
	p.waitReady(t)
	wantStatus(t, p.ask(t, digestKey(t, "demoownr"), demoBuckets, demoBucket), http.StatusOK)
	wantStatus(t, p.ask(t, withToken(t, p.token(t)), demoBuckets, ""), http.StatusOK)
	p.stop(t)
	wantRefusal(t, runProgram(t, []string{"DATABASE_URL=" + app.String()}, "migrate", "down"), "must be owner")

	conn := connect(t, address)
	execute(t, conn, "DROP OWNED BY "+role)
	execute(t, conn, "DROP ROLE "+role)
}
