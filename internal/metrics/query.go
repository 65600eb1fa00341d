package metrics

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// QueryTracer returns what counts the queries of connections, or nil if nothing does.
func (m *Metrics) QueryTracer() pgx.QueryTracer {
	if m == nil {
		return nil
	}
	return tracer{m}
}

type tracer struct{ metrics *Metrics }

// running is the context of a query: when it began, and what it is called.
type running struct {
	context.Context //nolint:containedctx // It is one: pgx hands it back at the end.

	began time.Time
	sql   string
}

// TraceQueryStart implements pgx.QueryTracer.
func (t tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return &running{Context: ctx, began: time.Now(), sql: data.SQL}
}

// TraceQueryEnd implements pgx.QueryTracer.
func (t tracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	query, ok := ctx.(*running)
	if !ok {
		return
	}
	name := queryName(query.sql)
	t.metrics.queries.WithLabelValues(name).Add(time.Since(query.began).Seconds())
	if data.Err != nil && !errors.Is(data.Err, pgx.ErrNoRows) {
		t.metrics.queryFails.WithLabelValues(name, errorClass(data.Err)).Inc()
	}
}

// queryName returns the name that sqlc puts before a query, "begin", "commit" and
// "rollback" for those, and else "other".
func queryName(sql string) string {
	if rest, ok := strings.CutPrefix(sql, "-- name: "); ok {
		name, _, _ := strings.Cut(rest, " ")
		return name
	}
	word, _, _ := strings.Cut(sql, ";")
	switch word {
	case "begin", "commit", "rollback":
		return word
	}
	return "other"
}

// errorClass returns the class of a refusal of PostgreSQL: the first two characters of its
// SQLSTATE. PostgreSQL, appendix A.
func errorClass(err error) string {
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && len(refusal.Code) == 5 {
		return refusal.Code[:2]
	}
	return "none"
}
