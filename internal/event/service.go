package event

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/objectid"
)

// Service answers for the operations on events. Its methods are safe for concurrent use,
// and any number of services may share a database.
type Service struct {
	pool *dbpool.Pool
	q    *db.Queries
}

// New returns a service on a migrated database.
func New(pool *dbpool.Pool) *Service {
	return &Service{pool: pool, q: db.New()}
}

// Filter says which events are asked for. Of what is empty all are.
type Filter struct {
	Types         []string
	ExcludedTypes []string  // on a project alone
	ClusterNames  []string  // on a project alone
	From, To      time.Time // in whole seconds, as events show their time; both inclusive
}

// those returns the names as PostgreSQL is to get them: NULL is no empty list.
func those(names []string) []string { return append([]string{}, names...) }

// latest is after whatever may happen.
var latest = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// dates returns the times that the filter asks for, to the microsecond.
func (f Filter) dates() (from, to time.Time) {
	to = f.To
	if to.IsZero() {
		to = latest
	}
	return f.From.Truncate(time.Second), to.Truncate(time.Second).Add(time.Second - time.Microsecond)
}

// ListProjectEvents returns one page of the events of the project, newest first.
func (s *Service) ListProjectEvents(
	ctx context.Context, project atlas.ProjectReader, filter Filter, page atlas.Page,
) (atlas.List[Event], error) {
	from, to := filter.dates()
	rows := func(limit int32, offset int64) ([]db.ListProjectEventsRow, error) {
		return s.q.ListProjectEvents(ctx, s.pool, db.ListProjectEventsParams{
			ProjectID:     project.ProjectID(),
			Counted:       page.Count,
			MinDate:       from,
			MaxDate:       to,
			Types:         those(filter.Types),
			ExcludedTypes: those(filter.ExcludedTypes),
			ClusterNames:  those(filter.ClusterNames),
			RowLimit:      limit,
			RowOffset:     offset,
		})
	}
	event := func(row db.ListProjectEventsRow) (db.ProjectEvent, int64) { return row.ProjectEvent, row.TotalCount }
	list, err := atlas.NewList("events of project", page, rows, event)
	if err != nil {
		return atlas.List[Event]{}, err
	}
	return atlas.DecodeList(list, onProject)
}

// GetProjectEvent returns one event of the project. It returns EVENT_NOT_FOUND if it has
// none of that id.
func (s *Service) GetProjectEvent(ctx context.Context, project atlas.ProjectReader, id objectid.ID) (Event, error) {
	row, err := s.q.GetProjectEvent(ctx, s.pool, db.GetProjectEventParams{ProjectID: project.ProjectID(), ID: id})
	if err != nil {
		return Event{}, atlas.WrapMissing(err, "get event",
			atlas.NewError(atlas.CodeEventNotFound, id.String(), project.ProjectID().String()))
	}
	return onProject(row)
}

// ListOrgEvents returns one page of the events of the organization, newest first. What has
// happened to a project alone is not among them.
func (s *Service) ListOrgEvents(
	ctx context.Context, org atlas.OrgReader, filter Filter, page atlas.Page,
) (atlas.List[Event], error) {
	from, to := filter.dates()
	rows := func(limit int32, offset int64) ([]db.ListOrgEventsRow, error) {
		return s.q.ListOrgEvents(ctx, s.pool, db.ListOrgEventsParams{
			OrgID:     org.OrgID(),
			Counted:   page.Count,
			MinDate:   from,
			MaxDate:   to,
			Types:     those(filter.Types),
			RowLimit:  limit,
			RowOffset: offset,
		})
	}
	event := func(row db.ListOrgEventsRow) (db.OrgEvent, int64) { return row.OrgEvent, row.TotalCount }
	list, err := atlas.NewList("events of organization", page, rows, event)
	if err != nil {
		return atlas.List[Event]{}, err
	}
	return atlas.DecodeList(list, inOrg)
}

// GetOrgEvent returns one event of the organization. It returns ORG_EVENT_NOT_FOUND if it
// has none of that id.
func (s *Service) GetOrgEvent(ctx context.Context, org atlas.OrgReader, id objectid.ID) (Event, error) {
	row, err := s.q.GetOrgEvent(ctx, s.pool, db.GetOrgEventParams{OrgID: org.OrgID(), ID: id})
	if err != nil {
		return Event{}, atlas.WrapMissing(err, "get event",
			atlas.NewError(atlas.CodeOrgEventNotFound, id.String(), org.OrgID().String()))
	}
	return inOrg(row)
}

func onProject(row db.ProjectEvent) (Event, error) {
	event := Event{
		ID: row.ID, CreatedAt: row.CreatedAt, Type: row.Type, ProjectID: &row.ProjectID, OrgID: row.OrgID,
		Actor: newActor(row.CallerID, row.PublicKey, row.RemoteAddress),
	}
	err := decodeDetails(row.Details, &event.Details)
	if row.ClusterName != nil {
		event.ClusterName = *row.ClusterName
	}
	return event, err
}

func inOrg(row db.OrgEvent) (Event, error) {
	event := Event{
		ID: row.ID, CreatedAt: row.CreatedAt, Type: row.Type, ProjectID: row.ProjectID, OrgID: &row.OrgID,
		Actor: newActor(row.CallerID, row.PublicKey, row.RemoteAddress),
	}
	return event, decodeDetails(row.Details, &event.Details)
}

func newActor(id *objectid.ID, publicKey *string, address *netip.Addr) (actor atlas.Actor) {
	if id != nil {
		actor.ID = *id
	}
	if publicKey != nil {
		actor.PublicKey = *publicKey
	}
	if address != nil {
		actor.Address = *address
	}
	return actor
}

func decodeDetails(stored []byte, details *Details) error {
	if stored == nil {
		return nil
	}
	if err := json.Unmarshal(stored, details); err != nil {
		return fmt.Errorf("decode details of event: %w", err)
	}
	return nil
}
