package api

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// withoutFinalSlash serves a path with a slash at its end as the one without, as JAX-RS
// does, by which Atlas routes.
type withoutFinalSlash struct{ *gin.Engine }

// ServeHTTP serves a request.
func (e withoutFinalSlash) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path := r.URL.EscapedPath(); len(path) > 1 && strings.HasSuffix(path, "/") {
		target := *r.URL
		target.Path = strings.TrimSuffix(target.Path, "/")
		target.RawPath = strings.TrimSuffix(target.RawPath, "/")
		same := *r
		same.URL = &target
		r = &same
	}
	e.Engine.ServeHTTP(w, r)
}

// sentPath returns the path as the client sent it.
func sentPath(c *gin.Context) string {
	path, _, _ := strings.Cut(c.Request.RequestURI, "?")
	if sent, err := url.ParseRequestURI(path); err == nil {
		return sent.EscapedPath()
	}
	return c.Request.URL.EscapedPath()
}

// readParams unescapes the parts of a path that gin has not, which would take a plus
// sign for a blank, and writes ids as they are written everywhere else.
func readParams(c *gin.Context) {
	for i, param := range c.Params {
		if c.Request.URL.RawPath != "" {
			if value, err := url.PathUnescape(param.Value); err == nil {
				c.Params[i].Value = value
			}
		}
		if isTenant(param.Key) || isID(param.Key) {
			if id, err := objectid.Parse(c.Params[i].Value); err == nil {
				c.Params[i].Value = id.String()
			}
		}
	}
}

// isTenant reports whether a parameter of paths names who is asked for: its id is looked
// at with the caller's roles.
func isTenant(param string) bool { return param == "orgId" || param == "groupId" }

// isID reports whether a parameter of paths is an id of anything else. Client ids are
// none.
func isID(param string) bool {
	return param == "id" || strings.HasSuffix(param, "Id") && param != "clientId" && !isTenant(param)
}

// checkIDs returns PATH_PARAM_PARSE_ERROR if the path has something else where it is to
// have an id.
func checkIDs(c *gin.Context) error {
	for _, param := range c.Params {
		if !isID(param.Key) {
			continue
		}
		if _, err := objectid.Parse(param.Value); err != nil {
			return atlas.NewError(atlas.CodePathParamParse, sentPath(c))
		}
	}
	return nil
}
