package main

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3/lock"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/postgres"
	"exportbuckets/internal/proxytest"
	"exportbuckets/internal/waittest"
)

var waitingEvent = regexp.MustCompile(`msg="waiting for the database"`)

// obstacles are what can keep a server from its database for a while. Each returns
// the URL of the database and what removes the obstacle.
var obstacles = map[string]func(t *testing.T) (string, func()){
	"it is not started yet": func(t *testing.T) (string, func()) {
		t.Helper()
		dir := newStateDir(t)
		return privateURL(dir), func() { startPostgreSQL(t, dir, nil) }
	},
	"it is silent": func(t *testing.T) (string, func()) {
		t.Helper()
		proxy, through := proxytest.NewPostgres(t, dbtest.NewEmptyURL(t))
		proxy.Silence()
		return through, proxy.Heal
	},
	"it has no connection free": func(t *testing.T) (string, func()) {
		t.Helper()
		address := dbtest.NewEmptyURL(t)
		_, admin := neighbour(t, address)
		role, u := newRole(t, address)
		execute(t, admin, "ALTER ROLE "+role+" CONNECTION LIMIT 0")
		return u, func() { execute(t, admin, "ALTER ROLE "+role+" CONNECTION LIMIT -1") }
	},
}

// startPostgreSQL starts what privateURL leads to, for as long as the test runs.
func startPostgreSQL(t *testing.T, stateDir string, settings map[string]string) {
	t.Helper()
	server, err := postgres.Start(t.Context(), postgres.Config{
		Dir: filepath.Join(stateDir, "postgres"), Settings: settings,
	})
	if err != nil {
		t.Fatalf("got error %v, want PostgreSQL started", err)
	}
	t.Cleanup(func() {
		if err := server.Stop(waittest.Context(t)); err != nil {
			t.Errorf("got error %v, want PostgreSQL stopped", err)
		}
	})
}

// newRole returns a role that is no superuser and owns the database of the address,
// and the address as that role.
func newRole(t *testing.T, address string) (name, as string) {
	t.Helper()
	config, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatalf("got error %v, want the database's address", err)
	}
	name = "role_of_" + config.Database
	conn := connect(t, address)
	execute(t, conn, "CREATE ROLE "+name+" LOGIN PASSWORD '"+databasePassword+"'")
	execute(t, conn, "ALTER DATABASE "+config.Database+" OWNER TO "+name)
	t.Cleanup(func() {
		for _, sql := range []string{"REASSIGN OWNED BY " + name + " TO CURRENT_USER", "DROP ROLE " + name} {
			if _, err := conn.Exec(waittest.Context(t), sql); err != nil {
				t.Errorf("%s: got error %v, want none", sql, err)
			}
		}
	})
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("got error %v, want the database's URL", err)
	}
	u.User = url.UserPassword(name, databasePassword)
	return name, u.String()
}

func TestAServerWaitsForItsDatabase(t *testing.T) {
	t.Parallel()
	for name, obstacle := range obstacles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, remove := obstacle(t)
			p := launchServer(t, settings{env: []string{"DATABASE_URL=" + address}})
			p.waitListening(t)
			p.waitLog(t, waitingEvent)
			wantStarting(t, p)
			remove()
			p.waitServing(t)
			p.waitReady(t)
		})
	}
}

// wantStarting checks that a server is alive and not ready, and asks requests to
// come back.
func wantStarting(t *testing.T, p *program) {
	t.Helper()
	for path, want := range map[string]int{
		"/healthz":         http.StatusOK,
		"/readyz":          http.StatusServiceUnavailable,
		demoBuckets:        http.StatusServiceUnavailable,
		"/openapi.json":    http.StatusServiceUnavailable,
		"/api/oauth/token": http.StatusServiceUnavailable,
	} {
		got := p.ask(t, newTransport(t), path, "")
		if got.status != want {
			t.Errorf("%s: got %d, want %d", path, got.status, want)
		}
		if again := got.header.Get("Retry-After"); strings.HasPrefix(path, "/api/") && again != "1" {
			t.Errorf("%s: got Retry-After %q, want 1", path, again)
		}
	}
}

