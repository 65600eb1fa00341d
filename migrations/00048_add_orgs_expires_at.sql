-- +goose Up
SET LOCAL lock_timeout = '5s';

-- When a throw-away organization ends, with all that it has. NULL of one that stays.
ALTER TABLE orgs ADD COLUMN expires_at timestamptz;

-- Those that are to be deleted, and how many there are.
CREATE INDEX orgs_expires_at_idx ON orgs (expires_at) WHERE expires_at IS NOT NULL;

-- +goose Down
DROP INDEX orgs_expires_at_idx;

ALTER TABLE orgs DROP COLUMN expires_at;
