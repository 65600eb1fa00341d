package console

import (
	"cmp"
	"context"

	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

// snapshotData is the data of the page of saved states.
type snapshotData struct {
	States []staging.State
	Choice choice
	Most   int // that there can be
}

// choice are two states that are compared, and those that there are.
type choice struct {
	From, To field
}

// choose returns the fields that choose among states.
func choose(states []staging.State, from, to string) choice {
	options := []option{{staging.Live, "live: what there is"}}
	for _, state := range states {
		options = append(options, option{state.Name, state.Name})
	}
	return choice{
		From: field{Name: "from", Label: "From", Options: options, Value: from},
		To:   field{Name: "to", Label: "To", Options: options, Value: to},
	}
}

func (c *Console) showSnapshots(ctx context.Context, reader tenantstate.Reader, _ *visit) (page, error) {
	states, err := c.TenantState.States(ctx, reader)
	from := staging.Live
	if len(states) > 0 {
		from = states[0].Name
	}
	return show("Snapshots", snapshotData{states, choose(states, from, staging.Live), staging.MaxStates}), err
}

func (c *Console) deleteSnapshot(ctx context.Context, writer tenantstate.Writer, v *visit) (page, error) {
	form, err := v.form("name")
	if err != nil {
		return page{}, err
	}
	name := form.Get("name")
	if err := c.TenantState.DeleteState(ctx, writer, name); err != nil {
		return page{}, err
	}
	return leadTo(organizationPath(v.org.ID)+"/snapshots", "Deleted the saved state %s.", name), nil
}

// diffData is the data of the page that compares two states.
type diffData struct {
	staging.Changes

	From, To string
	Choice   choice
}

func (c *Console) showDiff(ctx context.Context, reader tenantstate.Reader, v *visit) (page, error) {
	query := v.URL.Query()
	from, to := cmp.Or(query.Get("from"), staging.Declared), cmp.Or(query.Get("to"), staging.Live)
	states, err := c.TenantState.States(ctx, reader)
	if err != nil {
		return page{}, err
	}
	changes, err := c.TenantState.Diff(ctx, reader, from, to)
	return show("From "+from+" to "+to, diffData{changes, from, to, choose(states, from, to)}), err
}
