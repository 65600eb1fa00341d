-- name: UpsertSavedState :exec
INSERT INTO saved_states (org_id, name, saved_at, schema_version)
VALUES (@org_id, @name, @saved_at, @schema_version)
ON CONFLICT (org_id, name) DO UPDATE
SET saved_at = excluded.saved_at,
    schema_version = excluded.schema_version;

-- name: GetSavedState :one
SELECT *
FROM saved_states
WHERE org_id = @org_id AND name = @name;

-- name: ListSavedStates :many
-- With the number of their rows.
SELECT
    name,
    saved_at,
    (
        SELECT coalesce(sum(row_count), 0)
        FROM saved_state_tables
        WHERE saved_state_tables.org_id = @org_id AND saved_state_tables.state_name = saved_states.name
    )::bigint AS row_count
FROM saved_states
WHERE saved_states.org_id = @org_id
ORDER BY name COLLATE "C"
LIMIT @row_limit::integer;

-- name: DeleteSavedState :execrows
DELETE FROM saved_states
WHERE org_id = @org_id AND name = @name;
