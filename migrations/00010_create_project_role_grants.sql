-- +goose Up
CREATE TYPE project_role AS ENUM (
    'GROUP_OWNER',
    'GROUP_CLUSTER_MANAGER',
    'GROUP_BACKUP_MANAGER',
    'GROUP_STREAM_PROCESSING_OWNER',
    'GROUP_DATA_ACCESS_ADMIN',
    'GROUP_DATA_ACCESS_READ_WRITE',
    'GROUP_DATA_ACCESS_READ_ONLY',
    'GROUP_DATABASE_ACCESS_ADMIN',
    'GROUP_OBSERVABILITY_VIEWER',
    'GROUP_SEARCH_INDEX_EDITOR',
    'GROUP_READ_ONLY'
);

-- The organization stands in both foreign keys: a principal can hold roles only
-- on projects of its own organization.
CREATE TABLE project_role_grants (
    project_id object_id NOT NULL,
    principal_id object_id NOT NULL,
    role project_role NOT NULL,
    org_id object_id NOT NULL,
    CONSTRAINT project_role_grants_pkey PRIMARY KEY (project_id, principal_id, role),
    CONSTRAINT project_role_grants_org_id_project_id_fkey FOREIGN KEY (org_id, project_id)
        REFERENCES projects (org_id, id) ON DELETE CASCADE,
    CONSTRAINT project_role_grants_org_id_principal_id_fkey FOREIGN KEY (org_id, principal_id)
        REFERENCES principals (org_id, id) ON DELETE CASCADE
);

CREATE INDEX project_role_grants_org_id_project_id_idx
    ON project_role_grants (org_id, project_id);
CREATE INDEX project_role_grants_org_id_principal_id_idx
    ON project_role_grants (org_id, principal_id);

-- +goose Down
DROP TABLE project_role_grants;
DROP TYPE project_role;
