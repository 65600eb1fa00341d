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
	// operator is the hash of the operator's token; nil if there is none.
	operator []byte
	sealer   *iam.Sealer
	settle   *settle.Service
	catalog  atomic.Pointer[catalog]
}

// MinOperatorToken is how many characters the operator's token has at least.
const MinOperatorToken = 32

// New returns the service. The sealer makes the rows of keys that files declare. An empty operatorToken is nobody's.
func New(pool *dbpool.Pool, env atlas.Env, sealer *iam.Sealer, operatorToken string) *Service {
	s := &Service{pool: pool, env: env, sealer: sealer, settle: settle.New(pool, env)}
	if operatorToken != "" {
		s.operator = iam.HashStagingToken(operatorToken)
	}
	return s
}
