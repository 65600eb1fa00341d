package admin

import (
	"context"
	"time"

	"exportbuckets/internal/objectid"
	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

func (s *Server) getUsage(ctx context.Context, reader tenantstate.Reader, c *call) (staging.Usage, error) {
	query := c.URL.Query()
	if (query.Get("role") == "") == (query.Get("bucket") == "") {
		return staging.Usage{}, staging.Invalid("/role", "Name either a role or a bucket.")
	}
	name, usageOf := "role", s.TenantState.RoleUsage
	if query.Get("bucket") != "" {
		name, usageOf = "bucket", s.TenantState.BucketUsage
	}
	id, err := objectid.Parse(query.Get(name))
	if err != nil {
		return staging.Usage{}, staging.Invalid("/"+name, "This is no id.")
	}
	return usageOf(ctx, reader, id)
}

func (s *Server) getSunset(ctx context.Context, reader tenantstate.Reader, c *call) (staging.SunsetReport, error) {
	clock, err := s.TenantState.Clock(ctx, reader)
	if err != nil {
		return staging.SunsetReport{}, err
	}
	at := clock.Now
	if text := c.URL.Query().Get("at"); text != "" {
		if at, err = time.Parse(time.RFC3339, text); err != nil {
			return staging.SunsetReport{}, staging.Invalid("/at", "This is no time, such as 2027-01-31T00:00:00Z.")
		}
	}
	return s.Journal.Sunset(ctx, reader, at)
}
