-- +goose Up
-- Nothing is copied: a snapshot is what was asked for, and times from which its state
-- follows.
CREATE TABLE snapshots (
    project_id object_id NOT NULL,
    id object_id NOT NULL,
    cluster_id object_id NOT NULL,
    -- NULL of those that are taken on demand, and of those without one.
    description text,
    -- ondemand, or that of the rarest policy item that it serves.
    frequency_type text NOT NULL,
    policy_item_ids text[] NOT NULL,
    cloud_provider cloud_provider NOT NULL,
    mongodb_version text NOT NULL,
    -- The replica sets of a sharded cluster. NULL of one that is not.
    members jsonb,
    retention_unit text NOT NULL,
    retention_value integer NOT NULL,
    requested_at timestamptz NOT NULL,
    started_at timestamptz NOT NULL,
    -- The time that it shows the cluster at.
    taken_at timestamptz NOT NULL,
    completed_at timestamptz NOT NULL,
    -- It failed when it would have been completed.
    failed boolean NOT NULL,
    expires_at timestamptz NOT NULL,
    -- When the next thing happens to it that somebody has to be told of, or that
    -- something has to be done about.
    due_at timestamptz NOT NULL,
    CONSTRAINT snapshots_pkey PRIMARY KEY (project_id, id),
    CONSTRAINT snapshots_project_id_cluster_id_fkey
        FOREIGN KEY (project_id, cluster_id) REFERENCES clusters (project_id, id) ON DELETE CASCADE,
    CONSTRAINT snapshots_frequency_type_check
        CHECK (frequency_type IN ('ondemand', 'hourly', 'daily', 'weekly', 'monthly', 'yearly')),
    CONSTRAINT snapshots_members_check CHECK (jsonb_typeof(members) = 'array'),
    CONSTRAINT snapshots_retention_check
        CHECK (retention_unit IN ('days', 'weeks', 'months', 'years') AND retention_value > 0),
    CONSTRAINT snapshots_times_check CHECK (
        requested_at <= started_at AND started_at <= taken_at AND taken_at <= completed_at AND completed_at <= expires_at
    )
);

-- The order of lists. It serves the foreign key, too.
CREATE INDEX snapshots_project_id_cluster_id_requested_at_id_idx
    ON snapshots (project_id, cluster_id, requested_at DESC, id DESC);
CREATE INDEX snapshots_project_id_due_at_idx ON snapshots (project_id, due_at);

-- +goose Down
DROP TABLE snapshots;
