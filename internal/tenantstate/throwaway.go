package tenantstate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/seed"
	"exportbuckets/staging"
)

// throwaway is a throw-away organization that is being made.
type throwaway struct {
	id        objectid.ID
	name      string
	now       time.Time
	expiresAt time.Time
	newID     func(time.Time) objectid.ID
	renames   renames
	// secrets are the private keys by public key, and the client secrets by their ids.
	secrets map[string]string
}

// filler makes what a throw-away organization is to have, and declares it, in a transaction
// that has made the organization.
type filler func(ctx context.Context, tx pgx.Tx, made *throwaway) error

// CreateOrganization makes a throw-away organization for the operator, or for who may change
// the source. A file is a source that all may use who may change something: it can't name
// anything of others, since all ids are new.
//
// It returns INVALID with the place of what is wrong, NOT_FOUND if there is no such source,
// and LIMIT if there are Config.MaxThrowaways.
func (s *Service) CreateOrganization(
	ctx context.Context, caller Caller, asked staging.NewOrganization,
) (staging.CreatedOrganization, error) {
	made := &throwaway{name: asked.Name, now: s.env.Now(), newID: s.env.NewID}
	made.id = s.env.NewID(made.now)
	ttl, err := checkNew(asked)
	if err != nil {
		return staging.CreatedOrganization{}, err
	}
	made.expiresAt = made.now.Add(ttl)
	if err := s.checkThrowaways(ctx, s.pool, made.now, 1); err != nil {
		return staging.CreatedOrganization{}, err
	}
	var of objectid.ID // nobody's, if it is the operator who calls
	if own := caller.OrgID(); own != nil {
		of = *own
		if err := s.endWith(ctx, of, made); err != nil {
			return staging.CreatedOrganization{}, err
		}
	}
	request := ctx
	leave, err := s.creations.Take(ctx, of, 1)
	if err != nil {
		return staging.CreatedOrganization{}, fmt.Errorf("wait to create an organization: %w", err)
	}
	defer leave()
	ctx, cancel := dbpool.Long(ctx)
	defer cancel()
	var fill filler
	if asked.From != "" {
		fill, err = s.fromState(ctx, caller, asked.From)
	} else {
		fill, err = s.fromFile(ctx, caller, asked.File)
	}
	if err != nil {
		return staging.CreatedOrganization{}, err
	}
	for {
		created, err := s.createThrowaway(ctx, request, made, fill)
		if !iam.IsPublicKeyTaken(err) {
			return created, atlas.Wrap(err, "create throw-away organization")
		}
	}
}

// checkNew returns INVALID for what can't be, and how long the organization is to last.
func checkNew(asked staging.NewOrganization) (time.Duration, error) {
	ttl := staging.DefaultTTL
	if asked.TTL != "" {
		var err error
		if ttl, err = time.ParseDuration(asked.TTL); err != nil {
			return 0, staging.Invalid("/ttl", "This is no duration like 90m.")
		}
	}
	switch {
	case ttl < time.Second || ttl > staging.MaxTTL:
		return 0, staging.Invalid("/ttl", "An organization lasts from 1s to %s.", staging.MaxTTL)
	case !atlas.HasLength(asked.Name, 1, atlas.MaxName):
		return 0, staging.Invalid("/name", "A name has 1 to %d characters.", atlas.MaxName)
	case (asked.From == "") == (len(asked.File) == 0):
		return 0, staging.Invalid("", "Say one of from and file: what the organization is made of.")
	}
	return ttl, nil
}

// endWith has an organization end no later than the one that makes it, if that ends.
func (s *Service) endWith(ctx context.Context, maker objectid.ID, made *throwaway) error {
	org, err := db.New().GetOrg(ctx, s.pool, maker)
	if err != nil {
		return missing(err, "get organization", errNoOrganization)
	}
	if org.ExpiresAt != nil && org.ExpiresAt.Before(made.expiresAt) {
		made.expiresAt = *org.ExpiresAt
	}
	return nil
}

