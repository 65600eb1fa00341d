package main

import (
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"exportbuckets/internal/dbtest"
)

func TestAnInvalidSettingIsRefusedByName(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string // of the flag
		value string
		why   string // what the refusal says besides the name
	}{
		{"log-level", "loud", "loud"},
		{"log-format", "xml", "xml"},
		{"database-url", "postgres://localhost:port/db", "not a PostgreSQL connection string"},
		{"database-url", "postgres://localhost/db?sslmode=perhaps", "not a PostgreSQL connection string"},
		{"database-url", "localhost", "not a PostgreSQL connection string"},
		{"database-url", "mysql://u:pw@localhost/db?tls=true", "not a PostgreSQL connection string"},
		{"database-url", "", "empty"},
		{"database-url", "postgres://localhost/db?pool_max_conns=5", "--max-connections"},
		{"state-dir", "", "empty"},
		{"aws-region", "foo bar", "not a region"},
		{"aws-account-arn", "arn:aws:iam::1:root", "not like"},
		{"database-wait", "60", "60"},
		{"database-wait", "-1s", "negative"},
		{"max-connections", "many", "many"},
		{"max-connections", "0", "at least 1"},
		{"max-connections", "-1", "at least 1"},
		{"max-connections", "99999999999", "99999999999"},
		{"listen", "8080", "HOST:PORT"},
		{"listen", "", "HOST:PORT"},
		{"listen", "127.0.0.1:99999", "99999"},
		{"listen", "192.0.2.1:0", "192.0.2.1"}, // for documentation only: RFC 5737
		{"base-url", "example.com", "example.com"},
		{"base-url", "ftp://example.com", "ftp://example.com"},
		{"base-url", "https://example.com/?a=b", "query"},
		{"base-url", "https://user:pw@example.com", "password"},
		{"base-url", "https://user:p%w@example.com", "password"},
		{"trusted-proxies", "proxy", "proxy"},
		{"trusted-proxies", "0.0.0.0/0", "every address"},
		{"trusted-proxies", "10.0.0.0/8,::/0", "every address"},
		{"trusted-proxies", "10.1.2.3/0", "every address"},
		{"trusted-proxies", "::ffff:0.0.0.0/96", "every address"},
		{"trusted-proxies", "10.0.0.0/8,10.0.0.0/33", "10.0.0.0/33"},
		{"backup-managers-write", "perhaps", "perhaps"},
		{"rate-limits", "perhaps", "perhaps"},
		{"migrate", "perhaps", "perhaps"},
		{"docs", "perhaps", "perhaps"},
		{"drain", "3", "3"},
		{"drain", "-1s", "negative"},
		{"shutdown-timeout", "20", "20"},
		{"shutdown-timeout", "soon", "soon"},
		{"shutdown-timeout", "0s", "not positive"},
		{"shutdown-timeout", "-1s", "not positive"},
	}
	for _, tt := range tests {
		t.Run(tt.name+" is "+tt.value, func(t *testing.T) {
			t.Parallel()
			// Nothing answers there, should the setting be accepted.
			harmless := []string{"DATABASE_URL=postgres://127.0.0.1:1/db", "EXPORTBUCKETS_LISTEN=127.0.0.1:0"}

			byFlag := runProgram(t, harmless, "serve", "--"+tt.name+"="+tt.value)
			wantRefusal(t, byFlag, "--"+tt.name, tt.why)

			variable := strings.ToUpper(strings.ReplaceAll(tt.name, "-", "_"))
			if tt.name != "database-url" {
				variable = "EXPORTBUCKETS_" + variable
			}
			byVariable := runProgram(t, append(harmless, variable+"="+tt.value), "serve")
			wantRefusal(t, byVariable, "--"+tt.name, tt.why)
			if strings.Contains(byFlag.log+byVariable.log, "user:") {
				t.Errorf("got %s with credentials in it, want none", byFlag.log+byVariable.log)
			}
		})
	}
}

func TestAnInvalidCommandLineIsRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		env  []string
		args []string
		want string
	}{
		{"no command", nil, nil, `"serve"`},
		{"an unknown command", nil, []string{"serv"}, "serv"},
		{"an unknown flag", nil, []string{"serve", "--listn=127.0.0.1:0"}, "--listn"},
		{"a flag of another command", nil, []string{"version", "--listen=127.0.0.1:0"}, "--listen"},
		{"no seed file", nil, []string{"seed"}, "<file>"},
		{
			"a database that does not answer",
			[]string{"DATABASE_URL=postgres://127.0.0.1:1/db"}, []string{"migrate", "status"}, "--database-url",
		},
		{"an unknown variable", []string{"EXPORTBUCKETS_LISTN=127.0.0.1:0"}, []string{"serve"}, "EXPORTBUCKETS_LISTN"},
		{
			"an unknown variable, for another command",
			[]string{"EXPORTBUCKETS_LISTN=127.0.0.1:0"},
			[]string{"version"}, "EXPORTBUCKETS_LISTN",
		},
		{
			"a variable that begins like that of a Kubernetes service",
			[]string{"EXPORTBUCKETS_PORTS=1"},
			[]string{"version"}, "EXPORTBUCKETS_PORTS",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, runProgram(t, tt.env, tt.args...), tt.want)
		})
	}
}

