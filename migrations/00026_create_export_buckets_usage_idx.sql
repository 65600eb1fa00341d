-- +goose NO TRANSACTION
-- +goose Up
-- The oldest buckets of a role, in their order, without reading the others. It
-- serves both foreign keys, too, as the index that the next file drops.
CREATE INDEX CONCURRENTLY IF NOT EXISTS export_buckets_project_id_role_id_created_at_id_idx
    ON export_buckets (project_id, role_id, created_at, id);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS export_buckets_project_id_role_id_created_at_id_idx;
