-- name: InsertPrincipal :execrows
-- Adds the principal unless there is one of that id in the organization.
INSERT INTO principals (org_id, id, kind)
VALUES (@org_id, @id, @kind)
ON CONFLICT (org_id, id) DO NOTHING;

-- name: GetPrincipalKind :one
SELECT kind
FROM principals
WHERE org_id = @org_id AND id = @id;

-- name: GetPrincipalOfKind :one
-- A principal of the organization or, if a project is given, one that has a role
-- there.
SELECT principals.id
FROM principals
WHERE principals.org_id = @org_id
    AND principals.id = @id
    AND principals.kind = @kind
    AND (
        sqlc.narg('project_id')::object_id IS NULL
        OR principals.id IN (
            SELECT project_role_grants.principal_id
            FROM project_role_grants
            WHERE project_role_grants.org_id = @org_id
                AND project_role_grants.project_id = sqlc.narg('project_id')::object_id
        )
    );

-- name: GetPrincipalVersionForShare :one
-- Locks a principal as it is until the commit: whoever changes or deletes it waits.
SELECT version
FROM principals
WHERE org_id = @org_id AND id = @id
FOR SHARE;

-- name: GetPrincipalVersionForShareSkipLocked :one
-- Does what GetPrincipalVersionForShare does, and returns no row if someone is
-- changing the principal.
SELECT version
FROM principals
WHERE org_id = @org_id AND id = @id
FOR SHARE SKIP LOCKED;

-- name: GetPrincipalVersionForNoKeyUpdate :one
-- Locks a principal to change it.
SELECT version
FROM principals
WHERE org_id = @org_id AND id = @id
FOR NO KEY UPDATE;

-- name: GetPrincipalVersionForUpdate :one
-- Locks a principal to delete it.
SELECT version
FROM principals
WHERE org_id = @org_id AND id = @id
FOR UPDATE;

-- name: ListPrincipals :many
-- Finds the principals that public keys and hashes of access tokens belong to,
-- each with all that decides what it may do: its organization's rule and its own
-- list about addresses, how much its journal keeps, what its
-- clock shows, its roles in the organization and on one project, and whether the
-- organization and the project are there that the request names, and when the project is
-- to be settled. Whether a token has expired is for its organization's clock to say. Times
-- of what most have none of are in microseconds since 1970, 0 for none: they cost less.
-- The one query of an authenticated request before its operation. A public key that
-- is not known has the row of the next one, or of the first, so that it takes as long
-- to look for: the time would tell which keys there are. A token that is not known
-- has no row. LATERAL and LIMIT keep every lookup one by
-- index: Postgres can't know how few there are. IS NOT NULL keeps it from
-- beginning to scan an index for what a request does not name.
SELECT
    asked.ordinal::integer AS ordinal,
    credential.org_id,
    credential.id,
    credential.ha1,
    credential.known::boolean AS known,
    principal.version,
    principal.api_access_list_required,
    principal.staging_version,
    principal.clock_offset,
    principal.clock_frozen_at,
    coalesce(extract(epoch FROM credential.expires_at) * 1000000, 0)::bigint AS expires_at,
    principal.journal_mode::text AS journal_mode,
    ARRAY(
        SELECT entry.cidr_block
        FROM access_list_entries AS entry
        WHERE entry.org_id = credential.org_id AND entry.principal_id = credential.id
    )::cidr[] AS access_list,
    ARRAY(
        SELECT org_grant.role::text
        FROM org_role_grants AS org_grant
        WHERE org_grant.org_id = credential.org_id AND org_grant.principal_id = credential.id
    )::text[] AS org_roles,
    ((
        SELECT named_org.id
        FROM orgs AS named_org
        WHERE asked.org_id IS NOT NULL AND named_org.id = asked.org_id
            AND (named_org.expires_at IS NULL OR named_org.expires_at > asked.now)
    ) IS NOT NULL)::boolean AS org_exists,
    (project.org_id IS NOT NULL AND (project.org_id = credential.org_id OR EXISTS (
        SELECT
        FROM orgs AS other_org
        WHERE other_org.id = project.org_id AND (other_org.expires_at IS NULL OR other_org.expires_at > asked.now)
    )))::boolean AS project_exists,
    (project.org_id IS NOT DISTINCT FROM credential.org_id)::boolean AS project_in_org,
    coalesce(extract(epoch FROM project.due_at) * 1000000, 0)::bigint AS due_at,
    ARRAY(
        SELECT project_grant.role::text
        FROM project_role_grants AS project_grant
        WHERE project_grant.project_id = project.id AND project_grant.principal_id = credential.id
    )::text[] AS project_roles
