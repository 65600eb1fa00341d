package dbaccess

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
)

// Expire removes what is past its time from a project that is locked, and returns the
// events that tell so.
func Expire(
	ctx context.Context, tx pgx.Tx, projectID objectid.ID, now time.Time, env atlas.Env,
) ([]event.Event, error) {
	q := db.New()
	entries, err := q.ListExpiredProjectAccessListEntries(ctx, tx,
		db.ListExpiredProjectAccessListEntriesParams{ProjectID: projectID, Now: now})
	if err != nil {
		return nil, atlas.Wrap(err, "list expired access list entries")
	}
	users, err := q.ListExpiredDatabaseUsers(ctx, tx, db.ListExpiredDatabaseUsersParams{ProjectID: projectID, Now: now})
	if err != nil {
		return nil, atlas.Wrap(err, "list expired database users")
	}
	var events []event.Event
	for _, entry := range entries {
		removed := event.Step{Type: event.NetworkRemoved, At: *entry.DeleteAfter}
		events = append(events, removed.OfProject(env, projectID, event.Details{Network: entry.CIDRBlock.String()}))
	}
	for _, user := range users {
		removed := event.Step{Type: event.DatabaseUserDeleted, At: *user.DeleteAfter}
		events = append(events, removed.OfProject(env, projectID, event.Details{DatabaseUser: EventName(user)}))
	}
	if len(events) == 0 {
		return nil, nil
	}
	err = q.DeleteExpiredProjectAccessListEntries(ctx, tx,
		db.DeleteExpiredProjectAccessListEntriesParams{ProjectID: projectID, Now: now})
	if err != nil {
		return nil, atlas.Wrap(err, "delete expired access list entries")
	}
	err = q.DeleteExpiredDatabaseUsers(ctx, tx, db.DeleteExpiredDatabaseUsersParams{ProjectID: projectID, Now: now})
	return events, atlas.Wrap(err, "delete expired database users")
}
