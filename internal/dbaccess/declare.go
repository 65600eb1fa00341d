package dbaccess

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// DeclareNetwork adds an entry to the access list of a project in a transaction, unless the
// network is on it. It returns an *atlas.Error for the first rule that the element breaks.
func DeclareNetwork(
	ctx context.Context, tx db.DBTX, projectID objectid.ID, req AccessListEntryRequest, now time.Time,
) error {
	entry, err := req.entry(projectID, now)
	if err != nil {
		return err
	}
	q := db.New()
	_, err = q.GetProjectAccessListEntry(ctx, tx, db.GetProjectAccessListEntryParams{
		ProjectID: projectID, Network: entry.CIDRBlock.Masked(), Now: now,
	})
	if !errors.Is(err, pgx.ErrNoRows) {
		return atlas.Wrap(err, "get access list entry")
	}
	encoded, err := json.Marshal([]newEntry{entry})
	if err != nil {
		return atlas.Wrap(err, "encode access list entry")
	}
	err = q.UpsertProjectAccessListEntries(ctx, tx, db.UpsertProjectAccessListEntriesParams{
		ProjectID: projectID, CreatedAt: now, Asked: encoded,
	})
	return atlas.Wrap(err, "insert access list entry")
}

// DeclareDatabaseUser adds a database user in a transaction, unless the project has one of
// that name. The body needs no password: none is kept. It returns an *atlas.Error for the
// first rule that the body breaks.
func DeclareDatabaseUser(
	ctx context.Context, tx db.DBTX, projectID, id objectid.ID, req DatabaseUserRequest, now time.Time,
) error {
	external := req.AWSIAMType != nil || req.LDAPAuthType != nil || req.OIDCAuthType != nil || req.X509Type != nil
	if req.Password == nil && !external {
		req.Password = new("a password that is not kept")
	}
	row, err := req.newRow(projectID, now)
	if err != nil {
		return err
	}
	row.ID = id
	q := db.New()
	_, err = q.GetDatabaseUser(ctx, tx, db.GetDatabaseUserParams{
		ProjectID: projectID, DatabaseName: row.DatabaseName, Username: row.Username, Now: now,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		_, err = q.InsertDatabaseUser(ctx, tx, db.InsertDatabaseUserParams(row))
	}
	return atlas.Wrap(err, "insert database user")
}
