package main

import (
	"context"
	"errors"
	"fmt"

	"exportbuckets/internal/atlas"
	"exportbuckets/migrations"
)

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Apply the migrations that are missing."`
	Down   migrateDown   `cmd:"" help:"Revert the newest migration."`
	Status migrateStatus `cmd:"" help:"List the migrations and whether they are applied."`
}

type migrateUp struct {
	databaseConfig
	GrantTo *string `env:"EXPORTBUCKETS_GRANT_TO" secret:"" placeholder:"URL" help:"DATABASE_URL of servers that do not own the schema: its role is made if it is missing, gets the URL's password, and may read and write the rows. EXPORTBUCKETS_GRANT_TO_FILE names a file that has it in it."`
}

// Validate reports the settings that cannot work.
func (m migrateUp) Validate() error {
	err := m.databaseConfig.Validate()
	if m.GrantTo != nil {
		err = errors.Join(err, checkDatabaseURL("--grant-to (EXPORTBUCKETS_GRANT_TO)", *m.GrantTo))
	}
	return err
}

// Run applies the migrations that are missing, and lets another role use the tables.
func (m migrateUp) Run(ctx context.Context, o output) error {
	return withDatabase(ctx, m.source(), o.log, func(db *database) error {
		if err := migrations.Up(ctx, db.url); err != nil || m.GrantTo == nil {
			return err
		}
		return atlas.Wrap(migrations.Grant(ctx, db.url, *m.GrantTo), "--grant-to (EXPORTBUCKETS_GRANT_TO)")
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
