-- name: InsertCluster :one
INSERT INTO clusters (
    project_id,
    id,
    name,
    settings,
    first_version,
    created_at,
    ready_at,
    applied_at
)
VALUES (
    @project_id,
    @id,
    @name,
    @settings,
    @first_version,
    @created_at,
    @ready_at,
    @applied_at
)
RETURNING *;

-- name: GetCluster :one
SELECT *
FROM clusters
WHERE project_id = @project_id AND name = @name;

-- name: ListClusters :many
-- In the order of their creation, each with the number of all; those that an API
-- version can show.
SELECT sqlc.embed(clusters), count(*) OVER () AS total_count
FROM clusters
WHERE project_id = @project_id AND first_version <= @version
ORDER BY created_at, id
LIMIT @row_limit::integer
OFFSET @row_offset::bigint;

-- name: UpdateCluster :one
-- The project is locked.
UPDATE clusters
SET settings = @settings,
    first_version = @first_version,
    applied_at = @applied_at
WHERE project_id = @project_id AND id = @id
RETURNING *;

-- name: UpdateClusterDeletion :exec
UPDATE clusters
SET gone_at = @gone_at::timestamptz
WHERE project_id = @project_id AND id = @id;

-- name: DeleteGoneClusters :exec
DELETE FROM clusters
WHERE project_id = @project_id AND gone_at <= @now::timestamptz;
