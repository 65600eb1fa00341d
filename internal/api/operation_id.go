package api

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
)

// route is a method and a path as the router has it, but for a custom method.
type route struct{ method, path string }

var (
	describedPath      = regexp.MustCompile(`^  (/\S*):$`)
	describedMethod    = regexp.MustCompile(`^    ([a-z]+):$`)
	describedOperation = regexp.MustCompile(`^      operationId: (\w+)$`)
	inBraces           = regexp.MustCompile(`\{(\w+)\}`)
)

// operationIDs returns the operation ids of the OpenAPI document by their routes. It looks
// at the lines that have them: to read the whole document takes longer than all else at
// the start.
var operationIDs = sync.OnceValue(func() map[route]string {
	ids := make(map[route]string)
	var at route
	for line := range strings.Lines(string(openAPIYAML)) {
		line = strings.TrimSuffix(line, "\n")
		if parts := describedPath.FindStringSubmatch(line); parts != nil {
			at.path, _ = cutCustomMethod(inBraces.ReplaceAllString(parts[1], ":$1"))
		} else if parts := describedMethod.FindStringSubmatch(line); parts != nil {
			at.method = strings.ToUpper(parts[1])
		} else if parts := describedOperation.FindStringSubmatch(line); parts != nil {
			ids[at] = parts[1]
		}
	}
	for _, api := range unversionedAPIs {
		for at, id := range ids {
			if path, ok := strings.CutPrefix(at.path, apiRoot); ok {
				ids[route{at.method, api.root + path}] = id
			}
		}
	}
	return ids
})

// IsOperation reports whether a text is an operation id of the OpenAPI document.
func IsOperation(text string) bool {
	for _, id := range operationIDs() {
		if id == text {
			return true
		}
	}
	return false
}

// Operations returns the method and the path of every operation, with a colon before each
// parameter.
func Operations() []string {
	var operations []string
	for at := range operationIDs() {
		operations = append(operations, at.method+" "+at.path)
	}
	slices.Sort(operations)
	return operations
}

// operationID returns the operation id of what the request asks for, or nothing if that is
// no operation.
func operationID(c *gin.Context) string {
	method := c.Request.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return operationIDs()[route{method, c.FullPath()}]
}
