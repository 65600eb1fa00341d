package api

import (
	"strings"

	"github.com/gin-gonic/gin"
)

// A custom method is what stands after an id in a path, as :invite in
// /serviceAccounts/{clientId}:invite. gin can't match it, and takes it for a part
// of the id.

// cutCustomMethod returns the part of a route that gin matches, and the custom
// method, if it has one.
func cutCustomMethod(route string) (path, method string) {
	i := strings.LastIndexByte(route, ':')
	if i < 1 || route[i-1] == '/' {
		return route, ""
	}
	return route[:i], route[i:]
}

// trimCustomMethod removes the custom method from the last parameter of the
// path, and returns false if it is not there.
func trimCustomMethod(c *gin.Context, method string) bool {
	if method == "" {
		return true
	}
	last := &c.Params[len(c.Params)-1]
	value, ok := strings.CutSuffix(last.Value, method)
	last.Value = value
	return ok
}

// offered returns the methods of the operations at a path.
func (s *Server) offered(path string) []string {
	var methods []string
	for _, op := range s.table {
		if matches(op.path, path) {
			methods = append(methods, op.method)
		}
	}
	return methods
}

// matches says whether a path is one of the route's.
func matches(route, path string) bool {
	route, method := cutCustomMethod(route)
	path, ok := strings.CutSuffix(path, method)
	names, values := strings.Split(route, "/"), strings.Split(path, "/")
	if !ok || len(names) != len(values) {
		return false
	}
	for i, name := range names {
		parameter := strings.HasPrefix(name, ":") && values[i] != ""
		if !parameter && name != values[i] {
			return false
		}
	}
	return true
}
