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
	"exportbuckets/internal/backup"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// Restore makes what the organization has equal to a state, and returns what has changed.
// The clock is part of a state, and no clock moves what is declared; a reset of one project
// leaves the clock as it is. It returns NOT_FOUND if there is no such state or project,
// ORGANIZATION_PROTECTED, and CONFLICT if the state has what another has taken meanwhile, or
// is of a project alone and of a time that the clock has not come to.
func (s *Service) Restore(ctx context.Context, writer Writer, to staging.Reset) (changes staging.Changes, err error) {
	var project *objectid.ID
	if to.ProjectID != "" {
		id, err := objectid.Parse(to.ProjectID)
		if err != nil {
			return staging.Changes{}, staging.Invalid("/projectId", "This is no id of a project.")
		}
		project = &id
	}
	err = s.holdUnprotected(ctx, writer, func(ctx context.Context, tx pgx.Tx, at moment) error {
		r, err := s.restoring(ctx, tx, writer.OrgID(), to.To, project, at)
		if err != nil {
			return err
		}
		if changes, err = r.run(ctx, tx); err != nil {
			return err
		}
		return clearFaults(ctx, tx, writer.OrgID())
	})
	return changes, atlas.Wrap(err, "restore state")
}

// checkUnprotected returns ORGANIZATION_PROTECTED unless the organization is marked for
// staging.
func checkUnprotected(ctx context.Context, conn db.DBTX, orgID objectid.ID) error {
	org, err := db.New().GetOrg(ctx, conn, orgID)
	if err == nil && org.Protected {
		return errProtected
	}
	return atlas.Wrap(err, "get organization")
}

var errProtected = staging.NewProblem(staging.CodeProtected, "The organization is not marked for staging.")

// restore is a restore that is under way.
type restore struct {
	view
	args    pgx.NamedArgs
	project *objectid.ID
	state   db.SavedState
	from    moment    // when it is restored, by the clock of before
	now     time.Time // that it is then
}

// restoring prepares a restore of an organization that is held.
func (s *Service) restoring(
	ctx context.Context, tx db.DBTX, orgID objectid.ID, name string, project *objectid.ID, at moment,
) (*restore, error) {
	q := db.New()
	state, err := q.GetSavedState(ctx, tx, db.GetSavedStateParams{OrgID: orgID, Name: name})
	if err != nil {
		return nil, missing(err, "get saved state", errNoState)
	}
	there, err := projectsOf(ctx, tx, orgID)
	if err != nil {
		return nil, err
	}
	r := &restore{
		state: state, project: project, from: at, now: at.now(),
		args: pgx.NamedArgs{
			"org": orgID, "projects": there, "state": name, "project": project, "shift": time.Duration(0),
		},
	}
	if r.view, err = s.viewOf(ctx, tx, state); err != nil {
		return nil, err
	}
	r.relative = name == staging.Declared
	if r.relative && project == nil {
		r.now = at.real
	}
	if r.relative {
		r.args["shift"] = r.now.Sub(state.SavedAt)
	}
	if project == nil {
		return r, nil
	}
	if !r.relative && state.SavedAt.After(r.now) {
		return nil, staging.NewProblem(staging.CodeConflict,
			"The state is of a later time than the clock shows: advance that, or restore all of the state.")
	}
	r.byProject = true
	var known bool
	sql := fmt.Sprintf("SELECT EXISTS (%s) OR EXISTS (%s)", r.live(r.named(projects)), r.saved(r.named(projects)))
	if err := tx.QueryRow(ctx, sql, r.args).Scan(&known); err != nil {
		return nil, fmt.Errorf("find project: %w", err)
	}
	if !known {
		return nil, staging.NewProblem(staging.CodeNotFound, "The organization has no such project.")
	}
	return r, nil
}

// run makes the rows equal to those of the state.
func (r *restore) run(ctx context.Context, tx pgx.Tx) (staging.Changes, error) {
	var differences []difference
	err := deferred(ctx, tx, func() (err error) {
		if differences, err = r.differences(ctx, tx, r.args, r.live, r.saved); err != nil {
			return err
		}
		return r.write(ctx, tx, differences)
	})
	if err != nil {
		return staging.Changes{}, err
	}
	if err := r.restart(ctx, tx); err != nil {
		return staging.Changes{}, err
	}
	clock, err := atlas.HoldClock(ctx, tx, r.state.OrgID)
	if err != nil {
		return staging.Changes{}, err
	}
	return told(differences), turnBack(ctx, tx, r.state.OrgID, r.from, moment{r.from.real, clock})
}

