package api

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"exportbuckets/internal/atlas"
)

// Docs is what the API reference shows beside the document: whose credentials its examples
// sign in with, each as a name and a secret with a colon between them.
type Docs struct{ APIKey, ServiceAccount string }

// Redoc draws the reference. tools/vendor-docs fetches it.
var (
	//go:embed redoc/redoc.standalone.js.gz
	redocGzip []byte
	redoc     = newCompressed(redocGzip)
	//go:embed redoc/integrity
	redocIntegrity string
)

var (
	//go:embed docs.html
	docsHTML     string
	docsTemplate = template.Must(template.New("docs").Parse(docsHTML))
)

// docsPolicy lets the page load what this server has. Scripts and styles need the nonce, but
// for the two styles that Redoc adds before it knows it: one that is empty, and that of its
// scroll bars. The worker is what it searches with. The logo of its vendor stays elsewhere.
const docsPolicy = "default-src 'none'; script-src 'nonce-%[1]s'; style-src 'nonce-%[1]s' " +
	"'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='; " +
	"img-src 'self' data:; connect-src 'self'; worker-src blob:; form-action 'none'; base-uri 'none'; " +
	"frame-ancestors 'none'"

func (s *Server) docsPage(c *gin.Context) {
	nonce := rand.Text()
	h := c.Writer.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", fmt.Sprintf(docsPolicy, nonce))
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	base, err := url.Parse(s.cfg.BaseURL)
	if err != nil {
		s.writeError(c, err)
		return
	}
	var page pieces
	filling := struct{ Nonce, Root, Integrity string }{nonce, base.Path, redocIntegrity}
	if err := docsTemplate.Execute(&page, filling); err != nil {
		s.writeError(c, err)
		return
	}
	s.writeBody(c, http.StatusOK, "text/html; charset=utf-8", page...)
}

func (s *Server) docsScript(c *gin.Context) {
	s.writeCompressed(c, "text/javascript; charset=utf-8", redoc)
}

func (s *Server) docsDocument(c *gin.Context) {
	document, err := s.document()
	if err != nil {
		s.writeError(c, err)
		return
	}
	s.writeCompressed(c, jsonType, document)
}

// newDocsDocument returns the OpenAPI document with samples, as compressed JSON.
func newDocsDocument(baseURL string, docs Docs) (compressed, error) {
	document, err := withSamples(openAPIYAML, baseURL, docs)
	if err != nil {
		return compressed{}, err
	}
	var text bytes.Buffer
	to := gzip.NewWriter(&text)
	_, err = to.Write(document)
	if err == nil {
		err = to.Close()
	}
	return newCompressed(text.Bytes()), atlas.Wrap(err, "compress the OpenAPI document")
}

// compressed is a text that gzip has compressed. It is as it was to who does not take that,
// and made so once.
type compressed struct {
	gzip  []byte
	plain func() ([]byte, error)
}

func newCompressed(text []byte) compressed {
	return compressed{text, sync.OnceValues(func() ([]byte, error) {
		from, err := gzip.NewReader(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("decompress: %w", err)
		}
		plain, err := io.ReadAll(from)
		return plain, atlas.Wrap(err, "decompress")
	})}
}

// writeCompressed answers with a text, compressed to who takes that.
func (s *Server) writeCompressed(c *gin.Context, contentType string, text compressed) {
	h := c.Writer.Header()
	h.Set("Vary", "Accept-Encoding")
	h.Set("X-Content-Type-Options", "nosniff")
	if takesGzip(c.Request) {
		h.Set("Content-Encoding", "gzip")
		s.writeBody(c, http.StatusOK, contentType, text.gzip)
		return
	}
	plain, err := text.plain()
	if err != nil {
		s.writeError(c, err)
		return
	}
	s.writeBody(c, http.StatusOK, contentType, plain)
}

// takesGzip reports whether an answer to the request may be compressed with gzip. A client
// that weighs its encodings, as nobody does who draws the page, gets none.
func takesGzip(r *http.Request) bool {
	encodings := strings.Split(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",")
	return slices.ContainsFunc(encodings, func(encoding string) bool { return strings.TrimSpace(encoding) == "gzip" })
}
