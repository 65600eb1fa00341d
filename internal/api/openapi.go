package api

import (
	_ "embed"
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"
	"github.com/goccy/go-yaml"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/journal"
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

// JournalFields returns the fields of bodies, and the parameters of queries, that the
// document describes and does not mark as secret. It reads all of the document, which takes
// a while.
var JournalFields = sync.OnceValue(func() journal.Fields {
	var document map[string]any
	if err := yaml.Unmarshal(openAPIYAML, &document); err != nil {
		panic(err) // the document is ours
	}
	fields := make(journal.Fields)
	secret := journal.Fields{"links": true} // which repeat the query
	addFields(document, fields, secret)
	for name := range secret {
		delete(fields, name)
	}
	return fields
})

// addFields collects the names of all fields and query parameters below a value of the
// document, and those of fields that are secret.
func addFields(value any, fields, secret journal.Fields) {
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			addFields(element, fields, secret)
		}
	case map[string]any:
		if name, ok := value["name"].(string); ok && value["in"] == "query" {
			fields[name] = true
		}
		properties, _ := value["properties"].(map[string]any)
		for name, property := range properties {
			fields[name] = true
			schema, _ := property.(map[string]any)
			for _, mark := range []string{"writeOnly", "x-secret"} {
				if marked, _ := schema[mark].(bool); marked {
					secret[name] = true
				}
			}
		}
		for _, element := range value {
			addFields(element, fields, secret)
		}
	}
}

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
