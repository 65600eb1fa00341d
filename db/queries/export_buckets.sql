-- name: InsertExportBuckets :many
-- Adds export buckets, of any projects, and returns those that it added: each
-- whose role is of the same project and cloud provider, is authorized and is not
-- being changed, and whose caller may do what it might when it was found, and is
-- not being changed. FOR SHARE locks both as they are until the commit: whoever
-- changes or deletes them meanwhile waits. Whoever was first is not waited for
-- here. LATERAL and LIMIT keep every lookup one by index: Postgres can't know how
-- few there are. With each bucket it writes the two events that tell of it.
WITH usable AS (
    SELECT
        asked.project_id::text AS project_id,
        asked.id::text AS id,
        asked.cloud_provider::cloud_provider AS cloud_provider,
        asked.bucket_name::text AS bucket_name,
        asked.role_id::text AS role_id,
        asked.created_at::timestamptz AS created_at,
        asked.region::text AS region,
        asked.require_private_networking::boolean AS require_private_networking,
        asked.service_url::text AS service_url,
        asked.caller_id::text AS caller_id,
        asked.public_key::text AS public_key,
        asked.remote_address::inet AS remote_address,
        asked.role_event_id::text AS role_event_id,
        asked.role_event_type::text AS role_event_type,
        asked.bucket_event_id::text AS bucket_event_id,
        role.tenant_id
    FROM jsonb_to_recordset(@asked::jsonb) AS asked (
        project_id text,
        id text,
        cloud_provider cloud_provider,
        bucket_name text,
        role_id text,
        created_at timestamptz,
        region text,
        require_private_networking boolean,
        service_url text,
        org_id text,
        caller_id text,
        caller_version bigint,
        public_key text,
        remote_address inet,
        role_event_id text,
        role_event_type text,
        bucket_event_id text
    )
    CROSS JOIN LATERAL (
        SELECT principals.id
        FROM principals
        WHERE principals.org_id = asked.org_id
            AND principals.id = asked.caller_id
            AND principals.version = asked.caller_version
        LIMIT 1
        FOR SHARE SKIP LOCKED
    ) AS caller
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
), event AS (
    INSERT INTO project_events (project_id, id, created_at, type, caller_id, public_key, remote_address)
    SELECT
        usable.project_id,
        told.id,
        usable.created_at,
        told.type,
        usable.caller_id,
        usable.public_key,
        usable.remote_address
    FROM usable
    CROSS JOIN LATERAL (
        VALUES
            (usable.role_event_id, usable.role_event_type),
            (usable.bucket_event_id, 'BUCKET_CREATED_AUDIT')
    ) AS told (id, type)
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
FROM usable
RETURNING *;

-- name: InsertExportBucket :exec
-- Adds an export bucket for nobody who calls.
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
VALUES (
    @project_id,
    @id,
    @cloud_provider,
    @bucket_name,
    @role_id,
    @created_at,
    @region,
    @require_private_networking,
    @service_url,
    @tenant_id
);

-- name: GetExportBucket :one
SELECT *
FROM export_buckets
WHERE project_id = @project_id AND id = @id;

-- name: GetOrgExportBucketProject :one
-- The project of the organization that has an export bucket.
SELECT bucket.project_id
FROM export_buckets AS bucket
JOIN projects ON projects.id = bucket.project_id
WHERE projects.org_id = @org_id AND bucket.id = @id;

-- name: ListExportBuckets :many
-- In the order of their creation, each with the number of all if it is asked
-- for. The statement sees no other export buckets than those of its first part.
WITH export_buckets AS NOT MATERIALIZED (
    SELECT bucket.*
    FROM export_buckets AS bucket
    WHERE bucket.project_id = @project_id
        AND bucket.cloud_provider = ANY(CAST((SELECT CAST(@cloud_providers::text[] AS cloud_provider[])) AS cloud_provider[]))
)
SELECT
    sqlc.embed(export_buckets),
    CASE WHEN @counted::boolean THEN (SELECT count(*) FROM export_buckets AS counted) ELSE 0 END::bigint AS total_count
FROM export_buckets
ORDER BY created_at, id
LIMIT @row_limit::integer
OFFSET @row_offset::bigint;

-- name: ListExportBucketsByID :many
-- Finds export buckets of any projects. LATERAL and LIMIT keep every lookup one by
-- index: Postgres can't know how few there are.
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

-- name: ListOrgExportBucketsOfRole :many
-- The export buckets of the organization that use an access role.
SELECT bucket.id, bucket.bucket_name
FROM export_buckets AS bucket
JOIN projects ON projects.id = bucket.project_id
WHERE projects.org_id = @org_id AND bucket.project_id = @project_id AND bucket.role_id = @role_id
ORDER BY bucket.id
LIMIT @row_limit;

-- name: UpdateExportBucketPrivateNetworking :one
-- Returns no row if the project has no such AWS bucket.
UPDATE export_buckets
SET require_private_networking = @require_private_networking::boolean
WHERE project_id = @project_id
    AND id = @id
    AND cloud_provider = 'AWS'
RETURNING *;

-- name: DeleteExportBucket :one
DELETE FROM export_buckets
WHERE project_id = @project_id AND id = @id
RETURNING id;

-- name: DeleteProjectExportBuckets :exec
DELETE FROM export_buckets
WHERE project_id = @project_id;
