package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// Declare adds a cluster that is ready in a transaction, with the network containers that it
// needs, unless the project has one of that name: then it returns nil. It returns an
// *atlas.Error for the first rule that the body breaks.
func Declare(
	ctx context.Context, tx db.DBTX, projectID, id objectid.ID, req Request, now time.Time, newID func() objectid.ID,
) (*Cluster, error) {
	row, settings, err := NewRow(projectID, id, req, now, newID)
	if err != nil {
		return nil, err
	}
	q := db.New()
	_, err = q.GetCluster(ctx, tx, db.GetClusterParams{ProjectID: projectID, Name: row.Name})
	if !errors.Is(err, pgx.ErrNoRows) {
		return nil, atlas.Wrap(err, "get cluster")
	}
	inserted, err := q.InsertCluster(ctx, tx, row)
	if err != nil {
		return nil, atlas.Wrap(err, "insert cluster")
	}
	if err := InsertContainers(ctx, tx, projectID, settings, now, newID); err != nil {
		return nil, err
	}
	added, err := At(inserted, now)
	return &added, err
}
