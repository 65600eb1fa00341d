package admin

import (
	"context"

	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

// noteClock notes a move of the clock, if it was made.
func (c *call) noteClock(clock staging.Clock, err error) (staging.Clock, error) {
	if err == nil {
		c.NoteClock(clock)
	}
	return clock, err
}

func (s *Server) getClock(ctx context.Context, reader tenantstate.Reader, _ *call) (staging.Clock, error) {
	return s.TenantState.Clock(ctx, reader)
}

func (s *Server) advanceClock(ctx context.Context, writer tenantstate.Writer, c *call) (staging.Clock, error) {
	asked, err := decode[staging.Advance](c)
	if err != nil {
		return staging.Clock{}, err
	}
	return c.noteClock(s.TenantState.AdvanceClock(ctx, writer, asked))
}

func (s *Server) updateClock(ctx context.Context, writer tenantstate.Writer, c *call) (staging.Clock, error) {
	update, err := decode[staging.ClockUpdate](c)
	if err != nil {
		return staging.Clock{}, err
	}
	return c.noteClock(s.TenantState.UpdateClock(ctx, writer, update))
}

func (s *Server) releaseClock(ctx context.Context, writer tenantstate.Writer, _ *call) (nothing, error) {
	return nothing{}, s.TenantState.ReleaseClock(ctx, writer)
}
