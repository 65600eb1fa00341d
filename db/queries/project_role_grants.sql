-- name: InsertProjectRoleGrant :exec
-- The principal may have the role already.
INSERT INTO project_role_grants (project_id, principal_id, role, org_id)
VALUES (@project_id, @principal_id, @role, @org_id)
ON CONFLICT (project_id, principal_id, role) DO NOTHING;

-- name: GetOwnsProjectOf :one
-- Whether the owner owns a project that the principal has a role on.
SELECT EXISTS (
    SELECT
    FROM project_role_grants AS owned
    JOIN project_role_grants AS theirs ON theirs.project_id = owned.project_id
    WHERE owned.org_id = @org_id
        AND owned.principal_id = @owner_id
        AND owned.role = 'GROUP_OWNER'
        AND theirs.principal_id = @principal_id
)::boolean AS owns;

-- name: ListProjectRoleGrantsForUpdate :many
-- Locks the roles that a principal has on projects, those that are had on a project,
-- or those of one on the other, to delete them, in the order in which they are always
-- locked.
SELECT role
FROM project_role_grants
WHERE org_id = @org_id
    AND (sqlc.narg('project_id')::object_id IS NULL OR project_id = sqlc.narg('project_id')::object_id)
    AND (sqlc.narg('principal_id')::object_id IS NULL OR principal_id = sqlc.narg('principal_id')::object_id)
ORDER BY project_id, principal_id, role
FOR UPDATE;

-- name: DeleteProjectRoleGrants :exec
-- Takes all roles on the project from the principal.
DELETE FROM project_role_grants
WHERE org_id = @org_id AND project_id = @project_id AND principal_id = @principal_id;
