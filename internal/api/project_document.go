package api

import (
	"net/http"

	"exportbuckets/internal/atlas"
)

// What clients of Atlas ask of a project on the way, beside the project itself.

func (s *Server) getProjectSettings(c *call) error {
	project, err := s.atlas.ProjectReader(c.principal)
	if err != nil {
		return err
	}
	settings, err := s.atlas.GetProjectSettings(c.Request.Context(), project)
	if err != nil {
		return err
	}
	s.setOddLocation(c)
	return respond(c, http.StatusOK, settings)
}

func (s *Server) updateProjectSettings(c *call) error {
	project, err := s.atlas.ProjectOwner(c.principal)
	if err != nil {
		return err
	}
	var changes atlas.ProjectSettings
	if err := decode(c, &changes); err != nil {
		return err
	}
	settings, err := s.atlas.UpdateProjectSettings(c.Request.Context(), project, changes)
	if err != nil {
		return err
	}
	s.setOddLocation(c)
	return respond(c, http.StatusOK, settings)
}

// limitBody is a limit of a project. Nothing here uses any of it up.
type limitBody struct {
	CurrentUsage int64  `json:"currentUsage"`
	DefaultLimit int64  `json:"defaultLimit"`
	MaximumLimit int64  `json:"maximumLimit"`
	Name         string `json:"name"`
	Value        int64  `json:"value"`
}

func newLimitBody(limit atlas.ProjectLimit) limitBody {
	return limitBody{
		DefaultLimit: limit.Default,
		MaximumLimit: limit.Maximum,
		Name:         limit.Name,
		Value:        limit.Value,
	}
}

func (s *Server) listProjectLimits(c *call) error {
	project, err := s.atlas.ProjectReader(c.principal)
	if err != nil {
		return err
	}
	limits, err := s.atlas.ListProjectLimits(c.Request.Context(), project)
	if err != nil {
		return err
	}
	body := make([]limitBody, len(limits)) // a bare array
	for i, limit := range limits {
		body[i] = newLimitBody(limit)
	}
	return respond(c, http.StatusOK, body)
}

func (s *Server) getProjectLimit(c *call) error {
	project, err := s.atlas.ProjectReader(c.principal)
	if err != nil {
		return err
	}
	limit, err := s.atlas.GetProjectLimit(c.Request.Context(), project, c.Param("limitName"))
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, newLimitBody(limit))
}

func (s *Server) setProjectLimit(c *call) error {
	project, err := s.atlas.ProjectOwner(c.principal)
	if err != nil {
		return err
	}
	var update atlas.ProjectLimitUpdate
	if err := decode(c, &update); err != nil {
		return err
	}
	limit, err := s.atlas.SetProjectLimit(c.Request.Context(), project, c.Param("limitName"), update)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, newLimitBody(limit))
}

func (s *Server) resetProjectLimit(c *call) error {
	project, err := s.atlas.ProjectOwner(c.principal)
	if err != nil {
		return err
	}
	if err := s.atlas.ResetProjectLimit(c.Request.Context(), project, c.Param("limitName")); err != nil {
		return err
	}
	respondNoContent(c)
	return nil
}

func (s *Server) getManagedSlowMs(c *call) error {
	project, err := s.atlas.ProjectReader(c.principal)
	if err != nil {
		return err
	}
	row, err := s.atlas.GetProject(c.Request.Context(), project)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, row.ManagedSlowMs) // a bare value
}

func (s *Server) enableManagedSlowMs(c *call) error { return s.setManagedSlowMs(c, true) }

func (s *Server) disableManagedSlowMs(c *call) error { return s.setManagedSlowMs(c, false) }

func (s *Server) setManagedSlowMs(c *call, managed bool) error {
	project, err := s.atlas.ProjectOwner(c.principal)
	if err != nil {
		return err
	}
	if err := s.atlas.SetManagedSlowMs(c.Request.Context(), project, managed); err != nil {
		return err
	}
	respondNoContent(c)
	return nil
}
