package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"exportbuckets/internal/api"
	"exportbuckets/internal/atlas"
)

const (
	// settling is how long the first request of the last connections may take to come
	// in: http.Server drops what it has not read when Shutdown is called.
	settling = 500 * time.Millisecond
	// lastMoment is how long before the end requests that are still in flight are ended,
	// so that they are answered and not cut.
	lastMoment = time.Second
)

var (
	errStarting = errors.New("the server is starting")
	errEnding   = fmt.Errorf("the server is shutting down: %w", atlas.ErrUnavailable)
)

// httpServer answers requests from the moment that its port is open until the last
// request in flight has its answer.
type httpServer struct {
	server   *http.Server
	listener *net.TCPListener
	log      *slog.Logger
	handler  atomic.Pointer[http.Handler]
	draining atomic.Bool
	failed   chan error              // why it accepts no more requests
	end      context.CancelCauseFunc // of the requests in flight
}

// startHTTP answers requests on the listener with the handler, which use replaces,
// over TLS if secure says how.
func startHTTP(
	ctx context.Context, listener *net.TCPListener, secure *tls.Config, handler http.Handler, log *slog.Logger,
) *httpServer {
	base, end := context.WithCancelCause(context.WithoutCancel(ctx))
	s := &httpServer{listener: listener, log: log, failed: make(chan error, 1), end: end}
	s.use(handler)
	s.server = api.NewHTTPServer(s, log)
	s.server.TLSConfig = secure
	s.server.BaseContext = func(net.Listener) context.Context { return base }
	limited := api.LimitConnections(listener, s.server)
	go func() {
		if secure != nil {
			s.failed <- s.server.ServeTLS(limited, "", "")
			return
		}
		s.failed <- s.server.Serve(limited)
	}()
	return s
}

// use has the requests from now on answered by the handler.
func (s *httpServer) use(handler http.Handler) { s.handler.Store(&handler) }

// ServeHTTP implements http.Handler.
func (s *httpServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		w.Header().Set("Connection", "close")
	}
	if r.ContentLength != 0 {
		// A body is not waited for longer than the request is.
		stop := context.AfterFunc(r.Context(), func() {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now())
		})
		defer stop()
	}
	(*s.handler.Load()).ServeHTTP(w, r)
}

// ready returns what says why requests could not be served: look, while the server
// is not about to end.
func (s *httpServer) ready(look func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if s.draining.Load() {
			return errEnding
		}
		return look(ctx)
	}
}

// close ends the server at once.
func (s *httpServer) close() { _ = s.server.Close() }

// shutDown ends the server. For the time of drain it goes on, but is not ready and
// closes connections after their next answer. Then it takes no more requests, and
// those in flight have timeout to finish.
func (s *httpServer) shutDown(ctx context.Context, drain, timeout time.Duration) error {
	s.draining.Store(true)
	if drain > 0 {
		time.Sleep(drain)
		if err := refuseConnections(s.listener); err != nil {
			s.log.Warn("the last connections may be reset", "error", err)
		}
		time.Sleep(settling)
	}
	// ctx has ended; the requests in flight get a deadline of their own.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	last := time.AfterFunc(timeout-min(lastMoment, timeout/2), func() { s.end(errEnding) })
	defer last.Stop()
	if err := s.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("shut down: %w", err), s.server.Close())
	}
	return nil
}
