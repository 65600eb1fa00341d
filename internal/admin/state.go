package admin

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"

	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

// declare applies a file. To the operator the organization need not be there.
func (s *Server) declare(ctx context.Context, caller tenantstate.Caller, c *call) (staging.Changes, error) {
	var apply func(file []byte, mode staging.Mode, dryRun bool) (staging.Changes, error)
	org := c.PathValue("org")
	writer, err := caller.Writer(ctx, org)
	switch operator, other := caller.Operator(); {
	case err == nil:
		apply = func(file []byte, mode staging.Mode, dryRun bool) (staging.Changes, error) {
			return s.TenantState.Declare(ctx, writer, file, mode, dryRun)
		}
	case other == nil && isNotFound(err):
		apply = func(file []byte, mode staging.Mode, dryRun bool) (staging.Changes, error) {
			return s.TenantState.DeclareNew(ctx, operator, org, file, mode, dryRun)
		}
	default:
		return staging.Changes{}, err
	}
	query := c.URL.Query()
	mode, dryRun := staging.Mode(cmp.Or(query.Get("mode"), string(staging.Replace))), false
	if text := query.Get("dryRun"); text != "" {
		if dryRun, err = strconv.ParseBool(text); err != nil {
			return staging.Changes{}, staging.Invalid("/dryRun", "This is true or false.")
		}
	}
	file, err := c.body()
	if err != nil {
		return staging.Changes{}, err
	}
	changes, err := apply(file, mode, dryRun)
	if err == nil {
		c.Note("mode", mode)
		c.Note("dry_run", dryRun)
		c.NoteChanges(staging.Declared, changes)
	}
	return changes, err
}

func isNotFound(err error) bool {
	problem, ok := errors.AsType[*staging.Problem](err)
	return ok && problem.Code == staging.CodeNotFound
}

// export answers in YAML, or in JSON if that is what the request accepts.
func (s *Server) export(ctx context.Context, reader tenantstate.Reader, c *call) (written, error) {
	file, err := s.TenantState.Export(ctx, reader, cmp.Or(c.URL.Query().Get("of"), staging.Live))
	if err != nil {
		return written{}, err
	}
	answer := written{contentType: "application/yaml"}
	if strings.Contains(c.Header.Get("Accept"), "application/json") {
		answer.contentType = "application/json"
		answer.body, err = file.EncodeJSON()
	} else {
		answer.body, err = file.Encode()
	}
	return answer, err
}

func (s *Server) listStates(
	ctx context.Context, reader tenantstate.Reader, _ *call,
) (staging.List[staging.State], error) {
	states, err := s.TenantState.States(ctx, reader)
	return staging.List[staging.State]{Results: states}, err
}

func (s *Server) getState(ctx context.Context, reader tenantstate.Reader, c *call) (staging.State, error) {
	return s.TenantState.State(ctx, reader, c.PathValue("state"))
}

func (s *Server) saveState(ctx context.Context, writer tenantstate.Writer, c *call) (staging.State, error) {
	state, err := s.TenantState.SaveState(ctx, writer, c.PathValue("state"))
	if err == nil {
		c.Note("state", state.Name)
		c.Note("rows", state.Rows)
	}
	return state, err
}

func (s *Server) deleteState(ctx context.Context, writer tenantstate.Writer, c *call) (nothing, error) {
	return nothing{}, s.TenantState.DeleteState(ctx, writer, c.PathValue("state"))
}

func (s *Server) restoreState(ctx context.Context, writer tenantstate.Writer, c *call) (staging.Changes, error) {
	return s.restore(ctx, writer, c, staging.Reset{To: c.PathValue("state")})
}

func (s *Server) reset(ctx context.Context, writer tenantstate.Writer, c *call) (staging.Changes, error) {
	to, err := decode[staging.Reset](c)
	if err != nil {
		return staging.Changes{}, err
	}
	return s.restore(ctx, writer, c, to)
}

func (s *Server) restore(
	ctx context.Context, writer tenantstate.Writer, c *call, to staging.Reset,
) (staging.Changes, error) {
	changes, err := s.TenantState.Restore(ctx, writer, to)
	if err == nil {
		s.cfg.Metrics.Reset()
		c.NoteChanges(to.To, changes)
	}
	return changes, err
}

func (s *Server) diff(ctx context.Context, reader tenantstate.Reader, c *call) (staging.Changes, error) {
	query := c.URL.Query()
	from, to := cmp.Or(query.Get("from"), staging.Declared), cmp.Or(query.Get("to"), staging.Live)
	return s.TenantState.Diff(ctx, reader, from, to)
}
