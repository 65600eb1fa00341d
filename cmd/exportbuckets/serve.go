package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/internal/api"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/seed"
	"exportbuckets/migrations"
)

type serveCommand struct {
	databaseConfig
	apiConfig
	Seed    string `env:"EXPORTBUCKETS_SEED" placeholder:"FILE" help:"Seed file to apply at start. The private PostgreSQL gets the demo tenant without it."`
	Migrate bool   `env:"EXPORTBUCKETS_MIGRATE" default:"true" negatable:"" help:"Migrate the database at start (on)."`
}

// Validate refuses settings that could not work.
func (s serveCommand) Validate() error {
	return errors.Join(s.databaseConfig.Validate(), s.apiConfig.Validate())
}

// Run serves until ctx ends, and then finishes the requests in flight.
func (s serveCommand) Run(ctx context.Context, o output) error {
	tenants, err := s.tenants()
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	defer func() { _ = listener.Close() }()
	db, err := openDatabase(ctx, s.databaseConfig, o.log)
	if err != nil {
		return err
	}
	defer db.close(ctx)
	if onThisMachine(db.url) {
		leaveProcessors()
	}
	pool, err := s.prepare(ctx, db, tenants)
	if err != nil {
		return err
	}
	defer pool.Close()
	service, err := s.service(ctx, pool)
	if err != nil {
		return err
	}
	stopUsage := keepUsage(ctx, service, o.log)
	defer stopUsage()
	baseURL := s.baseURL(listener.Addr())
	handler, err := s.handler(service, pool, baseURL, o.log)
	if err != nil {
		return err
	}
	o.log.Info("serving", "address", listener.Addr().String(), "base_url", baseURL)
	if s.embedded() && s.Seed == "" {
		if _, err := fmt.Fprintf(o.out, demoHint, baseURL); err != nil {
			return err
		}
	}
	return s.serve(ctx, listener, handler, db, o.log)
}

const demoHint = `To create an export bucket of the demo tenant:

curl --user demoownr:d3300000-0000-4000-8000-000000000001 --digest \
  -H 'Accept: application/vnd.atlas.2025-03-12+json' \
  -H 'Content-Type: application/json' \
  -X POST '%s/api/atlas/v2/groups/5f0000000000000000000b01/backup/exportBuckets' \
  -d '{"cloudProvider":"AWS","bucketName":"export-bucket","iamRoleId":"5f0000000000000000000d01"}'

`

// tenants returns what the seed file declares, or the demo tenant for the
// private PostgreSQL.
func (s serveCommand) tenants() (seed.File, error) {
	switch {
	case s.Seed != "":
		return readSeed(s.Seed)
	case s.embedded():
		return seed.Parse(seed.Demo)
	}
	return seed.File{}, nil
}

// prepare brings the schema to what it should be and adds the tenants that are
// missing. The demo tenant is added once: what was deleted there stays deleted.
func (s serveCommand) prepare(ctx context.Context, db *database, tenants seed.File) (*pgxpool.Pool, error) {
	if s.Migrate {
		if err := migrations.Up(ctx, db.url); err != nil {
			return nil, err
		}
	}
	pool, err := db.pool(ctx, s.databaseConfig)
	if err != nil {
		return nil, err
	}
	apply := seed.Apply
	if s.Seed == "" {
		apply = seed.ApplyToEmpty
	}
	err = migrations.Check(ctx, pool)
	if err == nil {
		err = apply(ctx, pool, tenants, time.Now())
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

func (s serveCommand) service(ctx context.Context, pool *pgxpool.Pool) (*atlas.Service, error) {
	return atlas.New(ctx, pool, atlas.Config{
		AWSRegion:           s.AWSRegion,
		BackupManagersWrite: s.BackupManagersWrite,
		Now:                 time.Now,
		NewID:               objectid.New,
		Random:              rand.Reader,
	})
}

func (s serveCommand) handler(
	service *atlas.Service, pool *pgxpool.Pool, baseURL string, log *slog.Logger,
) (http.Handler, error) {
	return api.New(service, api.Config{
		BaseURL:        baseURL,
		AWSAccountARN:  s.AWSAccountARN,
		TrustedProxies: s.TrustedProxies,
		RateLimits:     s.RateLimits,
		Now:            time.Now,
		Ready:          func(ctx context.Context) error { return ready(ctx, pool) },
		Log:            log,
	})
}

const (
	// usageInterval is how late it may be seen that a credential was used.
	usageInterval = 10 * time.Second
	// usageTimeout is how long it may take to be written.
	usageTimeout = 5 * time.Second
)

// keepUsage writes from time to time which credentials were used. The function
// that it returns ends that and writes the rest.
func keepUsage(ctx context.Context, service *atlas.Service, log *slog.Logger) (stop func()) {
	write := func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, usageTimeout)
		defer cancel()
		if err := service.WriteUsage(ctx); err != nil && !errors.Is(err, context.Canceled) {
			log.Warn("the last use of credentials is not written", "error", err)
		}
	}
	ticking, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(usageInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ticking.Done():
				return
			case <-ticker.C:
				write(ticking)
			}
		}
	}()
	return func() {
		cancel()
		<-done
		write(context.WithoutCancel(ctx))
	}
}

// ready returns why requests could not be served. A schema that is newer than
// this program is no reason: migrations keep the release before them working,
// and a rollout must not take down what still runs.
func ready(ctx context.Context, pool *pgxpool.Pool) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := migrations.Check(ctx, pool); err != nil && !errors.Is(err, migrations.ErrAhead) {
		return err
	}
	return nil
}

// serve answers requests until ctx ends or the database is lost, and then waits
// for those in flight.
func (s serveCommand) serve(
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
		cause = fmt.Errorf("the private PostgreSQL ended: %w", db.private.Err())
	case <-ctx.Done():
		log.Info("shutting down")
	}
	// ctx has ended; what is in flight gets a time of its own.
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.ShutdownTimeout)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		return errors.Join(cause, fmt.Errorf("shut down: %w", err), server.Close())
	}
	return cause
}
