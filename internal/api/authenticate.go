package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/digest"
	"exportbuckets/internal/iam"
)

// authenticate returns who is calling. It looks at nothing of the request but
// its credentials, its address and the ids of tenants in its path: the first digest
// request of curl has no body, and that of Go clients has all of it.
func (s *Server) authenticate(c *gin.Context) (*atlas.Principal, error) {
	principal, credential, err := s.principal(c)
	var refusal *atlas.Error // known, but not from this address
	if err == nil || errors.As(err, &refusal) {
		s.setSecurityHeaders(c)
		c.Set(principalKey, principal.ID())
	}
	s.noteFailure(c, credential, err)
	recordSignIn(s.record(c, principal), credential, s.clientAddress(c), err)
	return principal, err
}

// principal returns who is calling and, if a public key or a client id can be told,
// with which.
func (s *Server) principal(c *gin.Context) (p *atlas.Principal, credential string, err error) {
	from := iam.Origin{Address: s.clientAddress(c), Org: c.Param("orgId"), Project: c.Param("groupId")}
	ctx, header := c.Request.Context(), c.GetHeader("Authorization")
	if header == "" {
		return nil, "", atlas.ErrUnauthenticated // it asks for a challenge
	}
	if token, ok := bearerToken(header); ok {
		if p, err = s.iam.AuthenticateBearer(ctx, token, from); p != nil {
			credential = iam.ClientIDPrefix + p.ID().String()
		}
		return p, credential, err
	}
	signed, err := digest.Parse(header)
	switch {
	case err != nil:
		return nil, "", iam.Refuse("credentials that can't be read")
	case !isTarget(signed.URI, c.Request):
		return nil, signed.Username, iam.Refuse("signed for another path")
	}
	p, err = s.iam.AuthenticateDigest(ctx, signed, c.Request.Method, from)
	return p, signed.Username, err
}

// isTarget reports whether the target that a client signed is that of its request. RFC
// 7616, section 3.4.6, has it in any form; and one client that was written for Atlas
// leaves the query out.
func isTarget(signed string, r *http.Request) bool {
	for _, scheme := range []string{"http://", "https://"} {
		if path, ok := strings.CutPrefix(signed, scheme+r.Host); ok {
			signed = path
		}
	}
	path, _, _ := strings.Cut(r.RequestURI, "?")
	return signed == r.RequestURI || signed == path
}

// bearerToken returns the token in an Authorization header, and false if the header
// has another scheme than Bearer.
func bearerToken(header string) (string, bool) {
	scheme, token, _ := strings.Cut(header, " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "bearer")
}

// setSecurityHeaders sets what Atlas sends with every authenticated answer. Whoever
// has been told to speak TLS alone speaks nothing else with this host, on any port, so
// it is said only where TLS ends here or at a proxy.
func (s *Server) setSecurityHeaders(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	if c.Request.TLS != nil || strings.HasPrefix(s.cfg.BaseURL, "https:") {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubdomains;")
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Permitted-Cross-Domain-Policies", "none")
}

// writeChallenge asks for digest credentials. RFC 7616, section 3.3, in the one
// form that the clients of Atlas read; the body is Atlas' own, and the only one
// whose keys are not sorted.
func (s *Server) writeChallenge(c *gin.Context, stale bool) {
	// Clients send the body with the request that is challenged, and read the
	// answer only when all of it is taken.
	workOf(c).discard()
	h := c.Writer.Header()
	h.Set("WWW-Authenticate", digest.Challenge(iam.Realm, s.iam.NewNonce(), stale))
	h.Set("Vary", "Accept-Encoding")
	s.writeBody(c, http.StatusUnauthorized, jsonType, []byte(challengeBody))
}

const challengeBody = `{
  "error" : 401,
  "reason" : "Unauthorized",
  "detail" : "You are not authorized for this resource.",
  "errorCode" : "UNEXPECTED_ERROR"
}`
