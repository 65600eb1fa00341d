package event

import (
	"context"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// Step is what happens at a time though nobody does anything.
type Step struct {
	Type Type
	At   time.Time
}

// OfProject returns the event of the step on a project. It has no actor.
func (s Step) OfProject(env atlas.Env, id objectid.ID, details Details) Event {
	return Event{ID: env.NewEventID(s.At), CreatedAt: s.At, Type: s.Type.Name, ProjectID: &id, Details: details}
}

// OfCluster is OfProject for a step of a cluster, which is to come if it is after now.
func (s Step) OfCluster(env atlas.Env, cluster db.Cluster, now time.Time) Event {
	e := s.OfProject(env, cluster.ProjectID, Details{ClusterName: cluster.Name})
	if s.At.After(now) {
		e.ComingOf = &cluster.ID
	}
	return e
}

// Forget deletes those events to come of a cluster that will not happen any longer: those of
// the types, and all after goneAt, if that is not nil.
func Forget(ctx context.Context, conn db.DBTX, cluster db.Cluster, goneAt *time.Time, types ...Type) error {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Name
	}
	err := db.New().DeleteComingEvents(ctx, conn, db.DeleteComingEventsParams{
		ProjectID: cluster.ProjectID, ClusterID: cluster.ID, Types: names, GoneAt: goneAt,
	})
	return atlas.Wrap(err, "delete events to come")
}

// Tell tells what has come of a project that is locked.
func Tell(ctx context.Context, conn db.DBTX, projectID objectid.ID, now time.Time) error {
	err := db.New().InsertDueEventBatch(ctx, conn, db.InsertDueEventBatchParams{ProjectID: projectID, Now: now})
	return atlas.Wrap(err, "insert due events")
}
