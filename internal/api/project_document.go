package api

import (
	"context"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/tenant"
)

// What clients of Atlas ask of a project on the way, beside the project itself.

func (s *Server) getProjectSettings(
	ctx context.Context, project atlas.ProjectReader, c *call,
) (tenant.ProjectSettings, error) {
	settings, err := s.tenant.GetProjectSettings(ctx, project)
	if err == nil {
		s.setOddLocation(c)
	}
	return settings, err
}

func (s *Server) updateProjectSettings(
	ctx context.Context, project atlas.ProjectOwner, c *call, changes tenant.ProjectSettings,
) (tenant.ProjectSettings, error) {
	settings, err := s.tenant.UpdateProjectSettings(ctx, project, changes)
	if err == nil {
		s.setOddLocation(c)
	}
	return settings, err
}

// limitBody is a limit of a project.
type limitBody struct {
	CurrentUsage int64  `json:"currentUsage"`
	DefaultLimit int64  `json:"defaultLimit"`
	MaximumLimit int64  `json:"maximumLimit"`
	Name         string `json:"name"`
	Value        int64  `json:"value"`
}

func newLimitBody(limit tenant.ProjectLimit) limitBody {
	return limitBody{
		CurrentUsage: limit.Usage,
		DefaultLimit: limit.Default,
		MaximumLimit: limit.Maximum,
		Name:         limit.Name,
		Value:        limit.Value,
	}
}

// listProjectLimits answers with a bare array.
func (s *Server) listProjectLimits(ctx context.Context, project atlas.ProjectReader, _ *call) ([]limitBody, error) {
	limits, err := s.tenant.ListProjectLimits(ctx, project)
	body := make([]limitBody, len(limits))
	for i, limit := range limits {
		body[i] = newLimitBody(limit)
	}
	return body, err
}

func (s *Server) getProjectLimit(ctx context.Context, project atlas.ProjectReader, c *call) (limitBody, error) {
	limit, err := s.tenant.GetProjectLimit(ctx, project, c.param("limitName"))
	return newLimitBody(limit), err
}

func (s *Server) setProjectLimit(
	ctx context.Context, project atlas.ProjectOwner, c *call, update tenant.ProjectLimitUpdate,
) (limitBody, error) {
	limit, err := s.tenant.SetProjectLimit(ctx, project, c.param("limitName"), update)
	return newLimitBody(limit), err
}

func (s *Server) resetProjectLimit(ctx context.Context, project atlas.ProjectOwner, c *call) (noContent, error) {
	return noContent{}, s.tenant.ResetProjectLimit(ctx, project, c.param("limitName"))
}

// getManagedSlowMs answers with a bare value.
func (s *Server) getManagedSlowMs(ctx context.Context, project atlas.ProjectReader, _ *call) (bool, error) {
	row, err := s.tenant.GetProject(ctx, project)
	return row.ManagedSlowMs, err
}

func (s *Server) enableManagedSlowMs(ctx context.Context, project atlas.ProjectOwner, _ *call) (noContent, error) {
	return noContent{}, s.tenant.SetManagedSlowMs(ctx, project, true)
}

func (s *Server) disableManagedSlowMs(ctx context.Context, project atlas.ProjectOwner, _ *call) (noContent, error) {
	return noContent{}, s.tenant.SetManagedSlowMs(ctx, project, false)
}
