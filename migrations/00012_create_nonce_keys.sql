-- +goose Up
-- The one key that signs the nonces of HTTP Digest challenges. Every replica
-- reads the same row, so a nonce of one is good on all of them.
CREATE TABLE nonce_keys (
    id smallint NOT NULL,
    key bytea NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT nonce_keys_pkey PRIMARY KEY (id),
    CONSTRAINT nonce_keys_id_check CHECK (id = 1),
    CONSTRAINT nonce_keys_key_check CHECK (octet_length(key) = 32)
);

-- +goose Down
DROP TABLE nonce_keys;
