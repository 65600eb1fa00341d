// Package write is where a write of several statements begins: in Begin, which
// takes the proof of what the caller may do. A write of one statement is a
// transaction by itself and needs none. What the roles of callers depend on, the
// grants, is changed here as well.
package write

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// Begin runs f in a transaction for the caller of the proof, which it commits if
// f returns nil and else rolls back. It panics if no principal made the proof.
func Begin(ctx context.Context, pool *pgxpool.Pool, proof atlas.Proof, f func(tx pgx.Tx) error) error {
	proof.Caller()
	return pgx.BeginFunc(ctx, pool, f)
}

// projectGrantsProjectFkey is broken by a grant on a project that is gone.
const projectGrantsProjectFkey = "project_role_grants_org_id_project_id_fkey"

// Grant gives a principal that is locked, or new, the roles within the scope,
// beside those that it has there. The roles are valid and without repetitions. It
// returns GROUP_NOT_FOUND if the project was deleted meanwhile.
func Grant[R ~string](
	ctx context.Context, tx pgx.Tx, scope atlas.Scope, principalID objectid.ID, roles []R,
) error {
	for _, role := range roles {
		var err error
		if scope.ProjectID == nil {
			err = db.New().InsertOrgRoleGrant(ctx, tx, db.InsertOrgRoleGrantParams{
				OrgID: scope.OrgID, PrincipalID: principalID, Role: db.OrgRole(role),
			})
		} else {
			err = db.New().InsertProjectRoleGrant(ctx, tx, db.InsertProjectRoleGrantParams{
				ProjectID: *scope.ProjectID, PrincipalID: principalID, Role: db.ProjectRole(role), OrgID: scope.OrgID,
			})
		}
		if IsViolation(err, projectGrantsProjectFkey) {
			return atlas.NewError(atlas.CodeProjectNotFound, scope.ProjectID.String())
		}
		if err != nil {
			return fmt.Errorf("insert grant of role %s: %w", role, err)
		}
	}
	return nil
}

// Classes of SQLSTATEs: values that a type can't have, and broken constraints.
const (
	dataException      = "22"
	integrityViolation = "23"
)

// IsViolation reports whether err is PostgreSQL refusing a statement because of
// the named constraint.
func IsViolation(err error, constraint string) bool {
	refusal, ok := errors.AsType[*pgconn.PgError](err)
	return ok && strings.HasPrefix(refusal.Code, integrityViolation) && refusal.ConstraintName == constraint
}

// IsValueRefused reports whether err is PostgreSQL refusing a statement because
// of a value in it: one out of its range, or against a constraint.
func IsValueRefused(err error) bool {
	refusal, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (strings.HasPrefix(refusal.Code, dataException) || strings.HasPrefix(refusal.Code, integrityViolation))
}
