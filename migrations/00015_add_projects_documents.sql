-- +goose Up
SET LOCAL lock_timeout = '5s';

-- What Atlas keeps with a project and this server only keeps and shows. Settings
-- and limits hold what differs from the defaults.
ALTER TABLE projects
    ADD COLUMN with_default_alerts_settings boolean NOT NULL DEFAULT true,
    ADD COLUMN managed_slow_ms boolean NOT NULL DEFAULT true,
    ADD COLUMN tags jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN settings jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN limits jsonb NOT NULL DEFAULT '{}',
    ADD CONSTRAINT projects_tags_check CHECK (jsonb_typeof(tags) = 'array'),
    ADD CONSTRAINT projects_settings_check CHECK (jsonb_typeof(settings) = 'object'),
    ADD CONSTRAINT projects_limits_check CHECK (jsonb_typeof(limits) = 'object');

-- The defaults were for the rows that were there.
ALTER TABLE projects
    ALTER COLUMN with_default_alerts_settings DROP DEFAULT,
    ALTER COLUMN managed_slow_ms DROP DEFAULT,
    ALTER COLUMN tags DROP DEFAULT,
    ALTER COLUMN settings DROP DEFAULT,
    ALTER COLUMN limits DROP DEFAULT;

-- +goose Down
ALTER TABLE projects
    DROP COLUMN limits,
    DROP COLUMN settings,
    DROP COLUMN tags,
    DROP COLUMN managed_slow_ms,
    DROP COLUMN with_default_alerts_settings;