// createThrowaway makes the organization, unless the request has ended meanwhile: nobody
// would get its token.
func (s *Service) createThrowaway(
	ctx, request context.Context, made *throwaway, fill filler,
) (created staging.CreatedOrganization, err error) {
	token, now := iam.NewStagingToken(made.id), made.now
	row := iam.NewStagingTokenRow(made.id, made.newID(now), db.StagingRoleWrite, token, now)
	err = s.pool.Write(ctx, made.id, func(tx pgx.Tx) error {
		made.secrets = make(map[string]string)
		_, err := db.New().InsertOrg(ctx, tx, db.InsertOrgParams{
			ID: made.id, Name: made.name, CreatedAt: now, ExpiresAt: &made.expiresAt,
		})
		if err != nil {
			return fmt.Errorf("insert organization: %w", err)
		}
		if err := fill(ctx, tx, made); err != nil {
			return err
		}
		if err := db.New().InsertStagingToken(ctx, tx, row); err != nil {
			return fmt.Errorf("insert staging token: %w", err)
		}
		if created, err = s.created(ctx, tx, made); err != nil {
			return err
		}
		if err := request.Err(); err != nil {
			return fmt.Errorf("answer the request: %w", err)
		}
		if _, err := db.New().GetThrowawaysLock(ctx, tx); err != nil { // others wait from here on
			return fmt.Errorf("lock throw-away organizations: %w", err)
		}
		return s.checkThrowaways(ctx, tx, now, 0)
	})
	created.Token = staging.Token{ID: row.ID.String(), Role: staging.RoleWrite, CreatedAt: now, Secret: token}
	return created, err
}

// checkThrowaways returns LIMIT if there are too many throw-away organizations with some more.
func (s *Service) checkThrowaways(ctx context.Context, conn db.DBTX, now time.Time, more int64) error {
	there, err := db.New().CountThrowaways(ctx, conn, now)
	if err == nil && there+more > s.cfg.MaxThrowaways {
		return staging.NewProblem(staging.CodeLimit,
			"There are %d throw-away organizations, and no more may be (--throwaway-max).", s.cfg.MaxThrowaways)
	}
	return atlas.Wrap(err, "count throw-away organizations")
}

// fromState makes what a state of an organization has, as ORGANIZATION/STATE names it.
func (s *Service) fromState(ctx context.Context, caller Caller, from string) (filler, error) {
	org, name, ok := strings.Cut(from, "/")
	if !ok {
		return nil, staging.Invalid("/from", "This is no id of an organization with a slash and a state.")
	}
	source, err := caller.Writer(ctx, org)
	if err != nil {
		return nil, err
	}
	rows, err := s.readState(ctx, source.OrgID(), name)
	if err != nil {
		return nil, atlas.Wrap(err, "read state")
	}
	return func(ctx context.Context, tx pgx.Tx, made *throwaway) error {
		own, err := made.renew(rows, s.cfg.Sealer)
		if err != nil {
			return err
		}
		c, err := s.catalogOf(ctx, tx)
		if err != nil {
			return err
		}
		err = db.New().UpsertSavedState(ctx, tx, db.UpsertSavedStateParams{
			OrgID: made.id, Name: staging.Declared, SavedAt: rows.now(made.now), SchemaVersion: c.version,
		})
		if err != nil {
			return fmt.Errorf("insert declared state: %w", err)
		}
		for _, table := range own {
			if err := db.New().InsertSavedStateTable(ctx, tx, table); err != nil {
				return fmt.Errorf("insert rows of declared state: %w", err)
			}
		}
		r, err := s.restoring(ctx, tx, made.id, staging.Declared, nil, moment{real: made.now})
		if err != nil {
			return err
		}
		r.args["shift"] = time.Duration(0) // the rows have the times that they are to have
		if err := r.fill(ctx, tx); err != nil {
			return err
		}
		if name == staging.Declared {
			return r.restart(ctx, tx)
		}
		return setClock(ctx, tx, made.id, rows.clock)
	}, nil
}

// stateRows are the rows of a state, as JSON.
type stateRows struct {
	tables []*table
	texts  [][]byte // of each table
	// clock is that of the state. No clock moves what is declared.
	clock atlas.Clock
	// savedAt is when it was saved, by the clock; zero if it is as of now.
	savedAt time.Time
}

// now returns what the times of the rows are relative to, if they were read at a real time.
func (s stateRows) now(at time.Time) time.Time {
	if !s.savedAt.IsZero() {
		return s.savedAt
	}
	return s.clock.Now(at)
}

