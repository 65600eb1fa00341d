package console

import (
	"cmp"
	"context"

	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

// resetData is the data of the page that says what a reset would change.
type resetData struct {
	To string
	staging.Changes
}

func (c *Console) showReset(ctx context.Context, reader tenantstate.Reader, v *visit) (page, error) {
	to := cmp.Or(v.URL.Query().Get("to"), staging.Declared)
	changes, err := c.TenantState.Diff(ctx, reader, staging.Live, to)
	return show("Reset to "+to, resetData{to, changes}), err
}

func (c *Console) reset(ctx context.Context, writer tenantstate.Writer, v *visit) (page, error) {
	form, err := v.form("to")
	if err != nil {
		return page{}, err
	}
	to := form.Get("to")
	changes, err := c.TenantState.Restore(ctx, writer, staging.Reset{To: to})
	if err != nil {
		return page{}, err
	}
	c.cfg.Metrics.Reset()
	v.NoteChanges(to, changes)
	sum := changes.Sum()
	return leadTo(organizationPath(v.org.ID), "Reset to %s: %d rows were added, %d removed and %d updated.",
		to, sum.Added, sum.Removed, sum.Updated), nil
}

func (c *Console) saveState(ctx context.Context, writer tenantstate.Writer, v *visit) (page, error) {
	form, err := v.form("name")
	if err != nil {
		return page{}, err
	}
	state, err := c.TenantState.SaveState(ctx, writer, form.Get("name"))
	if err != nil {
		return page{}, err
	}
	v.Note("state", state.Name)
	v.Note("rows", state.Rows)
	return leadTo(organizationPath(v.org.ID)+"/snapshots", "Saved %d rows as %s.", state.Rows, state.Name), nil
}

func (c *Console) export(ctx context.Context, reader tenantstate.Reader, v *visit) (page, error) {
	of := cmp.Or(v.URL.Query().Get("of"), staging.Live)
	exported, err := c.TenantState.Export(ctx, reader, of)
	if err != nil {
		return page{}, err
	}
	text, err := exported.Encode()
	return page{file: text, fileName: v.org.ID + "-" + of + ".yaml", fileType: "application/yaml"}, err
}
