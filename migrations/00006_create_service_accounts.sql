-- +goose Up
-- The client id that the wire shows is 'mdb_sa_id_' and the id.
CREATE TABLE service_accounts (
    org_id object_id NOT NULL,
    id object_id NOT NULL,
    kind principal_kind NOT NULL GENERATED ALWAYS AS ('SERVICE_ACCOUNT') STORED,
    name text NOT NULL,
    description text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT service_accounts_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT service_accounts_org_id_id_kind_fkey FOREIGN KEY (org_id, id, kind)
        REFERENCES principals (org_id, id, kind) ON DELETE CASCADE,
    CONSTRAINT service_accounts_name_check CHECK (char_length(name) BETWEEN 1 AND 64),
    CONSTRAINT service_accounts_description_check CHECK (char_length(description) BETWEEN 1 AND 250)
);

-- +goose Down
DROP TABLE service_accounts;
