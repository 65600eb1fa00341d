-- +goose Up
CREATE TABLE projects (
    id object_id NOT NULL,
    org_id object_id NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    -- Requests name a project by its id alone, so the id is the key; the second
    -- key lets other tables carry the organization and prove that it is right.
    CONSTRAINT projects_pkey PRIMARY KEY (id),
    CONSTRAINT projects_org_id_id_key UNIQUE (org_id, id),
    CONSTRAINT projects_org_id_name_key UNIQUE (org_id, name),
    CONSTRAINT projects_org_id_fkey FOREIGN KEY (org_id) REFERENCES orgs (id),
    CONSTRAINT projects_name_check CHECK (char_length(name) BETWEEN 1 AND 64)
);

-- +goose Down
DROP TABLE projects;
