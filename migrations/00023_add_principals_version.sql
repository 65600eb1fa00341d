-- +goose Up
SET LOCAL lock_timeout = '5s';

-- Raised by every change of what the principal may do: its roles, secrets, tokens
-- and access list, and its organization's rule about access lists. A write compares
-- it with the version that its caller had, on this row, which it locks. The default
-- is for principals that the release before adds.
ALTER TABLE principals
    ADD COLUMN version bigint NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE principals
    DROP COLUMN version;
