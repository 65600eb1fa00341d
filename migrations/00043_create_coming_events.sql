-- +goose Up
-- What clusters and their backups have begun, and will tell of when it happens.
CREATE TABLE coming_events (
    project_id object_id NOT NULL,
    -- That of the event.
    id object_id NOT NULL,
    cluster_id object_id NOT NULL,
    happens_at timestamptz NOT NULL,
    type text NOT NULL,
    CONSTRAINT coming_events_pkey PRIMARY KEY (project_id, id),
    CONSTRAINT coming_events_project_id_cluster_id_fkey
        FOREIGN KEY (project_id, cluster_id) REFERENCES clusters (project_id, id) ON DELETE CASCADE
        DEFERRABLE
);

-- Serves the foreign key.
CREATE INDEX coming_events_project_id_cluster_id_idx ON coming_events (project_id, cluster_id);
-- Those that are due.
CREATE INDEX coming_events_project_id_happens_at_idx ON coming_events (project_id, happens_at);

-- +goose Down
DROP TABLE coming_events;
