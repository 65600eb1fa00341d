package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/iam"
)

// The token endpoints of OAuth 2.0: RFC 6749, section 4.4 (client credentials),
// and RFC 7009 (revocation), with the errors of Atlas, "Generate Service Account
// Token".

// tokenBody is a new access token.
type tokenBody struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"` // seconds
	TokenType   string `json:"token_type"`
}

// oauthError is a refusal of a token endpoint.
type oauthError struct {
	status      int
	code        string // RFC 6749, section 5.2
	description string
	cause       error // for the log only
}

func (e *oauthError) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %s", e.code, e.cause)
	}
	return fmt.Sprintf("%s: %s", e.code, e.description)
}

type oauthErrorBody struct {
	Error            string `json:"error"`
	ErrorDescription string `json:"error_description"`
}

func errInvalidRequest() error {
	return &oauthError{http.StatusBadRequest, "invalid_request", "The provided credentials are not valid.", nil}
}

// oauth returns the gin handler of a token endpoint.
func (s *Server) oauth(handler func(*Server, *gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		noStore(c)
		c.Header("Pragma", "no-cache")
		err := handler(s, c)
		var (
			refusal  *oauthError
			ofBodies *atlas.Error
		)
		switch {
		case err == nil:
		case errors.As(err, &ofBodies):
			s.writeError(c, &oauthError{ofBodies.Code.Status, "invalid_request", ofBodies.Detail, nil})
		case errors.As(err, &refusal), errors.Is(err, context.Canceled), dbpool.Unavailable(err):
			s.writeError(c, err)
		case errors.Is(err, atlas.ErrInvalidClient):
			s.writeError(c, &oauthError{http.StatusUnauthorized, "invalid_client", "Invalid credentials provided.", nil})
		default:
			s.writeError(c, &oauthError{http.StatusInternalServerError, "server_error", faultOf(err).Detail, err})
		}
	}
}

func (s *Server) createAccessToken(c *gin.Context) error {
	if retryAfter := s.limitAddress(c, tokenLimit); retryAfter > 0 {
		return errRateLimited(c, tokenLimit, retryAfter)
	}
	if err := receiveForm(c); err != nil {
		return err
	}
	id, secret, err := clientCredentials(c)
	if err != nil {
		return err
	}
	switch c.PostForm("grant_type") {
	case "client_credentials":
	case "":
		return errInvalidRequest()
	default:
		return &oauthError{http.StatusBadRequest, "unsupported_grant_type", "Invalid grant type.", nil}
	}
	token, err := s.iam.CreateAccessToken(c.Request.Context(), id, secret)
	s.noteFailure(c, id, err)
	s.recordClient(c, token.Account, err)
	if err != nil {
		return err
	}
	var body pieces
	err = encode(&body, tokenBody{
		AccessToken: token.Token,
		ExpiresIn:   int(token.Lifetime.Seconds()),
		TokenType:   "Bearer",
	})
	if err != nil {
		return err
	}
	s.writeBody(c, http.StatusOK, jsonType, body...)
	return nil
}

func (s *Server) revokeAccessToken(c *gin.Context) error {
	retryAfter := s.limitAddress(c, revocationLimit)
	if err := receiveForm(c); err != nil {
		return err
	}
	id, secret, err := clientCredentials(c)
	if err == nil && retryAfter > 0 {
		err = s.limitRevocation(c, id, secret, retryAfter)
	}
	if err != nil {
		return err
	}
	account, err := s.iam.RevokeAccessToken(c.Request.Context(), id, secret, c.PostForm("token"))
	s.noteFailure(c, id, err)
	s.recordClient(c, account, err)
	if err != nil {
		return err
	}
	c.AbortWithStatus(http.StatusOK)
	return nil
}

// recordClient begins the recording of a request at a token endpoint, which was sent with
// a client id of the account, or of the one in the error.
func (s *Server) recordClient(c *gin.Context, account *atlas.Principal, err error) {
	if refused, ok := errors.AsType[*iam.RefusedError](err); ok {
		account = refused.Account
	}
	if trace := s.record(c, account); trace != nil {
		trace.Step(atlas.StepAuthenticate).Fact("credential", recordingOf(c).principal)
	}
}

// receiveForm receives the form of the request, which gin then reads.
func receiveForm(c *gin.Context) error {
	data, err := workOf(c).receive()
	if errors.Is(err, errCutOff) {
		return errInvalidRequest()
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(data))
	return err
}

// maxFormValue is how many bytes a value of a form can have. Access tokens of other
// servers, which clients may try to revoke here, are longer than ours.
const maxFormValue = 2048

// clientCredentials returns the service account's id and secret from the
// Authorization header or else from the form. RFC 6749, section 2.3.1. It refuses a
// form with a value that is too long.
func clientCredentials(c *gin.Context) (id, secret string, err error) {
	c.PostForm("") // reads the form
	for _, values := range c.Request.PostForm {
		if slices.ContainsFunc(values, func(value string) bool { return len(value) > maxFormValue }) {
			return "", "", errInvalidRequest()
		}
	}
	if c.GetHeader("Authorization") == "" {
		id, secret = c.PostForm("client_id"), c.PostForm("client_secret")
	} else if user, password, ok := c.Request.BasicAuth(); ok {
		id, secret = unescape(user), unescape(password)
	}
	if id == "" || secret == "" {
		return "", "", errInvalidRequest()
	}
	return id, secret, nil
}

// unescape undoes the form encoding that RFC 6749 asks clients for, where they
// have applied it. Ids and secrets have no character that it would change.
func unescape(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

// limitRevocation takes a token from the reserve of the service account, after those
// of its address have been used up: nobody who shares an address, such as a proxy's,
// keeps others from ending their tokens. Whoever is no service account has no reserve.
func (s *Server) limitRevocation(c *gin.Context, id, secret string, retryAfter int) error {
	account, err := s.iam.AuthenticateClient(c.Request.Context(), id, secret)
	s.noteFailure(c, id, err)
	if err == nil {
		_, _, wait := s.limits.take(account.Now(), draw{reserveLimit, account.ID().String()})
		if wait == 0 {
			return nil
		}
		retryAfter = min(retryAfter, wait)
	}
	if err == nil || errors.Is(err, atlas.ErrInvalidClient) {
		return errRateLimited(c, revocationLimit, retryAfter)
	}
	return err
}

// errRateLimited refuses a request of an address that has used up those of a minute.
func errRateLimited(c *gin.Context, limit rateLimit, retryAfter int) error {
	c.Header("Retry-After", strconv.Itoa(retryAfter))
	return &oauthError{
		status: http.StatusTooManyRequests,
		code:   "rate_limited",
		description: fmt.Sprintf("Resource %s is limited to %d requests every 1 minutes.",
			c.Request.URL.Path, limit.capacity),
	}
}
