-- +goose Up
-- The networks of a project's clusters. They stay when the clusters are gone.
CREATE TABLE network_containers (
    project_id object_id NOT NULL,
    id object_id NOT NULL,
    cloud_provider cloud_provider NOT NULL,
    -- NULL for Google Cloud, where a container is of all regions.
    region text,
    created_at timestamptz NOT NULL,
    CONSTRAINT network_containers_pkey PRIMARY KEY (project_id, id),
    CONSTRAINT network_containers_project_id_cloud_provider_region_key
        UNIQUE NULLS NOT DISTINCT (project_id, cloud_provider, region),
    CONSTRAINT network_containers_project_id_fkey FOREIGN KEY (project_id)
        REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT network_containers_region_check CHECK ((cloud_provider = 'GCP') = (region IS NULL))
);

-- +goose Down
DROP TABLE network_containers;
