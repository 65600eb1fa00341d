package main

import (
	"context"
	"fmt"

	"exportbuckets/migrations"
)

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Apply the migrations that are missing."`
	Down   migrateDown   `cmd:"" help:"Revert the newest migration."`
	Status migrateStatus `cmd:"" help:"List the migrations and whether they are applied."`
}

type migrateUp struct{ databaseConfig }

// Run applies the migrations that are missing.
func (m migrateUp) Run(ctx context.Context, o output) error {
	return withDatabase(ctx, m.source(), o.log, func(db *database) error {
		return migrations.Up(ctx, db.url)
	})
}

type migrateDown struct{ databaseConfig }

// Run reverts the newest migration.
func (m migrateDown) Run(ctx context.Context, o output) error {
	return withDatabase(ctx, m.source(), o.log, func(db *database) error {
		return migrations.Down(ctx, db.url)
	})
}

type migrateStatus struct{ databaseConfig }

// Run lists the migrations.
func (m migrateStatus) Run(ctx context.Context, o output) error {
	return withDatabase(ctx, m.source(), o.log, func(db *database) error {
		list, err := migrations.Status(ctx, db.url)
		if err != nil {
			return err
		}
		for _, migration := range list {
			state := "pending"
			if migration.Applied {
				state = "applied"
			}
			if _, err := fmt.Fprintf(o.out, "%-8s %s\n", state, migration.Name); err != nil {
				return err
			}
		}
		return nil
	})
}
