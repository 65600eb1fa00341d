package api

import (
	"context"
	"time"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
)

// rawEventBody is what Atlas adds to an event for who asks for raw ones. Its keys are
// those of Atlas' store.
type rawEventBody struct {
	Type        string       `json:"_t"`
	ProjectID   *objectid.ID `json:"cid,omitzero"`
	Created     time.Time    `json:"cre"`
	Description string       `json:"description"`
	ProjectName string       `json:"gn,omitzero"` // none of a project that is gone
	ID          objectid.ID  `json:"id"`
	OrgID       objectid.ID  `json:"orgId"`
	OrgName     string       `json:"orgName"`
	Severity    string       `json:"severity"`
}

// eventBodies returns what shows the events in answers, with what the query asks for.
// Names are those of now.
func (s *Server) eventBodies(
	ctx context.Context, p *atlas.Principal, c *call, events ...event.Event,
) (func(event.Event) eventBody, error) {
	if !queryBool(c.gin, "includeRaw", false) {
		return c.newEventBody, nil
	}
	org, err := s.tenant.GetOwnOrg(ctx, p)
	if err != nil {
		return nil, err
	}
	var projects []objectid.ID
	for _, e := range events {
		if e.ProjectID != nil {
			projects = append(projects, *e.ProjectID)
		}
	}
	names, err := s.tenant.ListProjectNames(ctx, p, projects)
	if err != nil {
		return nil, err
	}
	return func(e event.Event) eventBody {
		body := c.newEventBody(e)
		body.Raw = &rawEventBody{
			Type:        e.Type,
			ProjectID:   e.ProjectID,
			Created:     body.Created,
			Description: event.Describe(e.Type),
			ID:          e.ID,
			OrgID:       org.ID,
			OrgName:     org.Name,
			Severity:    "INFO",
		}
		if e.ProjectID != nil {
			body.Raw.ProjectName = names[*e.ProjectID]
		}
		return body
	}, nil
}