func TestTheVariablesOfAKubernetesServiceAreIgnored(t *testing.T) {
	t.Parallel()
	env := []string{
		"EXPORTBUCKETS_SERVICE_HOST=10.96.0.10",
		"EXPORTBUCKETS_SERVICE_PORT=80",
		"EXPORTBUCKETS_SERVICE_PORT_HTTP=80",
		"EXPORTBUCKETS_PORT=tcp://10.96.0.10:80",
		"EXPORTBUCKETS_PORT_80_TCP=tcp://10.96.0.10:80",
		"EXPORTBUCKETS_PORT_80_TCP_PROTO=tcp",
		"EXPORTBUCKETS_PORT_80_TCP_PORT=80",
		"EXPORTBUCKETS_PORT_80_TCP_ADDR=10.96.0.10",
		"EXPORTBUCKETS_POSTGRES_SERVICE_HOST=10.96.0.11", // of a service called exportbuckets-postgres
		"EXPORTBUCKETS_POSTGRES_PORT_5432_TCP=tcp://10.96.0.11:5432",
	}
	if got := runProgram(t, env, "version"); got.code != 0 || got.out == "" {
		t.Errorf("got exit code %d and log %q, want the version", got.code, got.log)
	}
}

func TestAFlagWinsOverItsVariable(t *testing.T) {
	t.Parallel()
	env := []string{"DATABASE_URL=postgres://127.0.0.1:1/db", "EXPORTBUCKETS_BASE_URL=https://variable.example"}
	p := serve(t, settings{
		flags: []string{"--database-url", dbtest.NewURL(t), "--base-url", "https://flag.example"},
		env:   env,
	})
	if got, want := p.log.String(), "base_url=https://flag.example\n"; !strings.Contains(got, want) {
		t.Errorf("log: got %s, want %s", got, want)
	}
}

func TestASecretMayStandInAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "url")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const harmless = "postgres://127.0.0.1:1/db"
	env := []string{"DATABASE_URL_FILE=" + file}
	wantRefusal(t, runProgram(t, env, "migrate", "status"), "DATABASE_URL_FILE", "no such file")
	write(dbtest.NewURL(t) + "\n")
	if got := runProgram(t, env, "migrate", "status"); got.code != 0 || !strings.Contains(got.out, "applied") {
		t.Errorf("got exit code %d, %s and %s, want the database of the file", got.code, got.out, got.log)
	}
	wantRefusal(t, runProgram(t, append(env, "DATABASE_URL="+harmless), "migrate", "status"), "DATABASE_URL_FILE", "both")
	// A flag wins over the variable, here as elsewhere.
	wantRefusal(t, runProgram(t, env, "migrate", "status", "--database-url", harmless), "127.0.0.1:1")
	write("\n")
	wantRefusal(t, runProgram(t, env, "migrate", "status"), "--database-url", "empty")
}

func TestTheReferenceIsServedUnlessItIsOff(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		settings
		status int
	}{
		"as it is":   {settings{}, http.StatusOK},
		"a flag":     {settings{flags: []string{"--no-docs"}}, http.StatusNotFound},
		"a variable": {settings{env: []string{"EXPORTBUCKETS_DOCS=false"}}, http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.flags = append(tt.flags, "--database-url", dbtest.NewURL(t))
			p := serve(t, tt.settings)
			wantStatus(t, p.ask(t, newTransport(t), "/docs", ""), tt.status)
			document := p.ask(t, newTransport(t), "/docs/openapi.json", "")
			wantStatus(t, document, tt.status)
			const of = "--user demoownr:d3300000-0000-4000-8000-000000000001"
			if tt.status == http.StatusOK && !strings.Contains(document.body, of) {
				t.Errorf("got no sample with %s, want requests of the demo tenant", of)
			}
		})
	}
}

func TestAnAddressInUseIsRefused(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("got error %v, want a listener", err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	address := listener.Addr().String()
	stateDir := newStateDir(t)

	got := runProgram(t, nil, "serve", "--listen", address, "--state-dir", stateDir)
	wantRefusal(t, got, "--listen", address, "address already in use")
}

func TestTheDatabasesPasswordIsNeverShown(t *testing.T) {
	t.Parallel()
	refused, err := url.Parse(dbtest.NewEmptyURL(t))
	if err != nil {
		t.Fatalf("got error %v, want the database's URL", err)
	}
	refused.User = url.UserPassword("no-such-user", databasePassword)
	tests := []struct{ name, address string }{
		{"the server refuses it", refused.String()},
		{"nobody answers", "postgres://app:" + databasePassword + "@127.0.0.1:1/db"},
		{"an invalid port", "postgres://app:" + databasePassword + "@127.0.0.1:port/db"},
		{"an invalid escape", "postgres://app:" + databasePassword + "%zz@127.0.0.1/db"},
		{"an invalid setting", "postgres://app:" + databasePassword + "@127.0.0.1/db?sslmode=x"},
		{"pairs, cut short", "host=127.0.0.1 port=1 password='" + databasePassword},
		{"pairs, nobody answers", "host=127.0.0.1 port=1 user=app password=" + databasePassword},
		{"another scheme", "mysql://app:" + databasePassword + "@127.0.0.1:1/db"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := []string{"EXPORTBUCKETS_LOG_LEVEL=debug", "EXPORTBUCKETS_DATABASE_WAIT=1s"}
			for _, got := range []ended{
				runProgram(t, append(env, "DATABASE_URL="+tt.address), "serve", "--listen", "127.0.0.1:0"),
				runProgram(t, env, "serve", "--listen", "127.0.0.1:0", "--database-url", tt.address),
				runProgram(t, env, "migrate", "status", "--database-url", tt.address),
				runProgram(t, env, "seed", demoSeedFile, "--database-url", tt.address),
			} {
				if got.code != exitFailed && got.code != exitUsage || !strings.Contains("\n"+got.log, "\nexportbuckets: ") {
					t.Errorf("got exit code %d and log %q, want a refusal", got.code, got.log)
				}
				if strings.Contains(got.out+got.log, databasePassword) {
					t.Errorf("got %q with the password in it, want none", got.out+got.log)
				}
			}
		})
	}
}