// readState returns the rows of a state of an organization as they are at one moment. Those
// of the declared state have the times that they would have after a reset. It is the turn of
// nobody else: many copy one organization at once, which has one turn or few.
func (s *Service) readState(ctx context.Context, orgID objectid.ID, name string) (rows stateRows, err error) {
	turn := s.env.NewID(s.env.Now())
	err = s.lookFor(ctx, turn, orgID, []string{name}, func(ctx context.Context, tx pgx.Tx) error {
		source, err := s.side(ctx, tx, orgID, name, "state")
		if err != nil {
			return err
		}
		there, err := projectsOf(ctx, tx, orgID)
		if err != nil {
			return err
		}
		args := pgx.NamedArgs{"org": orgID, "projects": there, "state": name, "shift": time.Duration(0)}
		rows = stateRows{tables: source.tables()}
		if source.relative {
			args["shift"] = s.env.Now().Sub(source.savedAt)
		} else {
			rows.savedAt = source.savedAt
			sql := fmt.Sprintf("SELECT clock_offset, clock_frozen_at FROM (%s) AS r", source.rows(source.named(orgs)))
			err := tx.QueryRow(ctx, sql, args).Scan(&rows.clock.Offset, &rows.clock.FrozenAt)
			if err != nil {
				return missing(err, "read clock", errNoOrganization)
			}
		}
		batch := new(pgx.Batch)
		for _, t := range rows.tables {
			sql := fmt.Sprintf("SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]')::text FROM (%s) AS r", source.rows(t))
			batch.Queue(sql, args).QueryRow(func(row pgx.Row) error {
				var text []byte
				err := row.Scan(&text)
				rows.texts = append(rows.texts, text)
				return atlas.Wrap(err, "read rows of "+t.name)
			})
		}
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return fmt.Errorf("read rows: %w", err)
		}
		return nil
	})
	return rows, err
}

// fromFile makes what a file says, which is an object or a text of one.
func (s *Service) fromFile(ctx context.Context, caller Caller, data []byte) (filler, error) {
	if own := caller.OrgID(); own != nil {
		if _, err := caller.Writer(ctx, own.String()); err != nil {
			return nil, err
		}
	}
	var text string
	if bytes.HasPrefix(data, []byte(`"`)) && json.Unmarshal(data, &text) == nil {
		data = []byte(text)
	}
	if _, err := parse(data); err != nil {
		return nil, below(err, inFile)
	}
	return func(ctx context.Context, tx pgx.Tx, made *throwaway) error {
		org, err := parse(data)
		if err != nil {
			return err
		}
		made.renames = newRenames(org.IDs(), org.ID.ID, made)
		if err := org.Rename(made.renames.apply); err != nil {
			return fmt.Errorf("give other ids: %w", err)
		}
		org.Name = made.name
		if made.secrets, err = org.Renew(made.now); err != nil {
			return err
		}
		err = seed.Fill(ctx, tx, s.cfg.Sealer, made.id, org, seed.Kept{}, made.now)
		if iam.IsPublicKeyTaken(err) {
			return err
		}
		if err := (file{org, data}).problem(err); err != nil {
			return below(err, inFile)
		}
		if err := s.settle.Org(ctx, tx, made.id, made.now); err != nil {
			return err
		}
		if _, err := s.save(ctx, tx, made.id, staging.Declared, made.now); err != nil {
			return err
		}
		return below(s.start(ctx, tx, org, moment{real: made.now}, false), inFile+inOrg)
	}, nil
}

// inFile is the place of a file in the request.
const inFile = "/file"

// created returns what is shown of an organization that has been made.
func (s *Service) created(
	ctx context.Context, tx pgx.Tx, made *throwaway,
) (created staging.CreatedOrganization, err error) {
	if created.Organization, err = s.findOrganization(ctx, tx, made.id); err != nil {
		return created, err
	}
	tables, err := db.New().ListSavedStateTables(ctx, tx,
		db.ListSavedStateTablesParams{OrgID: made.id, StateName: staging.Declared})
	if err != nil {
		return created, fmt.Errorf("list rows of declared state: %w", err)
	}
	created.IDs = made.renames
	err = made.show(tables, &created)
	return created, err
}
