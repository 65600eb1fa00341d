package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"exportbuckets/internal/admin"
	"exportbuckets/internal/metrics"
	"exportbuckets/internal/seed"
	"exportbuckets/internal/tenantstate"
)

// adminConfig says where the admin listener is, and what it serves.
type adminConfig struct {
	AdminListen    *string  `env:"EXPORTBUCKETS_ADMIN_LISTEN" placeholder:"HOST:PORT" help:"Address of the admin listener: health, metrics and, with --staging, the staging plane. Empty or left out for none; beside the private PostgreSQL it is 127.0.0.1:8081."`
	AdminTokenFile string   `env:"EXPORTBUCKETS_ADMIN_TOKEN_FILE" placeholder:"FILE" help:"File with the operator's token, of 32 characters or more. Beside the private PostgreSQL it is operator-token in the state directory, made at the first start."`
	AdminHost      []string `env:"EXPORTBUCKETS_ADMIN_HOST" placeholder:"NAME,..." help:"Names of the admin listener that requests may use, beside localhost, addresses and the host of --base-url."`
	JournalMax     int64    `env:"EXPORTBUCKETS_JOURNAL_MAX" default:"512" placeholder:"MIB" help:"Most that the journals of all organizations hold together, in MiB (${default})."`
	ThrowawayMax   int64    `env:"EXPORTBUCKETS_THROWAWAY_MAX" default:"100" placeholder:"N" help:"Most throw-away organizations at a time (${default})."`
	Staging        *bool    `env:"EXPORTBUCKETS_STAGING" negatable:"" help:"Serve the staging plane on the admin listener. Beside the private PostgreSQL it is on."`
}

// operatorTokenFile is the file with the operator's token in the state directory.
const operatorTokenFile = "operator-token"

// defaultAdminListen is where the admin listener is beside the private PostgreSQL.
const defaultAdminListen = "127.0.0.1:8081"

// Validate reports the settings that cannot work, each by its name.
func (c adminConfig) Validate() error {
	if c.JournalMax < 1 {
		return fmt.Errorf("--journal-max (EXPORTBUCKETS_JOURNAL_MAX): %d is not at least 1", c.JournalMax)
	}
	if c.ThrowawayMax < 0 {
		return fmt.Errorf("--throwaway-max (EXPORTBUCKETS_THROWAWAY_MAX): %d is negative", c.ThrowawayMax)
	}
	if c.AdminListen == nil || *c.AdminListen == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(*c.AdminListen); err != nil {
		return fmt.Errorf("--admin-listen (EXPORTBUCKETS_ADMIN_LISTEN): %q is not HOST:PORT", *c.AdminListen)
	}
	return nil
}

// adminPlan is what the admin listener is to be.
type adminPlan struct {
	listen    string // empty for none
	optional  bool   // a port that is taken is no reason to serve nothing
	staging   bool
	journal   int64 // bytes of all journals at most
	most      int64 // throw-away organizations
	hosts     []string
	tokenFile string // empty if there is no operator
	own       bool   // the file is made if it is not there
}

// plan decides what the admin listener is to be beside a database.
func (c adminConfig) plan(database databaseConfig) (adminPlan, error) {
	private := database.source().private()
	p := adminPlan{
		staging: private, journal: c.JournalMax << 20, most: c.ThrowawayMax, hosts: c.AdminHost, tokenFile: c.AdminTokenFile,
	}
	switch {
	case c.AdminListen != nil:
		p.listen = *c.AdminListen
	case private:
		p.listen, p.optional = defaultAdminListen, true
	}
	if c.Staging != nil {
		p.staging = *c.Staging
	}
	p.staging = p.staging && p.listen != ""
	if p.listen == "" && c.Staging != nil && *c.Staging {
		return adminPlan{}, errors.New("--staging (EXPORTBUCKETS_STAGING): the staging plane is on the admin listener; " +
			"give --admin-listen (EXPORTBUCKETS_ADMIN_LISTEN)")
	}
	if p.tokenFile == "" && private {
		p.tokenFile, p.own = filepath.Join(database.StateDir, operatorTokenFile), true
	}
	return p, nil
}

