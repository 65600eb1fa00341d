-- name: UpsertBackupSchedule :exec
-- The project is locked.
INSERT INTO backup_schedules (
    project_id,
    cluster_id,
    policy_id,
    policy_items,
    reference_hour,
    reference_minute,
    restore_window_days,
    export_bucket_id,
    export_frequency,
    use_names_in_prefix,
    copy_policy_items_enabled,
    copy_settings,
    extra_retention,
    due_at
)
VALUES (
    @project_id,
    @cluster_id,
    @policy_id,
    @policy_items,
    @reference_hour,
    @reference_minute,
    @restore_window_days,
    @export_bucket_id,
    @export_frequency,
    @use_names_in_prefix,
    @copy_policy_items_enabled,
    @copy_settings,
    @extra_retention,
    @due_at
)
ON CONFLICT (project_id, cluster_id) DO UPDATE
SET policy_items = excluded.policy_items,
    reference_hour = excluded.reference_hour,
    reference_minute = excluded.reference_minute,
    restore_window_days = excluded.restore_window_days,
    export_bucket_id = excluded.export_bucket_id,
    export_frequency = excluded.export_frequency,
    use_names_in_prefix = excluded.use_names_in_prefix,
    copy_policy_items_enabled = excluded.copy_policy_items_enabled,
    copy_settings = excluded.copy_settings,
    extra_retention = excluded.extra_retention,
    due_at = excluded.due_at;

-- name: GetBackupSchedule :one
SELECT *
FROM backup_schedules
WHERE project_id = @project_id AND cluster_id = @cluster_id;

-- name: GetExportingSchedule :one
SELECT sqlc.embed(backup_schedules), sqlc.embed(clusters)
FROM backup_schedules
INNER JOIN clusters
    ON clusters.project_id = backup_schedules.project_id AND clusters.id = backup_schedules.cluster_id
WHERE backup_schedules.project_id = @project_id
    AND backup_schedules.cluster_id = @cluster_id
    AND backup_schedules.export_bucket_id IS NOT NULL;

-- name: ListDueBackupSchedules :many
SELECT sqlc.embed(backup_schedules), sqlc.embed(clusters)
FROM backup_schedules
INNER JOIN clusters
    ON clusters.project_id = backup_schedules.project_id AND clusters.id = backup_schedules.cluster_id
WHERE backup_schedules.project_id = @project_id AND backup_schedules.due_at <= @now::timestamptz
ORDER BY backup_schedules.due_at, backup_schedules.cluster_id
LIMIT @row_limit::integer;

-- name: ListOrgBackupSchedules :many
-- Those of all projects of the organization or, if one is given, of that alone.
SELECT sqlc.embed(backup_schedules), sqlc.embed(clusters)
FROM projects
INNER JOIN backup_schedules ON backup_schedules.project_id = projects.id
INNER JOIN clusters
    ON clusters.project_id = backup_schedules.project_id AND clusters.id = backup_schedules.cluster_id
WHERE projects.org_id = @org_id
    AND backup_schedules.project_id = projects.id
    AND clusters.project_id = projects.id
    AND (sqlc.narg('project_id')::object_id IS NULL OR projects.id = sqlc.narg('project_id')::object_id)
ORDER BY backup_schedules.project_id, backup_schedules.cluster_id
LIMIT 100000;

-- name: CountBackupSchedules :one
SELECT count(*)
FROM backup_schedules
WHERE project_id = @project_id AND cluster_id = @cluster_id;

-- name: CountSchedulesWithoutHourlyItem :one
SELECT count(*)
FROM backup_schedules
WHERE project_id = @project_id
    AND cluster_id = @cluster_id
    AND NOT policy_items @> '[{"frequencyType": "hourly"}]';
