-- +goose Up
CREATE TABLE api_keys (
    org_id object_id NOT NULL,
    id object_id NOT NULL,
    kind principal_kind NOT NULL GENERATED ALWAYS AS ('API_KEY') STORED,
    description text NOT NULL,
    public_key text NOT NULL,
    -- MD5(public key:realm:private key) of RFC 7616, section 3.4.2. It verifies
    -- every request, so the private key itself is not kept.
    ha1 bytea NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT api_keys_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT api_keys_public_key_key UNIQUE (public_key),
    CONSTRAINT api_keys_org_id_id_kind_fkey FOREIGN KEY (org_id, id, kind)
        REFERENCES principals (org_id, id, kind) ON DELETE CASCADE,
    CONSTRAINT api_keys_description_check CHECK (char_length(description) BETWEEN 1 AND 250),
    CONSTRAINT api_keys_public_key_check CHECK (public_key ~ '^[a-z]{8}$'),
    CONSTRAINT api_keys_ha1_check CHECK (octet_length(ha1) = 16)
);

-- +goose Down
DROP TABLE api_keys;
