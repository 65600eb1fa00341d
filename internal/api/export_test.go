package api

import (
	"net/http"
	"net/http/httptest"

	"github.com/gin-gonic/gin"
)

// Routes returns every entry of the route table, as method and path.
func Routes() []string {
	routes := make([]string, len(operations))
	for i, op := range operations {
		routes[i] = op.method + " " + op.path
	}
	return routes
}

// WriteError returns the status and the body of the answer to an error.
func WriteError(err error) (status int, body string) {
	recorder := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(recorder)
	c.Request = httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	new(Server).writeError(c, err)
	return recorder.Code, recorder.Body.String()
}
