-- +goose Up
SET LOCAL lock_timeout = '5s';

-- What was staged in the organization before the fault was: no two of a name have the same. It
-- tells a fault from one that takes its place. 0 where a server that knows none has stored it.
ALTER TABLE staging_faults ADD COLUMN revision bigint NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE staging_faults DROP COLUMN revision;
