package tenantstate

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/staging"
)

// SessionTTL is how long a session lasts, of real time.
const SessionTTL = 12 * time.Hour

// maxSessions is how many sessions a token has at most: the oldest ends when one more
// begins.
const maxSessions = 100

// SignIn begins a session of who presents the token, and returns its id, which is a secret.
// It returns UNAUTHENTICATED for a token that is none.
func (s *Service) SignIn(ctx context.Context, token string) (session string, caller Caller, err error) {
	if caller, err = s.Authenticate(ctx, token); err != nil {
		return "", Caller{}, err
	}
	session = newSessionID()
	row := db.InsertStagingSessionParams{IDHash: hashSession(session), ExpiresAt: s.env.Now().Add(SessionTTL)}
	if caller.token == nil {
		row.OperatorHash = s.operator
	} else {
		row.OrgID, row.TokenID = &caller.token.OrgID, &caller.token.ID
	}
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if err := db.New().InsertStagingSession(ctx, tx, row); err != nil {
			return err
		}
		return db.New().DeleteStagingSessionsPast(ctx, tx,
			db.DeleteStagingSessionsPastParams{OrgID: row.OrgID, TokenID: row.TokenID, Kept: maxSessions})
	})
	return session, caller, atlas.Wrap(err, "begin session")
}

func newSessionID() string {
	random := make([]byte, sha256.Size)
	_, _ = rand.Read(random) // never fails
	return base64.RawURLEncoding.EncodeToString(random)
}

func hashSession(id string) []byte {
	hash := sha256.Sum256([]byte(id))
	return hash[:]
}

// errNoSession says the same of every session that is none.
var errNoSession = staging.NewProblem(staging.CodeUnauthenticated,
	"The session has ended: it lasts %d hours, and no longer than the token that it was begun with.",
	int(SessionTTL.Hours()))

// CallerOfSession returns who began a session, as the token would be today. It returns
// UNAUTHENTICATED for a session that has ended, by itself or with its token.
func (s *Service) CallerOfSession(ctx context.Context, id string) (Caller, error) {
	hash, err := db.New().GetStagingSession(ctx, s.pool,
		db.GetStagingSessionParams{IDHash: hashSession(id), Now: s.env.Now()})
	if errors.Is(err, pgx.ErrNoRows) {
		return Caller{}, errNoSession
	}
	if err != nil {
		return Caller{}, fmt.Errorf("find session: %w", err)
	}
	caller, err := s.callerOf(ctx, hash)
	if errors.Is(err, errUnauthenticated) {
		return Caller{}, errNoSession
	}
	return caller, err
}

// SignOut ends a session, if there is one of the id.
func (s *Service) SignOut(ctx context.Context, id string) error {
	return atlas.Wrap(db.New().DeleteStagingSession(ctx, s.pool, hashSession(id)), "end session")
}

// sweepSessions deletes the sessions that have expired.
func (s *Service) sweepSessions(ctx context.Context) error {
	err := db.New().DeleteStagingSessionsBefore(ctx, s.pool, s.env.Now())
	return atlas.Wrap(err, "delete sessions that have expired")
}
