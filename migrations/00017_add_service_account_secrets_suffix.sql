-- +goose Up
SET LOCAL lock_timeout = '5s';

-- The last characters of the secret: all of it that is shown once it has been
-- created. NULL for secrets that are older than the column.
ALTER TABLE service_account_secrets
    ADD COLUMN suffix text,
    ADD CONSTRAINT service_account_secrets_suffix_check CHECK (char_length(suffix) = 4);

-- +goose Down
ALTER TABLE service_account_secrets
    DROP COLUMN suffix;
