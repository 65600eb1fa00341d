package api

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"

	"exportbuckets/internal/atlas"
)

// Keys of what is kept in the request's context for its log event.
const (
	principalKey = "principal" // objectid.ID
	stagedKey    = "staged"    // *stagedFault that the request met
	faultKey     = "fault"     // true if the failure is ours
)

// requestID is what is taken over from a client as the id of its request.
var requestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// traceParent is the form of what says which trace a request is part of. W3C Trace Context,
// section 3.2.2.
var traceParent = regexp.MustCompile(`^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`)

// logRequest gives the request an id and logs one event when it is done. The
// event has neither the query nor a body in it, and of headers only ids that have their
// form: secrets may be there.
func (s *Server) logRequest(c *gin.Context) {
	start := time.Now()
	s.cfg.Metrics.Enter()
	defer s.cfg.Metrics.Leave()
	id := c.GetHeader("X-Request-Id")
	if !requestID.MatchString(id) {
		id = newRequestID()
	}
	c.Header("X-Request-Id", id)
	c.Header("Server", "mdbws")
	c.Next()
	took := time.Since(start)
	s.cfg.Metrics.Request(operationID(c), c.Writer.Status(), took)
	s.journalRequest(c, id, start, took)

	attrs := []slog.Attr{
		slog.String("request_id", id),
		slog.String("method", c.Request.Method),
		slog.String("path", c.Request.URL.EscapedPath()),
		slog.Int("status", c.Writer.Status()),
		slog.Int("bytes", max(c.Writer.Size(), 0)),
		slog.Duration("duration", took),
		slog.Any("address", s.clientAddress(c)),
	}
	if parent := c.GetHeader("Traceparent"); traceParent.MatchString(parent) {
		attrs = append(attrs, slog.String("traceparent", parent))
	}
	if principal, ok := c.Get(principalKey); ok {
		attrs = append(attrs, slog.Any("principal", principal))
	}
	staged := stagedOf(c)
	if staged != nil {
		attrs = append(attrs, slog.String("staged_fault", staged.name))
	}
	if staged.lost() {
		attrs = append(attrs, slog.Bool("answer_lost", true))
	}
	for _, err := range c.Errors {
		if refusal, ok := errors.AsType[*atlas.Error](err); ok {
			// Its sentence may quote the request.
			attrs = append(attrs, slog.String("error_code", refusal.Code.Name))
		} else {
			attrs = append(attrs, slog.String("error", err.Error()))
		}
	}
	level := slog.LevelInfo
	switch {
	case c.GetBool(faultKey):
		level = slog.LevelError
	case c.Writer.Status() == http.StatusServiceUnavailable:
		level = slog.LevelWarn
	}
	s.cfg.Log.LogAttrs(c.Request.Context(), level, "request", attrs...)
	staged.end(c)
}

func newRequestID() string {
	random := make([]byte, 16)
	_, _ = rand.Read(random) // never fails
	return hex.EncodeToString(random)
}

// recover answers for a handler that panicked.
func (s *Server) recover(c *gin.Context) {
	defer func() {
		reason := recover()
		if reason == nil {
			return
		}
		if err, ok := reason.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(reason) // net/http's own way to drop a connection
		}
		err := fmt.Errorf("panic: %v\n%s", reason, debug.Stack())
		if c.Writer.Written() {
			_ = c.Error(err)
			c.Set(faultKey, true)
			return
		}
		s.writeError(c, err)
	}()
	c.Next()
}
