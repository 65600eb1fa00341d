package tenantstate

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// Caller is who presents a token: the operator, or a team with its one organization.
// Authenticate alone makes one.
type Caller struct {
	service *Service
	// token is the team's; nil if it is the operator who calls.
	token *db.GetStagingTokenRow
}

// OperatorName is what the operator is called where tokens are called by their ids.
const OperatorName = "operator"

// Name returns the id of the token, for logs, or OperatorName.
func (c Caller) Name() string {
	if c.token == nil {
		return OperatorName
	}
	return c.token.ID.String()
}

// OrgID returns the one organization that the caller may see; nil for the operator, who
// may see all.
func (c Caller) OrgID() *objectid.ID {
	if c.token == nil {
		return nil
	}
	return &c.token.OrgID
}

// IsReadOnly reports whether the caller may change nothing.
func (c Caller) IsReadOnly() bool { return c.token != nil && c.token.Role != db.StagingRoleWrite }

// errUnauthenticated says the same of every token that is none.
var errUnauthenticated = staging.NewProblem(staging.CodeUnauthenticated,
	"Send the token of an organization, or the operator's: Authorization: Bearer TOKEN.")

// Authenticate returns who presents the token, or UNAUTHENTICATED.
func (s *Service) Authenticate(ctx context.Context, token string) (Caller, error) {
	hash := iam.HashStagingToken(token)
	if !s.isOperator(hash) && !iam.IsStagingToken(token) {
		return Caller{}, errUnauthenticated
	}
	return s.callerOf(ctx, hash)
}

// isOperator reports whether it is the operator's token that has the hash.
func (s *Service) isOperator(hash []byte) bool {
	return s.operator != nil && subtle.ConstantTimeCompare(hash, s.operator) == 1
}

// callerOf returns whose the token of the hash is, or UNAUTHENTICATED.
func (s *Service) callerOf(ctx context.Context, hash []byte) (Caller, error) {
	if s.isOperator(hash) {
		return Caller{service: s}, nil
	}
	row, err := db.New().GetStagingToken(ctx, s.pool,
		db.GetStagingTokenParams{TokenHash: hash, Now: s.env.Now()})
	if errors.Is(err, pgx.ErrNoRows) {
		return Caller{}, errUnauthenticated
	}
	if err != nil {
		return Caller{}, fmt.Errorf("find staging token: %w", err)
	}
	return Caller{service: s, token: &row}, nil
}

// proof is what all proofs are made of. The zero value proves nothing.
type proof struct {
	caller *Caller
	orgID  objectid.ID
}

// OrgID returns the id of the organization. It panics if no caller made the proof.
func (p proof) OrgID() objectid.ID {
	p.Caller()
	return p.orgID
}

// Caller returns who is calling. It panics if no caller made the proof.
func (p proof) Caller() Caller {
	if p.caller == nil {
		panic("tenantstate: a proof that no caller made")
	}
	return *p.caller
}

type (
	// Reader proves that the caller may see the organization.
	Reader struct{ proof }
	// Writer proves that the caller may change the organization.
	Writer struct{ proof }
	// Operator proves that the operator calls.
	Operator struct{ caller *Caller }
)

// Reader proves that this caller may also see what it may change.
func (w Writer) Reader() Reader { return Reader(w) }

// Caller returns the operator. It panics if no caller made the proof.
func (o Operator) Caller() Caller { return proof{caller: o.caller}.Caller() }

// errNoOrganization says the same of an organization that is not there, and of one that is
// another's.
var errNoOrganization = staging.NewProblem(staging.CodeNotFound, "There is no such organization.")

// Reader returns NOT_FOUND unless the caller may see the organization of that id.
func (c Caller) Reader(ctx context.Context, org string) (Reader, error) {
	id, err := objectid.Parse(org)
	if err != nil || c.token != nil && c.token.OrgID != id {
		return Reader{}, errNoOrganization
	}
	if c.token == nil {
		org, err := db.New().GetOrg(ctx, c.service.pool, id)
		if err != nil {
			return Reader{}, missing(err, "find organization", errNoOrganization)
		}
		if org.ExpiresAt != nil && !org.ExpiresAt.After(c.service.env.Now()) {
			return Reader{}, errNoOrganization
		}
	}
	return Reader{proof{&c, id}}, nil
}

// Writer returns what Reader does, and READ_ONLY_TOKEN if the caller may see the
// organization and not change it.
func (c Caller) Writer(ctx context.Context, org string) (Writer, error) {
	reader, err := c.Reader(ctx, org)
	if err != nil {
		return Writer{}, err
	}
	if c.IsReadOnly() {
		return Writer{}, staging.NewProblem(staging.CodeReadOnlyToken, "This takes a token with the role write.")
	}
	return Writer(reader), nil
}

// Operator returns READ_ONLY_TOKEN unless the operator calls.
func (c Caller) Operator() (Operator, error) {
	if c.token != nil {
		return Operator{}, staging.NewProblem(staging.CodeReadOnlyToken, "This takes the operator's token.")
	}
	return Operator{&c}, nil
}
