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
