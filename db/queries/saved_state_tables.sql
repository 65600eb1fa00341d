-- name: InsertSavedStateTable :exec
INSERT INTO saved_state_tables (org_id, state_name, table_name, row_count, rows)
VALUES (@org_id, @state_name, @table_name, @row_count, @rows);

-- name: ListSavedStateTables :many
SELECT *
FROM saved_state_tables
WHERE org_id = @org_id AND state_name = @state_name
ORDER BY table_name
LIMIT 1000;

-- name: ListLackingColumns :many
-- The columns, of those that are asked for, as table.column, that a state was saved
-- without. A table without rows lacks none, and one that came later neither.
SELECT asked.name::text AS name
FROM unnest(@columns::text[]) AS asked (name)
INNER JOIN saved_state_tables
    ON saved_state_tables.table_name = split_part(asked.name, '.', 1)
WHERE saved_state_tables.org_id = @org_id
    AND saved_state_tables.state_name = @state_name
    AND NOT (saved_state_tables.rows -> 0) ? split_part(asked.name, '.', 2)
ORDER BY asked.name
LIMIT 100000;

-- name: DeleteSavedStateTables :exec
DELETE FROM saved_state_tables
WHERE org_id = @org_id AND state_name = @state_name;
