-- name: InsertProjectRoleGrant :exec
INSERT INTO project_role_grants (project_id, principal_id, role, org_id)
VALUES (@project_id, @principal_id, @role, @org_id);

-- name: ListProjectRoleGrants :many
-- All roles of a principal on projects.
SELECT *
FROM project_role_grants
WHERE org_id = @org_id AND principal_id = @principal_id
ORDER BY project_id, role
LIMIT 10000;
