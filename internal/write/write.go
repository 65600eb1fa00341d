// Package write is the one place where a write begins. A method of a service that
// changes rows for a caller does so in Begin, or in BeginOn if what it changes is
// what a principal may do. Both take the proof of what the caller may do, and check
// the caller again inside the transaction: a revocation that has been answered stops
// every write that commits later. Export buckets are inserted for many callers at
// once, in a statement that makes the same comparison (InsertExportBuckets).
//
// What the check rests on is the caller's row in principals. Every change of what a
// principal may do raises the row's version. The check locks the row FOR SHARE,
// which lasts until the commit, and compares the version with the one that the
// proof's principal was found with. If it differs, the caller is found anew, and has
// to prove the same again. What is compared stands on the very row that is locked:
// after a wait for a lock PostgreSQL reads that row again, and nothing beside it.
//
// Begin checks last, so that a writer that waits for rows of others does not hold up
// its own revocation, and never waits for the caller's row while it has locks: if
// someone has changed the caller, or is about to, it rolls back, waits, finds the
// caller anew and runs again. So nothing can wait for it in a circle. BeginOn locks
// principals first, each at once in the mode that it needs, in the order of their
// ids.
package write

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/objectid"
)

// errCallerChanged says that someone has changed or deleted the caller, or is about
// to.
var errCallerChanged = errors.New("the caller is another than when it was found")

// Begin runs f in a transaction for the caller of the proof, which it commits if f
// returns nil and else rolls back. It returns ErrUnauthenticated or a refusal if the
// caller may not any longer. It may run f more than once.
func Begin(ctx context.Context, pool *dbpool.Pool, proof atlas.Proof, f func(tx pgx.Tx) error) error {
	ctx = dbpool.Patient(ctx)
	for {
		caller := proof.Caller()
		err := pool.Write(ctx, caller.OrgID(), func(tx pgx.Tx) error {
			if err := f(tx); err != nil {
				return err
			}
			version, err := db.New().GetPrincipalVersionForShareSkipLocked(ctx, tx,
				db.GetPrincipalVersionForShareSkipLockedParams{OrgID: caller.OrgID(), ID: caller.ID()})
			if errors.Is(err, pgx.ErrNoRows) || err == nil && version != caller.Version() {
				return errCallerChanged
			}
			return atlas.Wrap(err, "lock caller")
		})
		if !errors.Is(err, errCallerChanged) {
			return err
		}
		if err := Check(ctx, pool, proof); err != nil {
			return err
		}
	}
}

