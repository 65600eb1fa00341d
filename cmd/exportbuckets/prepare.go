package main

import (
	"context"
	"time"

	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/metrics"
	"exportbuckets/internal/seed"
	"exportbuckets/migrations"
)

// prepare migrates the schema, seals what is to be, and adds the tenants that are
// missing. It begins again if the database goes away meanwhile.
func (p plan) prepare(
	ctx context.Context, db *database, counted *metrics.Metrics,
) (pool *dbpool.Pool, sealer *iam.Sealer, err error) {
	pool, err = dbpool.Open(ctx, db.url, db.maxConnections, counted.QueryTracer())
	if err != nil {
		return nil, nil, err
	}
	err = db.patiently(ctx, func() error {
		sealer, err = p.fill(ctx, db.url, pool)
		return err
	})
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	return pool, sealer, nil
}

// fill is prepare, once. The demo tenant is added to an empty database only: what
// was deleted of it stays deleted.
func (p plan) fill(ctx context.Context, url string, pool *dbpool.Pool) (*iam.Sealer, error) {
	if p.migrate {
		if err := migrations.Up(ctx, url); err != nil {
			return nil, err
		}
	}
	if err := migrations.Check(ctx, pool); err != nil {
		return nil, err
	}
	sealer, err := p.sealing.open(ctx, pool)
	if err != nil {
		return nil, err
	}
	apply := seed.Apply
	if p.demo {
		apply = seed.ApplyToEmpty
	}
	if err := apply(ctx, pool, sealer, p.tenants, time.Now()); err != nil || !p.admin.staging {
		return sealer, err
	}
	return sealer, p.newStates(pool, p.env(), sealer, "").DeclareMissing(ctx, p.tenants)
}
