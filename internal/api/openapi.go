package api

import (
	_ "embed"
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"
	"github.com/goccy/go-yaml"

	"exportbuckets/internal/atlas"
)

// openAPIYAML describes everything that is served. It is the same for every
// installation: where it was fetched from is where its paths are.
//
//go:embed openapi.yaml
var openAPIYAML []byte

// openAPIJSON is the same document as JSON, for clients that read no YAML.
var openAPIJSON = sync.OnceValues(func() ([]byte, error) {
	document, err := yaml.YAMLToJSON(openAPIYAML)
	return document, atlas.Wrap(err, "encode the OpenAPI document as JSON")
})

func (s *Server) openAPIAsYAML(c *gin.Context) {
	s.writeBody(c, http.StatusOK, "application/yaml", openAPIYAML)
}

func (s *Server) openAPIAsJSON(c *gin.Context) {
	document, err := openAPIJSON()
	if err != nil {
		s.writeError(c, err)
		return
	}
	s.writeBody(c, http.StatusOK, jsonType, document)
}
