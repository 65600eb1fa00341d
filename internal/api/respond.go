package api

import (
	"io"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"exportbuckets/internal/atlas"
)

// The fields of every body stand in the byte order of their JSON names, which
// is the order that Atlas writes them in.

// link is a hypermedia link.
type link struct {
	Href string `json:"href"`
	Rel  string `json:"rel"`
}

// list is the body of every list.
type list struct {
	Links      []link `json:"links"`
	Results    any    `json:"results"`
	Status     int    `json:"status,omitzero"` // in an envelope only
	TotalCount *int64 `json:"totalCount,omitzero"`
}

// envelope holds a body that is not a list, for clients that can't read the
// status line.
type envelope struct {
	Content any `json:"content"`
	Status  int `json:"status"`
}

// respond answers with a body in the version that was asked for, or with 204. Atlas
// sends the type of the body that is not there.
func (s *Server) respond(c *call, status int, body any) error {
	if _, ok := body.(noContent); ok {
		c.gin.Header("Content-Type", c.version.mediaType())
		c.gin.AbortWithStatus(http.StatusNoContent)
		return nil
	}
	presented, err := present(c.gin, status, body)
	if err != nil {
		return err
	}
	s.writeBody(c.gin, status, c.version.mediaType(), presented...)
	return nil
}

// present encodes a body in the form that the query asks for.
func present(c *gin.Context, status int, body any) (pieces, error) {
	if queryBool(c, "envelope", false) {
		if l, ok := body.(list); ok {
			l.Status = status
			body = l
		} else {
			body = envelope{Content: body, Status: status}
		}
	}
	var encoded pieces
	to := io.Writer(&encoded)
	if queryBool(c, "pretty", false) {
		to = &indenter{to: to}
	}
	return encoded, encode(to, body)
}

// encode writes compact JSON. Text that is not UTF-8 can come from a path; it is
// shown with replacement characters.
func encode(to io.Writer, body any) error {
	err := json.MarshalWrite(to, body, jsontext.AllowInvalidUTF8(true), json.Deterministic(true))
	return atlas.Wrap(err, "encode body")
}

// queryBool returns a query parameter that is true or false. As to Java, which Atlas is
// written in, true in whatever case is true, and every other text is false.
func queryBool(c *gin.Context, name string, byDefault bool) bool {
	value, ok := c.GetQuery(name)
	if !ok {
		return byDefault
	}
	return strings.EqualFold(value, "true")
}

// noStore keeps an answer with a secret in it out of caches on the way, and on the
// disk of the client.
func noStore(c *gin.Context) { c.Header("Cache-Control", "no-store") }
