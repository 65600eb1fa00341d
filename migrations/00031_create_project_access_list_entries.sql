-- +goose Up
-- The networks that clusters of a project may be reached from.
CREATE TABLE project_access_list_entries (
    project_id object_id NOT NULL,
    network cidr NOT NULL,
    -- The network as it was sent: an address in it, and the length of its prefix.
    cidr_block inet NOT NULL,
    comment text NOT NULL,
    created_at timestamptz NOT NULL,
    -- The place in the request that added it.
    ordinal integer NOT NULL,
    -- NULL if the entry stays.
    delete_after timestamptz,
    CONSTRAINT project_access_list_entries_pkey PRIMARY KEY (project_id, network),
    CONSTRAINT project_access_list_entries_project_id_fkey FOREIGN KEY (project_id)
        REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT project_access_list_entries_cidr_block_check CHECK (network(cidr_block) = network),
    CONSTRAINT project_access_list_entries_comment_check CHECK (char_length(comment) <= 80)
);

-- +goose Down
DROP TABLE project_access_list_entries;
