-- +goose Up
SET LOCAL lock_timeout = '5s';

-- How much the journal keeps of the organization's requests. NULL stands for what is right
-- for most: full, or off if the organization is protected.
ALTER TABLE orgs ADD COLUMN journal_mode text;
ALTER TABLE orgs ADD CONSTRAINT orgs_journal_mode_check CHECK (journal_mode IN ('off', 'lines', 'full'));

-- What organizations asked, and why they were answered as they were. Nothing depends on it:
-- it is not logged, so that writing it costs little, and a crash empties it. It names
-- organizations by value: a batch of many must not fail for one that is gone.
CREATE UNLOGGED TABLE journal_entries (
    org_id object_id NOT NULL,
    -- Microseconds since 1970 and chance: ids are in the order of time.
    id object_id NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    operation text NOT NULL,
    status integer NOT NULL,
    error_code text NOT NULL,
    fault text NOT NULL,
    project text NOT NULL,
    principal text NOT NULL,
    user_agent text NOT NULL,
    request_id text NOT NULL,
    -- How large the row is, about.
    size integer NOT NULL,
    -- All of the entry, as it is shown.
    entry json NOT NULL,
    CONSTRAINT journal_entries_pkey PRIMARY KEY (org_id, id)
) WITH (toast_tuple_target = 8160);
-- To compress entries takes longer than to write them.
ALTER TABLE journal_entries ALTER COLUMN entry SET STORAGE EXTERNAL;

-- What is too old. Rows come in the order of time.
CREATE INDEX journal_entries_at_idx ON journal_entries USING brin (at);

-- +goose Down
DROP TABLE journal_entries;

ALTER TABLE orgs DROP COLUMN journal_mode;
