-- +goose Up
-- The networks that a principal may call from. No entry means every network,
-- unless the organization demands a list.
CREATE TABLE access_list_entries (
    org_id object_id NOT NULL,
    principal_id object_id NOT NULL,
    cidr_block cidr NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT access_list_entries_pkey PRIMARY KEY (org_id, principal_id, cidr_block),
    CONSTRAINT access_list_entries_org_id_principal_id_fkey FOREIGN KEY (org_id, principal_id)
        REFERENCES principals (org_id, id) ON DELETE CASCADE
);

-- +goose Down
DROP TABLE access_list_entries;
