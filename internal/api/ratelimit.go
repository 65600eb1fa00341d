package api

import (
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"exportbuckets/internal/atlas"
)

// endpointSet is a group of operations that share a rate limit. Atlas,
// "API Rate Limits".
type endpointSet struct {
	name     string
	capacity int // of each project's token bucket
	refill   int // tokens added every refillPeriod
}

const refillPeriod = time.Minute

var (
	cloudBackups        = endpointSet{name: "cloud backups", capacity: 1200, refill: 500}
	orgList             = endpointSet{name: "organizations of a user", capacity: 300, refill: 100}
	credentials         = endpointSet{name: "credentials", capacity: 1200, refill: 500}
	orgCredentials      = endpointSet{name: "credentials of an organization", capacity: 500, refill: 250}
	orgSettings         = endpointSet{name: "organization settings", capacity: 10, refill: 10}
	orgs                = endpointSet{name: "organizations", capacity: 500, refill: 250}
	root                = endpointSet{name: "root", capacity: 300, refill: 100}
	clusters            = endpointSet{name: "clusters", capacity: 10000, refill: 5000}
	performanceAdvisor  = endpointSet{name: "performance advisor", capacity: 1200, refill: 500}
	projectAddresses    = endpointSet{name: "project IP addresses", capacity: 1200, refill: 500}
	projects            = endpointSet{name: "projects", capacity: 1200, refill: 500}
	teams               = endpointSet{name: "teams", capacity: 1200, refill: 500}
	cloudProviderAccess = endpointSet{name: "cloud provider access", capacity: 2000, refill: 1000}
	accessLists         = endpointSet{name: "project IP access list", capacity: 1200, refill: 500}
	auditing            = endpointSet{name: "auditing", capacity: 1200, refill: 500}
	databaseRoles       = endpointSet{name: "custom database roles", capacity: 2000, refill: 1000}
	databaseUsers       = endpointSet{name: "database users", capacity: 10000, refill: 5000}
	encryption          = endpointSet{name: "encryption at rest", capacity: 2000, refill: 1000}
	integrations        = endpointSet{name: "third-party integrations", capacity: 1200, refill: 500}
	monitoring          = endpointSet{name: "monitoring and logs", capacity: 300, refill: 100}
	networkPeering      = endpointSet{name: "network peering", capacity: 2000, refill: 1000}
	orgUsers            = endpointSet{name: "users of an organization", capacity: 500, refill: 250}
	privateEndpoints    = endpointSet{name: "private endpoint services", capacity: 4000, refill: 2000}
	projectUsers        = endpointSet{name: "users of a project", capacity: 1200, refill: 500}
	accessTokens        = endpointSet{name: "access tokens", capacity: 10, refill: 10}
)

// takeToken takes a token for the request, tells in the header how many are
// left, and returns RATE_LIMITED_TOKEN_BUCKET if there was none. A project has
// one bucket for all who have a role on it, and an organization for all who
// belong to it; others draw on a bucket of their own, so that nobody can use up
// the requests of a stranger's project.
func (s *Server) takeToken(c *gin.Context, p atlas.Principal, set endpointSet) error {
	if !s.cfg.RateLimits {
		return nil
	}
	scope := p.ID
	if project, ok := p.Project(); ok {
		scope = project
	} else if p.NamesOwnOrg() {
		scope = p.OrgID
	}
	left, retryAfter := s.limits.take(set, scope.String())
	c.Header("RateLimit-Limit", strconv.Itoa(set.capacity))
	c.Header("RateLimit-Remaining", strconv.Itoa(left))
	if retryAfter == 0 {
		return nil
	}
	c.Header("Retry-After", strconv.Itoa(retryAfter))
	return atlas.NewError(atlas.CodeRateLimited,
		resourcePath(c), retryAfter, set.capacity, set.refill, int(refillPeriod.Seconds()))
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
	set   string
	scope string
}

type tokenBucket struct {
	set      endpointSet
	tokens   int
	refilled time.Time
}

func newRateLimiter(now func() time.Time) *rateLimiter {
	return &rateLimiter{now: now, buckets: make(map[bucketKey]*tokenBucket), swept: now()}
}

// take takes a token from the scope's bucket and returns how many are left. If
// there was none, it returns after how many seconds there are some.
func (l *rateLimiter) take(set endpointSet, scope string) (left, retryAfter int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.sweep(now)
	key := bucketKey{set.name, scope}
	bucket, ok := l.buckets[key]
	if !ok {
		bucket = &tokenBucket{set: set, tokens: set.capacity, refilled: now}
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
	b.tokens = min(b.set.capacity, b.tokens+periods*b.set.refill)
}

// sweep removes, once a period, the buckets that are as good as new.
func (l *rateLimiter) sweep(now time.Time) {
	if now.Sub(l.swept) < refillPeriod {
		return
	}
	l.swept = now
	for key, bucket := range l.buckets {
		bucket.fill(now)
		if bucket.tokens == bucket.set.capacity {
			delete(l.buckets, key)
		}
	}
}
