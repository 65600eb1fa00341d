package tenantstate

import (
	"sync/atomic"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/settle"
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
}

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
	s := &Service{pool: pool, env: env, cfg: cfg, settle: settle.New(pool, env)}
	if cfg.OperatorToken != "" {
		s.operator = iam.HashStagingToken(cfg.OperatorToken)
	}
	return s
}
