package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"exportbuckets/staging"
)

type faultListCommand struct{ orgConfig }

// Run prints the faults of the organization.
func (f faultListCommand) Run(ctx context.Context, o output) error {
	client, org, err := f.open()
	if err != nil {
		return err
	}
	faults, err := client.Faults(ctx, org)
	if err != nil {
		return err
	}
	return f.print(o.out, faults, faultTable(faults...))
}

func faultTable(faults ...staging.Fault) table {
	shown := table{head: []string{"NAME", "KIND", "OPERATIONS", "SEEN", "APPLIED", "LEFT", "ENDS"}}
	for _, fault := range faults {
		left := "all"
		if fault.Count != nil {
			left = count(*fault.Count - fault.Applied)
		}
		operations := strings.Join(fault.Match.Operations, ",")
		if operations == "" {
			operations = "all"
		}
		shown.rows = append(shown.rows, []string{
			fault.Name, string(fault.Effect.Kind), operations, count(fault.Seen), count(fault.Applied), left,
			fault.ExpiresAt.Format(time.RFC3339),
		})
	}
	return shown
}

type faultAddCommand struct {
	orgConfig
	Name string `arg:"" help:"Name of the fault; one of the same name is replaced."`
	File string `arg:"" help:"File with the fault as JSON, as docs/staging.md shows; - for standard input."`
}

// Run adds the fault.
func (f faultAddCommand) Run(ctx context.Context, o output) error {
	client, org, err := f.open()
	if err != nil {
		return err
	}
	data, err := readFile(f.File)
	if err != nil {
		return fmt.Errorf("fault: %w", err)
	}
	var fault staging.Fault
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&fault); err != nil {
		return fmt.Errorf("fault: %s: %w", f.File, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("fault: %s: there is more after the fault", f.File)
	}
	if fault.Name != "" && fault.Name != f.Name {
		return errors.New("fault: the file has another name in it than " + f.Name)
	}
	fault.Name = f.Name
	stored, err := client.PutFault(ctx, org, fault)
	if err != nil {
		return err
	}
	return f.print(o.out, stored, faultTable(stored))
}

type faultRemoveCommand struct {
	orgConfig
	Name string `arg:"" help:"Name of the fault."`
}

// Run removes the fault.
func (f faultRemoveCommand) Run(ctx context.Context) error {
	client, org, err := f.open()
	if err != nil {
		return err
	}
	return client.DeleteFault(ctx, org, f.Name)
}

type faultClearCommand struct{ orgConfig }

// Run removes all faults of the organization.
func (f faultClearCommand) Run(ctx context.Context) error {
	client, org, err := f.open()
	if err != nil {
		return err
	}
	return client.ClearFaults(ctx, org)
}
