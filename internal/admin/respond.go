package admin

import (
	"bytes"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

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
	problem := tenantstate.ProblemOf(err)
	SetProblemHeader(w.Header(), problem)
	s.writeJSON(w, problem.Status, staging.ProblemType, problem)
	return problem.Status
}

// SetProblemHeader sets what answers with a problem have in their header, but for what
// belongs to the body.
func SetProblemHeader(header http.Header, problem *staging.Problem) {
	switch problem.Code { //nolint:exhaustive // Others need no header.
	case staging.CodeUnauthenticated:
		header.Set("WWW-Authenticate", `Bearer realm="exportbuckets staging"`)
	case staging.CodeBusy:
		header.Set("Retry-After", "1")
	}
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
