-- name: InsertBackupPrivateEndpoint :one
INSERT INTO backup_private_endpoints (
    project_id,
    id,
    region,
    vpc_region,
    created_at,
    active_at
)
VALUES (
    @project_id,
    @id,
    @region,
    @vpc_region,
    @created_at,
    @active_at
)
RETURNING *;

-- name: GetBackupPrivateEndpoint :one
SELECT *
FROM backup_private_endpoints
WHERE project_id = @project_id AND id = @id;

-- name: ListBackupPrivateEndpoints :many
-- In the order of their creation, each with the number of all.
SELECT sqlc.embed(backup_private_endpoints), count(*) OVER () AS total_count
FROM backup_private_endpoints
WHERE project_id = @project_id
ORDER BY created_at, id
LIMIT @row_limit::integer
OFFSET @row_offset::bigint;

-- name: DeleteBackupPrivateEndpoint :one
DELETE FROM backup_private_endpoints
WHERE project_id = @project_id AND id = @id
RETURNING id;
