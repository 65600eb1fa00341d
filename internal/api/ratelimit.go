package api

import (
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"exportbuckets/internal/atlas"
)

// rateLimit is the limit that a group of operations shares. Atlas, "API Rate
// Limits".
type rateLimit struct {
	name     string
	capacity int // of each project's token bucket
	refill   int // tokens added every refillPeriod
	// revoking says that its deletions revoke: see operation.revokes.
	revoking bool
}

const refillPeriod = time.Minute

var (
	backupLimit             = rateLimit{name: "cloud backups", capacity: 1200, refill: 500}
	orgListLimit            = rateLimit{name: "organizations of a user", capacity: 300, refill: 100}
	credentialLimit         = rateLimit{name: "credentials", capacity: 1200, refill: 500, revoking: true}
	orgCredentialLimit      = rateLimit{name: "credentials of an organization", capacity: 500, refill: 250, revoking: true}
	orgSettingsLimit        = rateLimit{name: "organization settings", capacity: 10, refill: 5}
	orgLimit                = rateLimit{name: "organizations", capacity: 500, refill: 250}
	rootLimit               = rateLimit{name: "root", capacity: 300, refill: 100}
	clusterLimit            = rateLimit{name: "clusters", capacity: 10000, refill: 5000}
	clusterOverviewLimit    = rateLimit{name: "clusters of all projects", capacity: 300, refill: 100}
	flexLimit               = rateLimit{name: "flex clusters", capacity: 1200, refill: 500}
	performanceAdvisorLimit = rateLimit{name: "performance advisor", capacity: 1200, refill: 500}
	projectAddressLimit     = rateLimit{name: "project IP addresses", capacity: 1200, refill: 500}
	projectLimit            = rateLimit{name: "projects", capacity: 1200, refill: 500}
	teamLimit               = rateLimit{name: "teams", capacity: 1200, refill: 500}
	accessRoleLimit         = rateLimit{name: "cloud provider access", capacity: 2000, refill: 1000}
	projectAccessListLimit  = rateLimit{name: "project IP access list", capacity: 1200, refill: 500}
	addressLimit            = rateLimit{name: "addresses of the control plane", capacity: 400, refill: 100}
	alertConfigLimit        = rateLimit{name: "alert configurations", capacity: 1200, refill: 500}
	alertLimit              = rateLimit{name: "alerts", capacity: 1200, refill: 500}
	alertMatcherLimit       = rateLimit{name: "matchers of alerts", capacity: 300, refill: 100}
	dnsLimit                = rateLimit{name: "AWS clusters DNS", capacity: 1200, refill: 500}
	federationLimit         = rateLimit{name: "federated authentication", capacity: 500, refill: 250}
	dataFederationLimit     = rateLimit{name: "Data Federation", capacity: 1200, refill: 500}
	ldapLimit               = rateLimit{name: "LDAP configuration", capacity: 1200, refill: 500}
	logExportLimit          = rateLimit{name: "push-based log exports", capacity: 1200, refill: 500}
	maintenanceLimit        = rateLimit{name: "maintenance windows", capacity: 1200, refill: 500}
	resourcePolicyLimit     = rateLimit{name: "resource policies", capacity: 500, refill: 250}
	streamLimit             = rateLimit{name: "streams", capacity: 1200, refill: 500}
	auditingLimit           = rateLimit{name: "auditing", capacity: 1200, refill: 500}
	databaseRoleLimit       = rateLimit{name: "custom database roles", capacity: 2000, refill: 1000}
	databaseUserLimit       = rateLimit{name: "database users", capacity: 10000, refill: 5000}
	encryptionLimit         = rateLimit{name: "encryption at rest", capacity: 2000, refill: 1000}
	eventLimit              = rateLimit{name: "events", capacity: 300, refill: 100}
	eventTypeLimit          = rateLimit{name: "event types", capacity: 300, refill: 100}
	orgEventLimit           = rateLimit{name: "events of an organization", capacity: 500, refill: 250}
	integrationLimit        = rateLimit{name: "third-party integrations", capacity: 1200, refill: 500}
	monitoringLimit         = rateLimit{name: "monitoring and logs", capacity: 300, refill: 100}
	networkPeeringLimit     = rateLimit{name: "network peering", capacity: 2000, refill: 1000}
	orgUserLimit            = rateLimit{name: "users of an organization", capacity: 500, refill: 250}
	endpointLimit           = rateLimit{name: "private endpoint services", capacity: 4000, refill: 2000}
	projectUserLimit        = rateLimit{name: "users of a project", capacity: 1200, refill: 500}
	tokenLimit              = rateLimit{name: "access tokens", capacity: 10, refill: 10}
	revocationLimit         = rateLimit{name: "revocations of access tokens", capacity: 10, refill: 10}
)

// The limits that are this server's own. With Atlas' alone, whoever has any credential
// of an organization could keep its buckets empty, and nobody else's request would be
// answered: not even the one that takes that credential away. So each principal has
// tokens of its own for when a bucket that it shares is empty. One a second is as much
// as a person at work needs, and a small part of what a shared bucket has; and those
// for revocations are apart from the others, so that no program which runs with the
// same credentials can use them up.
var (
	ownLimit     = rateLimit{name: "a principal's own", capacity: 60, refill: 60}
	reserveLimit = rateLimit{name: "a principal's revocations", capacity: 60, refill: 60}
)

// revokes says whether the operation takes something away from somebody that could be
// used to sign in, or that gave a right.
func (o operation) revokes() bool { return o.limit.revoking && o.method == del }

