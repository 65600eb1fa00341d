-- +goose Up
-- Browsers that have signed in with a token of the staging plane.
CREATE TABLE staging_sessions (
    -- SHA-256 of the id that the browser has.
    id_hash bytea NOT NULL,
    -- The token of a team; NULL if it was the operator's.
    org_id object_id,
    token_id object_id,
    -- SHA-256 of the operator's token; NULL if it was a team's.
    operator_hash bytea,
    expires_at timestamptz NOT NULL,
    CONSTRAINT staging_sessions_pkey PRIMARY KEY (id_hash),
    CONSTRAINT staging_sessions_org_id_token_id_fkey FOREIGN KEY (org_id, token_id)
        REFERENCES staging_tokens (org_id, id) ON DELETE CASCADE,
    CONSTRAINT staging_sessions_id_hash_check CHECK (octet_length(id_hash) = 32),
    CONSTRAINT staging_sessions_operator_hash_check CHECK (octet_length(operator_hash) = 32),
    CONSTRAINT staging_sessions_token_id_check CHECK (
        (org_id IS NULL) = (token_id IS NULL) AND (token_id IS NULL) <> (operator_hash IS NULL)
    )
);

-- Serves the foreign key.
CREATE INDEX staging_sessions_org_id_token_id_idx ON staging_sessions (org_id, token_id);
-- Those that are to be deleted.
CREATE INDEX staging_sessions_expires_at_idx ON staging_sessions (expires_at);

-- +goose Down
DROP TABLE staging_sessions;
