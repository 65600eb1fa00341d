-- +goose Up
-- Who may use the clusters of a project. There is no password: nothing here asks for it.
CREATE TABLE database_users (
    project_id object_id NOT NULL,
    id object_id NOT NULL,
    database_name text NOT NULL,
    username text NOT NULL,
    created_at timestamptz NOT NULL,
    description text NOT NULL,
    -- How the user signs in: at most one is other than NONE.
    aws_iam_type text NOT NULL,
    ldap_auth_type text NOT NULL,
    oidc_auth_type text NOT NULL,
    x509_type text NOT NULL,
    labels jsonb NOT NULL,
    roles jsonb NOT NULL,
    scopes jsonb NOT NULL,
    -- NULL if the user stays.
    delete_after timestamptz,
    CONSTRAINT database_users_pkey PRIMARY KEY (project_id, id),
    CONSTRAINT database_users_project_id_fkey FOREIGN KEY (project_id)
        REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT database_users_database_name_check CHECK (database_name IN ('admin', '$external')),
    CONSTRAINT database_users_username_check CHECK (char_length(username) BETWEEN 1 AND 1024),
    CONSTRAINT database_users_description_check CHECK (char_length(description) <= 100),
    CONSTRAINT database_users_type_check CHECK (
        (aws_iam_type <> 'NONE')::integer + (ldap_auth_type <> 'NONE')::integer
        + (oidc_auth_type <> 'NONE')::integer + (x509_type <> 'NONE')::integer <= 1
    ),
    CONSTRAINT database_users_labels_check CHECK (jsonb_typeof(labels) = 'array'),
    CONSTRAINT database_users_roles_check CHECK (jsonb_typeof(roles) = 'array'),
    CONSTRAINT database_users_scopes_check CHECK (jsonb_typeof(scopes) = 'array')
);

-- A name can be longer than what an index holds.
CREATE UNIQUE INDEX database_users_project_id_database_name_username_key
    ON database_users (project_id, database_name, md5(username));

-- +goose Down
DROP TABLE database_users;
