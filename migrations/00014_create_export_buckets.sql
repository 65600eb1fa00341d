-- +goose Up
CREATE TABLE export_buckets (
    project_id object_id NOT NULL,
    id object_id NOT NULL,
    cloud_provider cloud_provider NOT NULL,
    bucket_name text NOT NULL,
    role_id object_id NOT NULL,
    created_at timestamptz NOT NULL,
    -- AWS. The region is NULL while it is unknown.
    region text,
    require_private_networking boolean,
    -- AZURE. The tenant is the role's, held equal by the second foreign key, so
    -- that reads need no join.
    service_url text,
    tenant_id text,
    CONSTRAINT export_buckets_pkey PRIMARY KEY (project_id, id),
    CONSTRAINT export_buckets_project_id_role_id_cloud_provider_fkey
        FOREIGN KEY (project_id, role_id, cloud_provider)
        REFERENCES cloud_provider_access_roles (project_id, id, cloud_provider),
    CONSTRAINT export_buckets_project_id_role_id_tenant_id_fkey
        FOREIGN KEY (project_id, role_id, tenant_id)
        REFERENCES cloud_provider_access_roles (project_id, id, tenant_id),
    CONSTRAINT export_buckets_bucket_name_check CHECK (char_length(bucket_name) BETWEEN 3 AND 63),
    CONSTRAINT export_buckets_aws_check CHECK (
        (cloud_provider = 'AWS') = (require_private_networking IS NOT NULL)
        AND (cloud_provider = 'AWS' OR region IS NULL)
    ),
    CONSTRAINT export_buckets_azure_check CHECK (
        (cloud_provider = 'AZURE') = (service_url IS NOT NULL)
        AND (cloud_provider = 'AZURE') = (tenant_id IS NOT NULL)
    )
);

-- The order of lists.
CREATE INDEX export_buckets_project_id_created_at_id_idx
    ON export_buckets (project_id, created_at, id);
-- Serves both foreign keys: a role has few buckets.
CREATE INDEX export_buckets_project_id_role_id_idx
    ON export_buckets (project_id, role_id);

-- +goose Down
DROP TABLE export_buckets;
