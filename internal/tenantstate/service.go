package tenantstate

import (
	"sync/atomic"
	"time"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/settle"
	"exportbuckets/internal/share"
)

// Service answers for the staging plane. Its methods are safe for concurrent use.
type Service struct {
	pool *dbpool.Pool
	env  atlas.Env
	cfg  Config
	// operator is the hash of the operator's token; nil if there is none.
	operator []byte
	settle   *settle.Service
	catalog  atomic.Pointer[catalog]
	// creations are how many throw-away organizations are made at once. Each has a turn to
	// write of its own: the turns of others are not for them.
	creations *share.Pool[objectid.ID]
}

// creationPatience is how long the creation of an organization waits for others.
const creationPatience = 30 * time.Second

// MinOperatorToken is how many characters the operator's token has at least.
const MinOperatorToken = 32

// Config is what an installation decides.
type Config struct {
	// Sealer is that of the database; it makes the rows of keys that files declare. Required.
	Sealer *iam.Sealer
	// OperatorToken is the operator's token; nobody's if it is empty.
	OperatorToken string
	// IsOperation reports whether a text is the operation id of an operation of the API.
	// Required.
	IsOperation func(text string) bool
	// MaxThrowaways is how many throw-away organizations there may be at a time.
	MaxThrowaways int64
}

// New returns the service.
func New(pool *dbpool.Pool, env atlas.Env, cfg Config) *Service {
	conns := int64(pool.Config().MaxConns)
	s := &Service{
		pool: pool, env: env, cfg: cfg, settle: settle.New(pool, env),
		creations: share.New[objectid.ID](conns/4, conns/8, creationPatience),
	}
	if cfg.OperatorToken != "" {
		s.operator = iam.HashStagingToken(cfg.OperatorToken)
	}
	return s
}
