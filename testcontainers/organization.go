package exportbuckets

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"exportbuckets/staging"
)

// Org is an organization of a test, with ids and secrets of its own. Its methods end the
// test if they fail.
type Org struct {
	t       testing.TB
	client  *staging.Client
	created staging.CreatedOrganization
}

// OrgOption changes what NewOrganization makes.
type OrgOption func(*orgOptions)

type orgOptions struct{ from string }

// From names what is copied: an organization of the seed file, by its id or its name, and
// after a slash the state of it, declared if there is none. Without it, the first one is that is
// no throw-away.
func From(source string) OrgOption {
	return func(o *orgOptions) { o.from = source }
}

// NewOrganization makes an organization for a test. It ends with the test, which prints its
// journal if it has failed.
func (c *Container) NewOrganization(t testing.TB, opts ...OrgOption) *Org {
	t.Helper()
	var settings orgOptions
	for _, opt := range opts {
		opt(&settings)
	}
	from, err := c.source(t.Context(), settings.from)
	if err != nil {
		t.Fatalf("new organization: %v", err)
	}
	created, err := c.Operator().CreateOrganization(t.Context(), staging.NewOrganization{From: from, Name: t.Name()})
	if err != nil {
		t.Fatalf("new organization: %v", err)
	}
	created.BaseURL = c.baseURL
	o := &Org{t: t, client: &staging.Client{Server: c.adminURL, Token: created.Token.Secret}, created: created}
	t.Cleanup(o.end)
	return o
}

// source returns organization and state, as the server takes them.
func (c *Container) source(ctx context.Context, from string) (string, error) {
	organization, state, _ := strings.Cut(from, "/")
	if state == "" {
		state = staging.Declared
	}
	all, err := c.Operator().Organizations(ctx)
	if err != nil {
		return "", err
	}
	for _, one := range all {
		if organization == "" && one.ExpiresAt == nil || organization == one.ID || organization == one.Name {
			return one.ID + "/" + state, nil
		}
	}
	return "", fmt.Errorf("there is no organization %q to copy", organization)
}

// end prints the journal of a test that has failed, and ends the organization.
func (o *Org) end() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(o.t.Context()), time.Minute)
	defer cancel()
	if o.t.Failed() {
		entries, err := o.client.Journal(ctx, o.ID(), staging.JournalQuery{})
		if err != nil {
			o.t.Logf("journal: %v", err)
		}
		for _, e := range slices.Backward(entries) {
			if e.Admin != nil {
				o.t.Logf("%s %s", e.At.Format(time.TimeOnly), e.Admin.Action)
				continue
			}
			o.t.Logf("%s %s %s: %d %s %s", e.At.Format(time.TimeOnly), e.Method, e.Path, e.Status, e.ErrorCode, e.Fault)
		}
	}
	if err := o.client.DeleteOrganization(ctx, o.ID(), ""); err != nil {
		o.t.Errorf("delete organization: %v", err)
	}
}

func (o *Org) must(doing string, err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatalf("%s: %v", doing, err)
	}
}

// ID is the id of the organization.
func (o *Org) ID() string { return o.created.Organization.ID }

// Created is what was made: ids, names, credentials.
func (o *Org) Created() staging.CreatedOrganization { return o.created }

// Client calls the staging plane with a token of the organization.
func (o *Org) Client() *staging.Client { return o.client }

// Project returns the id of a project by its name.
func (o *Org) Project(name string) string {
	o.t.Helper()
	id, ok := o.created.Names["projects"][name]
	if !ok {
		o.t.Fatalf("the organization has no project %q", name)
	}
	return id
}

// Copy returns the id that stands in the place of one of the source.
func (o *Org) Copy(id string) string {
	o.t.Helper()
	made, ok := o.created.IDs[id]
	if !ok {
		o.t.Fatalf("nothing was made in the place of %s", id)
	}
	return made
}

// APIKey returns an API key by its description.
func (o *Org) APIKey(description string) staging.APIKey {
	o.t.Helper()
	for _, key := range o.created.APIKeys {
		if key.Description == description {
			return key
		}
	}
	o.t.Fatalf("the organization has no API key %q", description)
	return staging.APIKey{}
}

// Env returns the environment in which the Atlas CLI, Terraform and SDKs use the
// organization, as in NAME=value.
func (o *Org) Env() []string {
	var env []string
	for name, value := range o.created.Env() {
		env = append(env, name+"="+value)
	}
	return env
}

// Fault makes requests of the organization fail that match, in place of what its name did.
func (o *Org) Fault(fault staging.Fault) {
	o.t.Helper()
	_, err := o.client.PutFault(o.t.Context(), o.ID(), fault)
	o.must("fault", err)
}

// Advance moves the clock of the organization.
func (o *Org) Advance(by time.Duration) {
	o.t.Helper()
	_, err := o.client.AdvanceClock(o.t.Context(), o.ID(), by)
	o.must("advance", err)
}

// Reset makes the organization what it was at first, and ends faults and clock.
func (o *Org) Reset() {
	o.t.Helper()
	_, err := o.client.Reset(o.t.Context(), o.ID(), staging.Reset{To: staging.Declared})
	o.must("reset", err)
}

// Snapshot saves what the organization has under a name.
func (o *Org) Snapshot(name string) {
	o.t.Helper()
	_, err := o.client.SaveState(o.t.Context(), o.ID(), name)
	o.must("snapshot", err)
}

// Restore makes the organization what a snapshot has.
func (o *Org) Restore(name string) {
	o.t.Helper()
	_, err := o.client.Restore(o.t.Context(), o.ID(), name)
	o.must("restore", err)
}

// Requests returns what was asked of the organization, newest first.
func (o *Org) Requests(query staging.JournalQuery) []staging.JournalEntry {
	o.t.Helper()
	entries, err := o.client.Journal(o.t.Context(), o.ID(), query)
	o.must("requests", err)
	return entries
}

// Why returns the newest request that was refused, with its steps and hints.
func (o *Org) Why() staging.JournalEntry {
	o.t.Helper()
	entry, err := o.client.LastRefusal(o.t.Context(), o.ID(), staging.JournalQuery{})
	o.must("why", err)
	return entry
}
