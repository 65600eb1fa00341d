package console

import (
	"context"

	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

func (c *Console) listOrganizations(ctx context.Context, caller tenantstate.Caller, v *visit) (page, error) {
	if own := caller.OrgID(); own != nil {
		return leadTo(organizationPath(own.String()), ""), nil
	}
	list, err := c.TenantState.Organizations(ctx, caller, v.URL.Query().Get("after"))
	return show("Organizations", list), err
}

func organizationPath(id string) string { return "/organizations/" + id }

// organizationData is the data of the page of an organization.
type organizationData struct {
	tenantstate.Overview

	Differences int64 // rows that differ from what is declared, if anything is
}

func (c *Console) getOrganization(ctx context.Context, reader tenantstate.Reader, v *visit) (page, error) {
	var data organizationData
	var err error
	if data.Overview, err = c.TenantState.Overview(ctx, reader); err != nil {
		return page{}, err
	}
	if v.org.Staged.Declared {
		data.Differences, err = c.TenantState.CountDifferences(ctx, reader, staging.Declared, staging.Live)
	}
	return show(v.org.Name, data), err
}

func (c *Console) showDelete(_ context.Context, writer tenantstate.Writer, v *visit) (page, error) {
	return show("Delete "+v.org.Name, nil), writer.MayDelete(v.org.ExpiresAt != nil)
}

func (c *Console) deleteOrganization(ctx context.Context, writer tenantstate.Writer, v *visit) (page, error) {
	form, err := v.form("name")
	if err != nil {
		return page{}, err
	}
	if err := c.TenantState.DeleteOrganization(ctx, writer, form.Get("name")); err != nil {
		return page{}, err
	}
	v.Changed = "" // and its journal is gone with it
	if writer.Caller().OrgID() != nil {
		v.setCookie(sessionCookie, "", 0) // and so is the token
		return leadTo("/sign-in", ""), nil
	}
	return leadTo("/", "Deleted %s with all that it had.", v.org.Name), nil
}
