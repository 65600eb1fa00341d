-- name: InsertExportBucket :one
-- Adds the bucket if its role is of this project and this cloud provider, is
-- authorized, and is not being changed, and returns no row if it is not. FOR
-- SHARE holds the role as it is until the commit: whoever changes or deletes it
-- meanwhile waits. Whoever was first is not waited for here.
WITH role AS (
    SELECT access_role.id, access_role.cloud_provider, access_role.tenant_id
    FROM cloud_provider_access_roles AS access_role
    WHERE access_role.project_id = @project_id::object_id
        AND access_role.id = @role_id::object_id
        AND access_role.cloud_provider = @cloud_provider::cloud_provider
        AND access_role.authorized
    FOR SHARE SKIP LOCKED
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

-- name: InsertExportBuckets :many
-- Does what InsertExportBucket does for many buckets at once, of any projects.
-- Text that a bucket lacks is empty. Returns those that were added. LATERAL and
-- LIMIT keep every lookup one by index: Postgres can't know how few there are.
WITH asked AS (
    SELECT
        unnest(@project_ids::text[]) AS project_id,
        unnest(@ids::text[]) AS id,
        unnest(@cloud_providers::text[])::cloud_provider AS cloud_provider,
        unnest(@bucket_names::text[]) AS bucket_name,
        unnest(@role_ids::text[]) AS role_id,
        unnest(@created_ats::timestamptz[]) AS created_at,
        unnest(@regions::text[]) AS region,
        unnest(@require_private_networkings::boolean[]) AS require_private_networking,
        unnest(@service_urls::text[]) AS service_url
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
    asked.project_id,
    asked.id,
    asked.cloud_provider,
    asked.bucket_name,
    asked.role_id,
    asked.created_at,
    nullif(asked.region, ''),
    CASE WHEN asked.cloud_provider = 'AWS' THEN asked.require_private_networking END,
    nullif(asked.service_url, ''),
    role.tenant_id
FROM asked
CROSS JOIN LATERAL (
    SELECT access_role.tenant_id
    FROM cloud_provider_access_roles AS access_role
    WHERE access_role.project_id = asked.project_id
        AND access_role.id = asked.role_id
        AND access_role.cloud_provider = asked.cloud_provider
        AND access_role.authorized
    LIMIT 1
    FOR SHARE SKIP LOCKED
) AS role
RETURNING *;

-- name: GetExportBucket :one
SELECT *
FROM export_buckets
WHERE project_id = @project_id AND id = @id;

-- name: ListExportBuckets :many
-- In the order of their creation, each with the number of all if it is asked
-- for. Those of every cloud provider are counted in the index alone.
SELECT
    sqlc.embed(export_buckets),
    CASE
        WHEN NOT @counted::boolean THEN 0
        WHEN @every_provider::boolean THEN (
            SELECT count(*)
            FROM export_buckets AS any_bucket
            WHERE any_bucket.project_id = @project_id
        )
        ELSE (
            SELECT count(*)
            FROM export_buckets AS some_bucket
            WHERE some_bucket.project_id = @project_id
                AND some_bucket.cloud_provider::text = ANY(@cloud_providers::text[])
        )
    END::bigint AS total_count
FROM export_buckets
WHERE project_id = @project_id
    AND (@every_provider::boolean OR cloud_provider::text = ANY(@cloud_providers::text[]))
ORDER BY created_at, id
LIMIT @row_limit::integer
OFFSET @row_offset::bigint;

-- name: ListExportBucketsByID :many
-- Finds what GetExportBucket does for many requests at once, of any projects.
-- LATERAL and LIMIT keep every lookup one by index: Postgres can't know how few
-- there are.
SELECT export_buckets.*
FROM (
    SELECT
        unnest(@project_ids::text[]) AS project_id,
        unnest(@ids::text[]) AS id
) AS asked
CROSS JOIN LATERAL (
    SELECT *
    FROM export_buckets
    WHERE export_buckets.project_id = asked.project_id AND export_buckets.id = asked.id
    LIMIT 1
) AS export_buckets;

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
