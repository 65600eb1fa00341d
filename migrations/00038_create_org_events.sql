-- +goose Up
-- What has happened to organizations. It outlives projects and callers, which are named
-- by value.
CREATE TABLE org_events (
    org_id object_id NOT NULL,
    id object_id NOT NULL,
    created_at timestamptz NOT NULL,
    type text NOT NULL,
    -- Set if the project has the event, too.
    project_id object_id,
    -- Who made it happen. NULL if nobody did; only API keys have a public key.
    caller_id object_id,
    public_key text,
    remote_address inet,
    -- What else events of its type tell. NULL for nothing.
    details jsonb,
    CONSTRAINT org_events_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT org_events_org_id_fkey FOREIGN KEY (org_id) REFERENCES orgs (id)
);

-- The order of lists, with what they are filtered by, so that they are counted in the
-- index alone.
CREATE INDEX org_events_org_id_created_at_id_idx
    ON org_events (org_id, created_at, id) INCLUDE (type);

-- +goose Down
DROP TABLE org_events;
