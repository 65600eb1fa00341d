-- +goose Up
SET LOCAL lock_timeout = '5s';

-- What Atlas keeps with an organization beside the rule about access lists: what
-- differs from the defaults. NULL until something does.
ALTER TABLE orgs
    ADD COLUMN settings jsonb,
    ADD CONSTRAINT orgs_settings_check CHECK (jsonb_typeof(settings) = 'object') NOT VALID;

-- +goose Down
ALTER TABLE orgs
    DROP COLUMN settings;
