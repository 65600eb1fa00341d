package api

import (
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"
)

// healthz tells that the process serves.
func (s *Server) healthz(c *gin.Context) {
	s.writeBody(c, http.StatusOK, jsonType, []byte(`{"status":"ok"}`))
}

// readyz tells whether requests would be served: the database answers and its
// schema is the one that this program knows.
func (s *Server) readyz(c *gin.Context) {
	if err := s.cfg.Ready(c.Request.Context()); err != nil {
		s.cfg.Log.LogAttrs(c.Request.Context(), slog.LevelWarn, "not ready", slog.String("error", err.Error()))
		s.writeBody(c, http.StatusServiceUnavailable, jsonType, []byte(`{"status":"unavailable"}`))
		return
	}
	s.writeBody(c, http.StatusOK, jsonType, []byte(`{"status":"ok"}`))
}