// limitRate takes a token for the request, tells in the header how many are left in
// the bucket that it is from, and returns RATE_LIMITED_TOKEN_BUCKET if there was none.
// A project has one bucket for all who have a role on it, and an organization for all
// who belong to it; others draw on a bucket of their own, so that nobody can use up
// the requests of a stranger's project. If a shared bucket is empty, the caller draws
// on its own, and to revoke something on its reserve.
func (s *Server) limitRate(c *gin.Context, p *atlas.Principal, op operation) error {
	if !s.cfg.RateLimits {
		return nil
	}
	own := p.ID().String()
	draws := make([]draw, 0, 3)
	if project, ok := p.Project(); ok {
		draws = append(draws, draw{op.limit, project.String()}, draw{ownLimit, own})
	} else if p.NamesOwnOrg() {
		draws = append(draws, draw{op.limit, p.OrgID().String()}, draw{ownLimit, own})
	} else {
		draws = append(draws, draw{op.limit, own})
	}
	if op.revokes() {
		draws = append(draws, draw{reserveLimit, own})
	}
	return s.take(c, op, s.limits, p.Now(), draws...)
}

// take takes a token for a request of the operation from the first of the buckets that has
// one, and returns RATE_LIMITED_TOKEN_BUCKET if none has.
func (s *Server) take(
	c *gin.Context, op operation, limits *rateLimiter, now time.Time, draws ...draw,
) error {
	from, left, retryAfter := limits.take(now, draws...)
	recordRateLimit(traceOf(c), from, left)
	tellLimit(c, op, from, left)
	if retryAfter == 0 {
		return nil
	}
	s.cfg.Metrics.RateLimited(op.limit.name)
	return errLimited(c, from, retryAfter)
}

// tellLimit tells in the header how many requests are left of a limit. The unversioned API
// does not tell.
func tellLimit(c *gin.Context, op operation, limit rateLimit, left int) {
	if op.versions[0].root == "" {
		c.Header("RateLimit-Limit", strconv.Itoa(limit.capacity))
		c.Header("RateLimit-Remaining", strconv.Itoa(left))
	}
}

// errLimited returns RATE_LIMITED_TOKEN_BUCKET, and tells in the header when to come back.
func errLimited(c *gin.Context, limit rateLimit, retryAfter int) error {
	c.Header("Retry-After", strconv.Itoa(retryAfter))
	return atlas.NewError(atlas.CodeRateLimited,
		resourcePath(c), retryAfter, limit.capacity, limit.refill, int(refillPeriod.Seconds()))
}

// limitAnyone takes a token for a request of the operation by nobody known, as limitRate
// does for who is known.
func (s *Server) limitAnyone(c *gin.Context, op operation) error {
	if !s.cfg.RateLimits {
		return nil
	}
	return s.take(c, op, s.addressLimits, s.cfg.Now(), draw{op.limit, s.clientAddress(c).String()})
}

// limitAddress takes a token for a request of nobody known yet, and returns after how
// many seconds there is one if there was none.
func (s *Server) limitAddress(c *gin.Context, limit rateLimit) (retryAfter int) {
	if !s.cfg.RateLimits {
		return 0
	}
	_, _, retryAfter = s.addressLimits.take(s.cfg.Now(), draw{limit, s.clientAddress(c).String()})
	if retryAfter > 0 {
		s.cfg.Metrics.RateLimited(limit.name)
	}
	return retryAfter
}

// maxBuckets is how many buckets a rateLimiter keeps: some 8 MB of them. Of those who
// used none for the longest time, who are likely to have a full one, it forgets how
// much they used.
const maxBuckets = 1 << 15

// rateLimiter keeps token buckets of this process. Replicas do not share them: each
// admits as much as Atlas would alone.
type rateLimiter struct {
	mu      sync.Mutex
	buckets *simplelru.LRU[bucketKey, *tokenBucket]
}

type bucketKey struct {
	limit string // its name
	scope string
}

// draw is a bucket that a token may be taken from.
type draw struct {
	limit rateLimit
	scope string // whose bucket
}

type tokenBucket struct {
	tokens   int
	refilled time.Time
}

func newRateLimiter() *rateLimiter {
	buckets, err := simplelru.NewLRU[bucketKey, *tokenBucket](maxBuckets, nil)
	if err != nil {
		panic(err) // the size is ours
	}
	return &rateLimiter{buckets: buckets}
}

// take takes a token from the first of the buckets that has one, and returns the
// limit of that bucket and how many are left in it. If none has one, it returns the
// first limit, and after how many seconds there is a token in one of them. The time is that
// of whose buckets they are.
func (l *rateLimiter) take(now time.Time, draws ...draw) (from rateLimit, left, retryAfter int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range draws {
		key := bucketKey{d.limit.name, d.scope}
		bucket, ok := l.buckets.Get(key)
		if !ok {
			bucket = &tokenBucket{tokens: d.limit.capacity, refilled: now}
			l.buckets.Add(key, bucket)
		}
		bucket.fill(d.limit, now)
		if bucket.tokens > 0 {
			bucket.tokens--
			return d.limit, bucket.tokens, 0
		}
		wait := int(math.Ceil(bucket.refilled.Add(refillPeriod).Sub(now).Seconds()))
		if retryAfter == 0 || wait < retryAfter {
			retryAfter = wait
		}
	}
	return draws[0].limit, 0, retryAfter
}

// fill adds the tokens of the periods that have ended. They come all at once at
// the end of a period: Atlas asks clients to wait for as long as that takes. A clock that
// was turned back begins a period.
func (b *tokenBucket) fill(limit rateLimit, now time.Time) {
	if now.Before(b.refilled.Add(-refillPeriod)) {
		b.refilled = now
	}
	periods := int(now.Sub(b.refilled) / refillPeriod)
	b.refilled = b.refilled.Add(time.Duration(periods) * refillPeriod)
	b.tokens = min(limit.capacity, b.tokens+periods*limit.refill)
}
