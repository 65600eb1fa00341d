-- +goose Up
-- Raised by every change of what is staged in the organization. 0 means that nothing ever
-- was.
ALTER TABLE orgs ADD COLUMN staging_version bigint NOT NULL DEFAULT 0;

-- Faults that requests of an organization are to meet.
CREATE TABLE staging_faults (
    org_id object_id NOT NULL,
    name text NOT NULL,
    -- Their order: the first that matches counts.
    position bigint NOT NULL,
    rule jsonb NOT NULL,
    -- To which of the requests that match it is applied: not to the first few (skip), to
    -- so many at most (most; NULL for all), and by chance, which is the same each time if it
    -- has a seed.
    skip bigint NOT NULL,
    most bigint,
    probability double precision NOT NULL,
    seed bigint,
    -- How many requests matched, and to how many of them it was applied.
    seen bigint NOT NULL,
    applied bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT staging_faults_pkey PRIMARY KEY (org_id, name),
    CONSTRAINT staging_faults_org_id_fkey FOREIGN KEY (org_id) REFERENCES orgs (id) ON DELETE CASCADE
);

-- +goose Down
DROP TABLE staging_faults;

ALTER TABLE orgs DROP COLUMN staging_version;
