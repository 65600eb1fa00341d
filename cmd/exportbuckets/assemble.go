package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"time"

	"exportbuckets/internal/admin"
	"exportbuckets/internal/api"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	clusters "exportbuckets/internal/cluster"
	"exportbuckets/internal/console"
	"exportbuckets/internal/dbaccess"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/event"
	"exportbuckets/internal/fault"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/journal"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/settle"
	"exportbuckets/internal/tenant"
	"exportbuckets/internal/tenantstate"
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
		Metrics:        p.admin.metrics(),
		Log:            log,
		Docs:           p.docs,
	}
}

// parts are what a server is put together from.
type parts struct {
	api     http.Handler
	admin   http.Handler // nil if there is no admin listener
	callers *iam.Service
	journal *journal.Journal     // nil if there is none
	states  *tenantstate.Service // nil if there is no staging plane
}

// env is the time and chance of the services.
func (p plan) env() atlas.Env {
	return atlas.Env{Clock: time.Now, NewID: objectid.New, NewEventID: objectid.New, Pace: atlas.Paces[p.api.Pace]}
}

// assemble puts together the services, and the API and the admin listener in front of them.
func (p plan) assemble(pool *dbpool.Pool, sealer *iam.Sealer, config api.Config) (parts, error) {
	env := p.env()
	callers := iam.New(pool, env, iam.Config{
		BackupManagersWrite: p.api.BackupManagersWrite,
		Sealer:              sealer,
		Random:              rand.Reader,
		Metrics:             config.Metrics,
	})
	services := api.Services{
		IAM:      callers,
		Tenant:   tenant.New(pool, env),
		Backup:   backup.New(pool, env, backup.Config{AWSRegion: p.api.AWSRegion, Metrics: config.Metrics}),
		Cluster:  clusters.New(pool, env),
		Settle:   settle.New(pool, env),
		DBAccess: dbaccess.New(pool, env),
		Event:    event.New(pool),
	}
	var kept *journal.Journal
	if p.admin.staging {
		services.Fault = fault.New(pool, time.Now)
		kept = journal.New(pool, journal.Config{
			MaxBytes: p.admin.journal, Fields: api.JournalFields, Operations: api.Operations(), Log: config.Log,
		})
		config.Metrics.WatchJournal(kept.Stats)
		services.Journal = kept
	}
	handler, err := api.New(services, config)
	if err != nil {
		return parts{}, err
	}
	assembled := parts{api: handler, callers: callers, journal: kept}
	if p.admin.listen != "" {
		err = p.assembleAdmin(&assembled, pool, sealer, env, config)
	}
	return assembled, err
}

// assembleAdmin puts together the admin listener.
func (p plan) assembleAdmin(
	assembled *parts, pool *dbpool.Pool, sealer *iam.Sealer, env atlas.Env, config api.Config,
) error {
	token, err := p.admin.token()
	if err != nil {
		return err
	}
	if err := p.checkPublic(token); err != nil {
		return err
	}
	config.Metrics.WatchPool(pool.Pool)
	states := p.newStates(pool, env, sealer, token)
	services := admin.Services{TenantState: states, Journal: assembled.journal}
	listener := admin.Config{
		Staging: p.admin.staging,
		BaseURL: config.BaseURL,
		Hosts:   p.admin.hosts,
		Metrics: config.Metrics,
		Ready:   config.Ready,
		Log:     config.Log,
	}
	if p.admin.staging {
		assembled.states = states
		listener.Console = console.New(services, console.Config{
			BaseURL: config.BaseURL, Version: version, Settings: p.settings, JournalMax: p.admin.journal,
			Metrics: config.Metrics, Log: config.Log,
		})
	}
	assembled.admin = admin.New(services, listener)
	return nil
}

// newStates returns the service of the staging plane. An empty operatorToken is nobody's.
func (p plan) newStates(
	pool *dbpool.Pool, env atlas.Env, sealer *iam.Sealer, operatorToken string,
) *tenantstate.Service {
	return tenantstate.New(pool, env, tenantstate.Config{
		Sealer: sealer, OperatorToken: operatorToken, IsOperation: api.IsOperation, MaxThrowaways: p.admin.most,
	})
}
