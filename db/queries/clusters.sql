-- name: InsertCluster :one
INSERT INTO clusters (
    project_id,
    id,
    name,
    settings,
    first_version,
    created_at,
    ready_at,
    applied_at,
    due_at,
    backup_since
)
VALUES (
    @project_id,
    @id,
    @name,
    @settings,
    @first_version,
    @created_at,
    @ready_at,
    @applied_at,
    @due_at,
    @backup_since
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

-- name: ListClustersOfProjects :many
-- The clusters of projects of an organization that are not gone, of those that an API
-- version can show: by project, in the order of their creation.
SELECT clusters.*
FROM clusters
INNER JOIN projects ON projects.org_id = @org_id AND clusters.project_id = projects.id
WHERE projects.id = ANY(@project_ids::text[])
    AND clusters.first_version <= @version
    AND (clusters.gone_at IS NULL OR clusters.gone_at > @now::timestamptz)
ORDER BY clusters.project_id, clusters.created_at, clusters.id;

-- name: ListDueClusters :many
SELECT *
FROM clusters
WHERE project_id = @project_id AND due_at <= @now::timestamptz
ORDER BY due_at, id
LIMIT @row_limit::integer;

-- name: ListOrgClusters :many
-- The clusters of a project of the organization or, of those, the ones whose schedule exports
-- to a bucket.
SELECT cluster.id, cluster.name
FROM clusters AS cluster
JOIN projects ON projects.id = cluster.project_id
WHERE projects.org_id = @org_id
    AND cluster.project_id = @project_id
    AND (
        sqlc.narg('export_bucket_id')::object_id IS NULL
        OR EXISTS (
            SELECT
            FROM backup_schedules AS schedule
            WHERE schedule.project_id = @project_id
                AND schedule.cluster_id = cluster.id
                AND schedule.export_bucket_id = sqlc.narg('export_bucket_id')::object_id
        )
    )
ORDER BY cluster.id
LIMIT @row_limit;

-- name: UpdateCluster :one
-- The project is locked.
UPDATE clusters
SET settings = @settings,
    first_version = @first_version,
    applied_at = @applied_at,
    due_at = @due_at,
    backup_since = @backup_since
WHERE project_id = @project_id AND id = @id
RETURNING *;

-- name: UpdateClusterDeletion :exec
UPDATE clusters
SET gone_at = @gone_at::timestamptz,
    due_at = @gone_at::timestamptz
WHERE project_id = @project_id AND id = @id;

-- name: UpdateClusterDueAt :exec
UPDATE clusters
SET due_at = @due_at
WHERE project_id = @project_id AND id = @id;

-- name: DeleteCluster :exec
DELETE FROM clusters
WHERE project_id = @project_id AND id = @id;
