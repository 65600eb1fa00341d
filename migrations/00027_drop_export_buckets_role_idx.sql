-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS export_buckets_project_id_role_id_idx;

-- +goose Down
CREATE INDEX CONCURRENTLY IF NOT EXISTS export_buckets_project_id_role_id_idx
    ON export_buckets (project_id, role_id);
