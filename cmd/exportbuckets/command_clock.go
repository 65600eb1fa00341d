package main

import (
	"context"
	"errors"
	"strconv"
	"time"

	"exportbuckets/staging"
)

// printClock writes the clock as the user asked for it.
func (c orgConfig) printClock(o output, clock staging.Clock) error {
	return c.print(o.out, clock, table{
		head: []string{"NOW", "AHEAD", "FROZEN"},
		rows: [][]string{{clock.Now.Format(time.RFC3339), clock.Ahead, strconv.FormatBool(clock.Frozen)}},
	})
}

type clockShowCommand struct{ orgConfig }

// Run prints what the clock shows.
func (c clockShowCommand) Run(ctx context.Context, o output) error {
	client, org, err := c.open()
	if err != nil {
		return err
	}
	clock, err := client.Clock(ctx, org)
	if err != nil {
		return err
	}
	return c.printClock(o, clock)
}

type clockAdvanceCommand struct {
	orgConfig
	By time.Duration `arg:"" optional:"" help:"By how much, such as 61m or 720h."`
	To *time.Time    `placeholder:"TIME" help:"To a time, such as 2027-01-31T00:00:00Z."`
}

// Validate reports that neither or both are given.
func (c clockAdvanceCommand) Validate() error {
	if (c.By != 0) == (c.To != nil) {
		return errors.New("clock advance: give either a duration or --to")
	}
	return nil
}

// Run moves the clock forward.
func (c clockAdvanceCommand) Run(ctx context.Context, o output) error {
	client, org, err := c.open()
	if err != nil {
		return err
	}
	var clock staging.Clock
	if c.To != nil {
		clock, err = client.AdvanceClockTo(ctx, org, *c.To)
	} else {
		clock, err = client.AdvanceClock(ctx, org, c.By)
	}
	if err != nil {
		return err
	}
	return c.printClock(o, clock)
}

type clockFreezeCommand struct {
	orgConfig
	Off bool `help:"Let it go on from where it stands."`
}

// Run freezes the clock.
func (c clockFreezeCommand) Run(ctx context.Context, o output) error {
	client, org, err := c.open()
	if err != nil {
		return err
	}
	frozen := !c.Off
	clock, err := client.UpdateClock(ctx, org, staging.ClockUpdate{Frozen: &frozen})
	if err != nil {
		return err
	}
	return c.printClock(o, clock)
}

type clockReleaseCommand struct{ orgConfig }

// Run turns the clock back to the real time.
func (c clockReleaseCommand) Run(ctx context.Context) error {
	client, org, err := c.open()
	if err != nil {
		return err
	}
	return client.ReleaseClock(ctx, org)
}
