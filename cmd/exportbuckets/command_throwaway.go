package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"exportbuckets/internal/atlas"
	"exportbuckets/staging"
)

type tenantCreateCommand struct {
	orgConfig
	From string `placeholder:"[ORG/]STATE" xor:"source" required:"true" help:"What to copy: the state live or declared of an organization, or a snapshot."`
	File string `placeholder:"FILE" xor:"source" required:"true" help:"What to make: a seed file with one organization; - for standard input."`
	Name string `default:"throw-away" help:"Name of the organization (${default})."`
	TTL  string `name:"ttl" placeholder:"DURATION" help:"How long it lasts, such as 90m (2h)."`
	Env  bool   `help:"Print the lines of a shell that let the Atlas CLI, Terraform, SDKs and these commands use it."`
}

// Run makes the organization and prints it with its secrets.
func (t tenantCreateCommand) Run(ctx context.Context, o output) error {
	client, err := t.client()
	if err != nil {
		return err
	}
	asked := staging.NewOrganization{From: t.From, Name: t.Name, TTL: t.TTL}
	if t.File != "" {
		file, err := readFile(t.File)
		if err != nil {
			return err
		}
		asked.File = staging.FileText(file)
	}
	if t.From != "" && !strings.Contains(t.From, "/") {
		_, org, err := t.open()
		if err != nil {
			return err
		}
		asked.From = org + "/" + t.From
	}
	created, err := client.CreateOrganization(ctx, asked)
	if err != nil {
		return err
	}
	if t.Env {
		return t.printEnv(o.out, created)
	}
	shown := table{head: []string{"KIND", "ID", "NAME", "SECRET"}}
	shown.rows = append(shown.rows,
		[]string{"organization", created.Organization.ID, created.Organization.Name, ""},
		[]string{"token", created.Token.ID, string(created.Token.Role), created.Token.Secret})
	for name, id := range created.Names["projects"] {
		shown.rows = append(shown.rows, []string{"project", id, name, ""})
	}
	for _, key := range created.APIKeys {
		shown.rows = append(shown.rows, []string{"API key", key.PublicKey, key.Description, key.PrivateKey})
	}
	for _, account := range created.ServiceAccounts {
		for _, secret := range account.Secrets {
			shown.rows = append(shown.rows, []string{"service account", account.ClientID, account.Name, secret.Secret})
		}
	}
	slices.SortFunc(shown.rows[2:], func(a, b []string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) })
	return t.print(o.out, created, shown)
}

// printEnv prints the lines of a shell that set the environment of a client, and of these
// commands.
func (t tenantCreateCommand) printEnv(to io.Writer, created staging.CreatedOrganization) error {
	env := created.Env()
	env["EXPORTBUCKETS_SERVER"], env["EXPORTBUCKETS_ORG"] = t.Server, created.Organization.ID
	env[tokenVariable] = created.Token.Secret
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if _, err := fmt.Fprintf(to, "export %s=%s\n", name, env[name]); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	_, err := fmt.Fprintf(to, "# until %s; to end it, with these variables: exportbuckets tenant delete\n",
		created.Organization.ExpiresAt.Format(time.RFC3339))
	return atlas.Wrap(err, "print")
}

type tenantDeleteCommand struct {
	orgConfig
	Name string `placeholder:"NAME" help:"Name of the organization, if it is no throw-away one."`
}

// Run ends the organization.
func (t tenantDeleteCommand) Run(ctx context.Context) error {
	client, org, err := t.open()
	if err != nil {
		return err
	}
	return client.DeleteOrganization(ctx, org, t.Name)
}
