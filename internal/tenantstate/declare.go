package tenantstate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/seed"
	"exportbuckets/internal/write"
	"exportbuckets/staging"
)

// before is the name of the state that an organization has before a file is added to it, as
// long as that takes. Nobody saves a state under it.
const before = "~before"

// errDryRun rolls back what a file would do.
var errDryRun = errors.New("this is a dry run")

// Declare applies a file in the form of seed files, YAML or JSON, with the organization of
// the proof in it and no other, and returns what that changes. A dry run returns the same
// and changes nothing.
//
// To replace is to store what the file says as the declared state and to restore that.
// Secrets that the file leaves out stay as they are.
//
// It returns INVALID with the place of what is wrong, SECRET_REQUIRED with the place of a
// credential that is not there yet, CONFLICT if the file has what another organization has,
// LIMIT if there are more than MaxTokens with those of the file, and, to replace, what
// Restore does.
func (s *Service) Declare(
	ctx context.Context, writer Writer, data []byte, mode staging.Mode, dryRun bool,
) (changes staging.Changes, err error) {
	apply, err := s.applier(mode)
	if err != nil {
		return staging.Changes{}, err
	}
	f, err := parseOf(writer.OrgID(), data)
	if err != nil {
		return staging.Changes{}, err
	}
	err = s.hold(ctx, writer, func(ctx context.Context, tx pgx.Tx, at moment) error {
		if changes, err = apply(ctx, tx, f, at); err != nil {
			return err
		}
		return declared(ctx, tx, f, dryRun)
	})
	return changes, atlas.Wrap(done(err), "apply file")
}

// DeclareNew makes the organization that a file has, as a server does that is started with
// the file, and returns what that adds; to one that is there meanwhile it adds what is
// missing. A dry run returns the same and changes nothing. It returns what Declare does.
func (s *Service) DeclareNew(
	ctx context.Context, _ Operator, org string, data []byte, mode staging.Mode, dryRun bool,
) (changes staging.Changes, err error) {
	if _, err := s.applier(mode); err != nil {
		return staging.Changes{}, err
	}
	id, err := objectid.Parse(org)
	if err != nil || id.IsZero() {
		return staging.Changes{}, errNoOrganization
	}
	f, err := parseOf(id, data)
	if err != nil {
		return staging.Changes{}, err
	}
	ctx, cancel := dbpool.Long(ctx)
	defer cancel()
	err = s.pool.Write(ctx, id, func(tx pgx.Tx) error {
		now := s.env.Now()
		if err := f.problem(seed.ApplyOrgAlone(ctx, tx, f.org, now)); err != nil {
			return err
		}
		if _, err := s.findOrganization(ctx, tx, id); err != nil {
			return err // a throw-away one that has ended, and is not deleted yet
		}
		if changes, err = s.add(ctx, tx, f, moment{real: now}); err != nil {
			return err
		}
		if f.org.Staging != nil {
			if err := s.build(ctx, tx, f, now); err != nil {
				return err
			}
		}
		return declared(ctx, tx, f, dryRun)
	})
	return changes, atlas.Wrap(done(err), "apply file")
}

// applier returns what applies files in a mode, or INVALID if there is no such mode.
func (s *Service) applier(
	mode staging.Mode,
) (func(context.Context, pgx.Tx, file, moment) (staging.Changes, error), error) {
	switch mode {
	case staging.Replace:
		return s.replace, nil
	case staging.Add:
		return s.add, nil
	}
	return nil, staging.Invalid("/mode", "A mode is %s or %s.", staging.Replace, staging.Add)
}

// declared ends the transaction of a file that has been applied, which a dry run rolls back.
func declared(ctx context.Context, tx pgx.Tx, f file, dryRun bool) error {
	if err := checkTokens(ctx, tx, f.org.ID.ID); err != nil {
		return err
	}
	if dryRun {
		return errDryRun
	}
	return nil
}

// done returns err, unless a dry run has come to its end.
func done(err error) error {
	if errors.Is(err, errDryRun) {
		return nil
	}
	return err
}

// file is a file with its one organization.
type file struct {
	org  seed.Organization
	data []byte
}

// parseOf returns the file that data is, which is to have that organization and no other.
func parseOf(orgID objectid.ID, data []byte) (file, error) {
	org, err := parse(data)
	if err == nil && org.ID.ID != orgID {
		err = staging.Invalid(inOrg+"/id", "This is another organization than that of the path.")
	}
	return file{org, data}, err
}

