-- +goose Up
SET LOCAL lock_timeout = '5s';

-- The last characters of the secret: all of it that is shown once it has been
-- created. NULL for secrets that are older than the column. And when it was last
-- used, written from time to time; NULL until the first use.
ALTER TABLE service_account_secrets
    ADD COLUMN suffix text,
    ADD COLUMN last_used_at timestamptz,
    ADD CONSTRAINT service_account_secrets_suffix_check CHECK (char_length(suffix) = 4) NOT VALID;

-- +goose Down
ALTER TABLE service_account_secrets
    DROP COLUMN last_used_at,
    DROP COLUMN suffix;
