-- name: InsertExportJob :batchexec
-- The project is locked.
INSERT INTO export_jobs (
    project_id,
    id,
    cluster_id,
    snapshot_id,
    export_bucket_id,
    custom_data,
    prefix,
    members,
    replica_sets,
    created_at,
    started_at,
    finished_at,
    failure
)
VALUES (
    @project_id,
    @id,
    @cluster_id,
    @snapshot_id,
    @export_bucket_id,
    @custom_data,
    @prefix,
    @members,
    @replica_sets,
    @created_at,
    @started_at,
    @finished_at,
    @failure
);

-- name: GetExportJob :one
SELECT *
FROM export_jobs
WHERE project_id = @project_id AND cluster_id = @cluster_id AND id = @id;

-- name: ListExportJobs :many
-- The newest first, each with the number of all.
SELECT sqlc.embed(export_jobs), count(*) OVER () AS total_count
FROM export_jobs
WHERE project_id = @project_id AND cluster_id = @cluster_id
ORDER BY created_at DESC, id DESC
LIMIT @row_limit::integer
OFFSET @row_offset::bigint;

-- name: ListExportJobsToBucket :many
-- Those of the project that name an export bucket.
SELECT id
FROM export_jobs
WHERE project_id = @project_id AND export_bucket_id = @export_bucket_id
ORDER BY id
LIMIT @row_limit;

-- name: ListUnfinishedExportJobs :many
-- Those of the project that are not finished at a time.
SELECT *
FROM export_jobs
WHERE project_id = @project_id AND finished_at > @now::timestamptz;
