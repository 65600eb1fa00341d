package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"golang.org/x/sync/singleflight"

	"exportbuckets/internal/dbpool"
	"exportbuckets/migrations"
)

// readyTimeout is how long a probe waits for its answer. Probes are given a second by
// default, in Kubernetes for one.
const readyTimeout = 900 * time.Millisecond

// readiness says whether requests would be served. It looks on a connection of its
// own: a pool that is full of requests is no reason to be sent none.
type readiness struct {
	config *pgx.ConnConfig
	looks  singleflight.Group // probes at the same time share a look

	looking sync.Mutex
	conn    *pgx.Conn // nil if there is none
}

func newReadiness(url string) (*readiness, error) {
	config, err := dbpool.ConnConfig(url)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["application_name"] = "exportbuckets readiness"
	// Whoever does not answer is not asked to cancel the question.
	config.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.DeadlineContextWatcherHandler{Conn: conn.Conn()}
	}
	return &readiness{config: config}, nil
}

// check returns why requests would not be served, or nil. A look that takes longer
// goes on, for the next probe: to find the host that answers may take seconds.
func (r *readiness) check(ctx context.Context) error {
	look := r.looks.DoChan("", func() (any, error) { return nil, r.look(context.WithoutCancel(ctx)) })
	select {
	case result := <-look:
		return result.Err
	case <-time.After(readyTimeout):
		return errors.New("the database does not answer")
	}
}

// look keeps its connection, unless there was a reason.
func (r *readiness) look(ctx context.Context) error {
	r.looking.Lock()
	defer r.looking.Unlock()
	if err := r.connect(ctx); err != nil {
		return err
	}
	err := r.ask(ctx)
	if err != nil {
		r.disconnect(ctx)
	}
	return err
}

// connect makes a connection if there is none, or if that which there is has broken.
func (r *readiness) connect(ctx context.Context) (err error) {
	if r.conn != nil {
		bounded, cancel := context.WithTimeout(ctx, readyTimeout)
		defer cancel()
		if r.conn.Ping(bounded) == nil {
			return nil
		}
		r.disconnect(ctx)
	}
	r.conn, err = pgx.ConnectConfig(ctx, r.config)
	return err //nolint:wrapcheck // Pgx says where it wanted to connect to.
}

// ask asks the database. A schema that is newer than this program is no reason:
// migrations keep the release before them working, and a rollout must not take down
// what still runs.
func (r *readiness) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	var readOnly string
	if err := r.conn.QueryRow(ctx, "SHOW transaction_read_only").Scan(&readOnly); err != nil {
		return fmt.Errorf("ask whether the database takes writes: %w", err)
	}
	if readOnly != "off" {
		return errors.New("the database takes no writes")
	}
	if err := migrations.Check(ctx, r.conn); err != nil && !errors.Is(err, migrations.ErrAhead) {
		return err
	}
	return nil
}

func (r *readiness) disconnect(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	_ = r.conn.Close(ctx) // it may be broken
	r.conn = nil
}

// close closes the connection, unless a look is under way: that ends with the program.
func (r *readiness) close(ctx context.Context) {
	if r.looking.TryLock() && r.conn != nil {
		r.disconnect(context.WithoutCancel(ctx))
	}
}
