-- +goose Up
-- Endpoints by which backups reach a project's buckets at AWS.
CREATE TABLE backup_private_endpoints (
    project_id object_id NOT NULL,
    id object_id NOT NULL,
    region text NOT NULL,
    vpc_region text NOT NULL,
    created_at timestamptz NOT NULL,
    -- Until then it is being set up.
    active_at timestamptz NOT NULL,
    CONSTRAINT backup_private_endpoints_pkey PRIMARY KEY (project_id, id),
    CONSTRAINT backup_private_endpoints_project_id_region_vpc_region_key UNIQUE (project_id, region, vpc_region),
    CONSTRAINT backup_private_endpoints_project_id_fkey FOREIGN KEY (project_id)
        REFERENCES projects (id) ON DELETE CASCADE DEFERRABLE
);

-- +goose Down
DROP TABLE backup_private_endpoints;
