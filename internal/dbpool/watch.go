package dbpool

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

const (
	// cancelDelay is how long a statement may go on when its context has ended
	// before it is cancelled: most are done by then.
	cancelDelay = 50 * time.Millisecond
	// cancelTimeout is how long a cancelled statement may take to end before its
	// connection is closed.
	cancelTimeout = time.Second
)

// closingKey marks a context whose end closes the connection.
type closingKey struct{}

// closing returns the context of a statement that is not to be cancelled when it
// ends: its connection is closed at once. A commit that is cancelled while it waits
// for a standby says that it went well.
func closing(ctx context.Context) context.Context {
	return context.WithValue(ctx, closingKey{}, true)
}

// watcher cancels the statements of a connection whose context ends, or closes the
// connection.
type watcher struct {
	conn   *pgconn.PgConn
	cancel *pgconn.CancelRequestContextWatcherHandler
	closed bool
}

func newWatcher(conn *pgconn.PgConn) ctxwatch.Handler {
	return &watcher{conn: conn, cancel: &pgconn.CancelRequestContextWatcherHandler{
		Conn: conn, CancelRequestDelay: cancelDelay, DeadlineDelay: cancelTimeout,
	}}
}

// HandleCancel implements ctxwatch.Handler.
func (w *watcher) HandleCancel(ctx context.Context) {
	if w.closed = ctx.Value(closingKey{}) != nil; w.closed {
		_ = w.conn.Conn().SetDeadline(time.Unix(1, 0)) // in the past
		return
	}
	w.cancel.HandleCancel(ctx)
}

// HandleUnwatchAfterCancel implements ctxwatch.Handler.
func (w *watcher) HandleUnwatchAfterCancel() {
	if w.closed {
		_ = w.conn.Conn().SetDeadline(time.Time{})
		return
	}
	w.cancel.HandleUnwatchAfterCancel()
}
