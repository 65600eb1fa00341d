-- name: InsertServiceAccount :exec
INSERT INTO service_accounts (org_id, id, name, description, created_at)
VALUES (@org_id, @id, @name, @description, @created_at);

-- name: ListServiceAccounts :many
-- The accounts of the organization or, if a project is given, those that have a
-- role there, in the order of their creation, each with the number of all; or the
-- one of them that has an id: BETWEEN finds one or all by an index.
SELECT sqlc.embed(service_accounts), count(*) OVER () AS total_count
FROM service_accounts
WHERE service_accounts.org_id = @org_id
    AND service_accounts.id BETWEEN coalesce(sqlc.narg('id')::object_id, repeat('0', 24))
    AND coalesce(sqlc.narg('id')::object_id, repeat('f', 24))
    AND (
        sqlc.narg('project_id')::object_id IS NULL
        OR service_accounts.id IN (
            SELECT project_role_grants.principal_id
            FROM project_role_grants
            WHERE project_role_grants.org_id = @org_id
                AND project_role_grants.project_id = sqlc.narg('project_id')::object_id
        )
    )
ORDER BY service_accounts.created_at, service_accounts.id
LIMIT @row_limit::integer
OFFSET @row_offset::bigint;

-- name: UpdateServiceAccount :exec
-- Leaves what is NULL as it is.
UPDATE service_accounts
SET name = coalesce(sqlc.narg('name'), name),
    description = coalesce(sqlc.narg('description'), description)
WHERE org_id = @org_id AND id = @id;
