package admin

import (
	"context"
	"strings"

	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

func (s *Server) listOrganizations(
	ctx context.Context, caller tenantstate.Caller, c *call,
) (staging.List[staging.Organization], error) {
	return s.TenantState.Organizations(ctx, caller, c.URL.Query().Get("after"))
}

func (s *Server) getOrganization(
	ctx context.Context, reader tenantstate.Reader, _ *call,
) (staging.Organization, error) {
	return s.TenantState.Organization(ctx, reader)
}

func (s *Server) updateOrganization(
	ctx context.Context, operator tenantstate.Operator, of tenantstate.Reader, c *call,
) (staging.Organization, error) {
	update, err := decode[staging.OrganizationUpdate](c)
	if err != nil {
		return staging.Organization{}, err
	}
	return s.TenantState.Update(ctx, operator, of, update)
}

func (s *Server) createOrganization(
	ctx context.Context, caller tenantstate.Caller, c *call,
) (staging.CreatedOrganization, error) {
	asked, err := decode[staging.NewOrganization](c)
	if err != nil {
		return staging.CreatedOrganization{}, err
	}
	created, err := s.TenantState.CreateOrganization(ctx, caller, asked)
	if err == nil {
		created.BaseURL = s.cfg.BaseURL
		source, _, _ := strings.Cut(asked.From, "/")
		c.NoteCreated(created, source)
	}
	return created, err
}

func (s *Server) deleteOrganization(ctx context.Context, writer tenantstate.Writer, c *call) (nothing, error) {
	err := s.TenantState.DeleteOrganization(ctx, writer, c.Header.Get("If-Match"))
	if err == nil {
		c.Changed = "" // and its journal is gone with it
	}
	return nothing{}, err
}

func (s *Server) listTokens(
	ctx context.Context, reader tenantstate.Reader, _ *call,
) (staging.List[staging.Token], error) {
	tokens, err := s.TenantState.Tokens(ctx, reader)
	return staging.List[staging.Token]{Results: tokens}, err
}

func (s *Server) createToken(
	ctx context.Context, writer tenantstate.Writer, c *call,
) (staging.Token, error) {
	asked, err := decode[staging.NewToken](c)
	if err != nil {
		return staging.Token{}, err
	}
	return s.TenantState.CreateToken(ctx, writer, asked)
}

func (s *Server) revokeToken(ctx context.Context, writer tenantstate.Writer, c *call) (nothing, error) {
	return nothing{}, s.TenantState.RevokeToken(ctx, writer, c.PathValue("token"))
}
