package admin

import (
	"context"

	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

func (s *Server) listFaults(
	ctx context.Context, reader tenantstate.Reader, _ *call,
) (staging.List[staging.Fault], error) {
	faults, err := s.TenantState.Faults(ctx, reader)
	return staging.List[staging.Fault]{Results: faults}, err
}

func (s *Server) getFault(ctx context.Context, reader tenantstate.Reader, c *call) (staging.Fault, error) {
	return s.TenantState.Fault(ctx, reader, c.PathValue("name"))
}

func (s *Server) putFaults(
	ctx context.Context, writer tenantstate.Writer, c *call,
) (staging.List[staging.Fault], error) {
	asked, err := decode[[]staging.Fault](c)
	if err != nil {
		return staging.List[staging.Fault]{}, err
	}
	faults, err := s.TenantState.PutFaults(ctx, writer, asked)
	return staging.List[staging.Fault]{Results: faults}, err
}

func (s *Server) putFault(ctx context.Context, writer tenantstate.Writer, c *call) (staging.Fault, error) {
	asked, err := decode[staging.Fault](c)
	if err != nil {
		return staging.Fault{}, err
	}
	name := c.PathValue("name")
	if asked.Name != "" && asked.Name != name {
		return staging.Fault{}, staging.Invalid("/name", "The path names another fault.")
	}
	asked.Name = name
	return s.TenantState.PutFault(ctx, writer, asked)
}

func (s *Server) deleteFault(ctx context.Context, writer tenantstate.Writer, c *call) (nothing, error) {
	return nothing{}, s.TenantState.DeleteFault(ctx, writer, c.PathValue("name"))
}

func (s *Server) clearFaults(ctx context.Context, writer tenantstate.Writer, _ *call) (nothing, error) {
	return nothing{}, s.TenantState.ClearFaults(ctx, writer)
}
