-- +goose Up
SET LOCAL lock_timeout = '5s';

-- When the next thing happens to it that somebody has to be told of, or that something
-- has to be done about. NULL if nothing does.
ALTER TABLE clusters ADD COLUMN due_at timestamptz;
-- Since when it is backed up. NULL if it is not.
ALTER TABLE clusters ADD COLUMN backup_since timestamptz;
UPDATE clusters SET due_at = coalesce(gone_at, ready_at);
UPDATE clusters SET backup_since = ready_at WHERE settings -> 'backupEnabled' = 'true';
UPDATE projects SET due_at = least(
    due_at,
    (SELECT min(clusters.due_at) FROM clusters WHERE clusters.project_id = projects.id)
);

-- +goose Down
ALTER TABLE clusters DROP COLUMN backup_since;
ALTER TABLE clusters DROP COLUMN due_at;
