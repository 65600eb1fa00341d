-- name: UpsertProjectAccessListEntries :exec
-- Adds entries, and replaces what is said of networks that are on the list.
INSERT INTO project_access_list_entries (
    project_id,
    network,
    cidr_block,
    comment,
    created_at,
    ordinal,
    delete_after
)
SELECT
    @project_id,
    network(asked.cidr_block),
    asked.cidr_block,
    asked.comment,
    @created_at,
    asked.ordinal,
    asked.delete_after
FROM jsonb_to_recordset(@asked::jsonb) AS asked (
    cidr_block inet,
    comment text,
    ordinal integer,
    delete_after timestamptz
)
ON CONFLICT (project_id, network) DO UPDATE
SET cidr_block = excluded.cidr_block,
    comment = excluded.comment,
    delete_after = excluded.delete_after;

-- name: GetProjectAccessListEntry :one
SELECT *
FROM project_access_list_entries
WHERE project_id = @project_id
    AND network = @network
    AND (delete_after IS NULL OR delete_after > @now::timestamptz);

-- name: ListProjectAccessListEntries :many
-- Those that are not past their time, in the order in which they were added, each with
-- the number of all.
SELECT sqlc.embed(project_access_list_entries), count(*) OVER () AS total_count
FROM project_access_list_entries
WHERE project_id = @project_id
    AND (delete_after IS NULL OR delete_after > @now::timestamptz)
ORDER BY created_at, ordinal, network
LIMIT @row_limit::integer
OFFSET @row_offset::bigint;

-- name: ListExpiredProjectAccessListEntries :many
SELECT *
FROM project_access_list_entries
WHERE project_id = @project_id AND delete_after <= @now::timestamptz
ORDER BY delete_after, ordinal, network;

-- name: DeleteProjectAccessListEntry :one
DELETE FROM project_access_list_entries
WHERE project_id = @project_id
    AND network = @network
    AND (delete_after IS NULL OR delete_after > @now::timestamptz)
RETURNING network;

-- name: DeleteExpiredProjectAccessListEntries :exec
DELETE FROM project_access_list_entries
WHERE project_id = @project_id AND delete_after <= @now::timestamptz;
