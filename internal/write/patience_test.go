package write_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/internal/backup"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/waittest"
	"exportbuckets/internal/write"
)

// begins is what a pool's transactions began with.
type begins struct {
	mu         sync.Mutex
	statements []string
}

// TraceQueryStart implements pgx.QueryTracer.
func (b *begins) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	b.mu.Lock()
	defer b.mu.Unlock()
	if strings.HasPrefix(data.SQL, "begin") {
		b.statements = append(b.statements, data.SQL)
	}
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (*begins) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// traced returns another pool on the database, and what its transactions begin with.
func (b raceBundle) traced(t *testing.T) (*dbpool.Pool, *begins) {
	t.Helper()
	seen := new(begins)
	config := b.pool.Config()
	config.ConnConfig.Tracer = seen
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return dbpool.New(pool), seen
}

// A write that waits for one row and then for another begins the second wait with
// what the first has left of its patience.
func TestAllWaitsOfAWriteHaveOnePatience(t *testing.T) {
	t.Parallel()
	const (
		lockOrg  = "SELECT FROM orgs WHERE id = $1 FOR UPDATE"
		lockRole = "SELECT FROM cloud_provider_access_roles WHERE id = $1 FOR UPDATE"
	)
	tests := map[string]struct {
		first, second step
		write         func(context.Context, *credentialBundle, *dbpool.Pool) error
	}{
		"a change of roles on a project": {
			step{lockOrg, objectid.MustParse(raceOrg)}, step{lockProject, objectid.MustParse(raceKeyProject)},
			func(ctx context.Context, b *credentialBundle, pool *dbpool.Pool) error {
				project := objectid.MustParse(raceKeyProject)
				return write.BeginOn(ctx, pool, b.org, write.Target{ID: b.key.id, ProjectID: &project},
					func(pgx.Tx) error { return nil })
			},
		},
		"a creation of an export bucket": {
			step{lockPrincipal, objectid.MustParse("5f0000000000000000000c01")}, step{lockRole, objectid.MustParse(raceAWSRole)},
			func(ctx context.Context, b *credentialBundle, pool *dbpool.Pool) error {
				_, err := backup.New(pool, b.env, backup.Config{}).
					CreateExportBucket(ctx, b.writer, allProviders, bucketRequest(raceAWSRole))
				return err
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupCredentials(t)
			pool, seen := b.traced(t)
			first, err := b.pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := first.Exec(t.Context(), tt.first.sql, tt.first.id); err != nil {
				t.Fatal(err)
			}
			b.begin(t, tt.second)
			began := time.Now()
			err = b.whileWaiting(t, func() error {
				done := make(chan error, 1)
				go func() { done <- tt.write(t.Context(), b, pool) }()
				b.wantWaiter(t, first.Conn().PgConn().PID(), func() bool { return len(done) > 0 })
				waittest.Until(t, "it has waited for a while", func() bool { return time.Since(began) > time.Second })
				if err := first.Rollback(t.Context()); err != nil {
					return err
				}
				return <-done
			})
			if err != nil {
				t.Fatalf("got %v, want none", err)
			}
			last := seen.statements[len(seen.statements)-1]
			if !strings.Contains(last, "lock_timeout") {
				t.Errorf("the second wait began with %q, want it to wait for less", last)
			}
		})
	}
}