// parse returns the one organization that a file has.
func parse(data []byte) (seed.Organization, error) {
	file, err := seed.Parse(data)
	if fault, ok := errors.AsType[*seed.PlaceError](err); ok {
		return seed.Organization{}, staging.Invalid(fault.At, "%v", err)
	}
	if err != nil {
		return seed.Organization{}, staging.Invalid("", "%v", err)
	}
	if len(file.Organizations) != 1 {
		return seed.Organization{}, staging.Invalid("/organizations", "The file has %d organizations, and not one.",
			len(file.Organizations))
	}
	return file.Organizations[0], nil
}

// problem returns what is wrong with the file if that is why it could not be applied.
func (f file) problem(err error) error {
	if err == nil || dbpool.Unavailable(err) {
		return err
	}
	fault := seed.Locate(f.data, 0, err)
	code := staging.CodeInvalid
	refusal, ofDatabase := errors.AsType[*pgconn.PgError](err)
	switch {
	case errors.Is(err, seed.ErrSecretRequired):
		code = staging.CodeSecretRequired
	case errors.Is(err, seed.ErrTaken), ofDatabase && refusal.Code == uniqueViolation: // whoever has it
		code = staging.CodeConflict
		fault.Err = errors.New("an id, a name or a public key is taken")
	case ofDatabase && write.IsValueRefused(err):
		fault.Err = errors.New("a value can't be kept")
	case ofDatabase:
		return err
	}
	problem := staging.NewProblem(code, "%v", fault)
	problem.At = fault.At
	return problem
}

// replace declares what the file says, and restores that.
func (s *Service) replace(ctx context.Context, tx pgx.Tx, f file, at moment) (staging.Changes, error) {
	orgID := f.org.ID.ID
	if err := checkUnprotected(ctx, tx, orgID); err != nil {
		return staging.Changes{}, err
	}
	if err := s.build(ctx, tx, f, at.real); err != nil {
		return staging.Changes{}, err
	}
	r, err := s.restoring(ctx, tx, orgID, staging.Declared, nil, at)
	if err != nil {
		return staging.Changes{}, err
	}
	changes, err := r.run(ctx, tx)
	if err != nil {
		return staging.Changes{}, err
	}
	if err := f.problem(seed.ApplyTokens(ctx, tx, f.org, at.real)); err != nil {
		return staging.Changes{}, err
	}
	return changes, below(s.start(ctx, tx, f.org, moment{real: at.real}, true), inOrg)
}

// inOrg is the place of the one organization of a file.
const inOrg = "/organizations/0"

// add adds what the file has and the organization lacks.
func (s *Service) add(ctx context.Context, tx pgx.Tx, f file, at moment) (staging.Changes, error) {
	orgID := f.org.ID.ID
	if _, err := s.save(ctx, tx, orgID, before, at.now()); err != nil {
		return staging.Changes{}, err
	}
	if err := f.problem(seed.ApplyOrg(ctx, tx, s.cfg.Sealer, f.org, at.now())); err != nil {
		return staging.Changes{}, err
	}
	r, err := s.restoring(ctx, tx, orgID, before, nil, at)
	if err != nil {
		return staging.Changes{}, err
	}
	if _, err := tx.Exec(ctx, plan); err != nil {
		return staging.Changes{}, fmt.Errorf("set up plans: %w", err)
	}
	found, err := r.differences(ctx, tx, r.args, r.saved, r.live)
	if err != nil {
		return staging.Changes{}, err
	}
	if _, err := tx.Exec(ctx, unplan); err != nil {
		return staging.Changes{}, fmt.Errorf("set up plans: %w", err)
	}
	if _, err := db.New().DeleteSavedState(ctx, tx, db.DeleteSavedStateParams{OrgID: orgID, Name: before}); err != nil {
		return staging.Changes{}, fmt.Errorf("delete saved state: %w", err)
	}
	return told(found), below(s.start(ctx, tx, f.org, at, false), inOrg)
}