func TestAServerThatPreparesItsDatabaseIsAlive(t *testing.T) {
	t.Parallel()
	for name, lock := range map[string]struct {
		address func(testing.TB) string
		sql     string
		args    []any
	}{
		"another replica migrates": {dbtest.NewEmptyURL, "SELECT pg_advisory_lock($1)", []any{lock.DefaultLockID}},
		"another replica seeds":    {dbtest.NewURL, "BEGIN; LOCK TABLE orgs", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := lock.address(t)
			holder := connect(t, address)
			execute(t, holder, lock.sql, lock.args...)
			other := connect(t, address)
			start := func() *program {
				p := launchServer(t, settings{
					flags: []string{"--seed", demoSeedFile},
					env:   []string{"DATABASE_URL=" + address},
				})
				p.waitListening(t)
				waittest.Until(t, "the server waits for the other", func() bool {
					return query[bool](t, other, `SELECT EXISTS (SELECT FROM pg_stat_activity
						WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), $1)
						AND (wait_event_type = 'Lock' OR query LIKE '%pg_try_advisory_lock%'))`, holder.PgConn().PID())[0]
				})
				return p
			}

			p := start()
			wantStarting(t, p)
			p.signal(syscall.SIGTERM)
			wantCleanEnd(t, p)

			p = start()
			if err := holder.Close(t.Context()); err != nil {
				t.Fatalf("got error %v, want the lock released", err)
			}
			p.waitServing(t)
			p.waitReady(t)
		})
	}
}

func TestSIGTERMEndsAServerThatWaitsForItsDatabase(t *testing.T) {
	t.Parallel()
	for name, obstacle := range obstacles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, _ := obstacle(t)
			p := launchServer(t, settings{env: []string{"DATABASE_URL=" + address}})
			p.waitLog(t, waitingEvent)
			p.signal(syscall.SIGTERM)
			wantCleanEnd(t, p)
		})
	}
}

func TestCommandsWaitForTheDatabase(t *testing.T) {
	t.Parallel()
	dir := newStateDir(t)
	env := []string{"DATABASE_URL=" + privateURL(dir)}
	commands := map[string]*program{
		"migrate up": launch(t, env, "migrate", "up"),
		"seed":       launch(t, env, "seed", demoSeedFile),
	}
	for _, p := range commands {
		p.waitLog(t, waitingEvent)
	}
	startPostgreSQL(t, dir, nil)
	for name, p := range commands {
		if got := p.wait(t); got.code != 0 {
			t.Errorf("%s: got exit code %d, want 0", name, got.code)
		}
	}
}

func TestADatabaseThatDoesNotComeIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, host := range map[string]string{
		"nobody listens":  "127.0.0.1:1",
		"an unknown host": "database.invalid", // RFC 2606
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := launchServer(t, settings{
				flags: []string{"--database-wait", "300ms"},
				env:   []string{"DATABASE_URL=postgres://" + host + "/db"},
			})
			got := p.wait(t)
			if got.code != 1 || !waitingEvent.MatchString(got.log) {
				t.Errorf("got exit code %d and log %s, want it to wait in vain", got.code, got.log)
			}
			if last := got.log[strings.LastIndex(strings.TrimSpace(got.log), "\n")+1:]; !strings.Contains(last, host) ||
				!strings.HasPrefix(last, "exportbuckets: --database-url") {
				t.Errorf("refusal: got %q, want it to name --database-url and %s", last, host)
			}
		})
	}
}

func TestADatabaseThatRefusesIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	dir := newStateDir(t)
	hba := filepath.Join(dir, "pg_hba.conf")
	lines := "local all exportbuckets trust\nlocal all app scram-sha-256\nlocal all locked_out reject\n"
	if err := os.WriteFile(hba, []byte(lines), 0o644); err != nil {
		t.Fatalf("got error %v, want pg_hba.conf written", err)
	}
	startPostgreSQL(t, dir, map[string]string{"hba_file": hba})
	superuser := connect(t, privateURL(dir))
	for _, role := range []string{"app", "locked_out"} {
		execute(t, superuser, "CREATE ROLE "+role+" LOGIN PASSWORD 'another'")
	}
	for name, tt := range map[string]struct{ role, database, want string }{
		"a wrong password":    {"app", "postgres", "password authentication failed"},
		"no way in":           {"locked_out", "postgres", "pg_hba.conf"},
		"an unknown database": {"exportbuckets", "nowhere", `database "nowhere" does not exist`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, err := url.Parse(privateURL(dir))
			if err != nil {
				t.Fatalf("got error %v, want the database's URL", err)
			}
			u.User, u.Path = url.UserPassword(tt.role, databasePassword), "/"+tt.database
			env := []string{"DATABASE_URL=" + u.String(), "EXPORTBUCKETS_DATABASE_WAIT=1h"}
			for _, args := range [][]string{
				{"serve", "--listen", "127.0.0.1:0"},
				{"migrate", "up"},
				{"seed", demoSeedFile},
			} {
				got := runProgram(t, env, args...)
				wantRefusal(t, got, "--database-url", tt.want)
				if strings.Contains(got.log, databasePassword) {
					t.Errorf("log: got %q with the password in it, want none", got.log)
				}
			}
		})
	}
}
