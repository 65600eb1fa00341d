-- +goose Up
SET LOCAL lock_timeout = '5s';

-- The last group of the private key, a UUID: all of it that is shown once the
-- key has been created. NULL for keys that are older than the column.
ALTER TABLE api_keys
    ADD COLUMN private_key_suffix text,
    ADD CONSTRAINT api_keys_private_key_suffix_check
        CHECK (private_key_suffix ~ '^[0-9a-f]{12}$') NOT VALID;

-- +goose Down
ALTER TABLE api_keys
    DROP COLUMN private_key_suffix;
