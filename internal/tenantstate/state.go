package tenantstate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// checkName returns INVALID for the name of a state that nobody can save.
func checkName(name string) error {
	if name == staging.Live || name == staging.Declared {
		return staging.Invalid("/name", "Nobody saves a state under the name %s.", name)
	}
	return staging.CheckName(name)
}

// errNoState is the problem of a name that no state has.
var errNoState = staging.NewProblem(staging.CodeNotFound, "The organization has no such state.")

// catalog returns the catalog of the database as it is. It is read again when the schema
// has changed.
func (s *Service) catalogOf(ctx context.Context, conn db.DBTX) (*catalog, error) {
	var version int64
	if err := conn.QueryRow(ctx, selectVersion).Scan(&version); err != nil {
		return nil, fmt.Errorf("read version of the schema: %w", err)
	}
	if known := s.catalog.Load(); known != nil && known.version == version {
		return known, nil
	}
	read, err := readCatalog(ctx, conn)
	if err == nil {
		s.catalog.Store(read)
	}
	return read, err
}

// maxListed is how many states an organization can have: to declare one more is not refused.
const maxListed = staging.MaxStates + 1

// States returns the saved states of the organization by name, the declared one among
// them.
func (s *Service) States(ctx context.Context, reader Reader) ([]staging.State, error) {
	rows, err := db.New().ListSavedStates(ctx, s.pool,
		db.ListSavedStatesParams{OrgID: reader.OrgID(), RowLimit: maxListed})
	if err != nil {
		return nil, fmt.Errorf("list saved states: %w", err)
	}
	states := make([]staging.State, len(rows))
	for i, row := range rows {
		states[i] = staging.State{Name: row.Name, SavedAt: row.SavedAt, Rows: row.RowCount}
	}
	return states, nil
}

// State returns a saved state, the declared one if that is asked for. It returns NOT_FOUND
// if there is none of the name.
func (s *Service) State(ctx context.Context, reader Reader, name string) (staging.State, error) {
	states, err := s.States(ctx, reader)
	if err != nil {
		return staging.State{}, err
	}
	for _, state := range states {
		if state.Name == name {
			return state, nil
		}
	}
	return staging.State{}, errNoState
}

// SaveState saves what the organization has under a name. It returns INVALID for a name
// that is none, CONFLICT for one that is taken, and LIMIT if the organization has
// staging.MaxStates or more rows than staging.MaxStateRows.
func (s *Service) SaveState(ctx context.Context, writer Writer, name string) (saved staging.State, err error) {
	if err := checkName(name); err != nil {
		return staging.State{}, err
	}
	err = s.hold(ctx, writer, func(ctx context.Context, tx pgx.Tx, at moment) error {
		states, err := db.New().ListSavedStates(ctx, tx,
			db.ListSavedStatesParams{OrgID: writer.OrgID(), RowLimit: maxListed})
		if err != nil {
			return fmt.Errorf("list saved states: %w", err)
		}
		for _, state := range states {
			if state.Name == name {
				return staging.NewProblem(staging.CodeConflict, "There is a state of the name %s.", name)
			}
		}
		if len(states) >= staging.MaxStates {
			return staging.NewProblem(staging.CodeLimit, "An organization has at most %d states.", staging.MaxStates)
		}
		saved, err = s.save(ctx, tx, writer.OrgID(), name, at.now())
		return err
	})
	return saved, atlas.Wrap(err, "save state")
}

// DeleteState deletes a saved state. It returns NOT_FOUND if there is none of the name, and
// INVALID for a name that is none.
func (s *Service) DeleteState(ctx context.Context, writer Writer, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	return s.pool.Write(ctx, writer.OrgID(), func(tx pgx.Tx) error {
		deleted, err := db.New().DeleteSavedState(ctx, tx, db.DeleteSavedStateParams{OrgID: writer.OrgID(), Name: name})
		if err == nil && deleted == 0 {
			return errNoState
		}
		return atlas.Wrap(err, "delete saved state")
	})
}

// save puts the rows of an organization that is held into a state, in place of those that
// it has.
func (s *Service) save(
	ctx context.Context, tx pgx.Tx, orgID objectid.ID, name string, now time.Time,
) (staging.State, error) {
	c, err := s.catalogOf(ctx, tx)
	if err != nil {
		return staging.State{}, err
	}
	err = db.New().UpsertSavedState(ctx, tx, db.UpsertSavedStateParams{
		OrgID: orgID, Name: name, SavedAt: now, SchemaVersion: c.version,
	})
	if err != nil {
		return staging.State{}, fmt.Errorf("upsert saved state: %w", err)
	}
	err = db.New().DeleteSavedStateTables(ctx, tx, db.DeleteSavedStateTablesParams{OrgID: orgID, StateName: name})
	if err != nil {
		return staging.State{}, fmt.Errorf("delete rows of saved state: %w", err)
	}
	batch, v := new(pgx.Batch), view{catalog: c}
	there, err := projectsOf(ctx, tx, orgID)
	if err != nil {
		return staging.State{}, err
	}
	args := pgx.NamedArgs{"org": orgID, "projects": there, "state": name, "most": staging.MaxStateRows}
	state := staging.State{Name: name, SavedAt: now}
	for _, t := range v.tables() {
		batch.Queue(v.save(t)+" RETURNING row_count", args).QueryRow(func(row pgx.Row) error {
			var count int64
			err := row.Scan(&count)
			state.Rows += count
			return atlas.Wrap(err, "read number of rows")
		})
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return staging.State{}, fmt.Errorf("save rows: %w", err)
	}
	if state.Rows > staging.MaxStateRows {
		return staging.State{}, staging.NewProblem(staging.CodeLimit, "A state has at most %d rows.", staging.MaxStateRows)
	}
	return state, nil
}

// projectsOf returns the ids of the projects of an organization.
func projectsOf(ctx context.Context, conn db.DBTX, orgID objectid.ID) ([]string, error) {
	ids, err := db.New().ListProjectIDs(ctx, conn, orgID)
	if err != nil {
		return nil, fmt.Errorf("list projects: %w", err)
	}
	return ids, nil
}

// viewOf returns a view of a state.
func (s *Service) viewOf(ctx context.Context, conn db.DBTX, state db.SavedState) (view, error) {
	c, err := s.catalogOf(ctx, conn)
	if err != nil || c.version == state.SchemaVersion {
		return view{catalog: c}, err
	}
	var columns []string
	for _, t := range c.tables {
		for _, name := range t.restored() {
			columns = append(columns, t.name+"."+name)
		}
	}
	lacking, err := db.New().ListLackingColumns(ctx, conn, db.ListLackingColumnsParams{
		OrgID: state.OrgID, StateName: state.Name, Columns: columns,
	})
	if err != nil {
		return view{}, fmt.Errorf("list columns that the state lacks: %w", err)
	}
	v := view{catalog: c, lacking: make(map[string]bool)}
	for _, column := range lacking {
		v.lacking[column] = true
	}
	return v, nil
}

// named returns the table of the name.
func (v view) named(name string) *table {
	for _, t := range v.catalog.tables {
		if t.name == name {
			return t
		}
	}
	panic("tenantstate: no table " + name)
}

// missing returns the problem if err says that there is no row.
func missing(err error, doing string, problem *staging.Problem) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return problem
	}
	return fmt.Errorf("%s: %w", doing, err)
}
