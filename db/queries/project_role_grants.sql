-- name: InsertProjectRoleGrant :exec
INSERT INTO project_role_grants (project_id, principal_id, role, org_id)
VALUES (@project_id, @principal_id, @role, @org_id);

-- name: DeleteProjectRoleGrants :exec
DELETE FROM project_role_grants
WHERE org_id = @org_id AND principal_id = @principal_id;
