package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/dbaccess"
	"exportbuckets/internal/event"
	"exportbuckets/internal/fault"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/journal"
	"exportbuckets/internal/metrics"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/settle"
	"exportbuckets/internal/share"
	"exportbuckets/internal/tenant"
)

// Config is what an installation decides about its HTTP side.
type Config struct {
	// BaseURL begins every link in a body, without a slash at its end, such as
	// https://atlas.example.com.
	BaseURL string
	// AWSAccountARN is the AWS account that is to assume the roles of projects,
	// such as arn:aws:iam::123456789012:root.
	AWSAccountARN string
	// TrustedProxies are the addresses and networks (CIDR) whose
	// X-Forwarded-For tells the client's address. From all others the
	// connection's address counts.
	TrustedProxies []string
	// RateLimits holds callers to Atlas' rate limits.
	RateLimits bool
	// Now is the clock. Required.
	Now func() time.Time
	// Ready returns why requests could not be served, or nil. Required.
	Ready func(context.Context) error
	// Metrics counts what is done; nil if nothing does.
	Metrics *metrics.Metrics
	// Log takes one event for each request. Required.
	Log *slog.Logger
	// Docs is what the API reference shows at /docs; nil if there is none.
	Docs *Docs
}

// Services are what the API answers from.
type Services struct {
	IAM     *iam.Service
	Tenant  *tenant.Service
	Backup  *backup.Service
	Cluster *cluster.Service
	Settle  *settle.Service
	// DBAccess is about who may connect to clusters.
	DBAccess *dbaccess.Service
	Event    *event.Service
	// Fault finds the faults that requests are to meet; nil if they meet none.
	Fault *fault.Service
	// Journal keeps what was asked and why it was answered so; nil keeps nothing.
	Journal Journal
}

// Journal keeps requests that have been answered. It takes no time.
type Journal interface {
	HasRoom(orgID objectid.ID) bool
	Add(record journal.Record)
}

// Server is the HTTP side of the services.
type Server struct {
	iam      *iam.Service
	tenant   *tenant.Service
	backup   *backup.Service
	cluster  *cluster.Service
	settle   *settle.Service
	dbaccess *dbaccess.Service
	event    *event.Service
	fault    *fault.Service
	journal  Journal
	cfg      Config
	limits   *rateLimiter // of those who are known
	// addressLimits are apart, so that a multitude of addresses makes limits forget
	// nobody who is known.
	addressLimits *rateLimiter

	// document is that of /docs. It takes a while the first time.
	document func() (compressed, error)

	proxies []netip.Prefix // that are trusted
	failed  failedSignIns

	// What requests take of these is their organization's, mostly.
	bounds  bounds
	places  *share.Pool[objectid.ID] // at work
	bodies  *share.Pool[objectid.ID] // bytes of request bodies
	lists   *share.Pool[objectid.ID] // items of large lists
	readers *readers                 // of answers
	delayed delayed                  // requests that a fault keeps waiting
}

// New returns the handler of the whole API. It returns an error if a trusted
// proxy is not what ParseProxy reads.
func New(services Services, cfg Config) (http.Handler, error) {
	return newBounded(services, cfg, defaultBounds)
}

func newBounded(services Services, cfg Config, b bounds) (http.Handler, error) {
	s, err := newServer(services, cfg, b)
	if err != nil {
		return nil, err
	}
	engine := s.newEngine()
	s.route(engine)
	return withoutFinalSlash{engine}, nil
}

// NewStarting returns the handler for the time before New's can be had: it answers
// probes, and asks everything else to come back. It returns the errors of New.
func NewStarting(cfg Config) (http.Handler, error) {
	s, err := newServer(Services{}, cfg, defaultBounds)
	if err != nil {
		return nil, err
	}
	engine := s.newEngine()
	s.probes(engine)
	engine.Use(s.logRequest)
	engine.NoRoute(s.unavailable)
	engine.NoMethod(s.unavailable)
	return engine, nil
}