FROM jsonb_to_recordset(@asked::jsonb) AS asked (
    ordinal integer,
    public_key text,
    token_hash text,
    org_id text,
    project_id text,
    now timestamptz
)
CROSS JOIN LATERAL (
    (
        SELECT
            api_keys.org_id,
            api_keys.id,
            api_keys.ha1,
            api_keys.public_key = asked.public_key AS known,
            NULL::timestamptz AS expires_at
        FROM api_keys
        WHERE asked.public_key IS NOT NULL AND api_keys.public_key >= asked.public_key
        ORDER BY api_keys.public_key
        LIMIT 1
    )
    UNION ALL
    (
        SELECT api_keys.org_id, api_keys.id, api_keys.ha1, false, NULL
        FROM api_keys
        WHERE asked.public_key IS NOT NULL AND api_keys.public_key < asked.public_key
        ORDER BY api_keys.public_key
        LIMIT 1
    )
    UNION ALL
    SELECT access_tokens.org_id, access_tokens.service_account_id, NULL, true, access_tokens.expires_at
    FROM access_tokens
    WHERE asked.token_hash IS NOT NULL
        AND access_tokens.token_hash = decode(asked.token_hash, 'base64')
    LIMIT 1
) AS credential
CROSS JOIN LATERAL (
    SELECT
        principals.version,
        orgs.api_access_list_required,
        orgs.staging_version,
        (extract(epoch FROM orgs.clock_offset) * 1000000)::bigint AS clock_offset,
        coalesce(extract(epoch FROM orgs.clock_frozen_at) * 1000000, 0)::bigint AS clock_frozen_at,
        -- Empty for off.
        coalesce(
            nullif(orgs.journal_mode, 'off'),
            CASE WHEN orgs.protected OR orgs.journal_mode = 'off' THEN '' ELSE 'full' END
        ) AS journal_mode
    FROM principals
    JOIN orgs ON orgs.id = principals.org_id
    WHERE principals.org_id = credential.org_id AND principals.id = credential.id
        AND (orgs.expires_at IS NULL OR orgs.expires_at > asked.now)
    LIMIT 1
) AS principal
LEFT JOIN LATERAL (
    SELECT projects.id, projects.org_id, projects.due_at
    FROM projects
    WHERE projects.id = asked.project_id
    LIMIT 1
) AS project ON true;

-- name: ListRoleGrants :many
-- The roles of some principals of the organization: for each, first those in the
-- organization, then those on its projects.
SELECT principal_id, NULL::object_id AS project_id, role::text AS role
FROM org_role_grants
WHERE org_role_grants.org_id = @org_id AND org_role_grants.principal_id = ANY(@principal_ids::text[])
UNION ALL
SELECT principal_id, project_id, role::text
FROM project_role_grants
WHERE project_role_grants.org_id = @org_id AND project_role_grants.principal_id = ANY(@principal_ids::text[])
ORDER BY 1, 2 NULLS FIRST, 3
LIMIT 100000;

-- name: ListPrincipalsForNoKeyUpdate :many
-- Locks all principals of the organization, in the order in which they are always
-- locked.
SELECT id
FROM principals
WHERE org_id = @org_id
ORDER BY id
FOR NO KEY UPDATE;

-- name: ListPrincipalsForUpdate :many
-- Does what ListPrincipalsForNoKeyUpdate does, to delete some.
SELECT id
FROM principals
WHERE org_id = @org_id
ORDER BY id
FOR UPDATE;

-- name: UpdatePrincipalVersion :exec
-- Raises the version of a principal, or of all of the organization.
UPDATE principals
SET version = version + 1
WHERE org_id = @org_id AND (sqlc.narg('id')::object_id IS NULL OR id = sqlc.narg('id')::object_id);

-- name: DeletePrincipal :exec
-- Deletes the principal with all that it has.
DELETE FROM principals
WHERE org_id = @org_id AND id = @id AND kind = @kind;