// fill writes the rows of the state to an organization that has nothing but itself.
func (r *restore) fill(ctx context.Context, tx pgx.Tx) error {
	return deferred(ctx, tx, func() error {
		batch := new(pgx.Batch)
		for _, t := range r.tables() {
			if t.name == orgs {
				batch.Queue(r.update(t), r.args)
			} else {
				batch.Queue(r.insert(t), r.args)
			}
		}
		_, err := send(ctx, tx, batch)
		return atlas.Wrap(err, "write rows")
	})
}

// deferred runs f with the plans that suit whole tables, and checks afterwards that what
// refers to what is right: meanwhile a row may go before what refers to it.
func deferred(ctx context.Context, tx pgx.Tx, f func() error) error {
	if _, err := tx.Exec(ctx, plan+"; SET CONSTRAINTS ALL DEFERRED"); err != nil {
		return fmt.Errorf("defer constraints: %w", err)
	}
	if err := f(); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, unplan+"; SET CONSTRAINTS ALL IMMEDIATE")
	return atlas.Wrap(err, "check constraints")
}

// write writes what differs.
func (r *restore) write(ctx context.Context, tx pgx.Tx, differences []difference) error {
	tables, batch, expected := r.tables(), new(pgx.Batch), int64(0)
	for i, t := range slices.Backward(tables) {
		d := differences[i]
		if t.name == projects && d.Removed > 0 {
			if err := r.removeProjectRows(ctx, tx, t); err != nil {
				return err
			}
		}
		if d.Added+d.Removed+d.Updated > 0 {
			expected += d.Removed
			batch.Queue(r.remove(t), r.args)
		}
	}
	deleted, err := send(ctx, tx, batch)
	if err != nil {
		return fmt.Errorf("delete rows: %w", err)
	}
	// Rows that were deleted to be inserted anew have taken others along.
	again := deleted != expected
	batch = new(pgx.Batch)
	for i, t := range tables {
		if differences[i].moved > 0 {
			batch.Queue(r.update(t), r.args)
		}
		if differences[i].Added > 0 || again {
			batch.Queue(r.insert(t), r.args)
		}
	}
	_, err = send(ctx, tx, batch)
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && refusal.Code == uniqueViolation {
		return staging.NewProblem(staging.CodeConflict,
			"The state has an id, a name or a public key that is taken meanwhile.")
	}
	return atlas.Wrap(err, "write rows")
}

// uniqueViolation is the SQLSTATE of what two rows may not have in common.
const uniqueViolation = "23505"

// removeProjectRows deletes what goes with projects that the state lacks, and is in none.
func (r *restore) removeProjectRows(ctx context.Context, tx pgx.Tx, of *table) error {
	for name, exception := range leftOut {
		if !exception.ofProject {
			continue
		}
		if _, err := tx.Exec(ctx, r.removeWithProjects(name, of), r.args); err != nil {
			return fmt.Errorf("delete rows of projects: %w", err)
		}
	}
	return nil
}

// send runs the statements of a batch, if it has some, and returns how many rows they have
// changed.
func send(ctx context.Context, tx pgx.Tx, batch *pgx.Batch) (changed int64, err error) {
	if batch.Len() == 0 {
		return 0, nil
	}
	results := tx.SendBatch(ctx, batch)
	for range batch.Len() {
		tag, err := results.Exec()
		if err != nil {
			return changed, errors.Join(err, results.Close())
		}
		changed += tag.RowsAffected()
	}
	return changed, atlas.Wrap(results.Close(), "end batch")
}

// restart lets what follows from the time of the restore begin anew.
func (r *restore) restart(ctx context.Context, tx pgx.Tx) error {
	if !r.relative {
		return nil
	}
	if err := backup.RestartSchedules(ctx, tx, r.state.OrgID, r.project, r.now); err != nil {
		return err
	}
	err := db.New().UpdateOrgProjectsDueAt(ctx, tx,
		db.UpdateOrgProjectsDueAtParams{OrgID: r.state.OrgID, ProjectID: r.project, Now: &r.now})
	return atlas.Wrap(err, "update due time of projects")
}
