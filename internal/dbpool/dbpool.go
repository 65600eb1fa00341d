// Package dbpool is the way to the database: a pool of connections on which
// nobody waits for ever, and nobody for a stranger.
//
// What bounds a wait, from the inside out:
//
//   - PostgreSQL ends a statement that waits for a lock for patience, one that runs
//     for workTimeout, and a transaction that its client has left open for as long.
//   - The writes of one organization hold at most a quarter of the connections, and
//     all writes three quarters. Of both a part is for changes of what principals may
//     do: whoever is revoked holds up nobody who revokes. Of each part there is one
//     connection at least. So rows that someone holds keep neither the reads nor the
//     writes of others.
//   - A context that ends cancels its statement and keeps the connection, but for a
//     commit: that has its own time, and whoever can't wait for it doesn't learn its
//     outcome (watch.go).
//   - A peer that is silent is given up by TCP, and a connection that is not there
//     is tried again for patience (dial.go, Pool.retry).
package dbpool

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/share"
)

const (
	// patience is how long a request waits for what others hold: its turn, a lock,
	// a connection, a database that is starting.
	patience = 4 * time.Second
	// workTimeout is how long one statement may run.
	workTimeout = 10 * time.Second
	// longTimeout is that of the statements of a transaction that Long has marked.
	longTimeout = time.Minute
	// pingTimeout is how long a connection that has been idle may take to show that
	// it is still one.
	pingTimeout = 2 * time.Second
	// idleTime is from when on a connection has to show that.
	idleTime = time.Second
)

// sessionSettings are those of each connection of a pool.
//
// Each statement is planned once (plan_cache_mode): by default PostgreSQL plans some
// of them again for every request, to suit the parameters that are NULL, which takes
// longer than to run them. The other settings are for a server that must notice by
// itself that a client is gone: it holds what the client had locked.
var sessionSettings = [][2]string{
	{"plan_cache_mode", "force_generic_plan"},
	{"lock_timeout", milliseconds(lockTimeout(patience))},
	{"statement_timeout", milliseconds(workTimeout)},
	{"idle_in_transaction_session_timeout", milliseconds(workTimeout)},
	{"tcp_keepalives_idle", "5"},
	{"tcp_keepalives_interval", "1"},
	{"tcp_keepalives_count", "5"},
	{"tcp_user_timeout", milliseconds(workTimeout)},
}

// lockTimeout returns what PostgreSQL is told so that a statement waits for a row for
// no longer than the given time. For one that others wait for, too, it waits twice:
// until it is the first of them, and until the row is free.
func lockTimeout(wait time.Duration) time.Duration { return max(wait/2, time.Millisecond) }

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) + "ms" }

// Pool is a pool of connections that bounds what its users wait for. Its methods are
// safe for concurrent use.
type Pool struct {
	*pgxpool.Pool
	writes     *share.Pool[objectid.ID] // turns of organizations
	principals *share.Pool[objectid.ID] // turns to change what principals may do
}

// Open returns a pool of at most maxConns connections to the database at url. It
// makes none yet. Of the hosts in the URL, if it has several, the pool uses the one
// that takes writes, unless the URL says target_session_attrs. The tracer sees every
// query; it may be nil.
func Open(ctx context.Context, url string, maxConns int32, tracer pgx.QueryTracer) (*Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err)
	}
	config.MaxConns = maxConns
	config.ConnConfig.Tracer = tracer
	configure(config.ConnConfig)
	if _, own := config.ConnConfig.RuntimeParams["application_name"]; !own {
		config.ConnConfig.RuntimeParams["application_name"] = processName()
	}
	config.AfterConnect = setSession
	var pool *pgxpool.Pool
	order := new(hosts)
	order.watch(config.ConnConfig, func() { go pool.Reset() })
	config.BeforeConnect = order.order
	config.ShouldPing = func(ctx context.Context, idle pgxpool.ShouldPingParams) bool {
		return idle.IdleDuration > idleTime && !alive(ctx, idle.Conn, pool)
	}
	if pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return New(pool), nil
}

// ProcessPrefix begins the application_name of the connections of a pool, unless the URL has
// another. Number and host of the process follow.
const ProcessPrefix = "exportbuckets process "

func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return ProcessPrefix + strconv.Itoa(os.Getpid()) + " on " + host
}

// New returns a Pool that takes its connections from another.
func New(pool *pgxpool.Pool) *Pool {
	conns := int64(pool.Config().MaxConns)
	// One at a time: nearly all of them lock their organization.
	const changes = 1
	return &Pool{
		Pool:       pool,
		writes:     share.New[objectid.ID](conns/2, conns/4-changes, patience),
		principals: share.New[objectid.ID](conns/4, changes, patience),
	}
}

// setSession makes the settings of a connection in one round trip. A new connection has
// no time but this.
func setSession(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(closing(ctx), connectTimeout)
	defer cancel()
	var set strings.Builder
	for _, setting := range sessionSettings {
		// What is in the URL wins.
		if _, own := conn.Config().RuntimeParams[setting[0]]; !own {
			fmt.Fprintf(&set, "SET %s = '%s';", setting[0], setting[1])
		}
	}
	_, err := conn.Exec(ctx, set.String())
	return atlas.Wrap(err, "set session")
}

// alive reports whether a connection that has been idle is still one. If it is not,
// no other that has been idle is trusted: each would be tried in turn, for seconds
// if the peer is silent. The pool finds the connection closed, and takes another.
func alive(ctx context.Context, conn *pgx.Conn, pool *pgxpool.Pool) bool {
	ctx, cancel := context.WithTimeout(closing(ctx), pingTimeout)
	defer cancel()
	if err := conn.Ping(ctx); err == nil {
		return true
	}
	_ = conn.Close(ctx)
	pool.Reset()
	return false
}

// Exec is pgxpool's, for a statement that may wait for a connection.
func (p *Pool) Exec(ctx context.Context, sql string, args ...any) (tag pgconn.CommandTag, err error) {
	err = retry(ctx, func() error {
		tag, err = p.Pool.Exec(ctx, sql, args...)
		return err
	})
	return tag, err
}

// Query is pgxpool's, for a statement that may wait for a connection.
func (p *Pool) Query(ctx context.Context, sql string, args ...any) (rows pgx.Rows, err error) {
	err = retry(ctx, func() error {
		rows, err = p.Pool.Query(ctx, sql, args...)
		return err
	})
	return rows, err
}

// QueryRow is pgxpool's, for a statement that may wait for a connection.
func (p *Pool) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return scan(func(dest ...any) error {
		return retry(ctx, func() error { return p.Pool.QueryRow(ctx, sql, args...).Scan(dest...) })
	})
}

// scan is a row that is asked for when it is scanned.
type scan func(dest ...any) error

// Scan implements pgx.Row.
func (s scan) Scan(dest ...any) error { return s(dest...) }

const (
	firstPause = 20 * time.Millisecond
	maxPause   = 250 * time.Millisecond
)

// retry calls f again while it fails before it has sent anything, because no
// connection is to be had: the database is starting or changing its primary, or
// others have all connections that it allows. No client of Atlas repeats a request
// that was answered with 503.
func retry(ctx context.Context, f func() error) error {
	began, pause := time.Now(), firstPause
	for {
		tried := time.Now()
		err := f()
		// The next try may take as long as this one.
		again := err != nil && unsent(err) && time.Since(began)+time.Since(tried)+pause <= patience
		if !again {
			return err
		}
		select {
		case <-time.After(pause):
			pause = min(2*pause, maxPause)
		case <-ctx.Done():
			return err
		}
	}
}
