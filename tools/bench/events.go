//go:build linux

package main

import (
	"context"
	"fmt"
	"net/http"
)

// eventTypeKey begins the type of every event in a list.
const eventTypeKey = `"eventTypeName":"`

// eventLists are the first page of a project's events, counted and not.
var eventLists = []operation{
	{name: "100 events", next: nextEvents(false)},
	{name: "100 events, counted", next: nextEvents(true)},
}

func nextEvents(count bool) func(source) (call, error) {
	return func(s source) (call, error) {
		t := s.data.fullTenant(0)
		query := fmt.Sprintf("?includeCount=%t&itemsPerPage=%d&pageNum=1", count, pageSize)
		return call{
			tenant: t, method: http.MethodGet, path: projectsPath + t.project().String() + "/events" + query,
			authorization: bearer(t), status: http.StatusOK, contains: eventTypeKey, times: pageSize,
		}, nil
	}
}

// insertEvents gives a project events, one a minute, as many export buckets and clusters
// leave them.
const insertEvents = `
	INSERT INTO project_events (
	    project_id, id, created_at, type, cluster_name, caller_id, public_key, remote_address
	)
	SELECT
	    $1::text,
	    $2::text || ($3::bigint + i)::text,
	    $4::timestamptz + i * interval '1 minute',
	    (ARRAY['BUCKET_CREATED_AUDIT', 'BUCKET_DELETED_AUDIT', 'CPS_SNAPSHOT_STARTED', 'CPS_SNAPSHOT_SUCCESSFUL']
	    )[i % 4 + 1],
	    CASE WHEN i % 4 > 1 THEN 'Cluster' || i % 25 END,
	    $5::text,
	    $6::text,
	    '203.0.113.7'
	FROM generate_series(1, $7::integer) AS i`

// measureEvents lets one client list the events of a project that has many.
func (b *bench) measureEvents(ctx context.Context) error {
	s, err := b.newSubject(ctx, b.cluster, "events", b.programs[0], dataset{
		tenants: b.cfg.Tenants, buckets: b.cfg.Buckets, full: 1, each: pageSize,
	})
	if err != nil {
		return err
	}
	defer s.server.stop()
	t := s.data.fullTenant(0)
	_, err = s.conn.Exec(ctx, insertEvents, t.project().String(), eventPrefix, int64(firstNumber),
		b.began.Add(-history), t.key().String(), t.publicKey(), b.cfg.Events)
	if err != nil {
		return fmt.Errorf("add events: %w", err)
	}
	// Autovacuum does so as soon as a fifth of the table is new.
	if _, err := s.conn.Exec(ctx, "VACUUM (ANALYZE) project_events"); err != nil {
		return fmt.Errorf("vacuum events: %w", err)
	}
	b.printf("%d events of one project added", b.cfg.Events)
	for round := range b.cfg.Rounds + 1 { // The first warms up.
		for _, op := range eventLists {
			p, err := s.measure(ctx, op, pressure{clients: 1, threads: 1, duration: b.cfg.Duration})
			if err != nil {
				return err
			}
			if round > 0 {
				b.add(p, round-1, "")
			}
		}
	}
	return s.verify(ctx)
}

// eventGoals returns the goals of lists of events among the summaries.
func eventGoals(summaries []summary) []goal {
	var list []goal
	for i, most := range []float64{5, 150} {
		for _, s := range summaries {
			if s.Operation == eventLists[i].name {
				list = append(list, atMost(s.Operation+", p50, 1 client", s.Latency.P50, most, "ms"))
			}
		}
	}
	return list
}
