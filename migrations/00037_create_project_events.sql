-- +goose Up
-- What has happened to projects. Callers are named by value: they may be gone. There is no
-- foreign key to the project, which would cost each new export bucket a look at it.
CREATE TABLE project_events (
    project_id object_id NOT NULL,
    id object_id NOT NULL,
    created_at timestamptz NOT NULL,
    type text NOT NULL,
    -- The cluster that it is about. NULL if it is about none.
    cluster_name text,
    -- Set if the organization has the event, too.
    org_id object_id,
    -- Who made it happen. NULL if nobody did; only API keys have a public key.
    caller_id object_id,
    public_key text,
    remote_address inet,
    -- What else events of its type tell. NULL for nothing.
    details jsonb,
    CONSTRAINT project_events_pkey PRIMARY KEY (project_id, id)
);

-- The order of lists, with what they are filtered by, so that they are counted in the
-- index alone.
CREATE INDEX project_events_project_id_created_at_id_idx
    ON project_events (project_id, created_at, id) INCLUDE (type, cluster_name);

-- +goose Down
DROP TABLE project_events;
