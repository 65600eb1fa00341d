package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/internal/api"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
	"exportbuckets/migrations"
)

// parts is what the server consists of behind its listener and in front of its
// database.
type parts struct {
	handler    http.Handler
	writeUsage func(context.Context) error
}

// assemble puts together the services and the API in front of them.
func (p plan) assemble(ctx context.Context, pool *pgxpool.Pool, baseURL string, log *slog.Logger) (parts, error) {
	service, err := atlas.New(ctx, pool, atlas.Config{
		AWSRegion:           p.api.AWSRegion,
		BackupManagersWrite: p.api.BackupManagersWrite,
		Now:                 time.Now,
		NewID:               objectid.New,
		Random:              rand.Reader,
	})
	if err != nil {
		return parts{}, err
	}
	handler, err := api.New(service, api.Config{
		BaseURL:        baseURL,
		AWSAccountARN:  p.api.AWSAccountARN,
		TrustedProxies: p.api.TrustedProxies,
		RateLimits:     p.api.RateLimits,
		Now:            time.Now,
		Ready:          func(ctx context.Context) error { return ready(ctx, pool) },
		Log:            log,
	})
	if err != nil {
		return parts{}, err
	}
	return parts{handler: handler, writeUsage: service.WriteUsage}, nil
}

// ready returns why requests cannot be served, or nil. A schema that is newer
// than this program is no reason: migrations keep the release before them
// working, and a rollout must not take down what still runs.
func ready(ctx context.Context, pool *pgxpool.Pool) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := migrations.Check(ctx, pool); err != nil && !errors.Is(err, migrations.ErrAhead) {
		return err
	}
	return nil
}