// build stores what the file says as the declared state of an organization that is held. It
// makes the rows with what makes those of seed files, in place of all that there is, and
// takes that back when it has read them. No clock moves what is declared: now is the real
// time.
func (s *Service) build(ctx context.Context, tx pgx.Tx, f file, now time.Time) error {
	orgID := f.org.ID.ID
	kept, err := seed.Keep(ctx, tx, orgID)
	if err != nil {
		return err
	}
	made, err := tx.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin to make rows: %w", err)
	}
	defer func() { _ = made.Rollback(ctx) }() // but for errors, it has been
	err = s.empty(ctx, made, orgID, func(c *catalog) []*table {
		return slices.DeleteFunc(slices.Clone(c.tables), func(t *table) bool { return t.name == orgs })
	})
	if err != nil {
		return err
	}
	if err := setClock(ctx, made, orgID, atlas.Clock{}); err != nil {
		return err
	}
	if err := f.problem(seed.Fill(ctx, made, s.cfg.Sealer, orgID, f.org, kept, now)); err != nil {
		return err
	}
	if err := s.settle.Org(ctx, made, orgID, now); err != nil {
		return err
	}
	if _, err := s.save(ctx, made, orgID, staging.Declared, now); err != nil {
		return err
	}
	q := db.New()
	state, err := q.GetSavedState(ctx, made, db.GetSavedStateParams{OrgID: orgID, Name: staging.Declared})
	if err != nil {
		return fmt.Errorf("get declared state: %w", err)
	}
	tables, err := q.ListSavedStateTables(ctx, made,
		db.ListSavedStateTablesParams{OrgID: orgID, StateName: staging.Declared})
	if err != nil {
		return fmt.Errorf("read rows: %w", err)
	}
	if err := made.Rollback(ctx); err != nil {
		return fmt.Errorf("take rows back: %w", err)
	}
	if err := q.UpsertSavedState(ctx, tx, db.UpsertSavedStateParams(state)); err != nil {
		return fmt.Errorf("upsert declared state: %w", err)
	}
	err = q.DeleteSavedStateTables(ctx, tx, db.DeleteSavedStateTablesParams{OrgID: orgID, StateName: staging.Declared})
	if err != nil {
		return fmt.Errorf("delete rows of declared state: %w", err)
	}
	for _, table := range tables {
		if err := q.InsertSavedStateTable(ctx, tx, db.InsertSavedStateTableParams(table)); err != nil {
			return fmt.Errorf("insert rows of declared state: %w", err)
		}
	}
	return nil
}

// empty deletes all that an organization which is held has in some tables.
func (s *Service) empty(
	ctx context.Context, tx pgx.Tx, orgID objectid.ID, of func(c *catalog) []*table,
) error {
	c, err := s.catalogOf(ctx, tx)
	if err != nil {
		return err
	}
	there, err := projectsOf(ctx, tx, orgID)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "SET CONSTRAINTS ALL DEFERRED"); err != nil {
		return fmt.Errorf("defer constraints: %w", err)
	}
	batch, v := new(pgx.Batch), view{catalog: c}
	for _, t := range slices.Backward(of(c)) {
		batch.Queue(v.empty(t), pgx.NamedArgs{"org": orgID, "projects": there})
	}
	if _, err := send(ctx, tx, batch); err != nil {
		return fmt.Errorf("delete rows: %w", err)
	}
	_, err = tx.Exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE")
	return atlas.Wrap(err, "check constraints")
}

// held is the proof of the server itself, which applies the files that it is started with.
type held objectid.ID

// OrgID returns the id of the organization.
func (h held) OrgID() objectid.ID { return objectid.ID(h) }

// DeclareMissing stores what a file that has been applied says as the declared state of
// each organization that it marks for staging, unless that has one.
func (s *Service) DeclareMissing(ctx context.Context, applied seed.File) error {
	ctx, cancel := dbpool.Long(ctx)
	defer cancel()
	for _, org := range applied.Organizations {
		if org.Staging == nil {
			continue
		}
		declared, err := isDeclared(ctx, s.pool, org.ID.ID)
		if err == nil && !declared { // whoever holds it changes it
			err = write.Hold(ctx, s.pool, held(org.ID.ID), func(tx pgx.Tx) error {
				if declared, err := isDeclared(ctx, tx, org.ID.ID); err != nil || declared {
					return err
				}
				now := s.env.Now()
				if err := s.build(ctx, tx, file{org: org}, now); err != nil {
					return err
				}
				return s.start(ctx, tx, org, moment{real: now}, false)
			})
		}
		if err != nil && !errors.Is(err, atlas.ErrNoOrg) { // nothing has been made of it yet
			return fmt.Errorf("declare organization %s: %w", org.ID, err)
		}
	}
	return nil
}

// isDeclared reports whether an organization has a declared state.
func isDeclared(ctx context.Context, conn db.DBTX, orgID objectid.ID) (bool, error) {
	_, err := db.New().GetSavedState(ctx, conn, db.GetSavedStateParams{OrgID: orgID, Name: staging.Declared})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, atlas.Wrap(err, "get declared state")
}
