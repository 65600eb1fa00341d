-- name: InsertSnapshot :batchexec
-- The project is locked.
INSERT INTO snapshots (
    project_id,
    id,
    cluster_id,
    description,
    frequency_type,
    policy_item_ids,
    cloud_provider,
    mongodb_version,
    members,
    retention_unit,
    retention_value,
    requested_at,
    started_at,
    taken_at,
    completed_at,
    failed,
    expires_at,
    due_at
)
VALUES (
    @project_id,
    @id,
    @cluster_id,
    @description,
    @frequency_type,
    @policy_item_ids,
    @cloud_provider,
    @mongodb_version,
    @members,
    @retention_unit,
    @retention_value,
    @requested_at,
    @started_at,
    @taken_at,
    @completed_at,
    @failed,
    @expires_at,
    @due_at
);

-- name: GetSnapshot :one
SELECT *
FROM snapshots
WHERE project_id = @project_id AND cluster_id = @cluster_id AND id = @id;

-- name: ListSnapshots :many
-- The newest first, each with the number of all: those of sharded clusters, or the others.
SELECT sqlc.embed(snapshots), count(*) OVER () AS total_count
FROM snapshots
WHERE project_id = @project_id
    AND cluster_id = @cluster_id
    AND (members IS NOT NULL) = @sharded::boolean
ORDER BY requested_at DESC, id DESC
LIMIT @row_limit::integer
OFFSET @row_offset::bigint;

-- name: ListPolicyItemSnapshots :many
-- Those whose rarest policy item it is, which says how long they are kept.
SELECT *
FROM snapshots
WHERE project_id = @project_id
    AND cluster_id = @cluster_id
    AND policy_item_ids[1] = @policy_item_id::text;

-- name: ListDueSnapshots :many
SELECT *
FROM snapshots
WHERE project_id = @project_id AND due_at <= @now::timestamptz
ORDER BY due_at, id
LIMIT @row_limit::integer;

-- name: CountUnfinishedSnapshots :one
-- Counts those that were asked for and are not done.
SELECT count(*)
FROM snapshots
WHERE project_id = @project_id
    AND cluster_id = @cluster_id
    AND frequency_type = 'ondemand'
    AND completed_at > @now::timestamptz;

-- name: UpdateSnapshotRetention :one
UPDATE snapshots
SET retention_unit = @retention_unit,
    retention_value = @retention_value,
    expires_at = @expires_at,
    due_at = least(due_at, @expires_at)
WHERE project_id = @project_id AND id = @id
RETURNING *;

-- name: UpdateSnapshotsDueAt :exec
-- What happens next to them is that they expire.
UPDATE snapshots
SET due_at = expires_at
WHERE project_id = @project_id AND id = ANY(@ids::text[]);

-- name: DeletePolicyItemSnapshots :execrows
-- Deletes those that are completed and that none but these policy items have asked for.
DELETE FROM snapshots
WHERE project_id = @project_id
    AND cluster_id = @cluster_id
    AND policy_item_ids <> '{}'
    AND policy_item_ids <@ @policy_item_ids::text[]
    AND completed_at <= @now::timestamptz;

-- name: DeleteSnapshot :exec
DELETE FROM snapshots
WHERE project_id = @project_id AND id = @id;

-- name: DeleteExpiredSnapshots :exec
-- Those about which all has been done before.
DELETE FROM snapshots
WHERE project_id = @project_id AND expires_at <= @now::timestamptz AND due_at = expires_at;
