package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"time"

	"exportbuckets/internal/api"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	clusters "exportbuckets/internal/cluster"
	"exportbuckets/internal/dbaccess"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/event"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/settle"
	"exportbuckets/internal/tenant"
)

// httpConfig returns the configuration of the API at the address that is listened
// on, not ready yet.
func (p plan) httpConfig(listening net.Addr, log *slog.Logger) api.Config {
	return api.Config{
		BaseURL:        p.baseURL(listening),
		AWSAccountARN:  p.api.AWSAccountARN,
		TrustedProxies: p.api.TrustedProxies,
		RateLimits:     p.api.RateLimits,
		Now:            time.Now,
		Ready:          func(context.Context) error { return errStarting },
		Log:            log,
	}
}

// assemble puts together the services and the API in front of them.
func (p plan) assemble(
	pool *dbpool.Pool, sealer *iam.Sealer, config api.Config,
) (http.Handler, *iam.Service, error) {
	env := atlas.Env{Clock: time.Now, NewID: objectid.New, NewEventID: objectid.New, Pace: atlas.Paces[p.api.Pace]}
	callers := iam.New(pool, env, iam.Config{
		BackupManagersWrite: p.api.BackupManagersWrite,
		Sealer:              sealer,
		Random:              rand.Reader,
	})
	handler, err := api.New(api.Services{
		IAM:      callers,
		Tenant:   tenant.New(pool, env),
		Backup:   backup.New(pool, env, backup.Config{AWSRegion: p.api.AWSRegion}),
		Cluster:  clusters.New(pool, env),
		Settle:   settle.New(pool, env),
		DBAccess: dbaccess.New(pool, env),
		Event:    event.New(pool),
	}, config)
	return handler, callers, err
}
