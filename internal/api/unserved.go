package api

import (
	"cmp"
	_ "embed"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"exportbuckets/internal/atlas"
)

// atlasOperationList names every operation of Atlas' public specification: in each
// line a path without the root, and its methods. A method that has other versions than
// 2023-01-01 alone names them, each with its sunset after a slash. It is written by
// its test.
//
//go:embed atlas_operations.txt
var atlasOperationList string

// atlasOperation is an operation of Atlas as it answers where it is not served. Its
// path has parameters in braces, as in the specification.
type atlasOperation struct {
	operation

	parts []string // of the path
}

// atlasOperations returns the operations of Atlas, with those of the unversioned APIs.
// Of those at one path the one with the most literal characters comes first: it is the
// one that JAX-RS takes, by which Atlas routes.
var atlasOperations = sync.OnceValue(func() []*atlasOperation {
	var all []*atlasOperation
	for line := range strings.Lines(atlasOperationList) {
		fields := strings.Fields(line)
		for _, field := range fields[1:] {
			method, dated, _ := strings.Cut(field, "=")
			versioned := operation{
				method:   method,
				path:     strings.TrimSuffix(apiRoot+fields[0], "/"),
				versions: parseVersions(dated),
				limit:    projectLimit,
			}
			for _, op := range append(versioned.unversioned(), versioned) {
				op.endpoint = notServed(op)
				all = append(all, &atlasOperation{op, strings.Split(op.path, "/")})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *atlasOperation) int { return cmp.Compare(b.literals(), a.literals()) })
	return all
})

// parseVersions reads the versions of an operation in the list.
func parseVersions(list string) []version {
	if list == "" {
		return v2023
	}
	var versions []version
	for text := range strings.SplitSeq(list, ",") {
		date, sunset, _ := strings.Cut(text, "/")
		if last := len(versions) - 1; last >= 0 && date != preview {
			versions[last].successor = date
		}
		versions = append(versions, version{date: date, sunset: sunset})
	}
	return versions
}

// notServed is the endpoint of an operation that this server does not have. It is no
// 404, by which Terraform would learn that something is gone, and no 405, whose empty
// body some clients take for success.
func notServed(op operation) endpoint {
	return endpoint{serve: func(c *call) (any, error) {
		c.trace.Step(atlas.StepRoute)
		return nil, atlas.NewError(atlas.CodeNotServed, op.method+" "+op.path)
	}}
}

// parameter returns the name of the parameter that a part of a path has, and what
// follows it in the part.
func parameter(part string) (name, suffix string, ok bool) {
	name, suffix, ok = strings.Cut(part, "}")
	return strings.TrimPrefix(name, "{"), suffix, ok
}

// literals returns how many characters of the path stand for themselves.
func (o *atlasOperation) literals() int {
	count := 0
	for _, part := range o.parts {
		if _, suffix, ok := parameter(part); ok {
			part = suffix
		}
		count += len(part)
	}
	return count
}

// matches says whether the parts of a path are as the operation's.
func (o *atlasOperation) matches(path []string) bool {
	return slices.EqualFunc(o.parts, path, func(part, value string) bool {
		_, suffix, ok := parameter(part)
		return value == part || ok && len(value) > len(suffix) && strings.HasSuffix(value, suffix)
	})
}

// params returns the parameters of a path that matches.
func (o *atlasOperation) params(path []string) gin.Params {
	var params gin.Params
	for i, part := range o.parts {
		if name, suffix, ok := parameter(part); ok {
			params = append(params, gin.Param{Key: name, Value: strings.TrimSuffix(path[i], suffix)})
		}
	}
	return params
}

// outranked reports whether Atlas has another operation than this one at the path of the
// request: gin takes accountDetails and x:downloadOperationalLogs for a :tenantName.
func (o operation) outranked(c *gin.Context) bool {
	path := strings.Split(c.Request.URL.EscapedPath(), "/")
	all := atlasOperations()
	i := slices.IndexFunc(all, func(op *atlasOperation) bool { return op.method == o.method && op.matches(path) })
	return i >= 0 && inBraces.ReplaceAllString(all[i].path, ":$1") != o.path
}

// refuseOperation refuses an operation of Atlas that this server does not have, after
// the checks that all operations share.
func (s *Server) refuseOperation(c *gin.Context, op *atlasOperation, path []string) error {
	c.Params = op.params(path)
	readParams(c)
	// What Atlas answers need not be JSON.
	for i, accept := range c.Request.Header["Accept"] {
		c.Request.Header["Accept"][i] = strings.NewReplacer("+csv", "+json", "+gzip", "+json").Replace(accept)
	}
	return s.serve(c, op.operation)
}

// noRoute answers for what no route serves.
func (s *Server) noRoute(c *gin.Context) {
	if err := s.refuseRoute(c); err != nil {
		s.writeError(c, err)
	}
}

// refuseRoute refuses operations of Atlas that this server does not have, methods that
// a path has not at Atlas either, and paths that are none, and answers OPTIONS. Within
// the API it asks for credentials first, as Atlas does.
func (s *Server) refuseRoute(c *gin.Context) error {
	others := c.Writer.Header().Get("Allow") // set by gin, if it has routes of other methods
	c.Writer.Header().Del("Allow")
	method := c.Request.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	path := strings.Split(c.Request.URL.EscapedPath(), "/")
	var methods []string
	for _, op := range atlasOperations() {
		switch {
		case !op.matches(path):
		case op.method == method:
			return s.refuseOperation(c, op, path)
		default:
			methods = append(methods, op.method)
		}
	}
	if project, ok := strings.CutPrefix(c.Request.URL.Path, opsManagerProjects); ok {
		return s.refuseOpsManager(c, project)
	}
	if methods == nil && others != "" { // it is none of the Administration API's
		methods = strings.Split(others, ", ")
	} else if strings.HasPrefix(c.Request.URL.Path, "/api/") {
		if _, err := s.authenticate(c); err != nil {
			return err
		}
	}
	if methods == nil {
		return resourceNotFound(c)
	}
	c.Header("Allow", allowed(methods))
	if c.Request.Method != http.MethodOptions {
		return emptyError(http.StatusMethodNotAllowed)
	}
	c.AbortWithStatus(http.StatusOK)
	return nil
}
