// Package dbaccess is about who may connect to the clusters of a project: from which
// networks, and as which database user. There are no servers behind clusters, so what is
// kept here guards nothing; it is what owners have decided.
//
// What has a date to be deleted after is gone from then on, as of the request that looks.
package dbaccess

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
)

// Service answers for the operations on access lists of projects and on database users.
// Its methods are safe for concurrent use, and any number of services may share a
// database.
type Service struct {
	pool *dbpool.Pool
	q    *db.Queries
	env  atlas.Env
}

// New returns a service on a migrated database.
func New(pool *dbpool.Pool, env atlas.Env) *Service {
	return &Service{pool: pool, q: db.New(), env: env}
}

// change runs f for the caller of the proof in a transaction that holds the project, so
// that of two changes one waits, and then finds anew when the project is to be settled.
// It may run f more than once. It returns GROUP_NOT_FOUND if the project was deleted
// meanwhile.
func (s *Service) change(
	ctx context.Context, project atlas.ProjectProof, f func(tx pgx.Tx, project db.Project) error,
) error {
	id := project.ProjectID()
	return write.Begin(ctx, s.pool, project, func(tx pgx.Tx) error {
		row, err := s.q.GetProjectForNoKeyUpdate(ctx, tx, id)
		if err != nil {
			return atlas.WrapMissing(err, "lock project", atlas.NewError(atlas.CodeProjectNotFound, id.String()))
		}
		if err := f(tx, row); err != nil {
			return err
		}
		return atlas.Wrap(s.q.UpdateProjectDueAt(ctx, tx, id), "update due time of project")
	})
}

// maxStay is for how long what has a date to be deleted after may stay.
const maxStay = 7 * 24 * time.Hour

// checkExpiry returns EXPIRATION_DATE_IN_PAST or EXPIRATION_DATE_EXCEEDS_MAX for a date
// that nothing can be deleted after.
func checkExpiry(date *atlas.Time, now time.Time) error {
	if date == nil {
		return nil
	}
	switch at := time.Time(*date); {
	case !at.After(now):
		return atlas.NewError(atlas.CodeExpirationInPast).
			Fact("deleteAfterDate", at.Format(time.RFC3339), "after "+now.Format(time.RFC3339))
	case at.After(now.Add(maxStay)):
		return atlas.NewError(atlas.CodeExpirationTooLate).
			Fact("deleteAfterDate", at.Format(time.RFC3339), "at most "+now.Add(maxStay).Format(time.RFC3339))
	}
	return nil
}

// checkProject returns GROUP_MISMATCH if a body names another project than the path.
func checkProject(named *objectid.ID, id objectid.ID) error {
	if named != nil && *named != id {
		return atlas.NewError(atlas.CodeProjectMismatch, named.String()).Fact("groupId", named.String(), id.String())
	}
	return nil
}
