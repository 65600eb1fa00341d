package cluster

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

// Declare adds a cluster that is ready in a transaction, with the network containers that it
// needs, unless the project has one of that name: then it returns nil. Unlike one that is
// created it may be paused, and have process arguments. It returns an *atlas.Error for the
// first rule that the bodies break.
func Declare(
	ctx context.Context, tx db.DBTX, projectID, id objectid.ID, req Request, args ProcessArgsUpdate, now time.Time,
	newID func() objectid.ID,
) (*Cluster, error) {
	paused := req.Paused != nil && *req.Paused
	req.Paused = nil
	row, settings, err := NewRow(projectID, id, req, now, newID)
	if err != nil {
		return nil, err
	}
	if err := args.apply(&settings.ProcessArgs); err != nil {
		return nil, err
	}
	if paused && settings.IsFree() {
		return nil, atlas.NewError(atlas.CodeInvalidAttribute, "paused")
	}
	settings.Paused = paused
	if row.Settings, err = json.Marshal(settings); err != nil {
		return nil, atlas.Wrap(err, "encode settings of cluster")
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
