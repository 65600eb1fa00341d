package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"exportbuckets/internal/atlas"
	"exportbuckets/staging"
)

// printChanges prints how one state differs from another, and in which rows if it is known.
func (c stagingConfig) printChanges(to io.Writer, changes staging.Changes) error {
	shown := table{head: []string{"KIND", "ADDED", "REMOVED", "UPDATED"}}
	rows := table{head: []string{"CHANGE", "KIND", "ID", "NAME", "PROJECT", "FIELDS"}}
	for _, change := range changes.Changes {
		shown.rows = append(shown.rows, []string{
			change.Kind, count(change.Added), count(change.Removed), count(change.Updated),
		})
		for _, row := range change.Rows {
			rows.rows = append(rows.rows, []string{
				row.Change, change.Kind, row.ID, row.Name, row.ProjectID, strings.Join(row.Fields, ","),
			})
		}
	}
	if err := c.print(to, changes, shown); err != nil || c.Output != "table" || len(rows.rows) == 0 {
		return err
	}
	if _, err := fmt.Fprintln(to); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return c.print(to, changes, rows)
}

type tenantApplyCommand struct {
	orgConfig
	File   string `arg:"" help:"Seed file with the organization and no other; - for standard input."`
	Mode   string `default:"replace" enum:"replace,add" help:"What it does: replace or add (${default})."`
	DryRun bool   `help:"Show what would change, and change nothing; exits with 3 if something would."`
}

// Run applies the file and prints what that changes.
func (t tenantApplyCommand) Run(ctx context.Context, o output) error {
	file, err := readFile(t.File)
	if err != nil {
		return err
	}
	client, org, err := t.openOr(organizationIn(file))
	if err != nil {
		return err
	}
	changes, err := client.Declare(ctx, org, file, staging.Mode(t.Mode), t.DryRun)
	if err != nil {
		return err
	}
	if err := t.printChanges(o.out, changes); err != nil {
		return err
	}
	if t.DryRun && len(changes.Changes) > 0 {
		return errDifference
	}
	return nil
}

// organizationIn returns the id of the one organization that a seed file has, or nothing if
// that can't be read: what is wrong with the file is for the server to say.
func organizationIn(file []byte) string {
	var named struct {
		Organizations []struct {
			ID string `yaml:"id"`
		} `yaml:"organizations"`
	}
	if err := yaml.Unmarshal(file, &named); err != nil || len(named.Organizations) != 1 {
		return ""
	}
	return named.Organizations[0].ID
}

// readFile returns what is in a file, or on standard input if it is called -.
func readFile(name string) ([]byte, error) {
	if name == "-" {
		data, err := io.ReadAll(os.Stdin)
		return data, atlas.Wrap(err, "read standard input")
	}
	return os.ReadFile(name)
}

type tenantExportCommand struct {
	orgConfig
	Of string `default:"live" placeholder:"NAME" help:"live, declared, or the name of a snapshot (${default})."`
}

// Run prints the file.
func (t tenantExportCommand) Run(ctx context.Context, o output) error {
	client, org, err := t.open()
	if err != nil {
		return err
	}
	file, err := client.Export(ctx, org, t.Of)
	if err != nil {
		return err
	}
	_, err = o.out.Write(file)
	return atlas.Wrap(err, "print file")
}

type resetCommand struct {
	orgConfig
	To      string `default:"declared" placeholder:"NAME" help:"What it is to be: declared, or the name of a snapshot (${default})."`
	Project string `placeholder:"ID" help:"The one project to reset, in place of all."`
}

// Run resets the organization and prints what that changes.
func (r resetCommand) Run(ctx context.Context, o output) error {
	client, org, err := r.open()
	if err != nil {
		return err
	}
	changes, err := client.Reset(ctx, org, staging.Reset{To: r.To, ProjectID: r.Project})
	if err != nil {
		return err
	}
	return r.printChanges(o.out, changes)
}

type snapshotSaveCommand struct {
	orgConfig
	Name string `arg:"" help:"A name that is not taken."`
}

// Run saves what the organization has, and prints it.
func (s snapshotSaveCommand) Run(ctx context.Context, o output) error {
	client, org, err := s.open()
	if err != nil {
		return err
	}
	state, err := client.SaveState(ctx, org, s.Name)
	if err != nil {
		return err
	}
	return s.print(o.out, state, stateTable(state))
}

func stateTable(states ...staging.State) table {
	shown := table{head: []string{"NAME", "SAVED", "ROWS"}}
	for _, state := range states {
		shown.rows = append(shown.rows,
			[]string{state.Name, state.SavedAt.Format(time.RFC3339), count(state.Rows)})
	}
	return shown
}

type snapshotListCommand struct{ orgConfig }

// Run prints the saved states of the organization.
func (s snapshotListCommand) Run(ctx context.Context, o output) error {
	client, org, err := s.open()
	if err != nil {
		return err
	}
	states, err := client.States(ctx, org)
	if err != nil {
		return err
	}
	return s.print(o.out, states, stateTable(states...))
}

type snapshotRestoreCommand struct {
	orgConfig
	Name string `arg:"" help:"Name of the snapshot."`
}

// Run restores the state and prints what that changes.
func (s snapshotRestoreCommand) Run(ctx context.Context, o output) error {
	client, org, err := s.open()
	if err != nil {
		return err
	}
	changes, err := client.Restore(ctx, org, s.Name)
	if err != nil {
		return err
	}
	return s.printChanges(o.out, changes)
}

type snapshotDeleteCommand struct {
	orgConfig
	Name string `arg:"" help:"Name of the snapshot."`
}

// Run deletes the state.
func (s snapshotDeleteCommand) Run(ctx context.Context) error {
	client, org, err := s.open()
	if err != nil {
		return err
	}
	return client.DeleteState(ctx, org, s.Name)
}

type diffCommand struct {
	orgConfig
	From string `default:"declared" placeholder:"NAME" help:"declared, live, or the name of a snapshot (${default})."`
	To   string `default:"live" placeholder:"NAME" help:"As --from (${default})."`
}

// Run prints how the organization differs, and returns errDifference if it does.
func (d diffCommand) Run(ctx context.Context, o output) error {
	client, org, err := d.open()
	if err != nil {
		return err
	}
	changes, err := client.Diff(ctx, org, d.From, d.To)
	if err != nil {
		return err
	}
	if err := d.printChanges(o.out, changes); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	if len(changes.Changes) > 0 {
		return errDifference
	}
	return nil
}
