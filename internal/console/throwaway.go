package console

import (
	"context"
	"time"

	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

// copyData is the data of the form of a throw-away organization.
type copyData struct {
	States          []staging.State
	Lifetime, Bound time.Duration // what it lasts by default, and at most
}

// showCopy shows the form of a throw-away organization, with the states that it may be a
// copy of.
func (c *Console) showCopy(ctx context.Context, writer tenantstate.Writer, _ *visit) (page, error) {
	states, err := c.TenantState.States(ctx, writer.Reader())
	return show("Make a throw-away copy", copyData{states, staging.DefaultTTL, staging.MaxTTL}), err
}

// copy shows the secrets of the throw-away organization that it makes: nobody reads them
// again.
func (c *Console) copy(ctx context.Context, writer tenantstate.Writer, v *visit) (page, error) {
	form, err := v.form("state", "name", "ttl")
	if err != nil {
		return page{}, err
	}
	created, err := c.TenantState.CreateOrganization(ctx, writer.Caller(), staging.NewOrganization{
		From: v.org.ID + "/" + form.Get("state"), Name: form.Get("name"), TTL: form.Get("ttl"),
	})
	if err != nil {
		return page{}, err
	}
	created.BaseURL = c.cfg.BaseURL
	v.NoteCreated(created, v.org.ID)
	return show("Made "+created.Organization.Name, created), nil
}
