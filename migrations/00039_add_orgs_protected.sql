-- +goose Up
-- Whether the staging plane may reset the organization and what else changes it as a
-- whole. The seed or the operator says that it may.
ALTER TABLE orgs ADD COLUMN protected boolean NOT NULL DEFAULT true;

-- +goose Down
ALTER TABLE orgs DROP COLUMN protected;
