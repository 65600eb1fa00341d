-- name: InsertPrincipal :exec
INSERT INTO principals (org_id, id, kind)
VALUES (@org_id, @id, @kind);

-- name: InsertPrincipalIfMissing :execrows
INSERT INTO principals (org_id, id, kind)
VALUES (@org_id, @id, @kind)
ON CONFLICT (org_id, id) DO NOTHING;

-- name: GetPrincipal :one
-- Finds the principal that a public key or the hash of an access token belongs
-- to, with all that decides what it may do: its organization's rule and its own
-- list about addresses, and its roles in the organization and on one project;
-- and whether there is the organization that the request names.
-- The one query of an authenticated request before the service acts. IS NOT NULL
-- keeps Postgres from beginning to scan an index for a credential of the other
-- kind, or for an organization that the request does not name.
WITH credential AS (
    SELECT org_id, id, ha1
    FROM api_keys
    WHERE sqlc.narg('public_key')::text IS NOT NULL AND public_key = sqlc.narg('public_key')::text
    UNION ALL
    SELECT org_id, service_account_id, NULL
    FROM access_tokens
    WHERE sqlc.narg('token_hash')::bytea IS NOT NULL
        AND token_hash = sqlc.narg('token_hash')::bytea
        AND expires_at > @now
)
SELECT
    credential.org_id,
    credential.id,
    credential.ha1,
    orgs.api_access_list_required,
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
        WHERE sqlc.narg('org_id')::object_id IS NOT NULL AND named_org.id = sqlc.narg('org_id')::object_id
    ) IS NOT NULL)::boolean AS org_exists,
    projects.org_id AS project_org_id,
    ARRAY(
        SELECT project_grant.role::text
        FROM project_role_grants AS project_grant
        WHERE project_grant.project_id = projects.id AND project_grant.principal_id = credential.id
    )::text[] AS project_roles
FROM credential
JOIN orgs ON orgs.id = credential.org_id
LEFT JOIN projects ON projects.id = sqlc.narg('project_id')::object_id;

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

-- name: GetPrincipalOfKindForNoKeyUpdate :one
-- Holds a principal of the organization: of two requests that change it, one
-- waits.
SELECT id
FROM principals
WHERE org_id = @org_id AND id = @id AND kind = @kind
FOR NO KEY UPDATE;

-- name: ListPrincipals :many
-- Does what GetPrincipal does for many requests at once. What one does not have,
-- of a public key and a token hash, or of the ids, is empty. A request without a
-- principal has no row, and a project that is not there has no organization.
-- LATERAL and LIMIT keep every lookup one by index: Postgres can't know how few
-- there are.
WITH asked AS (
    SELECT
        unnest(@ordinals::integer[]) AS ordinal,
        unnest(@public_keys::text[]) AS public_key,
        unnest(@token_hashes::bytea[]) AS token_hash,
        unnest(@org_ids::text[]) AS org_id,
        unnest(@project_ids::text[]) AS project_id
)
SELECT
    asked.ordinal::integer AS ordinal,
    credential.org_id,
    credential.id,
    credential.ha1,
    org.api_access_list_required,
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
    ((SELECT orgs.id FROM orgs WHERE orgs.id = asked.org_id) IS NOT NULL)::boolean AS org_exists,
    coalesce((SELECT projects.org_id FROM projects WHERE projects.id = asked.project_id)::text, '')::text AS project_org_id,
    ARRAY(
        SELECT project_grant.role::text
        FROM project_role_grants AS project_grant
        WHERE project_grant.project_id = asked.project_id AND project_grant.principal_id = credential.id
    )::text[] AS project_roles
FROM asked
CROSS JOIN LATERAL (
    SELECT api_keys.org_id, api_keys.id, api_keys.ha1
    FROM api_keys
    WHERE api_keys.public_key = asked.public_key
    UNION ALL
    SELECT access_tokens.org_id, access_tokens.service_account_id, NULL
    FROM access_tokens
    WHERE access_tokens.token_hash = asked.token_hash AND access_tokens.expires_at > @now
    LIMIT 1
) AS credential
CROSS JOIN LATERAL (
    SELECT orgs.api_access_list_required
    FROM orgs
    WHERE orgs.id = credential.org_id
    LIMIT 1
) AS org;

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

-- name: DeletePrincipal :exec
-- Deletes the principal with all that it has.
DELETE FROM principals
WHERE org_id = @org_id AND id = @id AND kind = @kind;
