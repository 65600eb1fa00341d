// Package settle brings projects up to their clocks. Nothing runs in the background:
// what is past its time is removed, and snapshots that are due are taken, when somebody
// looks at a project, or is about to write to it. Until then the project's due_at, which
// the statement that finds callers reads with them, says whether there is something to
// do; if not, settling makes no statement.
//
// What settles is no write of its caller: who may only read settles, too. It locks the
// project, so of two at once one does it, and the other waits and finds it done. Which
// operations settle their project first is in the table of routes.
//
// Every row that time does something to has a due_at of its own, the earliest time of
// which nothing has been done yet; that of the project is the first of them.
package settle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbaccess"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
)

// maxRows is how many rows are made at a time. The rest is made at the next look.
const maxRows = 2000

// Service settles projects. Its methods are safe for concurrent use, and any number of
// services may share a database.
type Service struct {
	pool *dbpool.Pool
	q    *db.Queries
	env  atlas.Env
}

// New returns a service on a migrated database.
func New(pool *dbpool.Pool, env atlas.Env) *Service {
	return &Service{pool: pool, q: db.New(), env: env}
}

// Project settles the project of the proof: what is past its time as of the request is
// gone when it returns, and what was due is made. A project that is gone is settled. Should
// the organization's clock have been moved meanwhile, it is as of what that shows now.
func (s *Service) Project(ctx context.Context, project atlas.ProjectProof) error {
	if !project.Due() {
		return nil
	}
	caller := project.Caller()
	err := s.pool.Write(ctx, caller.OrgID(), func(tx pgx.Tx) error {
		clock, err := atlas.HoldClock(ctx, tx, caller.OrgID())
		if err != nil {
			return err
		}
		return s.settle(ctx, tx, project.ProjectID(), caller.NowBy(clock))
	})
	return atlas.Wrap(err, "settle project")
}

// Org settles all projects of an organization in a transaction that holds it.
func (s *Service) Org(ctx context.Context, tx pgx.Tx, orgID objectid.ID, now time.Time) error {
	for {
		due, err := s.q.ListDueProjects(ctx, tx, db.ListDueProjectsParams{OrgID: orgID, Now: now, RowLimit: maxRows})
		if err != nil || len(due) == 0 {
			return atlas.Wrap(err, "list due projects")
		}
		for _, id := range due {
			if err := s.settle(ctx, tx, id, now); err != nil {
				return fmt.Errorf("settle project: %w", err)
			}
		}
	}
}

// settle locks a project and brings it up to its clock, as far as maxRows go.
func (s *Service) settle(ctx context.Context, tx pgx.Tx, id objectid.ID, now time.Time) error {
	row, err := s.q.GetProjectForNoKeyUpdate(ctx, tx, id)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && (row.DueAt == nil || row.DueAt.After(now)) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := event.Tell(ctx, tx, id, now); err != nil { // while the clusters are there
		return err
	}
	if err := s.clusters(ctx, tx, id, now); err != nil {
		return err
	}
	taken, err := s.schedules(ctx, tx, id, now)
	if err != nil {
		return err
	}
	exported, err := s.snapshots(ctx, tx, id, now)
	if err != nil {
		return err
	}
	expired, err := dbaccess.Expire(ctx, tx, id, now, s.env)
	if err != nil {
		return err
	}
	if err := event.Write(ctx, tx, slices.Concat(taken, exported, expired)...); err != nil {
		return err
	}
	return s.q.UpdateProjectDueAt(ctx, tx, id)
}
