package api

import (
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"exportbuckets/internal/atlas"
)

// rateLimit is the limit that a group of operations shares. Atlas, "API Rate
// Limits".
type rateLimit struct {
	name     string
	capacity int // of each project's token bucket
	refill   int // tokens added every refillPeriod
}

const refillPeriod = time.Minute

var (
	backupLimit             = rateLimit{name: "cloud backups", capacity: 1200, refill: 500}
	orgListLimit            = rateLimit{name: "organizations of a user", capacity: 300, refill: 100}
	credentialLimit         = rateLimit{name: "credentials", capacity: 1200, refill: 500}
	orgCredentialLimit      = rateLimit{name: "credentials of an organization", capacity: 500, refill: 250}
	orgSettingsLimit        = rateLimit{name: "organization settings", capacity: 10, refill: 10}
	orgLimit                = rateLimit{name: "organizations", capacity: 500, refill: 250}
	rootLimit               = rateLimit{name: "root", capacity: 300, refill: 100}
	clusterLimit            = rateLimit{name: "clusters", capacity: 10000, refill: 5000}
	performanceAdvisorLimit = rateLimit{name: "performance advisor", capacity: 1200, refill: 500}
	projectAddressLimit     = rateLimit{name: "project IP addresses", capacity: 1200, refill: 500}
	projectLimit            = rateLimit{name: "projects", capacity: 1200, refill: 500}
	teamLimit               = rateLimit{name: "teams", capacity: 1200, refill: 500}
	accessRoleLimit         = rateLimit{name: "cloud provider access", capacity: 2000, refill: 1000}
	projectAccessListLimit  = rateLimit{name: "project IP access list", capacity: 1200, refill: 500}
	auditingLimit           = rateLimit{name: "auditing", capacity: 1200, refill: 500}
	databaseRoleLimit       = rateLimit{name: "custom database roles", capacity: 2000, refill: 1000}
	databaseUserLimit       = rateLimit{name: "database users", capacity: 10000, refill: 5000}
	encryptionLimit         = rateLimit{name: "encryption at rest", capacity: 2000, refill: 1000}
	integrationLimit        = rateLimit{name: "third-party integrations", capacity: 1200, refill: 500}
	monitoringLimit         = rateLimit{name: "monitoring and logs", capacity: 300, refill: 100}
	networkPeeringLimit     = rateLimit{name: "network peering", capacity: 2000, refill: 1000}
	orgUserLimit            = rateLimit{name: "users of an organization", capacity: 500, refill: 250}
	endpointLimit           = rateLimit{name: "private endpoint services", capacity: 4000, refill: 2000}
	projectUserLimit        = rateLimit{name: "users of a project", capacity: 1200, refill: 500}
	tokenLimit              = rateLimit{name: "access tokens", capacity: 10, refill: 10}
)

// limitRate takes a token for the request, tells in the header how many are
// left, and returns RATE_LIMITED_TOKEN_BUCKET if there was none. A project has
// one bucket for all who have a role on it, and an organization for all who
// belong to it; others draw on a bucket of their own, so that nobody can use up
// the requests of a stranger's project.
func (s *Server) limitRate(c *gin.Context, p *atlas.Principal, limit rateLimit) error {
	if !s.cfg.RateLimits {
		return nil
	}
	scope := p.ID()
	if project, ok := p.Project(); ok {
		scope = project
	} else if p.NamesOwnOrg() {
		scope = p.OrgID()
	}
	left, retryAfter := s.limits.allow(limit, scope.String())
	c.Header("RateLimit-Limit", strconv.Itoa(limit.capacity))
	c.Header("RateLimit-Remaining", strconv.Itoa(left))
	if retryAfter == 0 {
		return nil
	}
	c.Header("Retry-After", strconv.Itoa(retryAfter))
	return atlas.NewError(atlas.CodeRateLimited,
		resourcePath(c), retryAfter, limit.capacity, limit.refill, int(refillPeriod.Seconds()))
}

// rateLimiter keeps the token buckets of this process. Replicas do not share
// them: each admits as much as Atlas would alone.
type rateLimiter struct {
	now func() time.Time

	mu      sync.Mutex
	buckets map[bucketKey]*tokenBucket
	swept   time.Time // when full buckets were last removed
}

type bucketKey struct {
	limit string // its name
	scope string
}

type tokenBucket struct {
	limit    rateLimit
	tokens   int
	refilled time.Time
}

func newRateLimiter(now func() time.Time) *rateLimiter {
	return &rateLimiter{now: now, buckets: make(map[bucketKey]*tokenBucket), swept: now()}
}

// allow takes a token from the scope's bucket and returns how many are left. If
// there was none, it returns after how many seconds there are some.
func (l *rateLimiter) allow(limit rateLimit, scope string) (left, retryAfter int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.sweep(now)
	key := bucketKey{limit.name, scope}
	bucket, ok := l.buckets[key]
	if !ok {
		bucket = &tokenBucket{limit: limit, tokens: limit.capacity, refilled: now}
		l.buckets[key] = bucket
	}
	bucket.fill(now)
	if bucket.tokens == 0 {
		wait := bucket.refilled.Add(refillPeriod).Sub(now)
		return 0, int(math.Ceil(wait.Seconds()))
	}
	bucket.tokens--
	return bucket.tokens, 0
}

// fill adds the tokens of the periods that have ended. They come all at once at
// the end of a period: Atlas asks clients to wait for as long as that takes.
func (b *tokenBucket) fill(now time.Time) {
	periods := int(now.Sub(b.refilled) / refillPeriod)
	b.refilled = b.refilled.Add(time.Duration(periods) * refillPeriod)
	b.tokens = min(b.limit.capacity, b.tokens+periods*b.limit.refill)
}

// sweep removes, once a period, the buckets that are as good as new.
func (l *rateLimiter) sweep(now time.Time) {
	if now.Sub(l.swept) < refillPeriod {
		return
	}
	l.swept = now
	for key, bucket := range l.buckets {
		bucket.fill(now)
		if bucket.tokens == bucket.limit.capacity {
			delete(l.buckets, key)
		}
	}
}
