package console

import (
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"

	"exportbuckets/internal/admin"
	"exportbuckets/internal/metrics"
	"exportbuckets/staging"
)

// Config is what an installation decides about its console.
type Config struct {
	// BaseURL is what clients call the API.
	BaseURL string
	// Version is that of the program.
	Version string
	// Settings are those that the server was started with, without secrets.
	Settings []Setting
	// JournalMax is how many bytes the journals of all organizations hold together.
	JournalMax int64
	// Metrics count what is reset. Required.
	Metrics *metrics.Metrics
	// Log takes one event for each request. Required.
	Log *slog.Logger
}

// Setting is a setting of the server.
type Setting struct{ Name, Value string }

// Console answers browsers. It expects that somebody before it refuses requests of foreign
// pages and of foreign names.
type Console struct {
	admin.Services

	cfg       Config
	templates map[string]*template.Template // by name
	sections  []section
	mux       *http.ServeMux
}

// New returns the console.
func New(services admin.Services, cfg Config) *Console {
	c := &Console{Services: services, cfg: cfg, templates: parseTemplates(), mux: http.NewServeMux()}
	for _, r := range c.routes() {
		c.mux.HandleFunc(r.method+" "+r.path.Pattern(), c.visit(r))
		if r.section != "" {
			c.sections = append(c.sections, section{r.section, r.path.Pattern()})
		}
	}
	c.mux.HandleFunc("/", c.visit(route{serve: noPage}))
	c.mux.HandleFunc("GET /static/{file}", c.static)
	return c
}

// ServeHTTP implements http.Handler.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setPolicy(w.Header())
	c.mux.ServeHTTP(w, r)
}

// Refuse answers with why a request is not served.
func (c *Console) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	setPolicy(w.Header())
	c.visit(route{serve: func(*visit) (page, error) { return page{}, err }})(w, r)
}

// setPolicy has the browser load from here alone, run no script of a page, and tell and keep
// nothing.
func setPolicy(header http.Header) {
	header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "+
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
}

// static answers with what pages load.
func (c *Console) static(w http.ResponseWriter, r *http.Request) {
	if _, err := fs.Stat(files, "static/"+r.PathValue("file")); err != nil {
		c.visit(route{serve: noPage})(w, r)
		return
	}
	http.FileServerFS(files).ServeHTTP(w, r)
}

func noPage(v *visit) (page, error) {
	return page{}, staging.NewProblem(staging.CodeNotFound, "There is no page %s %s.", v.Method, v.URL.EscapedPath())
}
