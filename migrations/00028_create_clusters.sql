-- +goose Up
-- There is no server behind a cluster: it is what its owner has decided, and times from
-- which its state follows.
CREATE TABLE clusters (
    project_id object_id NOT NULL,
    id object_id NOT NULL,
    name text NOT NULL,
    -- What the owner has decided, in the shape of the newest API version.
    settings jsonb NOT NULL,
    -- The first API version that can show it, such as 2023-01-01.
    first_version text NOT NULL,
    created_at timestamptz NOT NULL,
    -- When it is made, and when its last change is applied: not before it is made.
    ready_at timestamptz NOT NULL,
    applied_at timestamptz NOT NULL,
    -- When it is gone. NULL as long as nobody has asked for its deletion.
    gone_at timestamptz,
    CONSTRAINT clusters_pkey PRIMARY KEY (project_id, id),
    CONSTRAINT clusters_project_id_name_key UNIQUE (project_id, name),
    -- A project that has clusters can't be deleted.
    CONSTRAINT clusters_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects (id),
    CONSTRAINT clusters_name_check CHECK (name ~ '^[a-zA-Z0-9][a-zA-Z0-9-]{0,63}$'),
    CONSTRAINT clusters_settings_check CHECK (jsonb_typeof(settings) = 'object'),
    CONSTRAINT clusters_first_version_check CHECK (first_version ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
    CONSTRAINT clusters_applied_at_check CHECK (applied_at >= ready_at)
);

-- Names of hosts begin with the first 23 characters, in lower case.
CREATE UNIQUE INDEX clusters_project_id_name_prefix_key
    ON clusters (project_id, lower(left(name, 23)));

-- +goose Down
DROP TABLE clusters;
