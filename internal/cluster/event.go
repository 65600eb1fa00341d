package cluster

import (
	"context"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/event"
)

// Events returns the events of what happens to the cluster, or to its backups, by itself, as
// of now. What would happen when the cluster is gone does not.
func (c Cluster) Events(env atlas.Env, now time.Time, steps ...event.Step) []event.Event {
	var events []event.Event
	for _, step := range steps {
		if c.GoneAt == nil || !step.At.After(*c.GoneAt) {
			events = append(events, step.OfCluster(env, c.Cluster, now))
		}
	}
	return events
}

// By returns the event of what the caller does to the cluster, or to its backups.
func (c Cluster) By(by event.Author, of event.Type) event.Event {
	return by.OnProject(c.ProjectID, of, event.Details{ClusterName: c.Name})
}

// making returns how a new cluster is made. A free one is updated after that.
func (c Cluster) making(env atlas.Env) []event.Event {
	steps := []event.Step{{Type: event.ClusterReady, At: c.ReadyAt}}
	if c.AppliedAt.After(c.ReadyAt) {
		steps = append(steps, c.updating(c.ReadyAt)...)
	}
	return c.Events(env, c.CreatedAt, steps...)
}

// updating returns how a change is applied to the cluster from a time on.
func (c Cluster) updating(from time.Time) []event.Step {
	return []event.Step{
		{Type: event.ClusterUpdateStarted, At: from}, {Type: event.ClusterUpdateCompleted, At: c.AppliedAt},
	}
}

// tellUpdate tells that the caller has changed the cluster, and how the change is applied. A
// change before the one before is applied is applied with it.
func (s *Service) tellUpdate(
	ctx context.Context, tx pgx.Tx, project atlas.ClusterWriter, submitted event.Type, before Cluster, after Cluster,
) error {
	by, now := event.By(s.env, project), project.Now()
	events := []event.Event{after.By(by, submitted)}
	if !reflect.DeepEqual(before.Settings.Tags, after.Settings.Tags) {
		events = append(events, by.OnProject(after.ProjectID, event.ClusterTagsModified,
			event.Details{ResourceID: after.ID.String(), ResourceType: "cluster"}))
	}
	var replaced []event.Type
	steps := after.updating(now)
	switch before.State {
	case Creating: // the change begins when the cluster is ready, and is told after that
		replaced = []event.Type{event.ClusterReady, event.ClusterUpdateStarted, event.ClusterUpdateCompleted}
		steps = append([]event.Step{{Type: event.ClusterReady, At: after.ReadyAt}}, after.updating(after.ReadyAt)...)
	case Updating:
		replaced = []event.Type{event.ClusterUpdateCompleted}
		steps = steps[1:]
	case Idle, Deleting: // one that is being deleted is not changed
	}
	if replaced != nil {
		if err := event.Forget(ctx, tx, after.Cluster, nil, replaced...); err != nil {
			return err
		}
	}
	return event.Write(ctx, tx, append(events, after.Events(s.env, now, steps...)...)...)
}

// tellDeletion tells that the caller deletes the cluster, which is gone at a time.
func (s *Service) tellDeletion(
	ctx context.Context, tx pgx.Tx, project atlas.ProjectOwner, cluster Cluster, goneAt time.Time,
) error {
	err := event.Forget(ctx, tx, cluster.Cluster, &goneAt,
		event.ClusterReady, event.ClusterUpdateStarted, event.ClusterUpdateCompleted)
	if err != nil {
		return err
	}
	gone := event.Step{Type: event.ClusterDeleted, At: goneAt}
	events := []event.Event{cluster.By(event.By(s.env, project), event.ClusterDeleteSubmitted)}
	return event.Write(ctx, tx, append(events, cluster.Events(s.env, project.Now(), gone)...)...)
}
