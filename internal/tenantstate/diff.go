package tenantstate

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// Diff returns how one state differs from another, and in which rows. Both may be staging.Live.
// It returns NOT_FOUND if there is no such state.
func (s *Service) Diff(ctx context.Context, reader Reader, from, to string) (staging.Changes, error) {
	return s.compare(ctx, reader, from, to, true)
}

// CountDifferences returns in how many rows two states differ, as Diff does.
func (s *Service) CountDifferences(ctx context.Context, reader Reader, from, to string) (int64, error) {
	changes, err := s.compare(ctx, reader, from, to, false)
	return changes.Sum().Count(), err
}

func (s *Service) compare(
	ctx context.Context, reader Reader, from, to string, withRows bool,
) (changes staging.Changes, err error) {
	orgID := reader.OrgID()
	err = s.look(ctx, orgID, []string{from, to}, func(ctx context.Context, tx pgx.Tx) error {
		first, err := s.side(ctx, tx, orgID, from, "from")
		if err != nil {
			return err
		}
		second, err := s.side(ctx, tx, orgID, to, "to")
		if err != nil {
			return err
		}
		there, err := projectsOf(ctx, tx, orgID)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, plan); err != nil {
			return fmt.Errorf("set up plans: %w", err)
		}
		v := view{catalog: first.catalog, relative: first.relative || second.relative}
		args := pgx.NamedArgs{"org": orgID, "projects": there, "from": from, "to": to, "shift": time.Duration(0)}
		found, err := v.differences(ctx, tx, args, first.rows, second.rows)
		if err == nil && withRows {
			err = v.listRows(ctx, tx, args, first.rows, second.rows, found)
		}
		changes = told(found)
		return err
	})
	return changes, atlas.Wrap(err, "compare states")
}

// side is one of two states that are compared.
type side struct {
	view

	isLive  bool
	savedAt time.Time // zero if it is live
}

// side returns the state of a name, which the argument has.
func (s *Service) side(ctx context.Context, conn db.DBTX, orgID objectid.ID, name, argument string) (side, error) {
	if name == staging.Live {
		c, err := s.catalogOf(ctx, conn)
		return side{view: view{catalog: c}, isLive: true}, err
	}
	state, err := db.New().GetSavedState(ctx, conn, db.GetSavedStateParams{OrgID: orgID, Name: name})
	if err != nil {
		return side{}, missing(err, "get saved state", errNoState)
	}
	v, err := s.viewOf(ctx, conn, state)
	v.argument, v.relative = argument, name == staging.Declared
	return side{view: v, savedAt: state.SavedAt}, err
}

// rows is the rows of a table.
func (s side) rows(t *table) string {
	if s.isLive {
		return s.live(t)
	}
	return s.saved(t)
}

// difference is how the rows of a table differ.
type difference struct {
	staging.Change

	moved int64 // rows that are there and differ in anything
}

// differences counts how the second differs from the first.
func (v view) differences(
	ctx context.Context, conn db.DBTX, args pgx.NamedArgs, first, second func(t *table) string,
) ([]difference, error) {
	rows, err := conn.Query(ctx, v.compare(first, second), args)
	if err != nil {
		return nil, fmt.Errorf("compare states: %w", err)
	}
	tables := v.tables()
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (d difference, err error) {
		var i int
		err = row.Scan(&i, &d.Added, &d.Removed, &d.Updated, &d.moved)
		d.Kind = kind(tables[i].name)
		return d, atlas.Wrap(err, "read differences")
	})
	return found, atlas.Wrap(err, "compare states")
}

// listRows adds to differences of the second from the first which rows these are.
func (v view) listRows(
	ctx context.Context, conn db.DBTX, args pgx.NamedArgs, first, second func(t *table) string, found []difference,
) error {
	args["most"] = staging.MaxChangedRows
	for i, t := range v.tables() {
		d := &found[i]
		if d.Added+d.Removed+d.Updated == 0 {
			continue
		}
		rows, err := conn.Query(ctx, v.changed(t, first, second), args)
		if err != nil {
			return fmt.Errorf("list rows that differ: %w", err)
		}
		d.Rows, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (r staging.ChangedRow, err error) {
			var project, name *string
			err = row.Scan(&r.Change, &project, &r.ID, &name, &r.Fields)
			for i, column := range r.Fields {
				r.Fields[i] = kind(column)
			}
			r.ProjectID, r.Name = text(project), text(name)
			return r, atlas.Wrap(err, "read row")
		})
		if err != nil {
			return fmt.Errorf("list rows that differ: %w", err)
		}
	}
	return nil
}

// text returns what is there of a text.
func text(value *string) string {
	if value == nil {
		return ""
	}
	return *value
}

// kind is what the rows of a table are called, as in export_buckets and exportBuckets, and
// what a column is.
func kind(table string) string {
	var text strings.Builder
	upper := false
	for _, letter := range table {
		switch {
		case letter == '_':
			upper = true
			continue
		case upper:
			letter, upper = unicode.ToUpper(letter), false
		}
		text.WriteRune(letter)
	}
	return text.String()
}

// told returns the differences that there are.
func told(differences []difference) staging.Changes {
	changes := staging.Changes{Changes: []staging.Change{}}
	for _, d := range differences {
		if d.Added+d.Removed+d.Updated > 0 {
			changes.Changes = append(changes.Changes, d.Change)
		}
	}
	return changes
}
