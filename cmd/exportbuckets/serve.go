package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

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
// parts in the opposite order.
func (p plan) run(ctx context.Context, o output) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", p.api.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	defer func() { _ = listener.Close() }()
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
	baseURL := p.baseURL(listener.Addr())
	handler, callers, err := p.assemble(pool, sealer, baseURL, o.log)
	if err != nil {
		return err
	}
	stopUsage := startUsageWriter(ctx, callers.WriteLastUsed, o.log)
	defer stopUsage()
	if p.sealing.file == "" {
		o.log.Warn("API keys are not sealed: whoever reads the database can sign requests; see --sealing-key-file")
	}
	o.log.Info("serving", "address", listener.Addr().String(), "base_url", baseURL)
	if p.demo {
		go func() { _, _ = fmt.Fprintf(o.out, demoHint, baseURL) }() // nobody need read it
	}
	return p.serve(ctx, listener, handler, db, o.log)
}

const demoHint = `To create an export bucket of the demo tenant:

curl --user demoownr:d3300000-0000-4000-8000-000000000001 --digest \
  -H 'Accept: application/vnd.atlas.2025-03-12+json' \
  -H 'Content-Type: application/json' \
  -X POST '%s/api/atlas/v2/groups/5f0000000000000000000b01/backup/exportBuckets' \
  -d '{"cloudProvider":"AWS","bucketName":"export-bucket","iamRoleId":"5f0000000000000000000d01"}'

`

// prepare migrates the schema, seals what is to be, and adds the tenants that are
// missing. The demo tenant is added to an empty database only: what was deleted of
// it stays deleted.
func (p plan) prepare(ctx context.Context, db *database) (pool *dbpool.Pool, sealer *iam.Sealer, err error) {
	if p.migrate {
		if err := migrations.Up(ctx, db.url); err != nil {
			return nil, nil, err
		}
	}
	pool, err = dbpool.Open(ctx, db.url, db.maxConnections)
	if err != nil {
		return nil, nil, err
	}
	apply := seed.Apply
	if p.demo {
		apply = seed.ApplyToEmpty
	}
	err = migrations.Check(ctx, pool.Pool)
	if err == nil {
		sealer, err = p.sealing.open(ctx, pool)
	}
	if err == nil {
		err = apply(ctx, pool, sealer, p.tenants, time.Now())
	}
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	return pool, sealer, nil
}

// serve answers requests until ctx ends or the database is lost, and then waits
// for those in flight.
func (p plan) serve(
	ctx context.Context, listener net.Listener, handler http.Handler, db *database, log *slog.Logger,
) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()

	var cause error
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-db.lost():
		cause = fmt.Errorf("the private PostgreSQL ended: %w", db.server.Err())
	case <-ctx.Done():
		log.Info("shutting down")
	}
	// ctx has ended; the requests in flight get a deadline of their own.
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.api.ShutdownTimeout)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		return errors.Join(cause, fmt.Errorf("shut down: %w", err), server.Close())
	}
	return cause
}
