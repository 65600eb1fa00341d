package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
)

// errorBody is Atlas' ApiError.
type errorBody struct {
	Detail     string `json:"detail"`
	Error      int    `json:"error"`
	ErrorCode  string `json:"errorCode"`
	Parameters []any  `json:"parameters"`
	Reason     string `json:"reason"`
}

// emptyError is a refusal for which Atlas sends a status and no body.
type emptyError int

func (e emptyError) Error() string { return http.StatusText(int(e)) }

// statusClientClosedRequest is for the log: nobody is there to read it.
const statusClientClosedRequest = 499

// writeError answers with an error. It is the only writer of error bodies. What
// the client may not read is logged with the request.
func (s *Server) writeError(c *gin.Context, err error) {
	_ = c.Error(err) // for the log
	recordRefusal(c, err)
	var (
		refusal *atlas.Error
		empty   emptyError
		oauth   *oauthError
	)
	switch {
	case errors.As(err, &refusal):
		s.writeRefusal(c, refusal)
	case errors.Is(err, atlas.ErrStaleNonce):
		s.writeChallenge(c, true)
	case errors.Is(err, atlas.ErrUnauthenticated):
		s.writeUnauthenticated(c)
	case errors.As(err, &empty):
		c.AbortWithStatus(int(empty))
	case errors.As(err, &oauth):
		s.writeOAuthError(c, oauth)
	case errors.Is(err, context.Canceled) && c.Request.Context().Err() != nil && !ended(c):
		c.Status(statusClientClosedRequest)
	case dbpool.Unavailable(err), ended(c) && !errors.Is(err, atlas.ErrOutcomeUnknown):
		s.writeUnavailable(c)
	default:
		c.Set(faultKey, true)
		s.writeRefusal(c, faultOf(err))
	}
}

// faultOf returns what the client sees of an error of ours.
func faultOf(err error) *atlas.Error {
	refusal := atlas.NewError(atlas.CodeUnexpected)
	if errors.Is(err, atlas.ErrOutcomeUnknown) {
		refusal.Detail += " The change may have been made."
	}
	return refusal
}

// ended reports whether the server has ended the request, because it was at work for
// too long or because the server ends itself.
func ended(c *gin.Context) bool {
	return errors.Is(context.Cause(c.Request.Context()), atlas.ErrUnavailable)
}

// writeUnauthenticated refuses the credentials, in the way of their scheme.
func (s *Server) writeUnauthenticated(c *gin.Context) {
	if _, ok := bearerToken(c.GetHeader("Authorization")); !ok {
		s.writeChallenge(c, false)
		return
	}
	c.Header("WWW-Authenticate", `Bearer error="invalid_token"`)
	c.AbortWithStatus(http.StatusUnauthorized)
}

func (s *Server) writeRefusal(c *gin.Context, refusal *atlas.Error) {
	status := refusal.Code.Status
	s.cfg.Metrics.Refused(refusal.Code.Name)
	body := errorBody{
		Detail:     refusal.Detail,
		Error:      status,
		ErrorCode:  refusal.Code.Name,
		Parameters: refusal.Parameters,
		Reason:     http.StatusText(status),
	}
	c.Header("X-Error-Code", refusal.Code.Name)
	c.Header("Vary", "Accept-Encoding")
	presented, err := present(c, status, body)
	s.writeErrorBody(c, status, presented, err)
}

// writeUnavailable asks the client to come back, in the form of the path's errors.
func (s *Server) writeUnavailable(c *gin.Context) {
	c.Header("Retry-After", "1")
	refusal := atlas.NewError(atlas.CodeUnavailable)
	if strings.HasPrefix(c.Request.URL.Path, oauthRoot) {
		s.writeOAuthError(c, &oauthError{refusal.Code.Status, "temporarily_unavailable", refusal.Detail, nil})
		return
	}
	s.writeRefusal(c, refusal)
}

func (s *Server) writeOAuthError(c *gin.Context, refusal *oauthError) {
	c.Set(faultKey, refusal.cause != nil)
	if r := recordingOf(c); r != nil {
		r.errorCode = refusal.code
	}
	var body pieces
	err := encode(&body, oauthErrorBody{Error: refusal.code, ErrorDescription: refusal.description})
	s.writeErrorBody(c, refusal.status, body, err)
}

// writeErrorBody writes an encoded error, or the status alone if encoding it
// failed.
func (s *Server) writeErrorBody(c *gin.Context, status int, body pieces, err error) {
	if err != nil {
		_ = c.Error(err)
	}
	s.writeBody(c, status, jsonType, body...)
}
