package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"exportbuckets/internal/api"
	"exportbuckets/internal/tuning"
)

type serveCommand struct {
	databaseConfig
	sealingConfig
	apiConfig
	adminConfig
	Seed    string `env:"EXPORTBUCKETS_SEED" placeholder:"FILE" help:"Seed file to apply at start. The private PostgreSQL gets the demo tenant without it."`
	Migrate bool   `env:"EXPORTBUCKETS_MIGRATE" default:"true" negatable:"" help:"Migrate the database at start (on)."`
}

// Validate reports the settings that cannot work.
func (s serveCommand) Validate() error {
	return errors.Join(s.databaseConfig.Validate(), s.apiConfig.Validate(), s.adminConfig.Validate())
}

// Run serves until ctx ends, and then finishes the requests in flight. What is
// to be run is decided before anything is started.
func (s serveCommand) Run(ctx context.Context, o output, command *kong.Context) error {
	signal.Ignore(syscall.SIGPIPE) // a server lives on without a reader of its log
	p, err := s.plan()
	if err != nil {
		return err
	}
	p.settings = settingsOf(command)
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
	pool, sealer, err := p.prepare(ctx, db, config.Metrics)
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
	parts, err := p.assemble(pool, sealer, config)
	if err != nil {
		return err
	}
	if err := p.checkDemoRows(ctx, parts.callers, o.log); err != nil {
		return err
	}
	stopUsage := inBackground(ctx, func(ctx context.Context) { writeUsage(ctx, parts.callers.WriteLastUsed, o.log) })
	defer stopUsage()
	if parts.journal != nil {
		stopJournal := inBackground(ctx, parts.journal.Run)
		defer stopJournal()
	}
	if parts.states != nil {
		stopSweeping := inBackground(ctx, func(ctx context.Context) { sweep(ctx, parts.states.Sweep, o.log) })
		defer stopSweeping()
	}
	if p.sealing.file == "" {
		o.log.Warn("API keys are not sealed: whoever reads the database can sign requests; see --sealing-key-file")
	}
	administration, err := p.admin.start(ctx, secure, parts.admin, o.log)
	if err != nil {
		return err
	}
	defer administration.end(ctx)
	server.use(parts.api)
	o.log.Info("serving", "address", listener.Addr().String(), "base_url", config.BaseURL)
	if p.demo {
		go printHint(o.out, config.BaseURL, administration.console, p.admin.tokenFile) // nobody need read it
	}
	return p.untilEnd(ctx, server, db, o.log)
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
