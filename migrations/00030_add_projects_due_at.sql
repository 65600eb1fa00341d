-- +goose Up
SET LOCAL lock_timeout = '5s';

-- When the next thing of the project is past its time. NULL if nothing is waited for.
ALTER TABLE projects ADD COLUMN due_at timestamptz;

-- +goose Down
ALTER TABLE projects DROP COLUMN due_at;
