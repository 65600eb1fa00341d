package api

import (
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/gin-gonic/gin"
)

// table is the route table, of handlers that serve nothing.
func table() []operation { return new(Server).operations() }

// Bounds are the bounds of a server.
type Bounds = bounds

// DefaultBounds are those of New.
var DefaultBounds = defaultBounds

// NewBounded is New with other bounds.
func NewBounded(services Services, cfg Config, b Bounds) (http.Handler, error) {
	return newBounded(services, cfg, b)
}

// Routes returns every entry of the route table, as method and path.
func Routes() []string {
	var routes []string
	for _, op := range table() {
		routes = append(routes, op.method+" "+op.path)
	}
	return routes
}

// Access returns the name of the proof that each entry of the route table takes, by
// method and path.
func Access() map[string]string {
	access := make(map[string]string, len(table()))
	for _, op := range table() {
		access[op.method+" "+op.path] = op.endpoint.access[strings.IndexByte(op.endpoint.access, '.')+1:]
	}
	return access
}

// Settling returns the entries of the route table that settle their project first, as
// method and path.
func Settling() []string {
	var routes []string
	for _, op := range table() {
		if op.endpoint.settles {
			routes = append(routes, op.method+" "+op.path)
		}
	}
	return routes
}

// Revocations returns the entries of the route table that draw on the caller's
// reserve, as method and path.
func Revocations() []string {
	var routes []string
	for _, op := range table() {
		if op.revokes() {
			routes = append(routes, op.method+" "+op.path)
		}
	}
	return routes
}

// Version is one version of an operation, with its dates as the table has them.
type Version struct{ Date, Successor, Sunset string }

// Versions returns the versions of every entry of the route table, oldest first,
// by method and path.
func Versions() map[string][]Version {
	versions := make(map[string][]Version, len(table()))
	for _, op := range table() {
		for _, v := range op.versions {
			route := op.method + " " + op.path
			versions[route] = append(versions[route], Version{v.date, v.successor, v.sunset})
		}
	}
	return versions
}

// Served returns all that handler, which New returned, serves, as method and
// path, in which custom methods are left out.
func Served(handler http.Handler) []string {
	engine, ok := handler.(withoutFinalSlash)
	if !ok {
		return nil
	}
	var served []string
	for _, route := range engine.Routes() {
		served = append(served, route.Method+" "+route.Path)
	}
	return served
}

// WriteError returns the answer of a path to an error.
func WriteError(path string, err error) (status int, header http.Header, body string) {
	recorder := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(recorder)
	c.Request = httptest.NewRequest(http.MethodGet, path, http.NoBody)
	new(Server).writeError(c, err)
	return recorder.Code, recorder.Header(), recorder.Body.String()
}

// OperationID returns the operation id of a method and a path as the OpenAPI document has
// them.
func OperationID(at string) string {
	method, path, _ := strings.Cut(at, " ")
	path, _ = cutCustomMethod(inBraces.ReplaceAllString(path, ":$1"))
	return operationIDs()[route{method, path}]
}
