package migrations_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/waittest"
	"exportbuckets/migrations"
)

// appRole returns the address of a database for a role of this test alone, which is
// dropped at its end.
func appRole(t *testing.T, address string) (roleAddress, role string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	role = "app \"" + strings.ToLower(rand.Text())
	u.User = url.UserPassword(role, "it's "+rand.Text())
	t.Cleanup(func() {
		conn := connectTo(t, address)
		name := pgx.Identifier{role}.Sanitize()
		for _, sql := range []string{"DROP OWNED BY " + name, "DROP ROLE " + name} {
			_, _ = conn.Exec(waittest.Context(t), sql) // not every test makes it
		}
	})
	return u.String(), role
}

func connectTo(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(waittest.Context(t), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func TestAGrantedRoleMayReadAndWriteRowsAndNothingElse(t *testing.T) {
	t.Parallel()
	address := dbtest.NewURL(t)
	roleAddress, role := appRole(t, address)
	for range 2 { // as with every migration
		if err := migrations.Grant(t.Context(), address, roleAddress); err != nil {
			t.Fatal(err)
		}
	}
	conn := connectTo(t, roleAddress)
	if err := migrations.Check(t.Context(), conn); err != nil {
		t.Errorf("check: got %v, want none", err)
	}
	for _, sql := range []string{
		"INSERT INTO orgs (id, name, api_access_list_required, created_at) VALUES (repeat('a', 24), 'One', false, now())",
		"SELECT FROM orgs FOR UPDATE",
		"UPDATE orgs SET name = 'Two'",
		"DELETE FROM orgs",
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Errorf("%s: got %v, want it done", sql, err)
		}
	}
	for _, sql := range []string{
		"CREATE TABLE t ()", "DROP TABLE orgs", "ALTER TABLE orgs ADD COLUMN c int", "TRUNCATE orgs",
		"CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1",
		"CREATE TRIGGER t BEFORE INSERT ON orgs EXECUTE FUNCTION suppress_redundant_updates_trigger()",
		"UPDATE goose_db_version SET version_id = 1", "INSERT INTO goose_db_version (version_id, is_applied) VALUES (1, true)",
		"CREATE ROLE other", "CREATE DATABASE other", "COPY orgs TO PROGRAM 'cat'", "SELECT FROM pg_authid",
		"SELECT pg_read_file('postgresql.conf')",
	} {
		_, err := conn.Exec(t.Context(), sql)
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || refused.Code != "42501" {
			t.Errorf("%s: got %v, want it not allowed", sql, err)
		}
	}
	var owned int
	err := connectTo(t, address).QueryRow(t.Context(), `SELECT count(*) FROM pg_shdepend JOIN pg_roles ON refobjid = pg_roles.oid
		WHERE rolname = $1 AND deptype = 'o'`, role).Scan(&owned)
	if err != nil || owned != 0 {
		t.Errorf("owned: got %d, %v, want nothing", owned, err)
	}
}

func TestTablesOfALaterMigrationAreGranted(t *testing.T) {
	t.Parallel()
	address := dbtest.NewURL(t)
	roleAddress, role := appRole(t, address)
	if err := migrations.Grant(t.Context(), address, roleAddress); err != nil {
		t.Fatal(err)
	}
	owner := connectTo(t, address)
	for _, sql := range []string{
		"CREATE TABLE later ()",
		"GRANT ALL ON orgs TO " + pgx.Identifier{role}.Sanitize(), // by somebody
	} {
		if _, err := owner.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := migrations.Grant(t.Context(), address, roleAddress); err != nil {
		t.Fatal(err)
	}
	var reads, truncates bool
	err := connectTo(t, roleAddress).QueryRow(t.Context(),
		"SELECT has_table_privilege('later', 'SELECT'), has_table_privilege('orgs', 'TRUNCATE')").Scan(&reads, &truncates)
	if err != nil || !reads || truncates {
		t.Errorf("got reads %t, truncates %t, %v, want a role that reads and does not truncate", reads, truncates, err)
	}
}

func TestARoleThatMayDoMoreIsNotGranted(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ makeRole, want string }{
		"a superuser":              {"CREATE ROLE %s LOGIN SUPERUSER", "superuser"},
		"one that makes roles":     {"CREATE ROLE %s LOGIN CREATEROLE", "superuser or the like"},
		"a member of another role": {"CREATE ROLE %s LOGIN IN ROLE pg_read_all_data", "member"},
		"one that owns a table":    {"CREATE ROLE %s LOGIN; CREATE TABLE t (); ALTER TABLE t OWNER TO %s", "owns"},
		"one that owns a schema":   {"CREATE ROLE %s LOGIN; CREATE SCHEMA s AUTHORIZATION %s", "owns"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := dbtest.NewURL(t)
			roleAddress, role := appRole(t, address)
			sql := strings.ReplaceAll(tt.makeRole, "%s", pgx.Identifier{role}.Sanitize())
			if _, err := connectTo(t, address).Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
			err := migrations.Grant(t.Context(), address, roleAddress)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want it refused as %q", err, tt.want)
			}
		})
	}
}
