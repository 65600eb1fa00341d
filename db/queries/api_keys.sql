-- name: InsertAPIKey :exec
INSERT INTO api_keys (org_id, id, description, public_key, ha1, private_key_suffix, created_at)
VALUES (@org_id, @id, @description, @public_key, @ha1, @private_key_suffix, @created_at);

-- name: GetAPIKeyPublicKey :one
SELECT public_key
FROM api_keys
WHERE org_id = @org_id AND id = @id;

-- name: ListAPIKeys :many
-- The keys of the organization or, if a project is given, those that have a role
-- there, each with the number of all; or the one of them that has an id:
-- BETWEEN finds one or all by an index.
SELECT org_id, id, description, public_key, private_key_suffix, count(*) OVER () AS total_count
FROM api_keys
WHERE api_keys.org_id = @org_id
    AND api_keys.id BETWEEN coalesce(sqlc.narg('id')::object_id, repeat('0', 24))
    AND coalesce(sqlc.narg('id')::object_id, repeat('f', 24))
    AND (
        sqlc.narg('project_id')::object_id IS NULL
        OR api_keys.id IN (
            SELECT project_role_grants.principal_id
            FROM project_role_grants
            WHERE project_role_grants.org_id = @org_id
                AND project_role_grants.project_id = sqlc.narg('project_id')::object_id
        )
    )
ORDER BY public_key COLLATE "C"
LIMIT @row_limit::integer
OFFSET @row_offset::bigint;

-- name: ListAPIKeyHashes :many
-- What the organization's keys are known by.
SELECT id, public_key, ha1, private_key_suffix
FROM api_keys
WHERE org_id = @org_id
ORDER BY id
LIMIT 100000;

-- name: ListAPIKeysToSeal :many
-- The keys, from one on, of all organizations, whose HA1 does not begin with a
-- prefix; without a prefix, those whose HA1 is not plain.
SELECT org_id, id, public_key, ha1
FROM api_keys
WHERE (org_id, id) > (@after_org_id::object_id, @after_id::object_id)
    AND CASE
        WHEN sqlc.narg('prefix')::bytea IS NULL THEN octet_length(ha1) > 16
        ELSE substring(ha1 FOR octet_length(sqlc.narg('prefix'))) <> sqlc.narg('prefix')
    END
ORDER BY org_id, id
LIMIT @row_limit::integer;

-- name: UpdateAPIKey :exec
-- Leaves what is NULL as it is.
UPDATE api_keys
SET description = coalesce(sqlc.narg('description'), description)
WHERE org_id = @org_id AND id = @id;

-- name: UpdateAPIKeyHash :exec
-- Leaves one that is not as it was any more.
UPDATE api_keys
SET ha1 = @ha1
WHERE org_id = @org_id AND id = @id AND ha1 = @stored;
