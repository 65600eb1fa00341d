-- +goose NO TRANSACTION
-- +goose Up
-- The order of lists, as the index that the next file drops, and with the cloud
-- provider, so that those of some providers are counted in the index alone.
CREATE INDEX CONCURRENTLY IF NOT EXISTS export_buckets_project_id_created_at_id_cloud_provider_idx
    ON export_buckets (project_id, created_at, id) INCLUDE (cloud_provider);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS export_buckets_project_id_created_at_id_cloud_provider_idx;
