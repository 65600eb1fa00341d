-- +goose Up
CREATE TYPE cloud_provider AS ENUM ('AWS', 'AZURE', 'GCP');
CREATE TYPE gcp_role_status AS ENUM ('NOT_INITIATED', 'IN_PROGRESS', 'COMPLETE', 'FAILED');

CREATE TABLE cloud_provider_access_roles (
    project_id object_id NOT NULL,
    id object_id NOT NULL,
    cloud_provider cloud_provider NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    -- AWS. The ARN and the time are NULL until the role has been authorized.
    assumed_role_external_id text,
    iam_assumed_role_arn text,
    authorized_at timestamptz,
    -- AZURE. UUIDs as the client wrote them: clients compare what they read
    -- with what they configured.
    azure_app_id text,
    service_principal_id text,
    tenant_id text,
    -- GCP.
    gcp_service_account text,
    gcp_status gcp_role_status,
    -- Whether an export bucket may name the role.
    authorized boolean NOT NULL GENERATED ALWAYS AS (
        CASE cloud_provider
            WHEN 'AWS' THEN authorized_at IS NOT NULL
            WHEN 'AZURE' THEN true
            WHEN 'GCP' THEN gcp_status = 'COMPLETE'
        END
    ) STORED,
    CONSTRAINT cloud_provider_access_roles_pkey PRIMARY KEY (project_id, id),
    -- The keys that export buckets refer to.
    CONSTRAINT cloud_provider_access_roles_project_id_id_cloud_provider_key
        UNIQUE (project_id, id, cloud_provider),
    CONSTRAINT cloud_provider_access_roles_project_id_id_tenant_id_key
        UNIQUE (project_id, id, tenant_id),
    CONSTRAINT cloud_provider_access_roles_project_id_fkey FOREIGN KEY (project_id)
        REFERENCES projects (id),
    CONSTRAINT cloud_provider_access_roles_aws_check CHECK (
        (cloud_provider = 'AWS') = (assumed_role_external_id IS NOT NULL)
        AND (cloud_provider = 'AWS' OR (iam_assumed_role_arn IS NULL AND authorized_at IS NULL))
        AND (iam_assumed_role_arn IS NOT NULL OR authorized_at IS NULL)
    ),
    CONSTRAINT cloud_provider_access_roles_azure_check CHECK (
        (cloud_provider = 'AZURE') = (azure_app_id IS NOT NULL)
        AND (cloud_provider = 'AZURE') = (service_principal_id IS NOT NULL)
        AND (cloud_provider = 'AZURE') = (tenant_id IS NOT NULL)
    ),
    CONSTRAINT cloud_provider_access_roles_gcp_check CHECK (
        (cloud_provider = 'GCP') = (gcp_service_account IS NOT NULL)
        AND (cloud_provider = 'GCP') = (gcp_status IS NOT NULL)
    )
);

-- UUIDs that differ in case alone are one principal.
CREATE UNIQUE INDEX cloud_provider_access_roles_project_id_service_principal_id_key
    ON cloud_provider_access_roles (project_id, lower(service_principal_id));

-- +goose Down
DROP TABLE cloud_provider_access_roles;
DROP TYPE gcp_role_status;
DROP TYPE cloud_provider;
