-- name: InsertAccessRole :one
-- Adds the role, or returns no row if the project has one of that id.
INSERT INTO cloud_provider_access_roles (
    project_id,
    id,
    cloud_provider,
    created_at,
    updated_at,
    assumed_role_external_id,
    iam_assumed_role_arn,
    authorized_at,
    azure_app_id,
    service_principal_id,
    tenant_id,
    gcp_service_account,
    gcp_status
)
VALUES (
    @project_id,
    @id,
    @cloud_provider,
    @created_at,
    @created_at,
    @assumed_role_external_id,
    @iam_assumed_role_arn,
    @authorized_at,
    @azure_app_id,
    @service_principal_id,
    @tenant_id,
    @gcp_service_account,
    @gcp_status
)
ON CONFLICT (project_id, id) DO NOTHING
RETURNING *;

-- name: GetAccessRole :one
SELECT *
FROM cloud_provider_access_roles
WHERE project_id = @project_id AND id = @id;

-- name: GetAccessRoleForShare :one
-- Waits for whoever changes or deletes the role, and returns what is left of it.
SELECT *
FROM cloud_provider_access_roles
WHERE project_id = @project_id AND id = @id
FOR SHARE;

-- name: GetAzureAccessRoleForUpdate :one
-- Locks the role: whoever uses it for an export bucket, or changes it, waits.
SELECT *
FROM cloud_provider_access_roles
WHERE project_id = @project_id
    AND id = @id
    AND cloud_provider = 'AZURE'
FOR UPDATE;

-- name: GetAccessRoleHasBuckets :one
-- Says whether an export bucket uses the role.
SELECT EXISTS (
    SELECT FROM export_buckets
    WHERE project_id = @project_id AND role_id = @role_id
);

-- name: GetGCPAccessRole :one
-- The project's role of Google Cloud; the oldest if a seed file made several.
SELECT *
FROM cloud_provider_access_roles
WHERE project_id = @project_id AND cloud_provider = 'GCP'
ORDER BY created_at, id
LIMIT 1;

-- name: GetOrgAccessRole :one
-- An access role of a project of the organization.
SELECT role.project_id, role.cloud_provider
FROM cloud_provider_access_roles AS role
JOIN projects ON projects.id = role.project_id
WHERE projects.org_id = @org_id AND role.id = @id;

-- name: ListAccessRoles :many
-- The access roles of the project, or the one of them that has an id, each with
-- the ids of the oldest export buckets that use it, at most 1000. All of the roles:
-- Atlas does not page this list. BETWEEN finds one or all by an index. For the
-- buckets it asks for an order that one index alone has: where most buckets are of
-- one role, an equality would let Postgres take the index of another order, and
-- read all of them for a role that has none.
SELECT
    sqlc.embed(role),
    ARRAY(
        SELECT export_buckets.id::text
        FROM export_buckets
        WHERE export_buckets.project_id = @project_id AND export_buckets.role_id BETWEEN role.id AND role.id
        ORDER BY export_buckets.role_id, export_buckets.created_at, export_buckets.id
        LIMIT 1000
    )::text[] AS export_bucket_ids
FROM cloud_provider_access_roles AS role
WHERE role.project_id = @project_id
    AND role.id BETWEEN coalesce(sqlc.narg('id')::object_id, repeat('0', 24))
    AND coalesce(sqlc.narg('id')::object_id, repeat('f', 24))
ORDER BY role.created_at, role.id;

-- name: ListAccessRolesForUpdate :many
-- Locks all roles of the project: whoever uses one for an export bucket waits.
SELECT id
FROM cloud_provider_access_roles
WHERE project_id = @project_id
ORDER BY id
FOR UPDATE;

-- name: ListOrgAccessRoles :many
-- The access roles of all projects of the organization or, if one is given, of that alone.
SELECT role.project_id, role.id, role.cloud_provider, role.authorized
FROM cloud_provider_access_roles AS role
JOIN projects ON projects.id = role.project_id
WHERE projects.org_id = @org_id
    AND (sqlc.narg('project_id')::object_id IS NULL OR role.project_id = sqlc.narg('project_id')::object_id)
ORDER BY role.project_id, role.id
LIMIT @row_limit;

-- name: UpdateAWSAccessRole :one
-- Authorizes the role, anew if it was. Returns no row if the project has no such
-- AWS role.
UPDATE cloud_provider_access_roles
SET iam_assumed_role_arn = @iam_assumed_role_arn::text,
    authorized_at = @now::timestamptz,
    updated_at = @now
WHERE project_id = @project_id
    AND id = @id
    AND cloud_provider = 'AWS'
RETURNING *;

-- name: UpdateAzureAccessRole :one
-- Changes the role and, with it, the tenant of its export buckets. The caller
-- holds the role, or a bucket that is added meanwhile keeps the old tenant and
-- fails the statement.
WITH bucket AS (
    UPDATE export_buckets
    SET tenant_id = @tenant_id::text
    WHERE export_buckets.project_id = @project_id
        AND export_buckets.role_id = @id
        AND export_buckets.cloud_provider = 'AZURE'
)
UPDATE cloud_provider_access_roles
SET azure_app_id = coalesce(sqlc.narg('azure_app_id')::text, azure_app_id),
    service_principal_id = @service_principal_id::text,
    tenant_id = @tenant_id::text,
    updated_at = @now
WHERE cloud_provider_access_roles.project_id = @project_id
    AND cloud_provider_access_roles.id = @id
    AND cloud_provider_access_roles.cloud_provider = 'AZURE'
RETURNING *;

-- name: DeleteAccessRole :one
DELETE FROM cloud_provider_access_roles
WHERE project_id = @project_id
    AND id = @id
    AND cloud_provider = @cloud_provider
RETURNING id;

-- name: DeleteProjectAccessRoles :exec
DELETE FROM cloud_provider_access_roles
WHERE project_id = @project_id;
