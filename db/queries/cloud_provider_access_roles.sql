-- name: UpsertAccessRole :execrows
-- Keeps what was made when the role was first added, and the time of its first
-- authorization. Changes nothing if the role is another cloud provider's.
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
    @now,
    @now,
    @assumed_role_external_id,
    @iam_assumed_role_arn,
    @authorized_at,
    @azure_app_id,
    @service_principal_id,
    @tenant_id,
    @gcp_service_account,
    @gcp_status
)
ON CONFLICT (project_id, id) DO UPDATE
SET updated_at = excluded.updated_at,
    iam_assumed_role_arn = excluded.iam_assumed_role_arn,
    authorized_at = CASE
        WHEN excluded.authorized_at IS NULL THEN NULL
        ELSE coalesce(cloud_provider_access_roles.authorized_at, excluded.authorized_at)
    END,
    azure_app_id = excluded.azure_app_id,
    service_principal_id = excluded.service_principal_id,
    tenant_id = excluded.tenant_id,
    gcp_status = excluded.gcp_status
WHERE cloud_provider_access_roles.cloud_provider = excluded.cloud_provider;

-- name: GetAccessRole :one
SELECT *
FROM cloud_provider_access_roles
WHERE project_id = @project_id AND id = @id;
