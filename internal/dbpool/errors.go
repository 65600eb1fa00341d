package dbpool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"exportbuckets/internal/atlas"
)

// Unavailable reports whether an error means that the database is away or too busy,
// and that nothing was changed.
func Unavailable(err error) bool {
	if errors.Is(err, atlas.ErrOutcomeUnknown) {
		return false
	}
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok {
		return slices.ContainsFunc(unavailable, func(class string) bool {
			return strings.HasPrefix(refusal.Code, class)
		})
	}
	return errors.Is(err, atlas.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) ||
		unsent(err) || lost(err)
}

// unavailable are SQLSTATEs, and classes of them, that say so. PostgreSQL, Appendix A.
var unavailable = []string{
	"08",     // connection_exception
	readOnly, // the database is no primary any longer
	"25P03",  // idle_in_transaction_session_timeout
	"53",     // insufficient_resources: connections, memory, disk
	lockNotAvailable,
	"57014",     // query_canceled
	interrupted, // shut down, or starting
}

const (
	readOnly         = "25006" // read_only_sql_transaction
	lockNotAvailable = "55P03"
	interrupted      = "57P" // operator_intervention, but for query_canceled
)

// unsent reports whether a statement failed before it was sent.
func unsent(err error) bool {
	if errors.Is(err, atlas.ErrOutcomeUnknown) {
		return false
	}
	_, noConnection := errors.AsType[*pgconn.ConnectError](err)
	return noConnection || pgconn.SafeToRetry(err)
}

// lost reports whether the connection broke while a statement was under way.
func lost(err error) bool {
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok {
		return strings.HasPrefix(refusal.Code, interrupted)
	}
	_, broken := errors.AsType[*net.OpError](err)
	return broken || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// outcome returns the error of a statement that commits, which is
// atlas.ErrOutcomeUnknown unless it is sure that nothing was committed.
func outcome(err error) error {
	_, refused := errors.AsType[*pgconn.PgError](err)
	// Pgx says "conn closed" also after it has sent the statement.
	kept := unsent(err) && !errors.Is(err, pgconn.ErrConnClosed)
	if err == nil || kept || refused && !lost(err) || errors.Is(err, pgx.ErrTxCommitRollback) {
		return err
	}
	return fmt.Errorf("%w: %w", atlas.ErrOutcomeUnknown, err)
}
