-- +goose Up
-- A token ends with the secret it was issued for.
CREATE TABLE access_tokens (
    token_hash bytea NOT NULL,
    org_id object_id NOT NULL,
    service_account_id object_id NOT NULL,
    secret_id object_id NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT access_tokens_pkey PRIMARY KEY (token_hash),
    CONSTRAINT access_tokens_org_id_service_account_id_secret_id_fkey
        FOREIGN KEY (org_id, service_account_id, secret_id)
        REFERENCES service_account_secrets (org_id, service_account_id, id) ON DELETE CASCADE,
    CONSTRAINT access_tokens_token_hash_check CHECK (octet_length(token_hash) = 32)
);

-- Serves the foreign key and the removal of expired tokens.
CREATE INDEX access_tokens_org_id_service_account_id_secret_id_idx
    ON access_tokens (org_id, service_account_id, secret_id);

-- +goose Down
DROP TABLE access_tokens;
