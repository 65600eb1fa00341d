package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/seal"
)

// unsealed is what the log says of a database whose API keys are as good as their
// private keys.
const unsealed = "API keys are not sealed"

// plain returns how many API keys and nonce keys are not sealed.
func plain(t *testing.T, databaseURL string) int {
	t.Helper()
	return query[int](t, connect(t, databaseURL), `SELECT (
		(SELECT count(*) FROM api_keys WHERE octet_length(ha1) = 16)
		+ (SELECT count(*) FROM nonce_keys WHERE octet_length(key) = 32))::integer`)[0]
}

// keyFile makes a file of sealing keys and returns its path.
func keyFile(t *testing.T, lines ...[]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sealing.key")
	var text []byte
	for _, line := range lines {
		text = append(text, line...)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatalf("got error %v, want a key file", err)
	}
	return path
}

func TestThePrivatePostgreSQLIsSealedWithAKeyOfItsOwn(t *testing.T) {
	t.Parallel()
	stateDir := newStateDir(t)
	s := settings{flags: []string{"--state-dir", stateDir}}
	file := filepath.Join(stateDir, "sealing.key")
	p := serve(t, s)
	if got := plain(t, privateURL(stateDir)); got != 0 {
		t.Errorf("got %d keys that are not sealed, want none", got)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want a file of mode 0600", info, err)
	}
	if got := p.stop(t).log; strings.Contains(got, unsealed) {
		t.Errorf("log: got %s, want no warning", got)
	}

	p = serve(t, s)
	wantStatus(t, p.ask(t, digestKey(t, "demoownr"), demoBuckets, ""), http.StatusOK)
	p.stop(t)

	if err := os.Rename(file, file+".lost"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // no other key is made
		wantRefusal(t, runProgram(t, nil, "serve", "--listen", "127.0.0.1:0", "--state-dir", stateDir), file, "missing")
	}
	other := keyFile(t, seal.NewKey())
	wantRefusal(t, runProgram(t, nil, "seed", demoSeedFile, "--state-dir", stateDir, "--sealing-key-file", other),
		"--sealing-key-file", "not given")
	s.flags = append(s.flags, "--sealing-key-file", file+".lost")
	p = serve(t, s)
	wantStatus(t, p.ask(t, digestKey(t, "demoownr"), demoBuckets, ""), http.StatusOK)
}

func TestADatabaseIsSealedFromWhenAKeyFileIsGiven(t *testing.T) {
	t.Parallel()
	address := dbtest.NewURL(t)
	s := settings{flags: []string{"--seed", demoSeedFile}, env: []string{"DATABASE_URL=" + address}}
	p := serve(t, s)
	if got := plain(t, address); got != 4 {
		t.Errorf("without a key file: got %d keys that are not sealed, want the demo tenant's and the nonce key", got)
	}
	if got := strings.Count(p.stop(t).log, unsealed); got != 1 {
		t.Errorf("without a key file: got %d warnings, want one", got)
	}

	before, after := seal.NewKey(), seal.NewKey()
	for _, file := range []string{keyFile(t, before), keyFile(t, after, before), keyFile(t, after)} {
		one := serve(t, settings{flags: s.flags, env: append(s.env, "EXPORTBUCKETS_SEALING_KEY_FILE="+file)})
		if got := plain(t, address); got != 0 {
			t.Errorf("got %d keys that are not sealed, want none", got)
		}
		wantStatus(t, one.ask(t, digestKey(t, "demoownr"), demoBuckets, ""), http.StatusOK)
		if got := one.stop(t).log; strings.Contains(got, unsealed) {
			t.Errorf("log: got %s, want no warning", got)
		}
	}
	for name, flags := range map[string][]string{
		"none": nil, "that before the rotation": {"--sealing-key-file", keyFile(t, before)},
	} {
		t.Run(name, func(t *testing.T) {
			got := launchServer(t, settings{flags: flags, env: s.env}).wait(t)
			wantRefusal(t, got, "--sealing-key-file", "EXPORTBUCKETS_SEALING_KEY_FILE", "nonce key", "not given")
		})
	}
}

func TestAReplicaWithAnotherKeyFileIsRefused(t *testing.T) {
	t.Parallel()
	env := []string{"DATABASE_URL=" + dbtest.NewEmptyURL(t)}
	p := serve(t, settings{flags: []string{"--sealing-key-file", keyFile(t, seal.NewKey())}, env: env})
	other := settings{
		flags: []string{"--sealing-key-file", keyFile(t, seal.NewKey()), "--seed", demoSeedFile}, env: env,
	}
	wantRefusal(t, launchServer(t, other).wait(t), "--sealing-key-file", "nonce key", "not given")
	wantStatus(t, p.ask(t, digestKey(t, "demoownr"), demoBuckets, ""), http.StatusUnauthorized) // nothing was added
}

func TestAKeyFileThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	env := []string{"DATABASE_URL=" + dbtest.NewURL(t)}
	for name, file := range map[string]string{
		"no file": filepath.Join(t.TempDir(), "nowhere"),
		"no key":  keyFile(t), "half a key": keyFile(t, seal.NewKey()[:20]),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := launchServer(t, settings{flags: []string{"--sealing-key-file", file}, env: env}).wait(t)
			wantRefusal(t, got, "--sealing-key-file", file)
		})
	}
}
