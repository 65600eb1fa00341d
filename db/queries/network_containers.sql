-- name: InsertNetworkContainer :exec
-- Adds a container unless the project has that of the region, or of Google Cloud.
INSERT INTO network_containers (project_id, id, cloud_provider, region, created_at)
VALUES (@project_id, @id, @cloud_provider, @region, @created_at)
ON CONFLICT (project_id, cloud_provider, region) DO NOTHING;

-- name: ListNetworkContainers :many
-- Those in one cloud, or all, in the order of their creation, each with the number of
-- all.
SELECT sqlc.embed(network_containers), count(*) OVER () AS total_count
FROM network_containers
WHERE project_id = @project_id
    AND (sqlc.narg('cloud_provider')::cloud_provider IS NULL OR cloud_provider = sqlc.narg('cloud_provider')::cloud_provider)
ORDER BY created_at, id
LIMIT @row_limit::integer
OFFSET @row_offset::bigint;
