-- name: GetOrgEvent :one
SELECT *
FROM org_events
WHERE org_id = @org_id AND id = @id;

-- name: ListOrgEvents :many
-- Newest first, each with the number of all if it is asked for. An empty list of types is
-- all of them, which is asked once, not of each event. The statement sees no other events
-- than those of its first part.
WITH org_events AS NOT MATERIALIZED (
    SELECT event.*
    FROM org_events AS event
    WHERE event.org_id = @org_id
        AND event.created_at BETWEEN @min_date AND @max_date
        AND ((SELECT cardinality(@types::text[]) = 0) OR event.type = ANY(@types::text[]))
)
SELECT
    sqlc.embed(org_events),
    CASE WHEN @counted::boolean THEN (SELECT count(*) FROM org_events AS counted) ELSE 0 END::bigint AS total_count
FROM org_events
ORDER BY created_at DESC, id DESC
LIMIT @row_limit::integer
OFFSET @row_offset::bigint;

-- name: DeleteOrgEventsAfter :exec
DELETE FROM org_events
WHERE org_id = @org_id AND created_at > @created_at;
