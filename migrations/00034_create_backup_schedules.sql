-- +goose Up
-- When snapshots of a cluster are taken, and where they are exported to.
CREATE TABLE backup_schedules (
    project_id object_id NOT NULL,
    cluster_id object_id NOT NULL,
    policy_id object_id NOT NULL,
    -- Each with the time when it is due next.
    policy_items jsonb NOT NULL,
    -- The time of the day, in UTC, of snapshots that are not hourly.
    reference_hour smallint NOT NULL,
    reference_minute smallint NOT NULL,
    restore_window_days integer NOT NULL,
    -- Where snapshots are exported to by themselves, and which. NULL if none are.
    export_bucket_id object_id,
    export_frequency text,
    use_names_in_prefix boolean NOT NULL,
    copy_policy_items_enabled boolean NOT NULL,
    copy_settings jsonb NOT NULL,
    -- NULL until it is set.
    extra_retention jsonb,
    -- When its next snapshot is due. NULL if none is.
    due_at timestamptz,
    CONSTRAINT backup_schedules_pkey PRIMARY KEY (project_id, cluster_id),
    CONSTRAINT backup_schedules_project_id_cluster_id_fkey
        FOREIGN KEY (project_id, cluster_id) REFERENCES clusters (project_id, id) ON DELETE CASCADE,
    -- A bucket that snapshots are exported to can't be deleted.
    CONSTRAINT backup_schedules_project_id_export_bucket_id_fkey
        FOREIGN KEY (project_id, export_bucket_id) REFERENCES export_buckets (project_id, id),
    CONSTRAINT backup_schedules_export_check CHECK ((export_bucket_id IS NULL) = (export_frequency IS NULL)),
    CONSTRAINT backup_schedules_export_frequency_check
        CHECK (export_frequency IN ('daily', 'weekly', 'monthly', 'yearly')),
    CONSTRAINT backup_schedules_policy_items_check CHECK (jsonb_typeof(policy_items) = 'array'),
    CONSTRAINT backup_schedules_copy_settings_check CHECK (jsonb_typeof(copy_settings) = 'array'),
    CONSTRAINT backup_schedules_extra_retention_check CHECK (jsonb_typeof(extra_retention) = 'array'),
    CONSTRAINT backup_schedules_reference_check
        CHECK (reference_hour BETWEEN 0 AND 23 AND reference_minute BETWEEN 0 AND 59),
    CONSTRAINT backup_schedules_restore_window_days_check CHECK (restore_window_days > 0)
);

-- Serves the second foreign key.
CREATE INDEX backup_schedules_project_id_export_bucket_id_idx
    ON backup_schedules (project_id, export_bucket_id);

-- +goose Down
DROP TABLE backup_schedules;
