-- +goose Up
CREATE TABLE service_account_secrets (
    org_id object_id NOT NULL,
    service_account_id object_id NOT NULL,
    id object_id NOT NULL,
    -- SHA-256. Secrets are long and random, so a slow hash would add nothing.
    secret_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT service_account_secrets_pkey PRIMARY KEY (org_id, service_account_id, id),
    CONSTRAINT service_account_secrets_service_account_id_secret_hash_key
        UNIQUE (org_id, service_account_id, secret_hash),
    CONSTRAINT service_account_secrets_org_id_service_account_id_fkey
        FOREIGN KEY (org_id, service_account_id)
        REFERENCES service_accounts (org_id, id) ON DELETE CASCADE,
    CONSTRAINT service_account_secrets_secret_hash_check CHECK (octet_length(secret_hash) = 32)
);

-- +goose Down
DROP TABLE service_account_secrets;
