-- +goose Up
CREATE TABLE orgs (
    id object_id NOT NULL,
    name text NOT NULL,
    -- When set, a principal without an access list may call nothing.
    api_access_list_required boolean NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT orgs_pkey PRIMARY KEY (id),
    CONSTRAINT orgs_name_check CHECK (char_length(name) BETWEEN 1 AND 64)
);

-- +goose Down
DROP TABLE orgs;
