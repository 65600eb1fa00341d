-- +goose Up
SET LOCAL lock_timeout = '5s';

-- The organization's clock shows the real time, or that of when it was frozen, and the
-- offset.
ALTER TABLE orgs ADD COLUMN clock_offset interval NOT NULL DEFAULT '0';
ALTER TABLE orgs ADD COLUMN clock_frozen_at timestamptz;

-- +goose Down
ALTER TABLE orgs DROP COLUMN clock_offset;
ALTER TABLE orgs DROP COLUMN clock_frozen_at;
