package api

import (
	"context"
	"net/netip"
	"regexp"
	"time"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
)

// eventBody is an event. What is of no use to its type is left out.
type eventBody struct {
	APIKeyID        *objectid.ID  `json:"apiKeyId,omitzero"`
	ClientID        string        `json:"clientId,omitzero"`
	ClusterName     string        `json:"clusterName,omitzero"`
	Created         time.Time     `json:"created"`
	DBUserUsername  string        `json:"dbUserUsername,omitzero"`
	EventTypeName   string        `json:"eventTypeName"`
	GroupID         *objectid.ID  `json:"groupId,omitzero"`
	ID              objectid.ID   `json:"id"`
	IsGlobalAdmin   bool          `json:"isGlobalAdmin"`
	Links           []link        `json:"links"`
	OrgID           *objectid.ID  `json:"orgId,omitzero"`
	PublicKey       string        `json:"publicKey,omitzero"`
	Raw             *rawEventBody `json:"raw,omitzero"`
	RemoteAddress   *netip.Addr   `json:"remoteAddress,omitzero"`
	ResourceID      string        `json:"resourceId,omitzero"`
	ResourceType    string        `json:"resourceType,omitzero"`
	TargetPublicKey string        `json:"targetPublicKey,omitzero"`
	WhitelistEntry  string        `json:"whitelistEntry,omitzero"`
}

func (c *call) newEventBody(e event.Event) eventBody {
	body := eventBody{
		ClientID:        e.ClientID,
		ClusterName:     e.ClusterName,
		Created:         wholeSeconds(e.CreatedAt),
		DBUserUsername:  e.DatabaseUser,
		EventTypeName:   e.Type,
		GroupID:         e.ProjectID,
		ID:              e.ID,
		OrgID:           e.OrgID,
		PublicKey:       e.Actor.PublicKey,
		ResourceID:      e.ResourceID,
		ResourceType:    e.ResourceType,
		TargetPublicKey: e.TargetPublicKey,
		WhitelistEntry:  e.Network,
	}
	if e.Actor.PublicKey != "" {
		body.APIKeyID = &e.Actor.ID
	}
	_, body.RemoteAddress = e.Actor.Named()
	// Atlas has the link of the versioned API everywhere, and this name for no project.
	project := "null"
	if e.ProjectID != nil {
		project = e.ProjectID.String()
	}
	self := c.baseURL + projectsRoot + "/" + project + "/events/" + e.ID.String()
	body.Links = []link{{Href: self, Rel: "self"}}
	return body
}

// eventType is the form of a type of events. Atlas has many that this server never writes.
var eventType = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,99}$`)

// eventFilter returns the events that the query asks for. It returns INVALID_ENUM_VALUE for
// what can't be a type, and INVALID_QUERY_PARAMETER for what is no date.
func eventFilter(c *call) (event.Filter, error) {
	filter := event.Filter{Types: c.gin.QueryArray("eventType")}
	if c.param("groupId") != "" {
		filter.ExcludedTypes = c.gin.QueryArray("excludedEventType")
		filter.ClusterNames = c.gin.QueryArray("clusterNames")
	}
	for _, types := range [][]string{filter.Types, filter.ExcludedTypes} {
		for _, name := range types {
			if !eventType.MatchString(name) {
				return filter, atlas.NewError(atlas.CodeInvalidEnumValue, name)
			}
		}
	}
	for _, date := range []struct {
		name string
		time *time.Time
	}{{"minDate", &filter.From}, {"maxDate", &filter.To}} {
		text := c.query(date.name)
		if text == "" {
			continue
		}
		var err error
		if *date.time, err = atlas.ParseTime(text); err != nil {
			return filter, atlas.NewError(atlas.CodeInvalidQueryParameter, date.name)
		}
	}
	for i, name := range filter.ClusterNames {
		if !atlas.HasLength(name, 1, atlas.MaxName) {
			filter.ClusterNames[i] = "-" // which no cluster is called
		}
	}
	return filter, nil
}

// newEventList returns the body of a page of events. Of those that are not counted Atlas
// says that there are none, and tells of no further page.
func (s *Server) newEventList(
	ctx context.Context, p *atlas.Principal, c *call, page atlas.Page, events atlas.List[event.Event],
) (list, error) {
	if !page.Count {
		page.Count, events.TotalCount, events.More = true, new(int64), false
	}
	body, err := s.eventBodies(ctx, p, c, events.Items...)
	if err != nil {
		return list{}, err
	}
	return newList(c, page, atlas.MapList(events, body)), nil
}

func (s *Server) listProjectEvents(ctx context.Context, project atlas.ProjectReader, c *call) (list, error) {
	page, err := queryPage(c)
	if err != nil {
		return list{}, err
	}
	filter, err := eventFilter(c)
	if err != nil {
		return list{}, err
	}
	events, err := s.event.ListProjectEvents(ctx, project, filter, page)
	if err != nil {
		return list{}, err
	}
	return s.newEventList(ctx, project.Caller(), c, page, events)
}

func (s *Server) getProjectEvent(ctx context.Context, project atlas.ProjectReader, c *call) (eventBody, error) {
	found, err := s.event.GetProjectEvent(ctx, project, c.id("eventId"))
	if err != nil {
		return eventBody{}, err
	}
	return s.showEvent(ctx, project.Caller(), c, found)
}

func (s *Server) listOrgEvents(ctx context.Context, org atlas.OrgReader, c *call) (list, error) {
	page, err := queryPage(c)
	if err != nil {
		return list{}, err
	}
	filter, err := eventFilter(c)
	if err != nil {
		return list{}, err
	}
	events, err := s.event.ListOrgEvents(ctx, org, filter, page)
	if err != nil {
		return list{}, err
	}
	return s.newEventList(ctx, org.Caller(), c, page, events)
}

func (s *Server) getOrgEvent(ctx context.Context, org atlas.OrgReader, c *call) (eventBody, error) {
	found, err := s.event.GetOrgEvent(ctx, org, c.id("eventId"))
	if err != nil {
		return eventBody{}, err
	}
	return s.showEvent(ctx, org.Caller(), c, found)
}

func (s *Server) showEvent(ctx context.Context, p *atlas.Principal, c *call, e event.Event) (eventBody, error) {
	body, err := s.eventBodies(ctx, p, c, e)
	if err != nil {
		return eventBody{}, err
	}
	return body(e), nil
}

// eventTypeBody is a type of events. No alerts are made of any.
type eventTypeBody struct {
	Alertable   bool   `json:"alertable"`
	Description string `json:"description"`
	EventType   string `json:"eventType"`
}

func (s *Server) listEventTypes(
	_ context.Context, _ *atlas.Principal, _ *call, page atlas.Page,
) (atlas.List[eventTypeBody], error) {
	types := event.Types()
	from := min((page.Number-1)*page.Size, len(types))
	to := min(from+page.Size, len(types))
	listed := atlas.List[event.Type]{Items: types[from:to], More: to < len(types), TotalCount: new(int64(len(types)))}
	return atlas.MapList(listed, func(t event.Type) eventTypeBody {
		return eventTypeBody{Description: t.Description, EventType: t.Name}
	}), nil
}
