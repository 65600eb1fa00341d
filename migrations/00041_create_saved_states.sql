-- +goose Up
-- Named states of organizations. The one of the name declared is what the organization's
-- file says.
CREATE TABLE saved_states (
    org_id object_id NOT NULL,
    name text NOT NULL,
    -- The times in the rows of the declared state are relative to it.
    saved_at timestamptz NOT NULL,
    -- The last migration of the schema that its rows are of.
    schema_version bigint NOT NULL,
    CONSTRAINT saved_states_pkey PRIMARY KEY (org_id, name),
    CONSTRAINT saved_states_org_id_fkey FOREIGN KEY (org_id) REFERENCES orgs (id) ON DELETE CASCADE,
    CONSTRAINT saved_states_name_check CHECK (char_length(name) BETWEEN 1 AND 64)
);

-- The rows of a state, table by table, so that no statement carries them all.
CREATE TABLE saved_state_tables (
    org_id object_id NOT NULL,
    state_name text NOT NULL,
    table_name text NOT NULL,
    row_count bigint NOT NULL,
    rows jsonb NOT NULL,
    CONSTRAINT saved_state_tables_pkey PRIMARY KEY (org_id, state_name, table_name),
    CONSTRAINT saved_state_tables_org_id_state_name_fkey FOREIGN KEY (org_id, state_name)
        REFERENCES saved_states (org_id, name) ON DELETE CASCADE,
    CONSTRAINT saved_state_tables_rows_check CHECK (jsonb_typeof(rows) = 'array')
);

-- Compressing them takes longer than to restore them.
ALTER TABLE saved_state_tables ALTER COLUMN rows SET STORAGE EXTERNAL;

-- +goose Down
DROP TABLE saved_state_tables;
DROP TABLE saved_states;
