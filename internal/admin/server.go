package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"exportbuckets/internal/journal"
	"exportbuckets/internal/metrics"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/share"
	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

// Config is what an installation decides about its admin listener.
type Config struct {
	// Staging serves the staging plane. Without it there are health and metrics alone.
	Staging bool
	// BaseURL is what clients call the API. Its host is one that requests may name.
	BaseURL string
	// Hosts are more names of the server that requests may name.
	Hosts []string
	// Metrics are shown at /metrics. Required.
	Metrics *metrics.Metrics
	// Ready returns why requests could not be served, or nil. Required.
	Ready func(context.Context) error
	// Console answers every request that is for nothing else; nil for none.
	Console Console
	// Log takes one event for each request of the staging plane. Required.
	Log *slog.Logger
}

// Console is what a browser looks at.
type Console interface {
	http.Handler
	// Refuse answers with why a request is not for it.
	Refuse(w http.ResponseWriter, r *http.Request, err error)
}

// Services are what the staging plane answers from.
type Services struct {
	TenantState *tenantstate.Service
	Journal     *journal.Journal
}

// Server is the admin listener's side of the services.
type Server struct {
	Services
	cfg     Config
	hosts   []string                 // that requests may name, in lower case
	waiting *share.Pool[objectid.ID] // what lists of organizations that wait for entries take
}

// New returns the handler of the admin listener.
func New(services Services, cfg Config) http.Handler {
	s := &Server{
		Services: services, cfg: cfg, waiting: share.New[objectid.ID](maxWaiting, maxWaitingOfOrg, 0),
	}
	for _, host := range cfg.Hosts {
		s.hosts = append(s.hosts, strings.ToLower(host))
	}
	if base, err := url.Parse(cfg.BaseURL); err == nil {
		s.hosts = append(s.hosts, strings.ToLower(base.Hostname()))
	}
	mux := http.NewServeMux()
	s.probe(mux)
	for _, op := range s.operations() {
		mux.HandleFunc(op.method+" "+staging.Root+op.path.Pattern(), s.operation(op))
	}
	mux.HandleFunc("/", s.operation(operation{serve: noOperation}))
	sameOrigin := http.NewCrossOriginProtection()
	sameOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, staging.NewProblem(staging.CodeOriginRefused, "The request comes from a page of another origin."))
	}))
	return s.recover(s.checkHost(sameOrigin.Handler(s.orConsole(mux))))
}

// orConsole has the console answer what is for it, and next the rest.
func (s *Server) orConsole(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.isForConsole(r) {
			s.cfg.Console.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isForConsole reports whether a request is for the console, if there is one: every path is
// that is not of this package.
func (s *Server) isForConsole(r *http.Request) bool {
	own := func(path string) bool { return r.URL.Path == path || strings.HasPrefix(r.URL.Path, path+"/") }
	return s.cfg.Console != nil &&
		!slices.ContainsFunc([]string{"/admin", "/debug", "/healthz", "/readyz", "/metrics"}, own)
}

// refuse answers with an error in the form of what the request is for.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if s.isForConsole(r) {
		s.cfg.Console.Refuse(w, r, err)
		return
	}
	s.writeProblem(w, err)
}

// timeouts of the listener. An answer may be waited for: a client asks for what comes.
const (
	headTimeout   = 10 * time.Second
	bodyTimeout   = 30 * time.Second
	answerTimeout = 3 * time.Minute
	idleTimeout   = 2 * time.Minute
)

// NewHTTPServer returns a server for the handler that New returned.
func NewHTTPServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headTimeout,
		ReadTimeout:       bodyTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// checkHost refuses requests that name a host which is not this server's: a page of a
// stranger could have its name lead here, and read the answers (DNS rebinding).
func (s *Server) checkHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		host = strings.ToLower(strings.Trim(host, "[]"))
		_, err := netip.ParseAddr(host)
		if err != nil && host != "localhost" && !slices.Contains(s.hosts, host) {
			s.refuse(w, r, staging.NewProblem(staging.CodeOriginRefused,
				"The request names a host that is not this server's; see --admin-host."))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// errPanic is a fault of the server.
var errPanic = errors.New("panic")

// recover answers for a handler that panicked.
func (s *Server) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			reason := recover()
			if err, ok := reason.(error); reason == nil || ok && errors.Is(err, http.ErrAbortHandler) {
				if reason != nil {
					panic(reason) // net/http's own way to drop a connection
				}
				return
			}
			s.cfg.Log.ErrorContext(r.Context(), "admin panic", "error", fmt.Sprint(reason))
			s.refuse(w, r, errPanic)
		}()
		next.ServeHTTP(w, r)
	})
}
