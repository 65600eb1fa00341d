-- +goose Up
CREATE TYPE staging_role AS ENUM ('read', 'write');

-- Tokens of the staging plane, each for one organization.
CREATE TABLE staging_tokens (
    org_id object_id NOT NULL,
    id object_id NOT NULL,
    role staging_role NOT NULL,
    -- SHA-256 of the token.
    token_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT staging_tokens_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT staging_tokens_org_id_fkey FOREIGN KEY (org_id) REFERENCES orgs (id) ON DELETE CASCADE,
    CONSTRAINT staging_tokens_token_hash_key UNIQUE (token_hash),
    CONSTRAINT staging_tokens_token_hash_check CHECK (octet_length(token_hash) = 32)
);

-- +goose Down
DROP TABLE staging_tokens;

DROP TYPE staging_role;
