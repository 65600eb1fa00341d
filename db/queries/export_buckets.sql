-- name: InsertExportBucket :one
-- Adds the bucket if its role is of this project and this cloud provider and is
-- authorized, and returns no row if it is not. FOR SHARE holds the role as it is
-- until the commit: whoever changes or deletes it meanwhile waits, and whoever
-- was first is waited for and then seen.
WITH role AS (
    SELECT access_role.id, access_role.cloud_provider, access_role.tenant_id
    FROM cloud_provider_access_roles AS access_role
    WHERE access_role.project_id = @project_id::object_id
        AND access_role.id = @role_id::object_id
        AND access_role.cloud_provider = @cloud_provider::cloud_provider
        AND access_role.authorized
    FOR SHARE
)
INSERT INTO export_buckets (
    project_id,
    id,
    cloud_provider,
    bucket_name,
    role_id,
    created_at,
    region,
    require_private_networking,
    service_url,
    tenant_id
)
SELECT
    @project_id::object_id,
    @id::object_id,
    role.cloud_provider,
    @bucket_name::text,
    role.id,
    @created_at::timestamptz,
    sqlc.narg('region')::text,
    sqlc.narg('require_private_networking')::boolean,
    sqlc.narg('service_url')::text,
    role.tenant_id
FROM role
RETURNING *;

-- name: GetExportBucket :one
SELECT *
FROM export_buckets
WHERE project_id = @project_id
    AND id = @id
    AND cloud_provider::text = ANY(@cloud_providers::text[]);

-- name: ListExportBuckets :many
-- In the order of their creation.
SELECT *
FROM export_buckets
WHERE project_id = @project_id
    AND cloud_provider::text = ANY(@cloud_providers::text[])
ORDER BY created_at, id
LIMIT @row_limit::integer
OFFSET @row_offset::bigint;

-- name: ListExportBucketIDsByRole :many
-- The ids of the export buckets of each access role that has some, or of one
-- role, oldest first.
SELECT role_id, array_agg(id::text ORDER BY created_at, id)::text[] AS ids
FROM export_buckets
WHERE project_id = @project_id
    AND (sqlc.narg('role_id')::object_id IS NULL OR role_id = sqlc.narg('role_id')::object_id)
GROUP BY role_id
ORDER BY role_id;

-- name: CountExportBuckets :one
SELECT count(*)
FROM export_buckets
WHERE project_id = @project_id
    AND cloud_provider::text = ANY(@cloud_providers::text[]);

-- name: UpdateExportBucketPrivateNetworking :one
-- Returns no row if the project has no such AWS bucket.
UPDATE export_buckets
SET require_private_networking = @require_private_networking::boolean
WHERE project_id = @project_id
    AND id = @id
    AND cloud_provider = 'AWS'
RETURNING *;

-- name: DeleteExportBucket :execrows
DELETE FROM export_buckets
WHERE project_id = @project_id AND id = @id;

-- name: DeleteProjectExportBuckets :exec
DELETE FROM export_buckets
WHERE project_id = @project_id;
