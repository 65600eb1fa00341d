package event

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// Event is something that has happened to a project, to an organization, or to both.
type Event struct {
	ID        objectid.ID
	CreatedAt time.Time
	Type      string
	ProjectID *objectid.ID // nil if it is the organization's alone
	OrgID     *objectid.ID // nil if it is the project's alone
	Actor     atlas.Actor  // zero if nobody made it happen
	ComingOf  *objectid.ID // the cluster of an event that is to come, by its id; else nil
	Details
}

// Details are what events of some types tell beside. What is empty is left out.
type Details struct {
	ClientID        string `json:"client_id,omitempty"`    // of a service account
	ClusterName     string `json:"cluster_name,omitempty"` // of a cluster of the project
	DatabaseUser    string `json:"database_user,omitempty"`
	ResourceID      string `json:"resource_id,omitempty"`
	ResourceType    string `json:"resource_type,omitempty"`
	TargetPublicKey string `json:"target_public_key,omitempty"` // of an API key
	Network         string `json:"network,omitempty"`
}

// Author makes the events of what a caller does, at the time of its request.
type Author struct {
	env    atlas.Env
	caller *atlas.Principal
}

// By returns the author of events of what the caller of the proof does.
func By(env atlas.Env, proof atlas.Proof) Author { return Author{env, proof.Caller()} }

func (a Author) event(of Type, details Details) Event {
	now := a.caller.Now()
	return Event{ID: a.env.NewEventID(now), CreatedAt: now, Type: of.Name, Actor: a.caller.Actor(), Details: details}
}

// OnProject returns an event of a project.
func (a Author) OnProject(id objectid.ID, of Type, details Details) Event {
	e := a.event(of, details)
	e.ProjectID = &id
	return e
}

// InOrg returns an event of the caller's organization.
func (a Author) InOrg(of Type, details Details) Event {
	e := a.event(of, details)
	e.OrgID = new(a.caller.OrgID())
	return e
}

// InBoth returns an event of a project and of the caller's organization.
func (a Author) InBoth(projectID objectid.ID, of Type, details Details) Event {
	e := a.OnProject(projectID, of, details)
	e.OrgID = new(a.caller.OrgID())
	return e
}

// row is an event as InsertEventBatch reads it.
type row struct {
	ID            objectid.ID  `json:"id"`
	CreatedAt     time.Time    `json:"created_at"`
	Type          string       `json:"type"`
	ProjectID     *objectid.ID `json:"project_id,omitempty"`
	OrgID         *objectid.ID `json:"org_id,omitempty"`
	ClusterName   string       `json:"cluster_name,omitempty"`
	ComingOf      *objectid.ID `json:"coming_of,omitempty"`
	CallerID      *objectid.ID `json:"caller_id,omitempty"`
	PublicKey     *string      `json:"public_key,omitempty"`
	RemoteAddress *netip.Addr  `json:"remote_address,omitempty"`
	Details       *Details     `json:"details,omitempty"`
}

// Write writes events, with one round trip. Those of one time stand in the order in which
// they are given: ids are put into the order of events. The project of those that are to
// come has to be settled when it is their time.
func Write(ctx context.Context, conn db.DBTX, events ...Event) error {
	if len(events) == 0 {
		return nil
	}
	ids := make([]objectid.ID, len(events))
	for i, event := range events {
		ids[i] = event.ID
	}
	slices.SortFunc(ids, func(a, b objectid.ID) int { return bytes.Compare(a[:], b[:]) })
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b Event) int { return a.CreatedAt.Compare(b.CreatedAt) })
	rows := make([]row, len(events))
	for i, event := range events {
		rows[i] = row{
			ID: ids[i], CreatedAt: event.CreatedAt, Type: event.Type, ProjectID: event.ProjectID, OrgID: event.OrgID,
			ClusterName: event.ClusterName, ComingOf: event.ComingOf,
		}
		if event.Actor != (atlas.Actor{}) {
			rows[i].CallerID = &event.Actor.ID
			rows[i].PublicKey, rows[i].RemoteAddress = event.Actor.Named()
		}
		details := event.Details
		details.ClusterName = "" // which has a column
		if details != (Details{}) {
			rows[i].Details = &details
		}
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode events: %w", err)
	}
	return atlas.Wrap(db.New().InsertEventBatch(ctx, conn, encoded), "insert events")
}
