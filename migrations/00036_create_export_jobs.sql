-- +goose Up
-- The exports of snapshots to buckets. They name snapshot and bucket by value: they are
-- history, and outlive both.
CREATE TABLE export_jobs (
    project_id object_id NOT NULL,
    id object_id NOT NULL,
    cluster_id object_id NOT NULL,
    snapshot_id object_id NOT NULL,
    export_bucket_id object_id NOT NULL,
    -- Pairs of a key and a value.
    custom_data jsonb NOT NULL,
    prefix text NOT NULL,
    -- The replica sets of a sharded cluster. NULL of one that is not.
    members jsonb,
    -- How many replica sets it exports at a time.
    replica_sets integer NOT NULL,
    created_at timestamptz NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    -- Why it failed when it was finished. NULL if it did not.
    failure jsonb,
    CONSTRAINT export_jobs_pkey PRIMARY KEY (project_id, id),
    CONSTRAINT export_jobs_project_id_cluster_id_fkey
        FOREIGN KEY (project_id, cluster_id) REFERENCES clusters (project_id, id) ON DELETE CASCADE,
    CONSTRAINT export_jobs_custom_data_check CHECK (jsonb_typeof(custom_data) = 'array'),
    CONSTRAINT export_jobs_members_check CHECK (jsonb_typeof(members) = 'array'),
    CONSTRAINT export_jobs_failure_check CHECK (jsonb_typeof(failure) = 'object'),
    CONSTRAINT export_jobs_times_check CHECK (created_at <= started_at AND started_at <= finished_at)
);

-- The order of lists. It serves the foreign key, too.
CREATE INDEX export_jobs_project_id_cluster_id_created_at_id_idx
    ON export_jobs (project_id, cluster_id, created_at DESC, id DESC);
-- Those of a project that are not finished.
CREATE INDEX export_jobs_project_id_finished_at_idx ON export_jobs (project_id, finished_at);

-- +goose Down
DROP TABLE export_jobs;