// metrics returns what counts for the listener, or nil if there is to be none.
func (p adminPlan) metrics() *metrics.Metrics {
	if p.listen == "" {
		return nil
	}
	return metrics.New(version)
}

// token returns the operator's token, or nothing if there is no operator.
func (p adminPlan) token() (string, error) {
	if p.listen == "" || p.tokenFile == "" {
		return "", nil
	}
	const setting = "--admin-token-file (EXPORTBUCKETS_ADMIN_TOKEN_FILE)"
	text, err := os.ReadFile(p.tokenFile)
	if p.own && errors.Is(err, fs.ErrNotExist) {
		random := make([]byte, 32)
		_, _ = rand.Read(random) // never fails
		text = []byte(base64.RawURLEncoding.EncodeToString(random) + "\n")
		err = writeSecret(p.tokenFile, text)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", setting, err)
	}
	token := strings.TrimRight(string(text), "\r\n")
	if len(token) < tenantstate.MinOperatorToken || strings.ContainsFunc(token, notGraphic) {
		return "", fmt.Errorf("%s: %s is to have one line of %d visible characters or more",
			setting, p.tokenFile, tenantstate.MinOperatorToken)
	}
	return token, nil
}

func notGraphic(r rune) bool { return r <= ' ' || r > '~' }

// checkPublic refuses the demo tenant's operator token, which is public, where strangers
// can use it.
func (p plan) checkPublic(token string) error {
	public := strings.TrimSpace(string(seed.DemoOperatorToken))
	if token != public || isLoopback(p.admin.listen) || p.api.Demo {
		return nil
	}
	return fmt.Errorf("--admin-listen (EXPORTBUCKETS_ADMIN_LISTEN): strangers may reach %s, and the operator token of "+
		"the demo tenant is public: give one of your own with --admin-token-file (EXPORTBUCKETS_ADMIN_TOKEN_FILE), or "+
		"say with --demo (EXPORTBUCKETS_DEMO) that strangers are kept out", p.admin.listen)
}

// adminServer is the admin listener while it serves.
type adminServer struct {
	server  *http.Server // nil if it serves nothing
	console string       // URL of the console; empty if there is none
}

// adminEnd is how long requests of the admin listener may take to finish at the end.
const adminEnd = time.Second

// start serves the handler on the admin listener, if there is to be one. A port that is
// taken is no error if it need not be had.
func (p adminPlan) start(
	ctx context.Context, secure *tls.Config, handler http.Handler, log *slog.Logger,
) (adminServer, error) {
	if p.listen == "" {
		return adminServer{}, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", p.listen)
	if err != nil {
		err = fmt.Errorf("--admin-listen (EXPORTBUCKETS_ADMIN_LISTEN): %w", err)
		if !p.optional {
			return adminServer{}, err
		}
		log.Warn("there is no admin listener", "error", err)
		return adminServer{}, nil
	}
	address, server := listener.Addr().String(), admin.NewHTTPServer(handler, log)
	if secure != nil {
		listener = tls.NewListener(listener, secure)
	}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the admin listener ended", "error", err)
		}
	}()
	started := adminServer{server: server}
	if p.staging {
		started.console = urlOf(listener.Addr(), secure != nil) + "/"
	}
	log.Info("serving admin", "address", address, "staging", p.staging, "console", started.console,
		"operator_token_file", p.tokenFile)
	return started, nil
}

// end ends the listener, and gives requests a moment to finish.
func (s adminServer) end(ctx context.Context) {
	if s.server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), adminEnd)
	defer cancel()
	if s.server.Shutdown(ctx) != nil {
		_ = s.server.Close()
	}
}
