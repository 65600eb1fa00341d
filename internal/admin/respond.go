package admin

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"exportbuckets/internal/dbpool"
	"exportbuckets/staging"
)

// errUnexpected is what clients see of faults of ours.
var errUnexpected = staging.NewProblem(staging.CodeUnexpected, "The server has a fault; its log says which.")

// write answers with what an endpoint returned.
func (s *Server) write(w http.ResponseWriter, status int, answer any) {
	switch answer := answer.(type) {
	case nothing:
		w.WriteHeader(status)
	case written:
		writeBody(w, status, answer.contentType, answer.body)
	default:
		s.writeJSON(w, status, "application/json", answer)
	}
}

// writeProblem answers with an error, and returns the status. What is not for clients to
// read is for the log.
func (s *Server) writeProblem(w http.ResponseWriter, err error) int {
	problem := new(staging.Problem)
	switch {
	case errors.As(err, &problem):
	case dbpool.Unavailable(err):
		problem = staging.NewProblem(staging.CodeBusy, "The database is busy or away. Try again.")
	default:
		problem = errUnexpected
	}
	switch problem.Code { //nolint:exhaustive // Others need no header.
	case staging.CodeUnauthenticated:
		w.Header().Set("WWW-Authenticate", `Bearer realm="exportbuckets staging"`)
	case staging.CodeBusy:
		w.Header().Set("Retry-After", "1")
	}
	s.writeJSON(w, problem.Status, staging.ProblemType, problem)
	return problem.Status
}

func (s *Server) writeJSON(w http.ResponseWriter, status int, contentType string, value any) {
	var body bytes.Buffer
	err := json.MarshalWrite(&body, value, jsontext.Multiline(true), json.Deterministic(true))
	if err != nil {
		s.cfg.Log.Error("encode admin answer", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	body.WriteByte('\n')
	writeBody(w, status, contentType, body.Bytes())
}

// writeBody keeps every answer out of caches: secrets may be in it.
func writeBody(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever has gone reads nothing
}

// log writes one event for a request. It has neither the query nor a header nor a body in
// it: secrets may be there.
func (s *Server) log(c *call, status int, took time.Duration, err error) {
	attrs := append([]slog.Attr{
		slog.String("method", c.Method),
		slog.String("path", c.URL.EscapedPath()),
		slog.Int("status", status),
		slog.Duration("duration", took),
	}, c.noted...)
	level := slog.LevelInfo
	if problem, ok := errors.AsType[*staging.Problem](err); ok {
		attrs = append(attrs, slog.String("error_code", string(problem.Code)))
	} else if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
		level = slog.LevelError
		if status == http.StatusServiceUnavailable {
			level = slog.LevelWarn
		}
	}
	s.cfg.Log.LogAttrs(c.Context(), level, "admin request", attrs...)
}
