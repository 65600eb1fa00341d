package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"

	"exportbuckets/internal/atlas"
	"exportbuckets/staging"
)

// stagingConfig says how the commands of the staging plane reach a server.
type stagingConfig struct {
	Server string `env:"EXPORTBUCKETS_SERVER" default:"http://127.0.0.1:8081" placeholder:"URL" help:"Admin listener of the server (${default})."`
	tokenConfig
	Output string `short:"o" env:"EXPORTBUCKETS_OUTPUT" default:"table" enum:"table,json,yaml" placeholder:"FORM" help:"How to print: table, json or yaml (${default})."`
}

// client returns a client of the server.
func (c stagingConfig) client() (*staging.Client, error) {
	token, err := c.read()
	return &staging.Client{Server: c.Server, Token: token}, err
}

// tokenConfig says which token that is with.
type tokenConfig struct {
	TokenFile string `env:"EXPORTBUCKETS_TOKEN_FILE" default:"${operator_token}" placeholder:"FILE" help:"File with a token of the organization, or the operator's (${default})."`

	token string // of the environment; empty if the file is to be read
}

// tokenVariable has a token itself. It is no flag: those are shown to all who list processes.
const tokenVariable = "EXPORTBUCKETS_TOKEN"

// AfterApply takes the token of the environment, unless the command line names a file.
func (c *tokenConfig) AfterApply(command *kong.Context) error {
	isTokenFile := func(p *kong.Path) bool { return p.Flag != nil && p.Flag.Name == "token-file" && !p.Resolved }
	token, set := os.LookupEnv(tokenVariable)
	if !set || slices.ContainsFunc(command.Path, isTokenFile) {
		return nil
	}
	if token == "" {
		return errors.New(tokenVariable + ": it is empty")
	}
	c.token = token
	return nil
}

func (c *tokenConfig) read() (string, error) {
	if c.token != "" {
		return c.token, nil
	}
	token, err := os.ReadFile(c.TokenFile)
	if err != nil {
		return "", fmt.Errorf("--token-file (EXPORTBUCKETS_TOKEN_FILE): %w", err)
	}
	return strings.TrimSpace(string(token)), nil
}

// orgConfig is stagingConfig for commands on one organization.
type orgConfig struct {
	stagingConfig
	Org string `env:"EXPORTBUCKETS_ORG" placeholder:"ID" help:"Organization. An organization's token names its own."`
}

// orgToken is the token of an organization, which names that.
var orgToken = regexp.MustCompile(`^ebt_([a-f0-9]{24})_`)

// open returns a client of the server, and the organization.
func (c orgConfig) open() (client *staging.Client, org string, err error) { return c.openOr("") }

// openOr is open with the organization that is meant if neither a flag nor the token says
// which; empty for none.
func (c orgConfig) openOr(otherwise string) (client *staging.Client, org string, err error) {
	client, err = c.client()
	if err != nil {
		return nil, "", err
	}
	if c.Org != "" {
		return client, c.Org, nil
	}
	if parts := orgToken.FindStringSubmatch(client.Token); parts != nil {
		return client, parts[1], nil
	}
	if otherwise != "" {
		return client, otherwise, nil
	}
	return nil, "", errors.New("--org (EXPORTBUCKETS_ORG): say which organization; the operator's token names none")
}

// table is a value as people read it: a head, and rows of as many cells.
type table struct {
	head []string
	rows [][]string
}

// print writes a value as the user asked for it. What others have named can't steer the
// terminal.
func (c stagingConfig) print(to io.Writer, value any, t table) error {
	if c.Output == "table" {
		return atlas.Wrap(t.print(to), "print")
	}
	data, err := json.MarshalIndent(value, "", "  ")
	if err == nil && c.Output == "yaml" {
		data, err = yaml.JSONToYAML(data) // it has the names of JSON
	}
	if err == nil {
		_, err = fmt.Fprintln(to, strings.TrimSpace(string(data)))
	}
	return atlas.Wrap(err, "print")
}

func (t table) print(to io.Writer) error {
	columns := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			row[i] = strings.ReplaceAll(printable(cell), "\n", " ")
		}
		if _, err := fmt.Fprintln(columns, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return columns.Flush() //nolint:wrapcheck // It is the writer's.
}

func count(n int64) string { return strconv.FormatInt(n, 10) }

type tenantListCommand struct{ stagingConfig }

// Run prints the organizations that the token sees.
func (t tenantListCommand) Run(ctx context.Context, o output) error {
	client, err := t.client()
	if err != nil {
		return err
	}
	organizations, err := client.Organizations(ctx)
	if err != nil {
		return err
	}
	shown := table{head: []string{"ID", "NAME", "PROTECTED", "PROJECTS", "KEYS", "ACCOUNTS", "BUCKETS", "CLUSTERS"}}
	for _, org := range organizations {
		shown.rows = append(shown.rows, []string{
			org.ID, org.Name, strconv.FormatBool(org.Protected), count(org.Counts.Projects), count(org.Counts.APIKeys),
			count(org.Counts.ServiceAccounts), count(org.Counts.ExportBuckets), count(org.Counts.Clusters),
		})
	}
	return t.print(o.out, organizations, shown)
}

type tenantProtectCommand struct {
	orgConfig
	Off bool `help:"Mark the organization for staging: it may be reset."`
}

// Run protects the organization, or marks it for staging.
func (t tenantProtectCommand) Run(ctx context.Context, o output) error {
	client, org, err := t.open()
	if err != nil {
		return err
	}
	protected := !t.Off
	changed, err := client.UpdateOrganization(ctx, org, staging.OrganizationUpdate{Protected: &protected})
	if err != nil {
		return err
	}
	return t.print(o.out, changed, table{
		head: []string{"ID", "NAME", "PROTECTED"},
		rows: [][]string{{changed.ID, changed.Name, strconv.FormatBool(changed.Protected)}},
	})
}

type tokenListCommand struct{ orgConfig }

// Run prints the tokens of the organization.
func (t tokenListCommand) Run(ctx context.Context, o output) error {
	client, org, err := t.open()
	if err != nil {
		return err
	}
	tokens, err := client.Tokens(ctx, org)
	if err != nil {
		return err
	}
	shown := table{head: []string{"ID", "ROLE", "CREATED"}}
	for _, token := range tokens {
		shown.rows = append(shown.rows, []string{token.ID, string(token.Role), token.CreatedAt.Format(time.RFC3339)})
	}
	return t.print(o.out, tokens, shown)
}

type tokenCreateCommand struct {
	orgConfig
	Role string `default:"write" enum:"read,write" help:"What it may do: read or write (${default})."`
}

// Run makes a token and prints it. As a table it is the token alone, for a file.
func (t tokenCreateCommand) Run(ctx context.Context, o output) error {
	client, org, err := t.open()
	if err != nil {
		return err
	}
	token, err := client.CreateToken(ctx, org, staging.NewToken{Role: staging.Role(t.Role)})
	if err != nil {
		return err
	}
	if t.Output == "table" {
		_, err := fmt.Fprintln(o.out, token.Secret)
		return err
	}
	return t.print(o.out, token, table{})
}

type tokenRevokeCommand struct {
	orgConfig
	ID string `arg:"" help:"Id of the token."`
}

// Run ends the token.
func (t tokenRevokeCommand) Run(ctx context.Context) error {
	client, org, err := t.open()
	if err != nil {
		return err
	}
	return client.RevokeToken(ctx, org, t.ID)
}
