-- +goose Up
SET LOCAL lock_timeout = '5s';

-- When and how often the entry let a request in, written from time to time and
-- not with each request. All of it is NULL until the first.
ALTER TABLE access_list_entries
    ADD COLUMN request_count bigint,
    ADD COLUMN last_used_at timestamptz,
    ADD COLUMN last_used_address inet,
    ADD CONSTRAINT access_list_entries_last_used_check CHECK (
        num_nulls(request_count, last_used_at, last_used_address) IN (0, 3)
    ) NOT VALID;

-- +goose Down
ALTER TABLE access_list_entries
    DROP COLUMN last_used_address,
    DROP COLUMN last_used_at,
    DROP COLUMN request_count;
