package admin

import (
	"context"
	_ "embed"
	"net/http"
	"net/http/pprof"

	"exportbuckets/internal/tenantstate"
)

// openAPI describes the admin listener.
//
//go:embed openapi.yaml
var openAPI []byte

func (s *Server) getOpenAPI(context.Context, tenantstate.Caller, *call) (written, error) {
	return written{"application/yaml", openAPI}, nil
}

// health is the answer of probes.
type health struct {
	Status string `json:"status"`
	// Reason is why the server is not ready, if that was asked for.
	Reason string `json:"reason,omitzero"`
}

// probe serves health, metrics and profiles.
func (s *Server) probe(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		s.write(w, http.StatusOK, health{Status: "ok"})
	})
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", s.cfg.Metrics.Handler())
	mux.HandleFunc("GET /debug/pprof/", s.forOperator(pprof.Index))
	mux.HandleFunc("GET /debug/pprof/cmdline", s.forOperator(pprof.Cmdline))
	mux.HandleFunc("GET /debug/pprof/profile", s.forOperator(pprof.Profile))
	mux.HandleFunc("GET /debug/pprof/symbol", s.forOperator(pprof.Symbol))
	mux.HandleFunc("GET /debug/pprof/trace", s.forOperator(pprof.Trace))
}

// readyz tells whether requests of the API would be served, and with ?verbose why not.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	err := s.cfg.Ready(r.Context())
	if err == nil {
		s.write(w, http.StatusOK, health{Status: "ok"})
		return
	}
	answer := health{Status: "unavailable"}
	if r.URL.Query().Has("verbose") {
		answer.Reason = err.Error()
	}
	s.write(w, http.StatusServiceUnavailable, answer)
}

// forOperator has a handler serve the operator alone.
func (s *Server) forOperator(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		caller, err := s.authenticate(r)
		if err == nil {
			_, err = caller.Operator()
		}
		if err != nil {
			s.writeProblem(w, err)
			return
		}
		handle(w, r)
	}
}
