package console

import (
	"context"

	"exportbuckets/internal/tenantstate"
)

func (c *Console) listOrganizations(ctx context.Context, caller tenantstate.Caller, v *visit) (page, error) {
	if own := caller.OrgID(); own != nil {
		return leadTo("/organizations/"+own.String(), ""), nil
	}
	list, err := c.TenantState.Organizations(ctx, caller, v.URL.Query().Get("after"))
	return show("Organizations", list), err
}

func (c *Console) getOrganization(_ context.Context, _ tenantstate.Reader, v *visit) (page, error) {
	return show(v.org.Name, nil), nil
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
	return leadTo("/organizations/"+v.org.ID, "Saved %d rows as %s.", state.Rows, state.Name), nil
}