func newServer(services Services, cfg Config, b bounds) (*Server, error) {
	s := &Server{
		iam: services.IAM, tenant: services.Tenant, backup: services.Backup, cluster: services.Cluster,
		settle: services.Settle, dbaccess: services.DBAccess, event: services.Event, fault: services.Fault,
		journal: services.Journal,
		cfg:     cfg, limits: newRateLimiter(), addressLimits: newRateLimiter(),
		failed:   failedSignIns{log: cfg.Log, total: make(map[string]int64)},
		document: sync.OnceValues(func() (compressed, error) { return newDocsDocument(cfg.BaseURL, *cfg.Docs) }),

		bounds:  b,
		places:  share.New[objectid.ID](b.AtWork, b.AtWork/4, b.Wait),
		bodies:  share.New[objectid.ID](b.Bodies, b.Bodies/4, b.Wait),
		lists:   share.New[objectid.ID](b.Listed, b.Listed/2, b.Work),
		readers: &readers{most: b.Answers},
	}
	for _, text := range cfg.TrustedProxies {
		proxy, err := ParseProxy(text)
		if err != nil {
			return nil, fmt.Errorf("trusted proxy %q %w", text, err)
		}
		s.proxies = append(s.proxies, proxy)
	}
	return s, nil
}

func (s *Server) newEngine() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	// A network in a path has an escaped slash in it.
	engine.UseRawPath = true
	engine.UnescapePathValues = false
	engine.Use(s.limitBody)
	return engine
}

// operation returns the handler that makes the checks before op and serves it.
func (s *Server) operation(op operation) gin.HandlerFunc {
	_, customMethod := cutCustomMethod(op.path)
	return func(c *gin.Context) {
		if !trimCustomMethod(c, customMethod) || op.endpoint.absent && op.outranked(c) {
			s.noRoute(c)
			return
		}
		if err := s.serve(c, op); err != nil {
			s.writeError(c, err)
		}
	}
}

// serve makes the checks that all operations share, in Atlas' order:
// credentials, address, rate limit, version. The endpoint makes the others:
// project and role, then the body, then the objects.
func (s *Server) serve(c *gin.Context, op operation) error {
	if op.endpoint.public {
		return s.serveAnyone(c, op)
	}
	principal, err := s.authenticate(c)
	if err != nil {
		return err
	}
	if r := recordingOf(c); r != nil && r.operation == "" {
		r.operation = op.method + " " + op.path
	}
	rule, err := s.findFault(c, principal)
	if err != nil {
		return err
	}
	if rule != nil {
		return s.meetFault(c, op, principal, rule)
	}
	return s.serveCaller(c, op, principal)
}

// serveAnyone serves a request of an operation that asks for no credentials.
func (s *Server) serveAnyone(c *gin.Context, op operation) error {
	if err := s.limitAnyone(c, op); err != nil {
		return err
	}
	v, err := resolveVersion(op.versions, c.Request.Header.Values("Accept"))
	if err != nil {
		return err
	}
	in := &call{gin: c, version: v}
	answer, err := op.endpoint.serve(in)
	if err != nil {
		return err
	}
	return s.respond(in, op.endpoint.status, answer)
}

// serveCaller serves a request of whom is known.
func (s *Server) serveCaller(c *gin.Context, op operation, principal *atlas.Principal) error {
	trace := traceOf(c)
	if err := s.limitRate(c, principal, op); err != nil {
		return err
	}
	user := principal.OrgID()
	if op.revokes() {
		user = principal.ID() // who waits for none of its organization
	}
	work := workOf(c)
	if err := work.enter(user); err != nil {
		return err
	}
	v, err := resolveVersion(op.versions, c.Request.Header.Values("Accept"))
	recordVersion(c, v)
	if err != nil {
		return err
	}
	if err := s.checkSunset(c, v, principal.Now()); err != nil {
		return err
	}
	in := &call{gin: c, work: work, baseURL: s.cfg.BaseURL, principal: principal, version: v, trace: trace}
	if op.endpoint.settles {
		in.settler = s.settle
	}
	answer, err := op.endpoint.serve(in)
	if err != nil {
		return err
	}
	return s.respond(in, op.endpoint.status, answer)
}

// unavailable answers for all that is not served yet.
func (s *Server) unavailable(c *gin.Context) { s.writeError(c, atlas.ErrUnavailable) }

// resourceNotFound says that the path leads nowhere.
func resourceNotFound(c *gin.Context) error {
	traceOf(c).Step(atlas.StepRoute)
	return atlas.NewError(atlas.CodeResourceNotFound, sentPath(c))
}

// allowed writes an Allow header in Atlas' way and order.
func allowed(offered []string) string {
	methods := []string{http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodGet, http.MethodDelete}
	methods = slices.DeleteFunc(methods, func(method string) bool {
		return !slices.Contains(offered, method)
	})
	return strings.Join(append(methods, http.MethodOptions), ",")
}
