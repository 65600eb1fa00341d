package migrations

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/dbpool"
)

// Grant lets the role of roleDSN read and write the rows of the migrated database at
// dsn, and nothing else: a server that runs as that role can neither change the schema
// nor look into other databases. It makes the role if there is none, and gives it the
// password in roleDSN. It returns an error if the role may do more, or owns something.
func Grant(ctx context.Context, dsn, roleDSN string) error {
	role, err := dbpool.ConnConfig(roleDSN)
	if err != nil {
		return err
	}
	config, err := dbpool.ConnConfig(dsn)
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := makeRole(ctx, tx, role.User); err != nil {
			return fmt.Errorf("role %s: %w", role.User, err)
		}
		name := pgx.Identifier{role.User}.Sanitize()
		statements := []string{
			"GRANT CONNECT ON DATABASE " + pgx.Identifier{config.Database}.Sanitize() + " TO " + name,
			"GRANT USAGE ON SCHEMA public TO " + name,
			"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM " + name,
			"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO " + name,
			"REVOKE INSERT, UPDATE, DELETE ON goose_db_version FROM " + name,
		}
		if role.Password != "" {
			quoted := "'" + strings.ReplaceAll(role.Password, "'", "''") + "'"
			statements = append(statements, "ALTER ROLE "+name+" PASSWORD "+quoted)
		}
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return fmt.Errorf("grant to role %s: %w", role.User, err)
			}
		}
		return nil
	})
}

// makeRole makes a role that may do nothing, or returns an error if there is one that
// may do something by itself.
func makeRole(ctx context.Context, tx pgx.Tx, role string) error {
	// One at a time: each would find that there is none.
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtext('exportbuckets: grant'))"); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	var powerful, member, owner bool
	err := tx.QueryRow(ctx, `
		SELECT
			rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls,
			EXISTS (SELECT FROM pg_auth_members WHERE pg_auth_members.member = pg_roles.oid),
			EXISTS (SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = pg_roles.oid
				AND deptype = 'o')
		FROM pg_roles
		WHERE rolname = $1`, role).Scan(&powerful, &member, &owner)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		_, err := tx.Exec(ctx, "CREATE ROLE "+pgx.Identifier{role}.Sanitize()+" LOGIN")
		return err //nolint:wrapcheck // It says what it is about.
	case err != nil:
		return fmt.Errorf("look for it: %w", err)
	case powerful:
		return errors.New("it may do more than read and write rows: it is a superuser or the like")
	case member:
		return errors.New("it may do more than read and write rows: it is a member of another role")
	case owner:
		return errors.New("it owns something, and so can change it")
	}
	return nil
}
