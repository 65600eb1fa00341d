package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os/signal"
	"syscall"
	"time"

	"exportbuckets/internal/api"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/seed"
	"exportbuckets/internal/tuning"
	"exportbuckets/migrations"
)

type serveCommand struct {
	databaseConfig
	sealingConfig
	apiConfig
	Seed    string `env:"EXPORTBUCKETS_SEED" placeholder:"FILE" help:"Seed file to apply at start. The private PostgreSQL gets the demo tenant without it."`
	Migrate bool   `env:"EXPORTBUCKETS_MIGRATE" default:"true" negatable:"" help:"Migrate the database at start (on)."`
}

// Validate reports the settings that cannot work.
func (s serveCommand) Validate() error {
	return errors.Join(s.databaseConfig.Validate(), s.apiConfig.Validate())
}

// Run serves until ctx ends, and then finishes the requests in flight. What is
// to be run is decided before anything is started.
func (s serveCommand) Run(ctx context.Context, o output) error {
	signal.Ignore(syscall.SIGPIPE) // a server lives on without a reader of its log
	p, err := s.plan()
	if err != nil {
		return err
	}
	warnOfShortSecrets(p.tenants, o.log)
	return p.run(ctx, o)
}

// run starts the parts of the server one after the other, serves, and stops the
// parts in the opposite order. The port is open meanwhile, so that probes are
// answered from the first moment on.
func (p plan) run(ctx context.Context, o output) error {
	var secure *tls.Config
	if p.api.TLSCert != "" {
		var err error
		if secure, err = newTLSConfig(p.api.TLSCert, p.api.TLSKey, o.log); err != nil {
			return err
		}
	}
	listener, err := listen(ctx, p.api.Listen)
	if err != nil {
		return err
	}
	config := p.httpConfig(listener.Addr(), o.log)
	starting, err := api.NewStarting(config)
	if err != nil {
		return err
	}
	o.log.Info("listening", "address", listener.Addr().String())
	server := startHTTP(ctx, listener, secure, starting, o.log)
	defer server.close()
	db, err := openDatabase(ctx, p.source, o.log)
	if err != nil {
		return err
	}
	defer db.close(ctx)
	if p.sharesMachine {
		tuning.LeaveProcessors()
	}
	pool, sealer, err := p.prepare(ctx, db)
	if err != nil {
		return err
	}
	defer pool.Close()
	readiness, err := newReadiness(db.url)
	if err != nil {
		return err
	}
	defer readiness.close(ctx)
	config.Ready = server.ready(readiness.check)
	handler, callers, err := p.assemble(pool, sealer, config)
	if err != nil {
		return err
	}
	if err := p.checkDemoRows(ctx, callers, o.log); err != nil {
		return err
	}
	stopUsage := startUsageWriter(ctx, callers.WriteLastUsed, o.log)
	defer stopUsage()
	if p.sealing.file == "" {
		o.log.Warn("API keys are not sealed: whoever reads the database can sign requests; see --sealing-key-file")
	}
	server.use(handler)
	o.log.Info("serving", "address", listener.Addr().String(), "base_url", config.BaseURL)
	if p.demo {
		go func() { _, _ = fmt.Fprintf(o.out, demoHint, config.BaseURL) }() // nobody need read it
	}
	return p.untilEnd(ctx, server, db, o.log)
}

const demoHint = `To create an export bucket of the demo tenant:

curl --user demoownr:d3300000-0000-4000-8000-000000000001 --digest \
  -H 'Accept: application/vnd.atlas.2025-03-12+json' \
  -H 'Content-Type: application/json' \
  -X POST '%s/api/atlas/v2/groups/5f0000000000000000000b01/backup/exportBuckets' \
  -d '{"cloudProvider":"AWS","bucketName":"export-bucket","iamRoleId":"5f0000000000000000000d01"}'

`

// prepare migrates the schema, seals what is to be, and adds the tenants that are
// missing. It begins again if the database goes away meanwhile.
func (p plan) prepare(ctx context.Context, db *database) (pool *dbpool.Pool, sealer *iam.Sealer, err error) {
	pool, err = dbpool.Open(ctx, db.url, db.maxConnections)
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
	return sealer, apply(ctx, pool, sealer, p.tenants, time.Now())
}

// untilEnd returns when ctx has ended or the database is lost, and the requests in
// flight have their answers.
func (p plan) untilEnd(ctx context.Context, server *httpServer, db *database, log *slog.Logger) error {
	select {
	case err := <-server.failed:
		return fmt.Errorf("serve: %w", err)
	case <-db.lost():
		cause := fmt.Errorf("the private PostgreSQL ended: %w", db.server.Err())
		return errors.Join(cause, server.shutDown(ctx, 0, p.api.ShutdownTimeout))
	case <-ctx.Done():
		log.Info("shutting down")
		return server.shutDown(ctx, p.api.Drain, p.api.ShutdownTimeout)
	}
}
