package dbpool

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/internal/objectid"
	"exportbuckets/internal/share"
)

const (
	// commitTimeout is how long a commit may take. It is less than workTimeout: a
	// commit that PostgreSQL ends while it waits for a standby says that it went well.
	commitTimeout = 5 * time.Second
	// rollbackTimeout is how long a rollback may take before its connection is closed.
	rollbackTimeout = time.Second
)

// longKey marks the context of a long transaction.
type longKey struct{}

// Long returns the context of a transaction whose statements may run for a minute,
// such as one that deletes hundreds of thousands of rows. It goes on when ctx ends.
func Long(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithValue(context.WithoutCancel(ctx), longKey{}, true), longTimeout)
}

// LongTx are the options of a transaction that Write does not begin, whose statements
// may run and wait as long as it takes.
func LongTx() pgx.TxOptions {
	return pgx.TxOptions{BeginQuery: "begin; set local lock_timeout = 0; set local statement_timeout = 0"}
}

// patienceKey marks a context with when its patience began.
type patienceKey struct{}

// Patient returns the context of several writes of which each waits for no longer
// than if it had begun now. Without it each has all of the patience.
func Patient(ctx context.Context) context.Context {
	return context.WithValue(ctx, patienceKey{}, time.Now())
}

// IsPatient reports whether the patience of the context, which Patient returned, is not at
// its end.
func IsPatient(ctx context.Context) bool {
	began, ok := ctx.Value(patienceKey{}).(time.Time)
	return ok && time.Since(began) < patience
}

// Write runs f in a transaction when it is the organization's turn. It commits if f
// returns nil, and else rolls back. It may run f more than once, if the connection
// is lost on the way. It returns atlas.ErrUnavailable if the organization has no turn
// in time, and atlas.ErrOutcomeUnknown if what f did may have been committed.
func (p *Pool) Write(ctx context.Context, orgID objectid.ID, f func(tx pgx.Tx) error) error {
	return p.write(ctx, p.writes, orgID, f)
}

// WritePrincipals is Write for a change of what principals may do, which does not
// wait for the turns of other writes.
func (p *Pool) WritePrincipals(ctx context.Context, orgID objectid.ID, f func(tx pgx.Tx) error) error {
	return p.write(ctx, p.principals, orgID, f)
}

func (p *Pool) write(
	ctx context.Context, turns *share.Pool[objectid.ID], orgID objectid.ID, f func(tx pgx.Tx) error,
) error {
	began, ok := ctx.Value(patienceKey{}).(time.Time)
	if !ok {
		began = time.Now()
	}
	bounded, cancel := context.WithDeadline(ctx, began.Add(patience))
	defer cancel()
	giveBack, err := turns.Take(bounded, orgID, 1)
	if err != nil {
		return fmt.Errorf("wait for a turn to write: %w", err)
	}
	defer giveBack()
	options := pgx.TxOptions{BeginQuery: "begin"}
	// What is left of the patience is for locks.
	if waited := time.Since(began); waited > patience/10 {
		options.BeginQuery += "; set local lock_timeout = '" + milliseconds(lockTimeout(patience-waited)) + "'"
	}
	if ctx.Value(longKey{}) != nil {
		options.BeginQuery += "; set local statement_timeout = '" + milliseconds(longTimeout) + "'"
	}
	return retry(ctx, func() error { return p.transaction(ctx, options, f) })
}

// moment is how long a transaction waits for a lock while others wait for it.
const moment = 25 * time.Millisecond

// WaitBriefly makes the statements that follow in a transaction wait for a lock no longer
// than it takes a write to commit. IsHeld tells the error of one that gave up.
func WaitBriefly(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "set local lock_timeout = '"+milliseconds(moment)+"'"); err != nil {
		return fmt.Errorf("set lock timeout: %w", err)
	}
	return nil
}

// IsHeld reports whether a statement gave up waiting for a lock that others hold.
func IsHeld(err error) bool {
	refusal, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refusal.Code == lockNotAvailable
}

// transaction runs f once. The connection stays good if ctx ends on the way.
func (p *Pool) transaction(ctx context.Context, options pgx.TxOptions, f func(tx pgx.Tx) error) error {
	tx, err := p.BeginTx(ctx, options)
	if err != nil {
		return err
	}
	done := false // a panic leaves it false
	defer func() {
		if !done {
			bounded, cancel := context.WithTimeout(closing(context.WithoutCancel(ctx)), rollbackTimeout)
			defer cancel()
			_ = tx.Rollback(bounded)
		}
	}()
	changing, tell := traced(ctx, tx)
	if err := f(changing); err != nil {
		if lost(err) {
			return rolledBackError{err}
		}
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	done = true
	err = commit(ctx, tx.Commit)
	if err == nil && tell != nil {
		tell()
	}
	return err
}

// rolledBackError is the error of a transaction whose connection was lost before its
// commit.
type rolledBackError struct{ error }

// Unwrap returns what broke the connection.
func (e rolledBackError) Unwrap() error { return e.error }

// SafeToRetry implements what pgconn.SafeToRetry asks for.
func (rolledBackError) SafeToRetry() bool { return true }

// Autocommit runs f, which makes one statement on the connection that commits by
// itself and waits for nobody. It returns atlas.ErrOutcomeUnknown if what f did may
// have been committed.
func (p *Pool) Autocommit(ctx context.Context, f func(ctx context.Context, conn *pgxpool.Conn) error) error {
	return retry(ctx, func() error {
		conn, err := p.Acquire(ctx)
		if err != nil {
			return err
		}
		defer conn.Release()
		return commit(ctx, func(ctx context.Context) error { return f(ctx, conn) })
	})
}

// commit runs a statement that commits. It goes on when ctx ends, for as long as a
// commit may take; then the connection is closed.
func commit(ctx context.Context, f func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(closing(context.WithoutCancel(ctx)), commitTimeout)
	defer cancel()
	return outcome(f(ctx))
}
