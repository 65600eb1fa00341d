-- +goose Up
CREATE TYPE org_role AS ENUM (
    'ORG_OWNER',
    'ORG_GROUP_CREATOR',
    'ORG_BILLING_ADMIN',
    'ORG_BILLING_READ_ONLY',
    'ORG_STREAM_PROCESSING_ADMIN',
    'ORG_READ_ONLY',
    'ORG_MEMBER'
);

CREATE TABLE org_role_grants (
    org_id object_id NOT NULL,
    principal_id object_id NOT NULL,
    role org_role NOT NULL,
    CONSTRAINT org_role_grants_pkey PRIMARY KEY (org_id, principal_id, role),
    CONSTRAINT org_role_grants_org_id_principal_id_fkey FOREIGN KEY (org_id, principal_id)
        REFERENCES principals (org_id, id) ON DELETE CASCADE
);

-- +goose Down
DROP TABLE org_role_grants;
DROP TYPE org_role;