// Do is Begin for an f that returns something.
func Do[T any](
	ctx context.Context, pool *dbpool.Pool, proof atlas.Proof, f func(tx pgx.Tx) (T, error),
) (T, error) {
	var result T
	err := Begin(ctx, pool, proof, func(tx pgx.Tx) (err error) {
		result, err = f(tx)
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return result, nil
}

// Check waits for whoever changes the caller, and returns ErrUnauthenticated or a
// refusal if the caller may not any longer.
func Check(ctx context.Context, pool *dbpool.Pool, proof atlas.Proof) error {
	caller := proof.Caller()
	return pool.Write(ctx, caller.OrgID(), func(tx pgx.Tx) error {
		version, err := db.New().GetPrincipalVersionForShare(ctx, tx,
			db.GetPrincipalVersionForShareParams{OrgID: caller.OrgID(), ID: caller.ID()})
		return compare(ctx, tx, proof, version, err)
	})
}

// compare renews the proof if the caller, which is locked, has another version than
// when it was found. The version and the error are of the statement that locked it.
func compare(ctx context.Context, tx pgx.Tx, proof atlas.Proof, version int64, err error) error {
	switch {
	case err != nil:
		return atlas.WrapMissing(err, "lock caller", atlas.ErrUnauthenticated)
	case version != proof.Caller().Version():
		return proof.Renew(ctx, tx)
	}
	return nil
}

// Target is a principal that a write changes.
type Target struct {
	ID objectid.ID
	// ProjectID is the project that it gets roles on, or nil.
	ProjectID *objectid.ID
	Delete    bool
}

// errProjectLocked says that someone has locked the project that roles are given on,
// or deleted it.
var errProjectLocked = errors.New("the project is locked")

// BeginOn runs f in a transaction for the caller of the proof which changes what the
// target may do, or deletes it. It locks the organization, then caller and target,
// and checks the caller, all before f: of two changes of principals of an
// organization one waits, and a change and a deletion don't miss each other. A target
// that is gone, or another organization's, is for f to find.
//
// It keeps the project that roles are given on from being deleted, and returns
// GROUP_NOT_FOUND if there is none.
//
// Whoever is revoked may wait for a row that someone holds, and with the locks of a
// revocation, and its turn, nobody must: if a row is not to be had at once, BeginOn lets
// go of all and begins anew after a while, or after the wait for the project. It may run
// f more than once.
func BeginOn(
	ctx context.Context, pool *dbpool.Pool, proof atlas.Proof, target Target, f func(tx pgx.Tx) error,
) error {
	ctx = dbpool.Patient(ctx)
	orgID := proof.Caller().OrgID()
	change := func(tx pgx.Tx) error {
		if err := LockOrg(ctx, tx, orgID); err != nil {
			return err
		}
		if err := dbpool.WaitBriefly(ctx, tx); err != nil {
			return err
		}
		if err := lock(ctx, tx, proof, target); err != nil {
			return err
		}
		if target.ProjectID != nil {
			_, err := db.New().GetProjectForKeyShareSkipLocked(ctx, tx, *target.ProjectID)
			if err != nil {
				return atlas.WrapMissing(err, "lock project", errProjectLocked)
			}
		}
		if err := f(tx); err != nil || target.Delete {
			return err
		}
		return Raise(ctx, tx, orgID, &target.ID)
	}
	afterProject := func(tx pgx.Tx) error {
		if _, err := db.New().GetProjectForKeyShare(ctx, tx, *target.ProjectID); err != nil {
			return atlas.WrapMissing(err, "wait for project",
				atlas.NewError(atlas.CodeProjectNotFound, target.ProjectID.String()))
		}
		return change(tx)
	}
	return unlessHeld(ctx, func() error {
		err := pool.WritePrincipals(ctx, orgID, change)
		if errors.Is(err, errProjectLocked) {
			err = pool.Write(ctx, orgID, afterProject)
		}
		return err
	})
}

// pause is how long a change of principals leaves others their turn, if a row that it
// needs is held.
const pause = 50 * time.Millisecond

// unlessHeld runs f again and again for as long as rows that it needs are held, until ctx
// or its patience ends.
func unlessHeld(ctx context.Context, f func() error) error {
	for {
		err := f()
		if !dbpool.IsHeld(err) || !dbpool.IsPatient(ctx) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

// BeginOnAll is BeginOn for a change of what all principals of the caller's
// organization may do.
func BeginOnAll(ctx context.Context, pool *dbpool.Pool, proof atlas.Proof, f func(tx pgx.Tx) error) error {
	ctx = dbpool.Patient(ctx)
	orgID := proof.Caller().OrgID()
	change := func(tx pgx.Tx) error {
		if err := LockOrg(ctx, tx, orgID); err != nil {
			return err
		}
		if err := dbpool.WaitBriefly(ctx, tx); err != nil {
			return err
		}
		if _, err := db.New().ListPrincipalsForNoKeyUpdate(ctx, tx, orgID); err != nil {
			return fmt.Errorf("lock principals: %w", err)
		}
		if err := lock(ctx, tx, proof, Target{ID: proof.Caller().ID()}); err != nil {
			return err
		}
		if err := f(tx); err != nil {
			return err
		}
		return Raise(ctx, tx, orgID, nil)
	}
	return unlessHeld(ctx, func() error { return pool.WritePrincipals(ctx, orgID, change) })
}

// OrgProof proves that somebody may change an organization as a whole.
type OrgProof interface {
	OrgID() objectid.ID
}

// Hold runs f in a transaction that holds the organization of the proof: f may change and
// delete anything of it, and its principals have another version afterwards. Every other
// write of the organization has committed before, or waits and checks its caller again, or
// rolls back.
//
// As in BeginOn nobody waits for a row that is not to be had at once, f does not either,
// and it may run more than once. It returns atlas.ErrNoOrg if there is no such organization.
func Hold(ctx context.Context, pool *dbpool.Pool, proof OrgProof, f func(tx pgx.Tx) error) error {
	ctx = dbpool.Patient(ctx)
	orgID := proof.OrgID()
	hold := func(tx pgx.Tx) error {
		if _, err := db.New().GetOrgForUpdate(ctx, tx, orgID); err != nil {
			return atlas.WrapMissing(err, "lock organization", atlas.ErrNoOrg)
		}
		if err := HoldLocked(ctx, tx, orgID); err != nil {
			return err
		}
		if err := f(tx); err != nil {
			return err
		}
		return Raise(ctx, tx, orgID, nil)
	}
	return unlessHeld(ctx, func() error { return pool.WritePrincipals(ctx, orgID, hold) })
}

// HoldLocked does what Hold does before f, in a transaction that has locked the organization
// FOR UPDATE.
func HoldLocked(ctx context.Context, tx pgx.Tx, orgID objectid.ID) error {
	if err := dbpool.WaitBriefly(ctx, tx); err != nil {
		return err
	}
	if _, err := db.New().ListPrincipalsForUpdate(ctx, tx, orgID); err != nil {
		return fmt.Errorf("lock principals: %w", err)
	}
	_, err := db.New().ListProjectsForUpdate(ctx, tx, orgID)
	return atlas.Wrap(err, "lock projects")
}

// lock locks caller and target in the order of their ids, and checks the caller.
func lock(ctx context.Context, tx pgx.Tx, proof atlas.Proof, target Target) error {
	caller := proof.Caller()
	rows := []Target{target}
	if caller.ID() != target.ID {
		rows = append(rows, Target{ID: caller.ID()})
	}
	slices.SortFunc(rows, func(a, b Target) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	for _, row := range rows {
		var version int64
		var err error
		switch {
		case row.ID != target.ID:
			version, err = db.New().GetPrincipalVersionForShare(ctx, tx,
				db.GetPrincipalVersionForShareParams{OrgID: caller.OrgID(), ID: row.ID})
		case target.Delete:
			version, err = db.New().GetPrincipalVersionForUpdate(ctx, tx,
				db.GetPrincipalVersionForUpdateParams{OrgID: caller.OrgID(), ID: row.ID})
		default:
			version, err = db.New().GetPrincipalVersionForNoKeyUpdate(ctx, tx,
				db.GetPrincipalVersionForNoKeyUpdateParams{OrgID: caller.OrgID(), ID: row.ID})
		}
		if row.ID == caller.ID() {
			err = compare(ctx, tx, proof, version, err)
		} else if errors.Is(err, pgx.ErrNoRows) {
			err = nil // f finds that there is none
		}
		if err != nil {
			return atlas.Wrap(err, "lock principal")
		}
	}
	return nil
}

// LockOrg locks an organization: of two requests that count what it has, one waits. It
// returns atlas.ErrNoOrg if there is no such organization.
func LockOrg(ctx context.Context, tx pgx.Tx, id objectid.ID) error {
	_, err := db.New().GetOrgForNoKeyUpdate(ctx, tx, id)
	return atlas.WrapMissing(err, "lock organization", atlas.ErrNoOrg)
}

// LockProject locks a project: what it has is written by one at a time. It returns
// GROUP_NOT_FOUND if the project was deleted meanwhile.
func LockProject(ctx context.Context, tx pgx.Tx, id objectid.ID) error {
	_, err := db.New().GetProjectForNoKeyUpdate(ctx, tx, id)
	return atlas.WrapMissing(err, "lock project", atlas.NewError(atlas.CodeProjectNotFound, id.String()))
}

// Raise raises the version of a principal that is locked, or of all of the
// organization.
func Raise(ctx context.Context, tx db.DBTX, orgID objectid.ID, id *objectid.ID) error {
	err := db.New().UpdatePrincipalVersion(ctx, tx, db.UpdatePrincipalVersionParams{OrgID: orgID, ID: id})
	return atlas.Wrap(err, "raise version of principal")
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
