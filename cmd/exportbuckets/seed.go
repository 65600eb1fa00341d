package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/seed"
	"exportbuckets/migrations"
)

type seedCommand struct {
	databaseConfig
	sealingConfig
	File string `arg:"" help:"YAML file of organizations, projects, keys, service accounts and access roles."`
}

// Run migrates the database and applies the file.
func (s seedCommand) Run(ctx context.Context, o output) error {
	file, err := readSeed(s.File)
	if err != nil {
		return err
	}
	warnOfShortSecrets(file, o.log)
	return withDatabase(ctx, s.source(), o.log, func(db *database) error {
		if err := migrations.Up(ctx, db.url); err != nil {
			return err
		}
		pool, err := dbpool.Open(ctx, db.url, db.maxConnections, nil)
		if err != nil {
			return err
		}
		defer pool.Close()
		sealer, err := s.sealing(s.databaseConfig).open(ctx, pool)
		if err != nil {
			return err
		}
		return seed.Apply(ctx, pool, sealer, file, time.Now())
	})
}

// warnOfShortSecrets warns of secrets in the file that can be guessed.
func warnOfShortSecrets(file seed.File, log *slog.Logger) {
	for _, credential := range file.Credentials() {
		if iam.IsShort(credential.Secret) {
			log.Warn("a secret in the seed file has less than 16 characters", "credential", credential.Name)
		}
	}
}

// readSeed reads the seed file at path.
func readSeed(path string) (seed.File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return seed.File{}, fmt.Errorf("seed file: %w", err)
	}
	file, err := seed.Parse(data)
	return file, atlas.Wrap(err, path)
}
